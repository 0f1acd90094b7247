"""New rows beside the training rows: alike, or not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from hortus.data.checks import check_drift, examine
from hortus.data.finding import Finding
from hortus.data.infer import infer_schema


def compared(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Finding]:
    schema, _ = infer_schema(train)
    findings = check_drift(schema.apply(train)[0], schema.apply(test)[0], schema)
    assert [f.severity for f in findings] == sorted(
        (f.severity for f in findings), key=["serious", "warning", "info"].index
    )
    return {finding.code: finding for finding in findings}


def halves(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=800),
            "z": rng.normal(size=800),
            "word": rng.choice(["red", "green", "blue"], 800),
            "text": [f"parcel number {i} of {rng.integers(99)}" for i in range(800)],
            "day": np.datetime64("2021-01-01") + rng.integers(0, 300, 800).astype("timedelta64[D]"),
        }
    )
    return frame[:500], frame[500:].reset_index(drop=True)


def test_rows_from_the_same_place_are_alike() -> None:
    for seed in range(3):
        assert compared(*halves(seed)) == {}
    for frame in (load_breast_cancer(as_frame=True).data, load_diabetes(as_frame=True).data):
        mixed = frame.sample(frac=1, random_state=0)
        assert compared(mixed[:300], mixed[300:]) == {}


def test_a_shifted_column_is_found_and_named() -> None:
    train, test = halves()
    drift = compared(train, test.assign(z=test["z"] + 1.5))["drift"]
    assert (drift.columns, drift.severity) == (("z",), "serious")
    assert drift.value is not None
    assert drift.value > 0.75
    slight = compared(train, test.assign(z=test["z"] + 0.6))["drift"]
    assert (slight.columns, slight.severity) == (("z",), "warning")


def test_columns_that_have_changed_together_are_found_though_none_has_alone() -> None:
    rng = np.random.default_rng(0)
    train, test = (pd.DataFrame(rng.normal(size=(2000, 2)), columns=["p", "q"]) for _ in range(2))
    test["q"] = test["p"] + 0.3 * rng.normal(size=2000)
    test["q"] *= 1 / test["q"].std()
    drift = compared(train, test)["drift"]
    assert drift.value is not None
    assert drift.value > 0.75


def test_later_rows_are_told_as_such_and_not_as_drift() -> None:
    train, test = halves()
    later = compared(train, test.assign(day=test["day"] + pd.Timedelta(days=365)))
    assert set(later) == {"new-rows-later"}
    assert later["new-rows-later"].columns == ("day",)


def test_values_that_no_training_row_has() -> None:
    train, test = halves()
    new = test.assign(word=np.where(np.arange(len(test)) % 4 == 0, "[red]violet[/red]", test["word"]))
    strange = compared(train, new)["new-categories"]
    assert strange.value == pytest.approx(0.25)
    assert "violet" in strange.what


def test_new_rows_that_are_training_rows() -> None:
    train, test = halves()
    known = compared(train, pd.concat([test, train[:100]], ignore_index=True))["new-rows-known"]
    assert known.value == pytest.approx(100 / 400)


def test_a_few_new_rows_prove_nothing() -> None:
    train, test = halves()
    assert compared(train, test[:10].assign(z=99.0)) == {}
    assert compared(train, test[:0]) == {}


def test_the_table_with_its_target_may_be_compared_with_one_without() -> None:
    train, test = halves()
    train = train.assign(y=np.arange(len(train)) % 2)
    codes = {f.code for f in examine(train, "y", test=test.assign(x=test["x"] * 5)).findings}
    assert "drift" in codes
