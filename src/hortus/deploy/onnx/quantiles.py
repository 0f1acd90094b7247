"""Ranks among the training rows as a normal distribution's: the scale step's ``quantile``, without its two functions.

ONNX neither interpolates in a table nor inverts the normal distribution. A tree finds the interval that a number lies
in, and the inverse is the Cephes library's ratio of polynomials (Moshier 1989), which SciPy's ``ndtri`` is too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.forest import grow, intervals
from hortus.deploy.onnx.graph import Graph

# Coefficients, the highest power's first. For |y - 0.5| <= 0.5 - exp(-2):
P0: tuple[float, ...] = (
    -59.9633501014107895267,
    98.0010754185999661536,
    -56.6762857469070293439,
    13.9312609387279679503,
    -1.23916583867381258016,
)
Q0: tuple[float, ...] = (
    1.0,
    1.95448858338141759834,
    4.67627912898881538453,
    86.3602421390890590575,
    -225.462687854119370527,
    200.260212380060660359,
    -82.0372256168333339912,
    15.9056225126211695515,
    -1.18331621121330003142,
)
# For sqrt(-2 log y) between 2 and 8:
P1: tuple[float, ...] = (
    4.05544892305962419923,
    31.5251094599893866154,
    57.1628192246421288162,
    44.0805073893200834700,
    14.6849561928858024014,
    2.18663306850790267539,
    -0.140256079171354495875,
    -0.0350424626827848203418,
    -8.57456785154685413611e-4,
)
Q1: tuple[float, ...] = (
    1.0,
    15.7799883256466749731,
    45.3907635128879210584,
    41.3172038254672030440,
    15.0425385692907503408,
    2.50464946208309415979,
    -0.142182922854787788574,
    -0.0380806407691578277194,
    -9.33259480895457427372e-4,
)
TAIL = 0.13533528323661269189
ROOT = 2.50662827463100050242


def normal_ranks(graph: Graph, values: str, grids: list[NDArray[np.float32]]) -> str:
    """(n, k) float32 from (n, k) float32.

    Args:
        graph: to add to.
        values: the numbers.
        grids: for each column the (2, m) values and their ranks; none for a column that is left alone, one for one
            that becomes 0.
    """
    sizes = [grid.shape[1] for grid in grids]
    known = graph.op("Sub", values, values)  # 0, or NaN where missing
    ranked = [j for j, size in enumerate(sizes) if size > 1]
    sources = [values, known]
    if ranked:
        polygons = [(grids[j][0].astype(np.float64), grids[j][1].astype(np.float64)) for j in ranked]
        ranks = interpolated(graph, graph.double(graph.columns(values, ranked)), polygons)
        sources.append(graph.single(inverse(graph, ranks)))
    place, at = [], 0
    for j, size in enumerate(sizes):
        if size > 1:
            place.append(2 * len(grids) + at)
            at += 1
        else:
            place.append(j if size == 0 else len(grids) + j)
    return graph.columns(graph.beside(sources), place)


def interpolated(graph: Graph, rows: str, polygons: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> str:
    """(n, k) float64 numbers on the polygon of their column, level beyond its ends; as ``np.interp``.

    Args:
        graph: to add to.
        rows: (n, k) float64.
        polygons: a column's rising x, and y.
    """
    starts, slopes, heights, trees = [], [], [], []
    first = 0
    for j, (x, y) in enumerate(polygons):
        starts += [np.zeros(1), x]
        heights += [y[:1], y]
        slopes += [np.zeros(1), np.diff(y) / np.diff(x), np.zeros(1)]
        trees.append(intervals(j, x, first, j))
        first += len(x) + 1
    where = graph.integer(grow(graph, rows, trees, len(polygons)))
    start, slope, height = (
        graph.op("Gather", graph.doubles(np.concatenate(table)), where, axis=0) for table in (starts, slopes, heights)
    )
    return graph.op("Add", graph.op("Mul", slope, graph.op("Sub", rows, start)), height)


def inverse(graph: Graph, y: str) -> str:
    """The normal distribution's quantiles of float64 ``y``, within exp(-32) of neither 0 nor 1."""
    half = graph.op("Sub", y, graph.doubles(0.5))
    squared = graph.op("Mul", half, half)
    ratio = graph.op("Div", _polynomial(graph, squared, P0), _polynomial(graph, squared, Q0))
    bend = graph.op("Mul", half, graph.op("Mul", squared, ratio))
    middle = graph.op("Mul", graph.op("Add", half, bend), graph.doubles(ROOT))
    upper = graph.op("Greater", y, graph.doubles(1 - TAIL))
    # Whatever row takes the middle's value, its logarithm here stays finite.
    small = graph.op("Where", upper, graph.op("Sub", graph.doubles(1.0), y), y)
    small = graph.op("Min", small, graph.doubles(TAIL))
    x = graph.op("Sqrt", graph.op("Mul", graph.doubles(-2.0), graph.op("Log", small)))
    z = graph.op("Div", graph.doubles(1.0), x)
    plain = graph.op("Sub", x, graph.op("Div", graph.op("Log", x), x))
    ratio = graph.op("Div", _polynomial(graph, z, P1), _polynomial(graph, z, Q1))
    tail = graph.op("Sub", plain, graph.op("Mul", z, ratio))
    tail = graph.op("Where", upper, tail, graph.op("Neg", tail))
    inside = graph.op("LessOrEqual", graph.op("Abs", half), graph.doubles(0.5 - TAIL))
    found = graph.op("Where", inside, middle, tail)
    return graph.op("Where", graph.op("IsNaN", y), graph.doubles(np.nan), found)


def _polynomial(graph: Graph, x: str, coefficients: tuple[float, ...]) -> str:
    """By Horner's rule, the highest power first."""
    found = graph.doubles(coefficients[0])
    for coefficient in coefficients[1:]:
        found = graph.op("Add", graph.op("Mul", found, x), graph.doubles(coefficient))
    return found
