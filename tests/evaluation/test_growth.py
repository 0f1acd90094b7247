"""A child begins from its parent's weights, by digest, and a run that is killed begins again from the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from optuna.trial import FixedTrial
from sklearn.datasets import load_digits

from hortus.data.artifacts import Stored
from hortus.data.read_images import prepare_images
from hortus.engine.journal import Journal
from hortus.engine.lineage import HERITAGE, Lineage
from hortus.errors import ArtifactError
from hortus.evaluation.base import Artifact, Evaluation, Fidelity, TrialContext
from hortus.evaluation.growth import PART, Growth
from hortus.nets.training import probabilities
from hortus.nets.weights import fill, load_tensors
from hortus.run.images.fit import fit_images, resume_images
from hortus.run.images.settings import ImageSettings
from hortus.spaces.morphism import MorphismSpace

SPACE = MorphismSpace(steps=3, width=4)
ROOT = {"steps": 0}
CHILD = {"steps": 1, "step0.kind": "deeper", "step0.place": 0.5}
SETTINGS = ImageSettings(
    space="morphism",
    space_options={"steps": 3, "width": 4},
    strategy="network_morphism",
    strategy_options={"starts": 2},
    evaluator="growth",
    trials=10,
    epochs=2,
    final=False,
    executor="inline",
)


def digits(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    return found.images[:count], found.target[:count]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TrialContext:
    out = tmp_path_factory.mktemp("run")
    data, _ = prepare_images(*digits())
    data.save(out / "data")
    return TrialContext(out / "data", out, 0, 0, 1, None, lambda _step, _score: True)


@pytest.fixture(scope="module")
def parent(context: TrialContext) -> dict[str, object]:
    """The heritage that a trained root leaves."""
    made = Growth(epochs=6)(SPACE(FixedTrial(ROOT)), Fidelity(), context)
    assert made.notes["inherits"] is None
    lineage = Lineage(SPACE)
    lineage.put(0, ROOT, made)
    heritage = lineage.of(CHILD)
    assert heritage is not None
    return heritage.to_json()


def test_a_child_computes_what_its_parent_did_before_it_is_trained(
    context: TrialContext, parent: dict[str, object]
) -> None:
    from hortus.data.images import ImageData

    data = ImageData.load(context.data)
    evaluator = Growth(heritage=parent)
    child = evaluator.network(SPACE(FixedTrial(CHILD)), Fidelity(), data, context)
    before = SPACE(FixedTrial(ROOT)).build(data.shape, data.classes, seed=5)
    fill(before, load_tensors(context.out / parent["weights"]["path"])[0])
    pixels = torch.from_numpy(np.array(data.pixels[:50])).float()
    gap = probabilities(child, lambda x: x, pixels) - probabilities(before, lambda x: x, pixels)
    assert gap.abs().max() < 1e-4
    assert sum(p.numel() for p in child.parameters()) > sum(p.numel() for p in before.parameters())


def test_a_child_is_trained_for_a_part_of_the_schedule_and_is_no_worse(
    context: TrialContext, parent: dict[str, object]
) -> None:
    context = replace(context, number=1)
    told = Growth(epochs=6, heritage=parent)(SPACE(FixedTrial(CHILD)), Fidelity(), context)
    alone = Growth(epochs=6 * PART)(SPACE(FixedTrial(CHILD)), Fidelity(), context)
    assert told.notes["inherits"] == 0
    assert told.work == alone.work
    assert told.score > alone.score
    again = Growth(epochs=6, heritage=parent)(SPACE(FixedTrial(CHILD)), Fidelity(), context)
    assert again.score == told.score
    assert again.artifacts[1].sha256 == told.artifacts[1].sha256


def test_weights_of_another_digest_are_refused(context: TrialContext, parent: dict[str, object]) -> None:
    weights = {**parent["weights"], "sha256": "0" * 64}
    with pytest.raises(ArtifactError, match="SHA-256"):
        Growth(heritage={**parent, "weights": weights})(SPACE(FixedTrial(CHILD)), Fidelity(), context)


def test_the_nearest_ancestor_counts_and_only_what_had_ended_before() -> None:
    def evaluation(name: str) -> Evaluation:
        return Evaluation((0.5,), 0.5, 1.0, 1.0, 1.0, (Artifact("models", f"{name}.safetensors", "ab", 1),))

    lineage = Lineage(SPACE)
    grandchild = {**CHILD, "steps": 2, "step1.kind": "wider", "step1.place": 0.0}
    assert lineage.of(grandchild) is None
    for number, params in ((3, ROOT), (4, CHILD), (6, CHILD)):
        lineage.put(number, params, evaluation(str(number)))
    assert lineage.of(grandchild).number == 4
    assert lineage.of(grandchild).weights == Stored("4.safetensors", "ab", 1)
    assert lineage.of(grandchild, before=4).number == 3
    assert lineage.of(grandchild, before=3) is None
    assert lineage.of(ROOT) is None


def heritages(folder: Path) -> list[object]:
    with Journal.open(folder) as journal:
        return [row.system_attrs.get(HERITAGE) for row in journal.trials()]


def test_a_run_names_what_was_inherited_and_repeats_under_its_seed_after_a_kill(tmp_path: Path) -> None:
    X, y = digits(200)
    straight = fit_images(X, y, SETTINGS, folder=tmp_path / "straight")
    named = heritages(tmp_path / "straight")
    assert any(named)
    for one in filter(None, named):
        weights = Stored(**one["weights"])
        assert load_tensors(tmp_path / "straight" / weights.path)[0]
    told = json.dumps(SETTINGS.to_json())
    script = (
        "import json, sys; from pathlib import Path\n"
        "from sklearn.datasets import load_digits\n"
        "from hortus.run.images.settings import ImageSettings\n"
        "from hortus.run.images.fit import fit_images\n"
        "d = load_digits()\n"
        f"fit_images(d.images[:200], d.target[:200], ImageSettings.from_json(json.loads({told!r})),"
        " folder=Path(sys.argv[1]))\n"
    )
    folder = tmp_path / "killed"
    driver = subprocess.Popen([sys.executable, "-c", script, str(folder)], env={**os.environ, "OMP_NUM_THREADS": "1"})
    until = time.monotonic() + 90
    while time.monotonic() < until and driver.poll() is None:
        if len(list((folder / "artifacts").glob("*.safetensors"))) >= 9:
            break
        time.sleep(0.005)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    again = resume_images(folder)
    assert heritages(folder) == named
    columns = ["trial", "network", "score"]
    assert again.leaderboard()[columns].equals(straight.leaderboard()[columns])
