"""A stack and a calibration go through the bundle and come out as they were, or are refused."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_iris

from hortus.deploy.bundle import load_bundle
from hortus.engine.journal import Journal
from hortus.ensemble.calibration import Temperature
from hortus.ensemble.stacking import Stacking
from hortus.errors import ArtifactError
from hortus.run import Settings, fit
from hortus.run.finish import choose, save
from hortus.run.prepare import recall

SETTINGS = Settings(trials=4, folds=2, models=("linear", "extra_trees"), slots=1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    X, y = load_iris(return_X_y=True, as_frame=True)
    folder = tmp_path_factory.mktemp("run")
    fit(X, y, SETTINGS, folder=folder)
    with Journal.open(folder) as journal:
        rows = journal.trials()
    return folder, rows, recall(folder, SETTINGS), X


@pytest.fixture(scope="module")
def bundle(finished, tmp_path_factory):
    folder, rows, prepared, _ = finished
    found = choose(rows[:1], prepared, folder, single=True, seed=0, seconds=None)
    made = replace(found, stacking=Stacking((0.7,), (0.1, -0.2, 0.3)), calibration=Temperature(0.8))
    path = tmp_path_factory.mktemp("bundle") / "model.hortus"
    save(path, made, prepared, folder, findings=())
    return path, made


def test_what_was_stored_is_what_is_applied(finished, bundle):
    X = finished[3]
    path, made = bundle
    model = load_bundle(path)
    assert (model.stacking, model.calibration) == (made.stacking, made.calibration)
    plain = replace(model, stacking=None, calibration=None).raw(X)
    np.testing.assert_array_equal(model.raw(X), made.calibration.apply(made.stacking.combine([plain])))


@pytest.mark.parametrize(
    "change",
    [
        {"calibration": {"power": -1}},
        {"calibration": {"power": float("nan")}},
        {"calibration": "0.8"},
        {"stacking": {"weights": [0.5, 0.5], "bias": [0, 0, 0]}},
        {"stacking": {"weights": [0.5], "bias": [0]}},
        {"stacking": []},
    ],
)
def test_a_manifest_that_says_otherwise_is_refused(bundle, tmp_path, change):
    path = tmp_path / "changed.hortus"
    with zipfile.ZipFile(bundle[0]) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                data = json.dumps({**json.loads(data), **change}).encode()
            new.writestr(name, data)
    with pytest.raises(ArtifactError):
        load_bundle(path)


def test_one_alone_is_left_as_it_is_and_no_time_is_kept(finished):
    folder, rows, prepared, _ = finished
    alone = choose(rows, prepared, folder, single=True, seed=0, seconds=None)
    assert (alone.stacking, alone.calibration, len(alone.rows)) == (None, None, 1)
    assert alone.score == max(row.value for row in rows)
    hurried = choose(rows, prepared, folder, single=False, seed=0, seconds=0.0)
    assert (hurried.stacking, hurried.calibration, len(hurried.rows)) == (None, None, 1)


def test_a_stack_follows_its_members_when_they_are_reordered():
    stack = Stacking((0.1, 0.5, 0.2), (1.0,))
    values = [np.array([1.0]), np.array([2.0]), np.array([3.0])]
    order = np.array([1, 2, 0])
    assert stack.ordered(order).combine([values[i] for i in order]) == pytest.approx(stack.combine(values))
