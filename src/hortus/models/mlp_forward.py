"""What a trained network of `hortus.models.mlp` says, in NumPy: PyTorch takes seconds and 180 MB to be imported, and a
model that is only asked needs none of what it is for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# Rows that go through the network at once: what they become stays in the processor's caches.
CHUNK = 1024
# Of SELU (Klambauer et al. 2017).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
# Above it, Mish is the number itself in single precision.
LARGE = 20.0


class Forward:
    """The layers of `hortus.models.mlp_network.Network`, with all factors in the weights.

    Args:
        weights: the network's state by name, as it is stored.
        regression: chooses the activation, as there.
        residual: whether hidden layers after the first add to what they are given.
    """

    def __init__(self, weights: Mapping[str, Array], *, regression: bool, residual: bool) -> None:
        self._activation = _mish if regression else _selu
        self._residual = residual
        self._periodic: tuple[Array, Array, Array, Array] | None = None
        if "periodic.frequency" in weights:
            turn = np.float32(2 * math.pi)
            frequency, phase = (weights[f"periodic.{name}"][:, None, :] * turn for name in ("frequency", "phase"))
            self._periodic = frequency, phase, weights["periodic.mix"], weights["periodic.shift"]
        self._tables = [weights[f"tables.{i}"] for i in range(_count(weights, "tables.{}"))]
        self._layers = [
            (*_affine(weights, f"affines.{i}"), weights[f"activations.{i}.alpha"])
            for i in range(_count(weights, "affines.{}.weight"))
        ]
        self._head = _affine(weights, "head")
        # What the first layer sees is multiplied by a learned scale.
        first = self._layers[0][0] if self._layers else self._head[0]
        first *= weights["scale"][:, None]

    def __call__(self, numbers: Array, plain: Array, codes: NDArray[np.int64]) -> Array:
        """(n, outputs) logits or scaled values, from what `hortus.models.mlp_inputs.Inputs` makes of n rows."""
        found = np.empty((len(numbers), len(self._head[1])), dtype=np.float32)
        for at in range(0, len(numbers), CHUNK):
            rows = slice(at, at + CHUNK)
            found[rows] = self._through(numbers[rows], plain[rows], codes[rows])
        return found

    def _through(self, numbers: Array, plain: Array, codes: NDArray[np.int64]) -> Array:
        looked_up = [table[codes[:, i]] for i, table in enumerate(self._tables)]
        x = np.concatenate([self._waves(numbers), plain, *looked_up], axis=1)
        for number, (weight, bias, alpha) in enumerate(self._layers):
            raw = x @ weight
            raw += bias
            bent = self._activation(raw)
            bent -= raw
            bent *= alpha
            bent += raw
            x = (x + bent) * np.float32(math.sqrt(0.5)) if self._residual and number else bent
        weight, bias = self._head
        return np.asarray(x @ weight + bias)

    def _waves(self, numbers: Array) -> Array:
        """(n, 4 x numbers) each number beside its mixtures of waves; the numbers alone where they are not embedded."""
        if self._periodic is None:
            return numbers
        frequency, phase, mix, shift = self._periodic
        apart = np.ascontiguousarray(numbers.T)[:, :, None]
        angle = apart * frequency
        angle += phase
        mixed = np.matmul(np.cos(angle, out=angle), mix)
        mixed += shift
        joined = np.concatenate([apart, mixed], axis=2)
        return joined.transpose(1, 0, 2).reshape(len(numbers), -1)


def _affine(weights: Mapping[str, Array], name: str) -> tuple[Array, Array]:
    weight = weights[f"{name}.weight"]
    return weight * np.float32(1.0 / math.sqrt(max(1, len(weight)))), weights[f"{name}.bias"]


def _count(weights: Mapping[str, Array], name: str) -> int:
    found = 0
    while name.format(found) in weights:
        found += 1
    return found


def _selu(x: Array) -> Array:
    below = np.exp(np.minimum(x, 0))
    below -= 1
    below *= np.float32(SELU_ALPHA * SELU_SCALE)
    below += np.maximum(x, 0) * np.float32(SELU_SCALE)
    return below


def _mish(x: Array) -> Array:
    """X tanh(log(1 + exp x)), with one exponential: for e = exp x it is x (e^2 + 2 e) / (e^2 + 2 e + 2)."""
    power = np.exp(np.minimum(x, np.float32(LARGE)))
    power *= power + 2
    power /= power + 2
    power *= x
    return power
