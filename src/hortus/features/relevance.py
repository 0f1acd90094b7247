"""How much a column says of the target, quickly: mutual information over bins of a number or levels of a category."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Kind
from hortus.features.layout import levels
from hortus.seeds import stream

T = TypeVar("T")

# New columns whose bins correlate beyond this say the same.
ALIKE = 0.97

# Bins of a number, and of a regression's target.
BINS = 32
TARGET_BINS = 10


def sample(rows: int, most: int, seed: int) -> NDArray[np.intp]:
    """Positions of at most ``most`` of the rows, in order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(stream(seed, "relevance", "sample").choice(rows, most, replace=False))


def bins(values: NDArray[Any], count: int = BINS) -> NDArray[np.intp]:
    """(n,) numbers to (n,) bins 1 … count of about equally many rows; equal numbers share one, gaps are bin 0."""
    known = np.sort(values)  # NaN last
    size = int(np.searchsorted(known, np.inf, side="right"))
    if not size:
        return np.zeros(len(values), dtype=np.intp)
    edges = known[(np.arange(1, count) * size) // count]
    found: NDArray[np.intp] = np.searchsorted(edges, values, side="right") + 1
    found[np.isnan(values)] = 0
    return found


def column_bins(values: NDArray[np.float32], column: MatrixColumn) -> NDArray[np.intp]:
    """Bins of a matrix column: of a number's values, or a category's codes as they are."""
    return levels(values, column.categories) if column.categories else bins(values)


def target_bins(y: NDArray[Any], kind: Kind) -> NDArray[np.intp]:
    """Class codes, or bins of a regression's target."""
    return bins(np.asarray(y, dtype=np.float64), TARGET_BINS) if kind == "regression" else np.asarray(y, dtype=np.intp)


def information(cells: NDArray[np.intp], classes: NDArray[np.intp]) -> float:
    """Mutual information in nats, as far as it carries over to rows not seen.

    The entropy of the classes less their mean log loss when each row is predicted by the other rows of its cell,
    drawn towards the overall shares by one row's worth. So an identifier, whose cells are single rows, says nothing,
    which the usual corrections of the plug-in estimate do not see.

    Args:
        cells: (n,) the column's bins or codes.
        classes: (n,) the target's.
    """
    n = len(cells)
    if not n:
        return 0.0
    if int(cells.max()) > n:
        cells = np.unique(cells, return_inverse=True)[1]
    width = int(classes.max()) + 1
    joint = np.bincount(cells * width + classes, minlength=(int(cells.max()) + 1) * width).reshape(-1, width)
    sizes = joint.sum(axis=1)
    shares = joint.sum(axis=0) / n
    cell, label = np.nonzero(joint)
    counts = joint[cell, label]
    chance = (counts - 1 + shares[label]) / sizes[cell]
    return float(counts @ (np.log(chance) - np.log(shares[label]))) / n


def best(found: list[tuple[float, T, NDArray[np.intp]]], most: int) -> list[T]:
    """At most ``most`` new columns of those found: the ones of greatest gain, above zero, no two alike.

    Args:
        found: of each, its gain, what describes it, and its bins.
        most: how many.
    """
    chosen: list[T] = []
    shapes: list[NDArray[np.float64]] = []
    for gain, described, cells in sorted(found, key=lambda one: -one[0]):
        if gain <= 0 or len(chosen) == most:
            break
        shape = cells - cells.mean()
        norm = float(np.linalg.norm(shape))
        if norm and all(abs(float(shape @ other)) < ALIKE * norm for other in shapes):
            shapes.append(shape / norm)
            chosen.append(described)
    return chosen
