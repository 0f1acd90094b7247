"""What explanations are tried on: models of real tables, fitted once, and stand-ins whose truth is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from hortus.data.column import ColumnSchema
from hortus.data.metrics import make_metric
from hortus.data.schema import Schema
from hortus.data.task import Task
from hortus.explain.evidence import Evidence
from hortus.run import Settings, fit

KINDS = {"f": "numeric", "O": "categorical", "M": "date"}


@dataclass(frozen=True)
class KnownModel:
    """Predicts by a formula: ``formula(frame, folds)``, the folds None for new rows."""

    task: Task
    schema: Schema
    formula: Any
    facts: Any
    apart: bool = False

    def out_of_fold(self, frame, folds):
        return self.formula(frame, folds)

    def raw_canonical(self, frame):
        return self.formula(frame, None)

    def codes(self, probabilities):
        return probabilities.argmax(axis=1)


def known_evidence(frame, formula, y, *, metric=None, folds=None, weight=None, classes=(), kinds=None):
    """An `Evidence` of a model that is a formula."""
    frame = frame.set_axis(pd.Index(range(len(frame)), name="row"))
    kind = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    found = make_metric(metric, kind, tuple(classes))
    columns = [ColumnSchema(name, (kinds or {}).get(name, KINDS[frame[name].dtype.kind])) for name in frame.columns]
    model = KnownModel(Task(kind, "target", tuple(classes), found.name), Schema(tuple(columns)), formula, {})
    folds = np.arange(len(frame), dtype=np.int8) % 4 if folds is None else folds
    return Evidence(
        predictor=model,
        metric=found,
        judged=np.arange(len(frame)),
        y=np.asarray(y),
        predictions=formula(frame, folds),
        folds=folds,
        weight=weight,
        rows=np.arange(len(frame)),
        frame=frame,
        leaderboard=pd.DataFrame(),
    )


@pytest.fixture(scope="session")
def known():
    return known_evidence


def of_run(load, folder, columns=None):
    X, y = load(return_X_y=True, as_frame=True)
    settings = Settings(trials=3, models=("linear", "lightgbm"), folds=2, executor="inline", seed=0)
    return fit(X.iloc[:, :columns], y, settings, folder=folder).evidence


@pytest.fixture(scope="session")
def cancer(tmp_path_factory):
    return of_run(load_breast_cancer, tmp_path_factory.mktemp("cancer"), columns=10)


@pytest.fixture(scope="session")
def diabetes(tmp_path_factory):
    return of_run(load_diabetes, tmp_path_factory.mktemp("diabetes"))


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    return of_run(load_wine, tmp_path_factory.mktemp("wine"))


@pytest.fixture(scope="session")
def mixed():
    """300 rows of every kind that a canonical frame has, with gaps."""
    random = np.random.default_rng(5)
    n = 300
    number = random.normal(50, 10, n)
    number[::11] = np.nan
    place = np.array(random.choice(["north", "south", "west"], n), dtype=object)
    place[::13] = None
    day = np.datetime64("2020-01-01", "us") + random.integers(0, 1000, n) * np.timedelta64(1, "D")
    day[::17] = np.datetime64("NaT")
    frame = pd.DataFrame({"number": number, "flag": random.integers(0, 2, n).astype(float), "day": day})
    frame.insert(1, "place", pd.Series(place, dtype=object))
    return frame
