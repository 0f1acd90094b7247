"""Candidates that are judged by their answers, after a few were trained."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
from optuna.distributions import CategoricalDistribution
from optuna.trial import FixedTrial
from scipy.stats import spearmanr
from sklearn.datasets import load_digits

from hortus.data.read_images import prepare_images
from hortus.errors import ArtifactError, RunError, SettingError
from hortus.evaluation.base import Fidelity, TrialContext
from hortus.evaluation.network import NetworkTraining
from hortus.evaluation.surrogate import LABELS, Labels, Model, Surrogate
from hortus.run.images.fit import fit_images
from hortus.run.images.settings import ImageSettings
from hortus.seeds import stream
from hortus.spaces.cell import NAMES, OPERATIONS, CellSpace, cells
from hortus.spaces.tables import CellTable, location

SPACE = CellSpace(repeats=1, width=2)
OPTIONS = {"space": SPACE.to_json(), "labels": 5, "epochs": 1.0}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TrialContext:
    out = tmp_path_factory.mktemp("run")
    found = load_digits()
    data, _ = prepare_images(found.images[:150], found.target[:150])
    data.save(out / "data")
    context = TrialContext(out / "data", out, 0, 0, 1, None, lambda _step, _score: True)
    made = Labels(**OPTIONS)(SPACE(FixedTrial(dict.fromkeys(NAMES, "none"))), Fidelity(), context)
    assert made.score is None
    assert made.notes == {"labels": 5}
    assert [artifact.path for artifact in made.artifacts] == [LABELS]
    return context


def cell(operation: str) -> object:
    return SPACE(FixedTrial(dict.fromkeys(NAMES, operation)))


def test_what_was_trained_is_told_in_its_order_and_the_others_within(context: TrialContext) -> None:
    found = json.loads((context.out / LABELS).read_text())
    judge = Surrogate(space=SPACE.to_json())
    told = [judge(SPACE(FixedTrial(params)), Fidelity(), context).score for params in found["params"]]
    assert spearmanr(told, found["scores"]).statistic > 0.8
    other = judge(cell("avg_pool_3x3"), Fidelity(), context)
    assert min(found["scores"]) <= other.score <= max(found["scores"])
    assert other.notes["deviation"] > 0
    assert not list(context.out.glob(".unfinished-*"))


def test_what_was_interrupted_goes_on_and_ends_alike(
    context: TrialContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (context.out / LABELS).read_bytes()
    context = replace(context, out=tmp_path)
    train, left = NetworkTraining.__call__, iter([True, True])

    def interrupted(*arguments: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return train(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(NetworkTraining, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Labels(**OPTIONS)(cell("none"), Fidelity(), context)
    assert len(json.loads((tmp_path / LABELS).read_text())["scores"]) == 2
    Labels(**OPTIONS)(cell("none"), Fidelity(), context)
    assert (tmp_path / LABELS).read_bytes() == whole


def test_it_refuses_with_the_reason(context: TrialContext, tmp_path: Path) -> None:
    empty = replace(context, out=tmp_path)
    with pytest.raises(RunError, match="No candidate was trained"):
        Surrogate(space=SPACE.to_json())(cell("none"), Fidelity(), empty)
    with pytest.raises(RunError, match="a model needs 4"):
        Labels(**{**OPTIONS, "labels": 2})(cell("none"), Fidelity(), empty)
    with pytest.raises(SettingError, match="none for 'entire'"):
        Labels(space={"name": "entire"}, table="cifar10")(cell("none"), Fidelity(), empty)
    (tmp_path / LABELS).write_text("{}")
    with pytest.raises(ArtifactError, match="cannot be read"):
        Surrogate(space=SPACE.to_json())(cell("none"), Fidelity(), empty)


def test_a_run_trains_a_few_judges_many_and_trains_the_best(tmp_path: Path) -> None:
    digits = load_digits()
    settings = ImageSettings(
        space_options={"width": 2, "repeats": 1},
        evaluator="surrogate",
        evaluator_options={"labels": 4, "epochs": 1.0},
        strategy="random",
        trials=12,
        epochs=1,
        final=False,
        executor="inline",
    )
    result = fit_images(digits.images[:150], digits.target[:150], settings, folder=tmp_path / "run")
    assert len(result.rows) == 12
    assert json.loads((tmp_path / "run" / LABELS).read_text())["drawn"] == 4
    assert result.model.predict(digits.images[150:160]).shape == (10,)


def test_it_ranks_what_it_has_not_seen() -> None:
    every = [{name: OPERATIONS[int(i)] for name, i in zip(NAMES, row, strict=True)} for row in grid(300)]
    distributions = dict.fromkeys(NAMES, CategoricalDistribution(OPERATIONS))
    worth = np.array(
        [sum(one[name] == "nor_conv_3x3" for name in NAMES) + 0.1 * len(set(one.values())) for one in every]
    )
    model = Model(every[:100], worth[:100], distributions)
    told = [model.predict(one)[0] for one in every[100:]]
    assert spearmanr(told, worth[100:]).statistic > 0.7


def grid(count: int) -> np.ndarray:
    return stream(0, "cells").integers(len(OPERATIONS), size=(count, len(NAMES)))


@pytest.mark.skipif(not os.environ.get("HORTUS_DATASETS") or location() is None, reason="no table here")
def test_labels_of_the_table_rank_its_cells(context: TrialContext, tmp_path: Path) -> None:
    context = replace(context, out=tmp_path)
    space = CellSpace()
    made = Labels(space=space.to_json(), table="cifar10", labels=128)(cell("none"), Fidelity(), context)
    assert made.notes["labels"] == 128
    table, some = CellTable.read("cifar10"), list(cells())[::40]
    judge = Surrogate(space=space.to_json())
    told = [judge(one, Fidelity(), context).score for one in some]
    assert spearmanr(told, [table.mean[table.row(one)] for one in some]).statistic > 0.6
