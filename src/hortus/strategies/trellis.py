"""From Auto-DeepLab's learned weights to candidates: argmax for the cell, Viterbi for the path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hortus.spaces.auto_deeplab import AutoDeepLabSpace, params_of
from hortus.strategies.viterbi import viterbi

LEVELS, MOVES = 4, (-1, 0, 1)
# Draws for each candidate, as some come to what was drawn before.
TRIES = 10


def proposed(
    space: AutoDeepLabSpace,
    alpha: Sequence[Sequence[float]],
    transitions: Sequence[Sequence[Sequence[float]]],
    *,
    count: int,
    rng: np.random.Generator,
) -> list[dict[str, str]]:
    """The params of the candidate that was learned, and of others, each once, drawn as the search draws them.

    They are decoded from the logits with Gumbel noise, whose greatest is a draw from their softmax.

    Args:
        space: of the candidates.
        alpha: as of `decoded`.
        transitions: likewise.
        count: of candidates at most; fewer where hardly any other is likely.
        rng: draws.
    """
    found = [decoded(space, alpha, transitions)]
    for _ in range(TRIES * (count - 1)):
        if len(found) == count:
            break
        noisy = np.asarray(alpha) + rng.gumbel(size=np.shape(alpha))
        ways = np.asarray(transitions) * np.exp(rng.gumbel(size=np.shape(transitions)))
        params = decoded(space, noisy.tolist(), ways.tolist())
        if params not in found:
            found.append(params)
    return found


def decoded(
    space: AutoDeepLabSpace, alpha: Sequence[Sequence[float]], transitions: Sequence[Sequence[Sequence[float]]]
) -> dict[str, str]:
    """The params of the strongest cell and the likeliest path (Liu et al. 2019, section 3.4).

    Of a block the two edges with the strongest operations stay, ``none`` aside. The path has the greatest product of
    transitions. From the first and the last level two ways lead on and from the others three, so that an even choice
    is a half there and a third here; the half counts two thirds, or a search that has learned nothing of the path
    would always stay at the end where it begins.

    Args:
        space: of the candidates.
        alpha: (E, K) architecture parameters of the cell's edges, as `hortus.nets.trellis.edges` names them, and of
            ``none`` and the space's operations.
        transitions: (L, 4, 3) probabilities of the moves from each level, those past the end 0.
    """
    import torch

    from hortus.nets.choice import NONE
    from hortus.nets.trellis import edges
    from hortus.strategies.decoding import decode

    weights = torch.softmax(torch.tensor(alpha, dtype=torch.float64), dim=1)
    cell = decode(weights, edges(space.blocks), (NONE, *space.operations), kept=2)
    steps = [
        {(level, level + move): float(row[k]) for level, row in enumerate(layer) for k, move in enumerate(MOVES)}
        for layer in np.asarray(transitions, dtype=np.float64)
    ]
    ways = {level: sum(0 <= level + move < LEVELS for move in MOVES) for level in range(LEVELS)}
    legal = [
        {pair: p * ways[pair[0]] / len(MOVES) for pair, p in step.items() if 0 <= pair[1] < LEVELS} for step in steps
    ]
    return params_of(space, cell, viterbi(legal)[0])
