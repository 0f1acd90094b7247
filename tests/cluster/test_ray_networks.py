"""Networks on a real Ray cluster, in a network of its own: images and scenes, by the same commands as at home."""

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hortus.engine.journal import FILE, Journal
from hortus.errors import SettingError

pytest.importorskip("torch")
Image = pytest.importorskip("PIL.Image")

ROOT = Path(__file__).parents[2]
HORTUS = str(Path(sys.executable).with_name("hortus"))

pytestmark = [
    pytest.mark.rotated,
    pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="no benchmarks here"),
]


@pytest.fixture(scope="module")
def cluster():
    from benchmarks.loopback import Loopback, possible

    if why := possible():
        pytest.skip(why)
    with Loopback(nodes=2, path=Path(__file__).parent) as made:
        yield made


@pytest.fixture(scope="module")
def photos(tmp_path_factory, write_digits):
    """Two classes of twenty digits each, as files."""
    folder = tmp_path_factory.mktemp("digits") / "photos"
    write_digits(folder)
    return folder


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    """Sixteen scenes of a light half and a dark one, and their masks."""
    folder = tmp_path_factory.mktemp("scenes") / "streets"
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(16):
        mask = (np.arange(32)[:, None] > rng.integers(8, 24)) * np.ones((1, 32))
        pixels = np.clip(60 + 120 * mask[..., None] + rng.normal(0, 20, (32, 32, 3)), 0, 255)
        Image.fromarray(pixels.astype("uint8")).save(folder / "images" / f"{number:02d}.png")
        Image.fromarray(mask.astype("uint8")).save(folder / "masks" / f"{number:02d}.png")
    return folder


def told(cluster, *command, timeout=400):
    done = cluster.run([HORTUS, *map(str, command)], timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done.stdout


def board(folder):
    with Journal.open(folder, read_only=True) as journal:
        return [(row.number, row.describe, row.value, row.state.name, row.reason) for row in journal.trials()]


@pytest.mark.parametrize("evaluator", ["train", "weight_sharing"])
def test_images_are_searched_there_as_here(cluster, photos, tmp_path, evaluator, long):
    if evaluator != "train" and not long:
        pytest.skip("a network that all share is trained before the search: at night")
    fixed = ("fit", photos, "--task", "image", "--strategy", "random", "--trials", "2", "--evaluator", evaluator)
    here = json.loads(told(cluster, *fixed, "--jobs", "2", "--json", "--out", tmp_path / "here"))
    there = json.loads(told(cluster, *fixed, "--cluster", cluster.url, "--json", "--out", tmp_path / "there"))
    assert (there["trials"], there["why"]) == (2, "trials")
    assert board(tmp_path / "there") == board(tmp_path / "here")
    assert there["score"] == here["score"]
    # The run's folder is all that there is of it: the cluster's machines keep nothing.
    shutil.move(tmp_path / "there", tmp_path / "moved")
    told(cluster, "predict", tmp_path / "moved", photos / "zero", "--out", tmp_path / "said.csv")
    assert (tmp_path / "said.csv").exists()


def test_scenes_are_searched_there_as_here(cluster, streets, tmp_path):
    fixed = ("fit", streets, "--task", "segmentation", "--space", "deeplab", "--strategy", "random", "--trials", "2")
    here = json.loads(told(cluster, *fixed, "--jobs", "2", "--json", "--out", tmp_path / "here"))
    there = json.loads(told(cluster, *fixed, "--cluster", cluster.url, "--json", "--out", tmp_path / "there"))
    assert (there["trials"], there["why"]) == (2, "trials")
    assert board(tmp_path / "there") == board(tmp_path / "here")
    assert there["score"] == here["score"]
    told(cluster, "resume", tmp_path / "there", "--trials", "1", "--executor", "local", "--quiet")
    assert len(board(tmp_path / "there")) == 3
    told(cluster, "predict", tmp_path / "there", streets / "images", "--out", tmp_path / "masks")
    assert len(list((tmp_path / "masks").iterdir())) == 16


def test_the_estimators_go_there_by_the_address_of_the_environment(cluster, streets):
    code = """
import sys, numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from hortus import ImageClassifier, ImageSegmenter
digits = load_digits(n_class=2)
X, y = digits.images[:60], digits.target[:60]
model = ImageClassifier(trials=2, strategy="random", epochs=1, executor="ray", random_state=0, verbosity=0).fit(X, y)
assert model.predict(X).shape == (60,) and len(model.leaderboard()) == 2
small = {"space": "deeplab", "strategy": "random", "trials": 1, "epochs": 1}
made = ImageSegmenter(**small, executor="ray", random_state=0, verbosity=0).fit(sys.argv[1])
assert np.isfinite(made.score_) and len(made.leaderboard()) == 1
"""
    environment = cluster.environment(RAY_ADDRESS=cluster.url)
    done = cluster.run([sys.executable, "-c", code, str(streets)], environment=environment, timeout=400)
    assert (done.returncode, done.stderr) == (0, "")


def test_functions_of_ones_own_are_tuned_and_searched_there_as_here(cluster, photos, tmp_path):
    tuned = ("tune", "own_functions:hill", "--trials", "12", "--jobs", "2", "--json")
    here = json.loads(told(cluster, *tuned, "--out", tmp_path / "here"))
    there = json.loads(told(cluster, *tuned, "--cluster", cluster.url, "--out", tmp_path / "there"))
    assert there["trials"] == 12
    assert there["params"] == here["params"]
    assert board(tmp_path / "there") == board(tmp_path / "here")
    script = Path(__file__).with_name("own_functions.py")
    searched = ("search", f"{script}:net", photos, "--strategy", "random", "--trials", "2", "--epochs", "1", "--json")
    here = json.loads(told(cluster, *searched, "--jobs", "2", "--out", tmp_path / "net-here"))
    there = json.loads(told(cluster, *searched, "--cluster", cluster.url, "--out", tmp_path / "net-there"))
    assert board(tmp_path / "net-there") == board(tmp_path / "net-here")
    assert there["score"] == here["score"]


def test_what_machines_cannot_import_is_refused_before_anything_is_asked_of_them():
    from hortus import search, tune

    with pytest.raises(SettingError, match="cannot import") as told:
        tune(lambda trial: 0.0, cluster="ray://127.0.0.1:1", trials=1, verbosity=0)
    assert told.value.code == "objective-not-importable"
    with pytest.raises(SettingError, match="cannot import") as told:
        search(lambda trial: None, np.zeros((8, 2)), [0, 1] * 4, executor="ray", trials=1, verbosity=0)
    assert told.value.code == "search-not-importable"


def test_a_search_of_networks_is_the_same_there_though_a_machine_dies(cluster, photos, tmp_path):
    # The last test: the machine stays dead.
    fixed = ("fit", photos, "--task", "image", "--strategy", "random", "--trials", "4")
    told(cluster, *fixed, "--jobs", "2", "--quiet", "--out", tmp_path / "here")
    there = tmp_path / "there"
    running = cluster.start([HORTUS, *map(str, fixed), "--cluster", cluster.url, "--quiet", "--out", str(there)])
    until = time.monotonic() + 200
    while not (there / FILE).exists() or not any(state == "COMPLETE" for *_, state, _ in board(there)):
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    assert len([one for one in board(there) if one[3] == "COMPLETE"]) < 4, "the machine dies in the midst of the search"
    cluster.kill_node(2)
    assert running.wait(300) == 0
    # What was in flight on the lost machine ran again, and says so.
    assert [one[:4] for one in board(there)] == [one[:4] for one in board(tmp_path / "here")]
    assert {one[4] for one in board(there)} <= {"", "run again after: lost"}
    told(cluster, "predict", there, photos / "zero", "--out", tmp_path / "said.csv")
