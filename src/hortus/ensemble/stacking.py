"""Stacked generalization (Wolpert 1992): weights that are fitted, not counted, around those of greedy selection.

Regression: a non-negative linear combination and an intercept (Breiman 1996). Classification: a logarithmic opinion
pool, ``p_k ~ exp(b_k + sum_m w_m log p_mk)`` with ``w >= 0``: multinomial logistic regression on log-probabilities
that shares one weight a model over all classes. Both are pulled towards the weights they start from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.errors import ArtifactError

Array = NDArray[np.floating[Any]]

# The weights' prior standard deviation is a quarter, the biases' a half: a few hundred rows can move neither far.
RIDGE = 16.0
BIAS_RIDGE = 4.0
LEAST = 1e-15


@dataclass(frozen=True)
class Stacking:
    """A fitted meta-learner.

    Attributes:
        weights: one a model, none negative.
        bias: one a class, on the logarithm of probabilities; one number, in the target's unit, for a regression.
    """

    weights: tuple[float, ...]
    bias: tuple[float, ...]

    def combine(self, predictions: Sequence[Array]) -> NDArray[np.float64]:
        """One (n, K) or (n,) array of the models', in the order of the weights.

        >>> Stacking((0.5, 1.0), (1.0,)).combine([np.array([2.0]), np.array([3.0])])
        array([5.])
        """
        if predictions[0].ndim == 1:
            return self.bias[0] + np.asarray(self.weights) @ np.stack(predictions)
        total = np.tile(np.asarray(self.bias), (len(predictions[0]), 1))
        for weight, prediction in zip(self.weights, predictions, strict=True):
            total += weight * np.log(np.maximum(prediction, LEAST))
        return softmax(total)

    def ordered(self, order: NDArray[np.integer[Any]]) -> Stacking:
        """The same with the models in another order: the ``order[0]``-th first."""
        return Stacking(tuple(self.weights[i] for i in order), self.bias)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"weights": list(self.weights), "bias": list(self.bias)}

    @classmethod
    def from_json(cls, found: dict[str, Any], *, models: int, classes: int) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ArtifactError: the numbers are not as many as models and classes (1 for a regression), or not finite, or
                a weight is negative.
        """
        weights, bias = (numbers(found.get(name), name) for name in ("weights", "bias"))
        if len(weights) != models or len(bias) != max(1, classes) or min(weights, default=0.0) < 0:
            raise ArtifactError("The stacking of this model does not fit its members.", code="ensemble-damaged")
        return cls(weights, bias)


def fit_values(
    predictions: Sequence[Array],
    y: Array,
    *,
    start: Array,
    weight: Array | None = None,
    ridge: float = RIDGE,
) -> Stacking:
    """Non-negative least squares with an intercept, pulled towards ``start``.

    Minimizes ``sum (y - b - P w)^2 / s^2 + ridge |w - start|^2`` where s is the spread of the errors of ``start``.

    Args:
        predictions: one (n,) array a model.
        y: (n,) target values.
        start: (M,) weights.
        weight: (n,) sample weights.
        ridge: inverse variance of the weights' prior.
    """
    from scipy.optimize import nnls

    P = np.stack(predictions, axis=1).astype(np.float64)
    share = np.ones(len(y)) if weight is None else weight / np.mean(weight)
    middle, level = np.average(P, axis=0, weights=share), float(np.average(y, weights=share))
    root = np.sqrt(share)
    A, b = (P - middle) * root[:, None], (y - level) * root
    pull = np.sqrt(ridge * float(np.mean((b - A @ start) ** 2)))
    # The normal equations' root is M rows instead of n.
    pulled = np.column_stack([np.vstack([A, pull * np.eye(len(start))]), np.append(b, pull * start)])
    R: NDArray[np.float64] = np.linalg.qr(pulled, mode="r")  # type: ignore[assignment, unused-ignore]
    w, _ = nnls(R[:, :-1], R[:, -1])
    return Stacking(tuple(map(float, w)), (level - float(middle @ w),))


def fit_classes(
    predictions: Sequence[Array],
    y: NDArray[Any],
    *,
    start: Array,
    weight: Array | None = None,
    ridge: float = RIDGE,
    bias_ridge: float = BIAS_RIDGE,
) -> Stacking:
    """Multinomial logistic regression on log-probabilities, pulled towards ``start`` and no bias.

    Args:
        predictions: one (n, K) array a model.
        y: (n,) class codes.
        start: (M,) weights.
        weight: (n,) sample weights.
        ridge: inverse variance of the weights' prior.
        bias_ridge: inverse variance of the biases'.
    """
    from scipy.optimize import minimize

    n, K = predictions[0].shape
    M = len(predictions)
    logs = np.stack([np.log(np.maximum(p, LEAST)) for p in predictions]).astype(np.float64)
    share = np.ones(n) if weight is None else weight / np.mean(weight)
    rows = np.arange(n)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, b = at[:M], at[M:]
        z = np.tensordot(w, logs, axes=1) + b
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1)
        value = float(share @ (np.log(total) - z[rows, y])) + 0.5 * (
            ridge * float((w - start) @ (w - start)) + bias_ridge * float(b @ b)
        )
        p /= total[:, None]
        p[rows, y] -= 1.0
        p *= share[:, None]
        slope = np.append(logs.reshape(M, -1) @ p.ravel() + ridge * (w - start), p.sum(axis=0) + bias_ridge * b)
        return value / n, slope / n

    begin = np.append(start, np.zeros(K))
    bounds = [(0.0, None)] * M + [(None, None)] * K
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200, "ftol": 1e-10})
    return Stacking(tuple(map(float, found.x[:M])), tuple(map(float, found.x[M:])))


def softmax(z: Array) -> NDArray[np.float64]:
    """(n, K) probabilities of (n, K) logarithms of them, up to a constant each row."""
    p = np.exp(z - z.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = p / p.sum(axis=1, keepdims=True)
    return found


def numbers(found: Any, name: str) -> tuple[float, ...]:
    """A list of finite numbers, read from JSON.

    Raises:
        ArtifactError: it is anything else.
    """
    if not isinstance(found, list) or not all(
        isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value) for value in found
    ):
        raise ArtifactError(f"The {name} of this model's ensemble are not finite numbers.", code="ensemble-damaged")
    return tuple(float(value) for value in found)
