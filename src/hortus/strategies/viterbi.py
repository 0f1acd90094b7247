"""The likeliest path through a trellis (Viterbi 1967)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Transitions = Sequence[Mapping[tuple[int, int], float]]


def viterbi(transitions: Transitions, *, start: int = 0) -> tuple[tuple[int, ...], float]:
    """The path whose transitions have the greatest product, and that product's logarithm.

    Args:
        transitions: of each layer, from a state to a state: a probability. Those that are not named are none.
        start: the state before the first layer.

    Returns:
        The state at each layer; of equal paths the one with the smaller states.

    >>> viterbi([{(0, 0): 0.4, (0, 1): 0.6}, {(0, 0): 1.0, (1, 0): 0.5, (1, 1): 0.5}])[0]
    (0, 0)
    """
    best: dict[int, tuple[float, tuple[int, ...]]] = {start: (0.0, ())}
    for step in transitions:
        found: dict[int, tuple[float, tuple[int, ...]]] = {}
        for (source, target), probability in sorted(step.items()):
            if source not in best or probability <= 0.0:
                continue
            worth = best[source][0] + float(np.log(probability))
            if target not in found or worth > found[target][0]:
                found[target] = (worth, (*best[source][1], target))
        best = found
    worth, path = max(best.values(), key=lambda one: (one[0], tuple(-state for state in one[1])))
    return path, worth
