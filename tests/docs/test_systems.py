"""docs/systems.md: the command of every row runs, scaled down, and every figure is the one that was measured."""

import csv
import json
import re
import shlex
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from typer.testing import CliRunner

from hortus.cli import app
from hortus.evaluation.inherited import SupernetTrial

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "systems.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and "`hortus " in line
]
OBJECTIVE = """
def loss(trial):
    return (trial.suggest_float("x", -5, 5) - 1) ** 2


def learned(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in range(1, 4):
        trial.report(x * step, step)
        if trial.should_prune():
            break
    return x
"""
# What a test can afford in place of what stands in the document.
TABLE = "--trials 2 --folds 2 --executor inline"
IMAGES = "--trials 1 --executor inline"
SCENES = f"--space deeplab {IMAGES}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("systems")
    X, y = load_wine(return_X_y=True, as_frame=True)
    X.assign(y=y)[::2].to_csv(folder / "train.csv", index=False)
    (folder / "objective.py").write_text(OBJECTIVE)
    image = pytest.importorskip("PIL.Image")
    digits = load_digits(n_class=2)
    for number, (pixels, label) in enumerate(zip(digits.images[:60], digits.target[:60], strict=True)):
        path = folder / "photos" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray((15 * pixels).astype(np.uint8)).save(path)
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / "scenes" / kind).mkdir(parents=True)
    for number in range(10):
        mask = np.zeros((16, 16), dtype=np.uint8)
        mask[:, : rng.integers(4, 12)] = 1
        scene = 100 * mask + rng.integers(0, 60, mask.shape, dtype=np.uint8)
        for kind, drawn in (("images", scene), ("masks", mask)):
            image.fromarray(drawn).save(folder / "scenes" / kind / f"{number}.png")
    fit = ["fit", "train.csv", "-t", "y", "--model", "linear", "--out", "RUN", "--quiet", *shlex.split(TABLE)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert CliRunner().invoke(app, fit).exit_code == 0
    return folder


def scaled(command: str) -> list[str]:
    words = re.sub(
        r"--strategy-option population_size=50 --trials 300", f"--strategy-option population_size=2 {TABLE}", command
    )
    words = words.replace("--time 600", IMAGES).replace("--time 60", TABLE).replace("--trials 50", "--trials 5 -j 1")
    words = words.replace("--time 30m", SCENES)
    if " fit train.csv" in words and "--model" not in words:
        words += " --model linear"
    if " compare " in words:
        words += " --model linear --model tree --folds 2"
    return shlex.split(words)[1:]


@pytest.mark.rotated
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split(" (")[0].split(",")[0])
def test_the_command_of_a_row_runs(row: list[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    # A supernet is trained before any trial, in the tests for a few steps.
    monkeypatch.setitem(SupernetTrial.__init__.__kwdefaults__, "steps", 5)
    command = re.findall(r"`(hortus [^`]+)`", row[3])[0]
    ended = CliRunner().invoke(app, scaled(command))
    assert ended.exit_code == 0, ended.output


def floors() -> str:
    with (RESULTS / "floors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return f"{sum(row['reached'] == 'True' for row in rows)} of {len(rows)}"


def digits() -> str:
    return f"accuracy {json.loads((RESULTS / 'digits.json').read_text())['figures']['accuracy']}"


def sharing() -> str:
    found = json.loads((RESULTS / "weight_sharing.json").read_text())
    return f"{found['times_faster']:.0f} times faster than training, and a Spearman of {found['spearman']:.2f}"


def scenes() -> str:
    rows = json.loads((RESULTS / "segmentation.json").read_text())["rows"]
    searched, fixed, library = (f"{rows[name]['mean_iou']:.3f}" for name in ("auto_deeplab", "deeplab", "smp"))
    return (
        f"mean IoU {searched} on CamVid, searched in {rows['search']['search_s']:,.0f} s and trained in "
        f"{rows['auto_deeplab']['train_s']:,.0f} s of one core; a fixed network {fixed}, a library's {library}"
    )


@pytest.mark.parametrize(
    ("system", "figure"),
    [
        ("Auto-WEKA", floors),
        ("auto-sklearn", floors),
        ("TPOT", digits),
        ("ENAS, FairNAS", sharing),
        ("DeepLab, Auto-DeepLab", scenes),
    ],
)
def test_a_figure_is_the_one_measured(system: str, figure: Callable[[], str]) -> None:
    (row,) = [row for row in ROWS if row[0].startswith(system)]
    assert figure() in row[4]


@pytest.mark.parametrize(
    ("system", "strategy"), [("NASNet", "reinforcement"), ("AmoebaNet", "evolution"), ("BANANAS", "predictor")]
)
def test_a_regret_is_within_two_standard_errors_of_the_runs(system: str, strategy: str) -> None:
    (row,) = [row for row in ROWS if row[0].startswith(system)]
    with (RESULTS / "nas201.csv").open(encoding="utf-8") as file:
        runs = [r for r in csv.DictReader(file) if r["strategy"] == strategy and r["dataset"] == "cifar100"]
    values = [float(run["regret_100"]) for run in runs if run["regret_100"]]
    error = statistics.stdev(values) / len(values) ** 0.5
    told = re.match(r"([\d.]+) points", row[4])
    assert told
    assert float(told[1]) == pytest.approx(statistics.fmean(values), abs=2 * error)
