"""How nearest neighbours learn to weigh: each training row is predicted by the others."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import log_loss

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.models import neighbors
from hortus.models.base import FitContext, Rows
from hortus.models.neighbors import POWERS, SHARES, Neighbors


def rows_of(dense: NDArray[np.float64], y: NDArray[np.generic]) -> Rows:
    return Rows(
        Matrix(dense.astype(np.float32), tuple(MatrixColumn(f"n{i}", f"n{i}") for i in range(dense.shape[1]))), y
    )


def digits() -> tuple[Rows, Rows]:
    found = load_digits()
    X, y = found.data / found.data.std(), found.target
    return rows_of(X[:1_200], y[:1_200]), rows_of(X[1_200:], y[1_200:])


def said(
    X: NDArray[np.float64], i: int, y: NDArray[np.int64], k: int, power: float, share: float
) -> NDArray[np.float64]:
    """Shares of the classes around row i, by hand."""
    others = np.delete(np.arange(len(X)), i)
    distance = np.sqrt(((X[others] - X[i]) ** 2).sum(axis=1))
    nearest = np.argsort(distance)[:k]
    weight = distance[nearest] ** -power
    shares = np.bincount(y[others][nearest], weights=weight / weight.sum(), minlength=3)
    return (1 - share) * shares + share * np.bincount(y, minlength=3) / len(y)


def test_power_and_prior_are_those_that_predict_each_row_best_from_the_others() -> None:
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(60, 6)), rng.integers(0, 3, 60)
    X[:, 0] += 2.0 * y

    def loss(power: float, share: float) -> float:
        logs = np.log([said(X, i, y, 7, power, share) for i in range(len(X))])
        smooth = 1 / (len(X) + 2)
        return -float(np.mean((1 - smooth) * logs[np.arange(len(X)), y] + smooth * logs.mean(axis=1)))

    best = min((loss(power, share), power, share) for power in POWERS for share in SHARES)[1:]
    model = Neighbors(n_neighbors=7).fit(rows_of(X, y), FitContext("multiclass", 3))
    assert (model._power, model._share) == best
    # What a new row is told follows the same rule, with all training rows.
    new = rng.normal(size=(1, 6))
    want = said(np.vstack([X, new]), len(X), np.append(y, 0), 7, *best[:1], 0.0)
    want = (1 - best[1]) * want + best[1] * np.bincount(y, minlength=3) / len(y)
    np.testing.assert_allclose(model.predict(rows_of(new, y[:1]).X)[0], want, atol=1e-6)


def test_many_columns_want_near_rows_to_count_more() -> None:
    train, test = digits()
    model = Neighbors(n_neighbors=30).fit(train, FitContext("multiclass", 10))
    assert model._power >= 8
    loss = log_loss(test.y, model.predict(test.X))
    model._power, model._share = 1.0, 1 / 31
    assert loss < 0.6 * log_loss(test.y, model.predict(test.X))


def test_a_copy_of_a_row_speaks_nearly_alone() -> None:
    train, _ = digits()
    model = Neighbors(n_neighbors=5).fit(train, FitContext("multiclass", 10))
    found = model.predict(train.X)
    np.testing.assert_allclose(found[np.arange(len(train.y)), train.y], 1 - model._share, atol=2 * model._share)


def test_where_neighbours_say_nothing_the_mean_of_all_is_mixed_in() -> None:
    rng = np.random.default_rng(0)
    train = rows_of(rng.normal(size=(300, 4)), rng.normal(size=300))
    model = Neighbors(n_neighbors=3).fit(train, FitContext("regression", 0))
    assert model._share == max(SHARES)
    found = load_diabetes()
    told = Neighbors(n_neighbors=15).fit(rows_of(found.data, found.target), FitContext("regression", 0))
    assert told._share < max(SHARES)


def test_of_many_rows_a_part_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = digits()
    whole = Neighbors(n_neighbors=30).fit(train, FitContext("multiclass", 10)).predict(test.X)
    monkeypatch.setattr(neighbors, "ASKED", 300)
    part = Neighbors(n_neighbors=30).fit(train, FitContext("multiclass", 10)).predict(test.X)
    assert log_loss(test.y, part) == pytest.approx(log_loss(test.y, whole), rel=0.2)
