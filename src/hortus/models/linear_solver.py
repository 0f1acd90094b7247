"""What linear models are solved with: a design of dense and sparse columns, two losses, two solvers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hortus.data.matrix import Matrix
from hortus.models.base import FitContext

Array = NDArray[np.float64]

# Cells up to which sums are kept in double precision.
DOUBLE = 20_000_000
ITERATIONS = 150
TOLERANCE = 1e-4


class Design:
    """The columns of a linear model: dense, then words times ``text_weight`` unless it is None, then one of ones."""

    def __init__(self, X: Matrix, text_weight: float | None) -> None:
        self.rows, self.dense_width = len(X), int(X.dense.shape[1])
        self.dense = X.dense.astype(np.float64, order="C") if X.dense.size <= DOUBLE else X.dense
        self.words = None
        if X.text is not None and X.text.shape[1] and text_weight is not None:
            self.words = X.text * np.float32(text_weight)
        self.transposed = None if self.words is None else self.words.T.tocsr()

    @property
    def width(self) -> int:
        """Columns, without that of ones."""
        return self.dense_width + (0 if self.words is None else int(self.words.shape[1]))

    @property
    def dense_only(self) -> bool:
        """Whether there are no words."""
        return self.words is None

    def times(self, solution: Array) -> Array:
        """(n, outputs) from (p + 1, outputs)."""
        kind = self.dense.dtype
        found: Array = (self.dense @ solution[: self.dense_width].astype(kind)).astype(np.float64)
        if self.words is not None:
            found += self.words @ solution[self.dense_width : -1]
        found += solution[-1]
        return found

    def back(self, slope: Array) -> Array:
        """(p + 1, outputs) from (n, outputs): the transposed product."""
        parts = [(self.dense.T @ slope.astype(self.dense.dtype)).astype(np.float64)]
        if self.transposed is not None:
            parts.append(self.transposed @ slope)
        return np.vstack([*parts, slope.sum(axis=0, keepdims=True)])


class Loss(Protocol):
    """A mean loss over rows, with its slope."""

    outputs: int

    def __call__(self, raw: Array) -> tuple[float, Array]:
        """The mean loss, and its (n, outputs) derivative by the raw outputs."""


class Squared:
    """Half the squared error."""

    outputs = 1

    def __init__(self, y: NDArray[Any], weight: Array) -> None:
        self.y, self.weight = y[:, None], (weight / weight.sum())[:, None]

    def __call__(self, raw: Array) -> tuple[float, Array]:
        """Mean loss and slope."""
        error = raw - self.y
        slope = self.weight * error
        return 0.5 * float((slope * error).sum()), slope


class Logistic:
    """The log loss; of two classes with one output, of K with K."""

    def __init__(self, y: NDArray[Any], weight: Array, classes: int) -> None:
        self.y, self.weight = y, weight / weight.sum()
        self.outputs = 1 if classes == 2 else classes
        self.rows = np.arange(len(y))

    def __call__(self, raw: Array) -> tuple[float, Array]:
        """Mean loss and slope."""
        if self.outputs == 1:
            f = raw[:, 0]
            loss = float(self.weight @ (np.logaddexp(0.0, f) - self.y * f))
            return loss, (self.weight * (0.5 * (1.0 + np.tanh(0.5 * f)) - self.y))[:, None]
        shifted = raw - raw.max(axis=1, keepdims=True)
        slope = np.exp(shifted)
        total = slope.sum(axis=1)
        loss = float(self.weight @ (np.log(total) - shifted[self.rows, self.y]))
        slope /= total[:, None]
        slope[self.rows, self.y] -= 1.0
        slope *= self.weight[:, None]
        return loss, slope


class _OutOfTime(Exception):  # noqa: N818 - no error: it ends a solver that offers no other way
    pass


def minimize(design: Design, loss: Loss, start: Array, penalty: float, context: FitContext) -> tuple[Array, int]:
    """Solve min loss(X w) + penalty ||w||^2 / 2n by L-BFGS; the intercept is free.

    Returns:
        (p + 1, outputs) the solution, or where the deadline found the solver; and its iterations.
    """
    from scipy.optimize import minimize as scipy_minimize

    shape = start.shape
    ridge = penalty / design.rows
    latest = start

    def value(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(shape)
        found, slope = loss(design.times(w))
        gradient = design.back(slope)
        gradient[:-1] += ridge * w[:-1]
        return found + 0.5 * ridge * float((w[:-1] ** 2).sum()), gradient.ravel()

    def watch(flat: Array) -> None:
        nonlocal latest
        latest = flat.reshape(shape).copy()
        if context.out_of_time:
            raise _OutOfTime

    options: Any = {"maxiter": ITERATIONS, "gtol": TOLERANCE, "ftol": 1e-9, "maxcor": 10}
    try:
        solve: Any = scipy_minimize
        result = solve(value, start.ravel(), jac=True, method="L-BFGS-B", callback=watch, options=options)
    except _OutOfTime:
        return latest, 1
    return result.x.reshape(shape), int(result.nit)


def ridge_path(design: Design, y: NDArray[Any], weight: Array) -> Callable[[float], Array]:
    """Ridge for any penalty from one eigendecomposition of X'WX.

    Returns:
        A function from the penalty to the (p + 1, 1) solution of min sum w (y - Xb)^2 + penalty ||b||^2.
    """
    X = design.dense.astype(np.float64)
    share = weight / weight.sum()
    center, y_center = share @ X, float(share @ y)
    X -= center
    weighted = X * weight[:, None]
    values, vectors = np.linalg.eigh(weighted.T @ X)
    projected = vectors.T @ (weighted.T @ (y - y_center))
    floor = 1e-10 * max(float(values.max(initial=0.0)), 1e-300)

    def solve(penalty: float) -> Array:
        b = vectors @ (projected / (np.maximum(values, floor) + penalty))
        return np.append(b, y_center - center @ b)[:, None]

    return solve
