"""What every learner must do. An author supplies one fixture and inherits all tests:

    from hortus.testing.models import ModelContract

    class TestMine(ModelContract):
        @pytest.fixture
        def model(self) -> type[Model]:
            return Mine

Data are small, real and made to fit the learner's flags: gaps and category codes come to those that take them only.
Set ``learns`` to False for a learner that does not look at its input.
"""

# ruff: noqa: S101, D102 - tests assert, and their names say what they test
from __future__ import annotations

import random
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from optuna.trial import FixedTrial

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.models.base import FitContext, Model, Params

KINDS: tuple[Kind, ...] = ("binary", "multiclass", "regression")
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
TRAIN, VALID = 240, 80


def table(kind: Kind, model: type[Model], *, rows: int = TRAIN + VALID + 80, seed: int = 0) -> Rows:
    """Rows whose target hangs on two numbers and, for learners that take them, a category; with gaps likewise.

    Args:
        kind: the task.
        model: whose flags say what may be in the rows.
        rows: how many.
        seed: of the numbers.
    """
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, 5)).astype(np.float32)
    signal = 2.0 * dense[:, 0] - dense[:, 1].astype(np.float64)
    columns = [MatrixColumn(f"number {i}", f"number {i}") for i in range(4)]
    if model.categories:
        codes = rng.integers(0, 6, rows)
        dense[:, 4] = codes
        signal = signal + np.array([-3.0, 0.0, 2.0, -1.0, 3.0, 0.5])[codes]
        columns.append(MatrixColumn("category", "category", categories=6))
    else:
        columns.append(MatrixColumn("number 4", "number 4"))
    if model.missing:
        dense[rng.random(dense.shape) < 0.05] = np.nan
    signal = signal + 0.3 * rng.normal(size=rows)
    if kind == "regression":
        y: NDArray[np.float64] | NDArray[np.int64] = 100.0 + 10.0 * signal
    elif kind == "binary":
        y = (signal > 0).astype(np.int64)
    else:
        y = np.digitize(signal, (-1.5, 1.5)).astype(np.int64)
    return Rows(Matrix(dense, tuple(columns)), y)


def facts_of(rows: Rows, kind: Kind, classes: int | None = None) -> Facts:
    """What a space would know of ``rows``."""
    return Facts(
        kind=kind,
        classes=CLASSES[kind] if classes is None else classes,
        rows=len(rows.y),
        train_rows=len(rows.y),
        columns=rows.X.columns,
        missing=bool(np.isnan(rows.X.dense).any()),
    )


def take(rows: Rows, index: NDArray[np.intp] | slice) -> Rows:
    """Some of the rows."""
    places = np.arange(len(rows.y))[index]
    return Rows(rows.X.rows(places), rows.y[places], None if rows.weight is None else rows.weight[places])


def loss(kind: Kind, y: NDArray[np.generic], predicted: NDArray[np.float64]) -> float:
    """Log loss, or mean squared error."""
    if kind == "regression":
        return float(np.mean((y.astype(np.float64) - predicted) ** 2))
    chances = predicted[np.arange(len(y)), y.astype(np.intp)]
    return float(-np.log(np.clip(chances, 1e-9, 1.0)).mean())


class ModelContract:
    """The contract of `hortus.models.base.Model` as tests; one class per learner inherits it."""

    learns: ClassVar[bool] = True
    # Hyperparameters, beside the default, that make it quicker to test.
    quick: ClassVar[Params] = {}
    # Share of the baseline's loss that the learner must come under on easy rows.
    beats: ClassVar[float] = 0.8

    @pytest.fixture
    def model(self) -> type[Model]:
        """The learner's class. Override it."""
        raise NotImplementedError("Override the fixture 'model'.")

    @pytest.fixture(params=KINDS)
    def kind(self, request: pytest.FixtureRequest, model: type[Model]) -> Kind:
        """Each task the learner can do."""
        kind: Kind = request.param
        if kind not in model.tasks:
            pytest.skip(f"{model.name} does no {kind}")
        return kind

    @pytest.fixture
    def rows(self, kind: Kind, model: type[Model]) -> tuple[Rows, Rows, Rows]:
        """Training, validation and test rows."""
        whole = table(kind, model)
        cut = TRAIN + VALID
        return take(whole, slice(TRAIN)), take(whole, slice(TRAIN, cut)), take(whole, slice(cut, None))

    def fitted(
        self, model: type[Model], kind: Kind, train: Rows, valid: Rows | None = None, *, seed: int = 0, classes: int = 0
    ) -> Model:
        """The default of ``model``, fitted on one thread."""
        return self.new(model, train, kind).fit(train, FitContext(kind, classes or CLASSES[kind], seed), valid)

    def new(self, model: type[Model], train: Rows, kind: Kind) -> Model:
        """The default of ``model`` with what is `quick`."""
        return model(**{**model.default(facts_of(train, kind)), **self.quick})

    def test_predictions_have_the_contract_s_shape(
        self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows]
    ) -> None:
        train, valid, test = rows
        predicted = self.fitted(model, kind, train, valid).predict(test.X)
        assert predicted.dtype == np.float64
        assert np.isfinite(predicted).all()
        if kind == "regression":
            assert predicted.shape == (len(test.y),)
        else:
            assert predicted.shape == (len(test.y), CLASSES[kind])
            assert (predicted >= 0).all()
            np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)

    def test_beats_the_baseline(self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows]) -> None:
        if not self.learns:
            pytest.skip("does not look at its input")
        train, valid, test = rows
        for guide in (valid, None):
            found = loss(kind, test.y, self.fitted(model, kind, train, guide).predict(test.X))
            if kind == "regression":
                plain = np.full(len(test.y), train.y.mean())
            else:
                plain = np.tile(np.bincount(train.y, minlength=CLASSES[kind]) / len(train.y), (len(test.y), 1))
            assert found < self.beats * loss(kind, test.y, plain)

    def test_repeats_exactly_under_a_seed(self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows]) -> None:
        train, valid, test = rows
        first, second = (self.fitted(model, kind, train, valid, seed=7) for _ in range(2))
        np.testing.assert_array_equal(first.predict(test.X), second.predict(test.X))
        assert first.work == second.work > 0

    def test_stored_and_read_back_it_predicts_the_same(
        self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows], tmp_path: Path
    ) -> None:
        train, valid, test = rows
        before = self.fitted(model, kind, train, valid)
        before.save(tmp_path)
        after = model.load(tmp_path)
        np.testing.assert_array_equal(before.predict(test.X), after.predict(test.X))
        assert after.get_params() == before.get_params()
        assert after.work == before.work
        assert not [path.name for path in tmp_path.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]

    def test_a_row_alone_is_predicted_as_among_others(
        self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows]
    ) -> None:
        train, valid, test = rows
        fitted = self.fitted(model, kind, train, valid)
        alone = fitted.predict(take(test, slice(1)).X)
        np.testing.assert_allclose(alone, fitted.predict(test.X)[:1], rtol=1e-4, atol=1e-5)
        assert len(fitted.predict(take(test, slice(0)).X)) == 0

    def test_a_deadline_that_has_passed_still_gives_a_model(
        self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows]
    ) -> None:
        train, valid, test = rows
        many = take(train, np.tile(np.arange(TRAIN), 12))
        begin = time.monotonic()
        fitted = self.new(model, many, kind).fit(many, FitContext(kind, CLASSES[kind], deadline=begin), valid)
        # Generous: the machine may be busy. Without the deadline, slow learners take far longer.
        assert time.monotonic() - begin < 5.0
        assert np.isfinite(fitted.predict(test.X)).all()

    def test_heavy_rows_count_for_more(self, model: type[Model], kind: Kind) -> None:
        whole = table(kind, model, rows=TRAIN)
        half = TRAIN // 2
        y = whole.y.copy()
        # The same inputs twice, with two answers; one of them weighs fifty times as much.
        y[half:] = y[:half] + 40.0 if kind == "regression" else (y[:half] + 1) % CLASSES[kind]
        X = whole.X.rows(np.tile(np.arange(half), 2))
        weight = np.where(np.arange(TRAIN) < half, 50.0, 1.0)
        first, second = (
            self.fitted(model, kind, Rows(X, y, given)).predict(X.rows(np.arange(half)))
            for given in (weight, weight[::-1].copy())
        )
        if kind == "regression":
            assert second.mean() > first.mean() + 10.0
        else:
            each = np.arange(half)
            assert first[each, y[:half]].mean() > second[each, y[:half]].mean() + 0.03 * self.learns

    def test_classes_missing_from_a_fold_get_no_chance(self, model: type[Model]) -> None:
        whole = table("multiclass", model)
        seen = take(whole, np.flatnonzero(whole.y != 1))
        fitted = self.fitted(model, "multiclass", seen, take(whole, slice(VALID)), classes=5)
        predicted = fitted.predict(whole.X)
        assert predicted.shape == (len(whole.y), 5)
        assert (predicted[:, [1, 3, 4]] == 0).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)

    def test_a_fold_of_one_class_is_certain(self, model: type[Model], tmp_path: Path) -> None:
        whole = table("binary", model)
        fitted = self.fitted(model, "binary", take(whole, np.flatnonzero(whole.y == 1)), take(whole, slice(VALID)))
        np.testing.assert_allclose(fitted.predict(whole.X), np.tile([0.0, 1.0], (len(whole.y), 1)))
        fitted.save(tmp_path)
        np.testing.assert_array_equal(model.load(tmp_path).predict(whole.X), fitted.predict(whole.X))

    def test_classes_of_one_row_and_many_classes(self, model: type[Model]) -> None:
        whole = table("multiclass", model, rows=120)
        y = np.minimum(np.arange(120) // 5, 22)
        y[-3:] = (23, 24, 25)
        train = Rows(whole.X, y.astype(np.int64))
        # One round is enough to meet them all.
        context = FitContext("multiclass", 26, deadline=time.monotonic())
        fitted = self.new(model, train, "multiclass").fit(train, context, take(train, slice(0, 120, 4)))
        predicted = fitted.predict(whole.X)
        assert predicted.shape == (120, 26)
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)

    def test_settings_offered_lie_in_the_domain(self, model: type[Model], kind: Kind) -> None:
        for rows in (30, 4_000, 300_000):
            facts = facts_of(table(kind, model, rows=10), kind)
            facts = Facts(**{**vars(facts), "rows": rows, "train_rows": rows})
            for setting in (model.default(facts), *model.portfolio(facts)):
                asked = _replay(model, setting, facts)
                assert asked == setting
                model(**asked)

    def test_the_global_random_state_is_left_alone(
        self, model: type[Model], kind: Kind, rows: tuple[Rows, Rows, Rows]
    ) -> None:
        train, valid, test = rows
        numpy_before, python_before = np.random.get_state()[1].copy(), random.getstate()  # type: ignore[index]  # noqa: NPY002
        self.fitted(model, kind, train, valid).predict(test.X)
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # type: ignore[index]  # noqa: NPY002
        assert random.getstate() == python_before

    def test_constant_columns_and_few_rows(self, model: type[Model], kind: Kind) -> None:
        whole = table(kind, model, rows=12)
        columns = tuple(MatrixColumn(f"c{i}", f"c{i}") for i in range(2))
        X = Matrix(np.ones((12, 2), dtype=np.float32), columns)
        predicted = self.fitted(model, kind, Rows(X, whole.y), Rows(X, whole.y)).predict(X)
        assert np.isfinite(predicted).all()


def _replay(model: type[Model], setting: Params, facts: Facts) -> Params:
    """What ``domain`` answers when asked with ``setting``; raises where a value lies outside its distribution."""
    trial = FixedTrial({f"mine.{name}": value for name, value in setting.items()})
    asked = model.domain(trial, "mine.", facts)
    for name, distribution in trial.distributions.items():
        value = trial.params[name]
        assert distribution._contains(distribution.to_internal_repr(value)), f"{name} = {value} is outside"
    return asked
