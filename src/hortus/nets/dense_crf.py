"""A fully connected conditional random field over a scene's pixels (Krähenbühl and Koltun 2011).

Every pixel is tied to every other, the more the nearer and the more alike in colour they are. With p the places and I
the colours of pixels, E(x) = sum over i of -log P(x_i) + sum over i < j of [x_i != x_j] k(i, j) and (eq. 3)

    k(i, j) = w1 exp(-|p_i - p_j|^2 / 2 a^2 - |I_i - I_j|^2 / 2 b^2) + w2 exp(-|p_i - p_j|^2 / 2 c^2).

Mean-field steps (algorithm 1) filter the marginals by the two kernels: the first in a permutohedral lattice, the second
exactly, by rows and columns. As in the authors' program both are normalized symmetrically.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.errors import SettingError

Values = NDArray[np.float32]
LEAST = 1e-6


@dataclass(frozen=True)
class CrfSettings:
    """How much pixels are tied.

    Attributes:
        alike: w1, of near pixels of like colours.
        alike_distance: a, in pixels.
        alike_colour: b, in steps of 0 to 255.
        near: w2, of near pixels.
        near_distance: c, in pixels.
        steps: of the mean field.
    """

    alike: float = 4.0
    alike_distance: float = 40.0
    alike_colour: float = 10.0
    near: float = 3.0
    near_distance: float = 3.0
    steps: int = 5

    def __post_init__(self) -> None:
        if min(self.alike_distance, self.alike_colour, self.near_distance) <= 0 or self.steps < 0:
            raise SettingError(
                f"The settings of the CRF are {self}.",
                mend="Distances and colours are above 0, and steps 0 or more.",
                code="crf-settings",
            )


def refine(probabilities: Values, pixels: Values, settings: CrfSettings | None = None) -> Values:
    """(K, h, w) marginals after the mean field, from (K, h, w) probabilities of a network.

    Args:
        probabilities: of the classes at each pixel.
        pixels: (c, h, w) colours from 0 to 255.
        settings: None for the defaults.
    """
    from hortus.nets.permutohedral import Lattice

    settings = settings or CrfSettings()
    classes, height, width = probabilities.shape
    rows, columns = (_gaussian(side, settings.near_distance) for side in (height, width))
    lattice = Lattice(places(pixels, settings))
    ones = np.ones((height * width, 1), dtype=np.float32)
    alike = _inverse_root(lattice(ones))
    near = _inverse_root((rows @ np.ones((height, width), dtype=np.float32) @ columns).reshape(-1, 1))

    def message(held: Values) -> Values:
        """What each pixel hears of all others, (n, K) from (n, K)."""
        first: Values = alike * lattice(alike * held)
        whole = (near * held).reshape(height, width, classes)
        # rows @ whole, then along the width: two products of matrices each.
        down = (rows @ whole.reshape(height, -1)).reshape(height, width, classes)
        second = near * np.matmul(columns, down).reshape(-1, classes)
        both: Values = np.float32(settings.alike) * first + np.float32(settings.near) * second
        return both

    return mean_field(probabilities, message, settings.steps)


def mean_field(probabilities: Values, message: Callable[[Values], Values], steps: int) -> Values:
    """Algorithm 1 of the paper with Potts's compatibility.

    Args:
        probabilities: (K, h, w).
        message: (n, K) from (n, K): the marginals filtered by the weighted kernels.
        steps: how often.
    """
    shape = probabilities.shape
    unary = np.log(np.maximum(probabilities.reshape(shape[0], -1).T, LEAST)).astype(np.float32)
    held = _softmax(unary)
    for _ in range(steps):
        held = _softmax(unary + message(held))
    return np.ascontiguousarray(held.T.reshape(shape))


def places(pixels: Values, settings: CrfSettings) -> Values:
    """(n, 2 + c) of each pixel: its place and its colour, in deviations of the first kernel."""
    channels, height, width = pixels.shape
    found = np.empty((height * width, 2 + channels), dtype=np.float32)
    y, x = np.mgrid[:height, :width]
    found[:, 0], found[:, 1] = y.ravel() / settings.alike_distance, x.ravel() / settings.alike_distance
    found[:, 2:] = pixels.reshape(channels, -1).T / settings.alike_colour
    return found


def _gaussian(side: int, deviation: float) -> Values:
    """(side, side): exp(-(i - j)^2 / 2 c^2)."""
    at = np.arange(side, dtype=np.float64) / deviation
    found: Values = np.exp(-0.5 * (at[:, None] - at[None, :]) ** 2).astype(np.float32)
    return found


def _inverse_root(values: Values) -> Values:
    found: Values = (1.0 / np.sqrt(values + 1e-20)).astype(np.float32)
    return found


def _softmax(values: Values) -> Values:
    found: Values = np.exp(values - values.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    return found
