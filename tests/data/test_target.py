"""Targets of every type are understood and come back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits

from hortus.data.target import find_target, prepare_target
from hortus.data.task import Task
from hortus.errors import SettingError, TargetError


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        ([1, 2] * 10, "binary", (1, 2)),
        ([0.0, 1.0] * 10, "binary", (0.0, 1.0)),
        ([True, False] * 10, "binary", (False, True)),
        (["b", "a", "c"] * 10, "multiclass", ("a", "b", "c")),
        (np.array(["b", "a"] * 10), "binary", ("a", "b")),
        (pd.Categorical([3, 1, 2] * 10), "multiclass", (1, 2, 3)),
        (pd.array([1, 2, None] * 10, dtype="Int64"), "binary", (1, 2)),
        ([1, 2, None] * 10, "binary", (1, 2)),
        (["1", "2", "3"] * 10, "multiclass", ("1", "2", "3")),
        (load_digits().target, "multiclass", tuple(range(10))),
        (load_diabetes().target, "regression", ()),
        (np.linspace(0, 1, 20), "regression", ()),
        (np.arange(100), "regression", ()),
        ([f"{i},5" for i in range(50)], "regression", ()),
    ],
)
def test_kinds(values: object, kind: str, classes: tuple[object, ...]) -> None:
    target, _ = prepare_target(values, name="y")
    assert (target.task.kind, target.task.classes) == (kind, classes)
    assert [type(label) for label in target.task.classes] == [type(label) for label in classes]
    came = [value for value in list(values) if not pd.isna(value)]  # type: ignore[call-overload]
    if kind != "regression":
        assert target.y.dtype == np.int64
        assert target.task.decode(target.y).tolist() == [v.item() if hasattr(v, "item") else v for v in came]
    else:
        assert target.y.dtype == np.float64
    assert len(target.kept) == len(target.y) == len(came)


def test_told_kind_and_metric() -> None:
    numbers = [1, 2, 3] * 10
    assert prepare_target(numbers, kind="regression")[0].task.metric == "neg_root_mean_squared_error"
    assert prepare_target(numbers, kind="classification")[0].task.kind == "multiclass"
    assert prepare_target(numbers, metric="rmse")[0].task.kind == "regression"
    assert prepare_target(range(40), metric="r2")[0].task.metric == "r2"
    assert prepare_target([1, 2] * 10, metric="auc")[0].task.metric == "roc_auc"
    with pytest.raises(TargetError, match="3 classes"):
        prepare_target(numbers, kind="binary")
    with pytest.raises(SettingError, match="Did you mean 'regression'"):
        prepare_target(numbers, kind="regresion")  # type: ignore[arg-type]


def test_column_is_split_off() -> None:
    frame = pd.DataFrame({"a": range(5), "price": range(5)})
    features, target = find_target(frame, "price")
    assert list(features.columns) == ["a"]
    assert target.tolist() == list(range(5))
    assert "price" in frame


def test_task_is_stored_as_json() -> None:
    task = Task("multiclass", "y", (True, False), "accuracy")
    assert Task.from_json(task.to_json()) == task
