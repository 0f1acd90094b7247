"""A run's supernet as one trial, and candidates that inherit from it."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
from optuna.trial import FixedTrial
from sklearn.datasets import load_digits

from hortus.data.read_images import prepare_images
from hortus.errors import ArtifactError, RunError, SettingError
from hortus.evaluation.base import Evaluation, Fidelity, TrialContext
from hortus.evaluation.inherited import SUPERNET, Inherited, SupernetTrial
from hortus.evaluation.weight_sharing import SupernetTraining
from hortus.spaces import SPACES
from hortus.spaces.cell import NAMES, CellSpace

SPACE = CellSpace(repeats=1, width=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrialContext:
    """A run of digits whose supernet is trained."""
    out = tmp_path_factory.mktemp("run")
    found = load_digits()
    data, _ = prepare_images(found.images[:400], found.target[:400])
    data.save(out / "data")
    context = TrialContext(out / "data", out, 0, 0, 1, None, lambda _step, _score: True)
    made = SupernetTrial(space=SPACE.to_json(), steps=30)(cell("none"), Fidelity(), context)
    assert made.score is None
    assert made.notes == {"steps": 30}
    assert [artifact.path for artifact in made.artifacts] == [SUPERNET]
    assert not list((out / "checkpoints").glob("*.safetensors"))
    return context


def cell(operation: str) -> object:
    return SPACE(FixedTrial(dict.fromkeys(NAMES, operation)))


def judged(context: TrialContext, operation: str) -> Evaluation:
    return Inherited(space=SPACE.to_json())(cell(operation), Fidelity(), context)


def test_candidates_are_judged_without_training(run: TrialContext) -> None:
    pooled, cut = judged(run, "avg_pool_3x3"), judged(run, "none")
    assert cut.score < 0.15
    assert pooled.score > cut.score + 0.08
    assert pooled.notes["params"] < judged(run, "nor_conv_3x3").notes["params"]
    assert judged(run, "avg_pool_3x3").score == pooled.score
    assert not Inherited.trains


def test_a_deadline_is_the_schedule(run: TrialContext, tmp_path: Path) -> None:
    context = TrialContext(run.data, tmp_path, 0, 0, 1, time.monotonic() + 0.3, run.report)
    begin = time.monotonic()
    SupernetTrial(space=SPACE.to_json())(cell("none"), Fidelity(), context)
    assert time.monotonic() - begin < 20
    assert (tmp_path / SUPERNET).exists()


def test_a_supernet_that_was_interrupted_goes_on(
    run: TrialContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def context(name: str) -> TrialContext:
        return TrialContext(run.data, tmp_path / name, 0, 3, 1, None, run.report)

    def train(name: str) -> bytes:
        made = SupernetTrial(space=SPACE.to_json(), steps=4)(cell("none"), Fidelity(), context(name))
        assert made.notes["steps"] == 4
        return (tmp_path / name / SUPERNET).read_bytes()

    whole = train("whole")
    steps = SupernetTraining._group_step
    left = iter([True, True])

    def interrupted(*arguments: object) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        steps(*arguments)

    # Stored after every step.
    monkeypatch.setattr("hortus.evaluation.inherited.STORE_SECONDS", 1e-3)
    with monkeypatch.context() as patch:
        patch.setattr(SupernetTraining, "_group_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    assert (tmp_path / "cut/checkpoints/supernet.safetensors").exists()
    assert train("cut") == whole


def test_without_a_supernet_it_refuses_with_the_reason(run: TrialContext, tmp_path: Path) -> None:
    context = TrialContext(run.data, tmp_path, 0, 0, 1, None, run.report)
    with pytest.raises(RunError, match="no supernet"):
        judged(context, "none")


def test_a_supernet_of_another_space_is_refused(run: TrialContext) -> None:
    wide = CellSpace(repeats=1, width=8)
    with pytest.raises(ArtifactError, match="not those of this network"):
        Inherited(space=wide.to_json())(cell("none"), Fidelity(), run)


def test_what_cannot_be_shared_is_refused(run: TrialContext) -> None:
    space = {"name": "entire"}
    with pytest.raises(SettingError, match="has no supernet"):
        SupernetTrial(space=space)(SimpleNamespace(), Fidelity(), run)
    with pytest.raises(TypeError, match="no params"):
        Inherited(space=SPACE.to_json())(SimpleNamespace(), Fidelity(), run)
    assert "entire" in SPACES
