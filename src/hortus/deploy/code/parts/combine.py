"""How predictions are brought together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.stacking import LEAST, softmax


def blend(predictions: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """The weighted mean."""
    total = weights[0] * predictions[0]
    for weight, prediction in zip(weights[1:], predictions[1:], strict=True):
        total = total + weight * prediction
    return total


def pool(
    predictions: Sequence[NDArray[np.float64]], weights: Sequence[float], bias: Sequence[float]
) -> NDArray[np.float64]:
    """A logarithmic opinion pool: the weighted sum of the logarithms and a bias for each class, as probabilities."""
    total = np.tile(np.asarray(bias), (len(predictions[0]), 1))
    for weight, prediction in zip(weights, predictions, strict=True):
        total += weight * np.log(np.maximum(prediction, LEAST))
    return softmax(total)


def stack(predictions: Sequence[NDArray[np.float64]], weights: Sequence[float], bias: float) -> NDArray[np.float64]:
    """The weighted sum and a bias."""
    return np.asarray(bias + np.asarray(weights) @ np.stack(predictions))


def temper(probabilities: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Probabilities to a power, made to sum to one again: above 1 surer, below 1 less sure (temperature scaling)."""
    if probabilities.shape[1] == 2:
        p = np.clip(probabilities[:, 1].astype(np.float64), np.finfo(np.float64).tiny, 1.0)
        odds = np.exp(np.clip(power * (np.log1p(-np.minimum(p, 1 - 2**-53)) - np.log(p)), -700, 700))
        return np.column_stack([odds / (1 + odds), 1 / (1 + odds)])
    return softmax(power * np.log(np.maximum(probabilities, LEAST)))


def bend(probabilities: NDArray[np.float64], curves: Sequence[Any]) -> NDArray[np.float64]:
    """Each class's probability along its own rising curve, made to sum to one again (isotonic regression).

    Two classes have one curve, of the second; a curve goes from (0, 0) to (1, 1).
    """
    drawn = []
    for k, (before, after) in enumerate(curves):
        p = probabilities[:, 1 if len(curves) == 1 else k]
        drawn.append(np.interp(p, [0.0, *before, 1.0], [0.0, *after, 1.0]))
    if len(drawn) == 1:
        return np.column_stack([1 - drawn[0], drawn[0]])
    each = np.column_stack(drawn)
    return np.asarray(each / each.sum(axis=1, keepdims=True))
