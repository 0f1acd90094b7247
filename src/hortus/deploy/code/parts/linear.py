"""Logistic regression and ridge, along a path of falling penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows
from hortus.models.linear import EXACT, PATH_BEGIN, PATH_STEP
from hortus.models.linear_solver import DOUBLE, ITERATIONS, TOLERANCE


class Linear(Learner):
    """Logistic regression or ridge.

    One fit goes through nine penalties, each half a power of ten weaker than the one before and started from its
    solution, and keeps the one whose loss on the rows held back is least. Words are left out where the numbers alone do
    better on those rows.

    Args:
        C: 1 / penalty at the path's end, as scikit-learn's ``LogisticRegression`` has it.
        text_weight: factor on the weights of words.
    """

    def __init__(self, C: float = 1.0, text_weight: float = 1.0) -> None:
        self.C = C
        self.text_weight = text_weight

    def learn(self, train: Rows, valid: Rows | None) -> None:
        """Solve along the path until the loss on the rows held back has risen twice."""
        weight = np.ones(len(train.y)) if train.weight is None else train.weight / train.weight.mean()
        self.center, self.scale = 0.0, 1.0
        if KIND == "regression":
            self.low, self.high = train.y.min(), train.y.max()
            self.center = float(np.average(train.y, weights=weight))
            self.scale = float(np.sqrt(np.average((train.y - self.center) ** 2, weights=weight))) or 1.0
        found, loss = self._solve(train, valid, weight, self.text_weight)
        if valid is not None and train.words is not None and train.words.shape[1] and train.X.shape[1]:
            plain, plain_loss = self._solve(train, valid, weight, None)
            found = plain if plain_loss < loss else found
        width = train.X.shape[1]
        self.coef = found[:width] * self.scale
        self.words = found[width:-1] * self.text_weight * self.scale
        self.intercept = found[-1] * self.scale + self.center

    def _solve(
        self, train: Rows, valid: Rows | None, weight: NDArray[np.float64], text_weight: float | None
    ) -> tuple[NDArray[np.float64], float]:
        """(p + 1, outputs) weights, the intercept in the last row; and their loss on the rows held back."""
        design = Design(values(train.X), train.words, text_weight)
        loss = self._loss(train, weight)
        judge = None
        path = [self.C * PATH_BEGIN**0.5]
        if valid is not None:
            judge = self._loss(valid, np.ones(len(valid.y)) if valid.weight is None else valid.weight, loss.outputs)
            held_out = Design(values(valid.X), valid.words, text_weight)
            path = [self.C * PATH_STEP ** (i - 8) for i in range(9)]
        exact = None
        if KIND == "regression" and design.words is None and design.width <= EXACT:
            exact = ridge_path(design.dense.astype(np.float64), (train.y - self.center) / self.scale, weight)
        best = found = np.zeros((design.width + 1, loss.outputs))
        least, waited = np.inf, 0
        for C in path:
            found = solve(design, loss, found, 1.0 / C) if exact is None else exact(1.0 / C)
            lost = judge(held_out.times(found))[0] if judge is not None else 0.0
            waited += 1
            if lost < least:
                best, least, waited = found, lost, 0
            if waited > 1:
                break
        return best, least

    def _loss(self, rows: Rows, weight: NDArray[np.float64], outputs: int = 0) -> Loss:
        if KIND == "regression":
            return Squared((rows.y - self.center) / self.scale, weight)
        classes = len(np.unique(rows.y))
        return Logistic(rows.y, weight, outputs or (1 if classes == 2 else classes))

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities, or values in half a range around the training targets."""
        raw = values(rows.X) @ self.coef + self.intercept
        if rows.words is not None and len(self.words):
            raw += rows.words @ self.words
        if KIND == "regression":
            margin = 0.5 * (self.high - self.low)
            return np.asarray(np.clip(raw[:, 0], self.low - margin, self.high + margin))
        return chances(raw)


def chances(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chances of the second of two classes from (n, 1) log odds; (n, K) in proportion to the chances of K."""
    if raw.shape[1] == 1:
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * raw[:, 0])))
    return np.asarray(np.exp(raw - raw.max(axis=1, keepdims=True)))


class Design:
    """The columns of a linear model: numbers, then words times ``text_weight`` unless it is None, then one of ones."""

    def __init__(
        self, dense: NDArray[np.float32], words: sparse.csr_array | None = None, text_weight: float | None = None
    ) -> None:
        self.dense: NDArray[Any] = dense.astype(np.float64) if dense.size <= DOUBLE else dense
        self.words = None
        if words is not None and words.shape[1] and text_weight is not None:
            self.words = words * np.float32(text_weight)
        self.transposed = None if self.words is None else self.words.T.tocsr()
        self.width = dense.shape[1] + (0 if self.words is None else self.words.shape[1])

    def times(self, solution: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, outputs) from (p + 1, outputs)."""
        kind, width = self.dense.dtype, self.dense.shape[1]
        found = (self.dense @ solution[:width].astype(kind)).astype(np.float64)
        if self.words is not None:
            found += self.words @ solution[width:-1]
        return np.asarray(found + solution[-1])

    def back(self, slope: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p + 1, outputs) from (n, outputs): the transposed product."""
        parts = [(self.dense.T @ slope.astype(self.dense.dtype)).astype(np.float64)]
        if self.transposed is not None:
            parts.append(self.transposed @ slope)
        return np.vstack([*parts, slope.sum(axis=0, keepdims=True)])


class Squared:
    """Half the squared error: mean and slope."""

    outputs = 1

    def __init__(self, y: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        self.y, self.weight = y[:, None], (weight / weight.sum())[:, None]

    def __call__(self, raw: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Mean loss, and its slope by the raw outputs."""
        error = raw - self.y
        slope = self.weight * error
        return 0.5 * float((slope * error).sum()), slope


class Logistic:
    """The log loss, of two classes with one output, of K with K: mean and slope."""

    def __init__(self, y: NDArray[Any], weight: NDArray[np.float64], outputs: int) -> None:
        self.y, self.weight, self.outputs = y, weight / weight.sum(), outputs

    def __call__(self, raw: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Mean loss, and its slope by the raw outputs."""
        if self.outputs == 1:
            f = raw[:, 0]
            loss = float(self.weight @ (np.logaddexp(0.0, f) - self.y * f))
            return loss, (self.weight * (0.5 * (1.0 + np.tanh(0.5 * f)) - self.y))[:, None]
        rows = np.arange(len(self.y))
        shifted = raw - raw.max(axis=1, keepdims=True)
        slope = np.exp(shifted)
        total = slope.sum(axis=1)
        loss = float(self.weight @ (np.log(total) - shifted[rows, self.y]))
        slope /= total[:, None]
        slope[rows, self.y] -= 1.0
        return loss, slope * self.weight[:, None]


Loss = Squared | Logistic


def solve(design: Design, loss: Loss, start: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """The least loss + penalty ||w||^2 / 2n, by L-BFGS; the intercept is free."""
    ridge = penalty / len(design.dense)

    def value(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(start.shape)
        found, slope = loss(design.times(w))
        gradient = design.back(slope)
        gradient[:-1] += ridge * w[:-1]
        return found + 0.5 * ridge * float((w[:-1] ** 2).sum()), gradient.ravel()

    options: Any = {"maxiter": ITERATIONS, "gtol": TOLERANCE, "ftol": 1e-9, "maxcor": 10}
    result: Any = minimize(value, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(result.x.reshape(start.shape))


def ridge_path(
    X: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> Callable[[float], NDArray[np.float64]]:
    """Ridge for any penalty, from one eigendecomposition of X'WX."""
    share = weight / weight.sum()
    center, y_center = share @ X, float(share @ y)
    X = X - center
    weighted = X * weight[:, None]
    values, vectors = np.linalg.eigh(weighted.T @ X)
    projected = vectors.T @ (weighted.T @ (y - y_center))
    floor = 1e-10 * max(float(values.max(initial=0.0)), 1e-300)

    def at(penalty: float) -> NDArray[np.float64]:
        b = vectors @ (projected / (np.maximum(values, floor) + penalty))
        return np.append(b, y_center - center @ b)[:, None]

    return at
