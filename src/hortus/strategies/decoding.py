"""From architecture weights to one candidate, and the signs that they have gone wrong.

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

from hortus.errors import SettingError
from hortus.spaces.relaxed import NONE, by_node

SKIP = "skip_connect"
# What has no weights, by the beginning of its name.
WEIGHTLESS = (SKIP, "avg_pool", "max_pool")
# RobustDARTS's rule: the mean of so many epochs' eigenvalues, against that of so many epochs ago.
WINDOW, DELAY, FACTOR, FIRST = 5, 4, 1.3, 10
# The share of edges without weights past which a search is said to have collapsed.
WEIGHTLESS_SHARE = 0.5

# (accuracy, minus the loss): the loss decides between equal accuracies.
Worth = tuple[float, float]


def decode(
    weights: Tensor, names: Sequence[str], operations: Sequence[str], *, kept: int | None = None
) -> dict[str, str]:
    """The path whose operations have the greatest weights; ``none`` is never chosen over another.

    DARTS leaves ``none`` out since its weight says nothing: it may be anything where the normalizations after it make
    up for it. Where a node keeps some of its edges only, those with the strongest operations stay (section 2.4) and
    the others become ``none``.

    Args:
        weights: (E, K), each edge's own weight multiplied in where it has one.
        names: of the E edges.
        operations: the K names.
        kept: edges into each node that stay; None for all.

    Raises:
        SettingError: there is no operation beside ``none``.

    >>> import torch
    >>> decode(torch.tensor([[0.6, 0.3, 0.1]]), ["0>1"], ["none", "skip_connect", "nor_conv_3x3"])
    {'0>1': 'skip_connect'}
    """
    left = candidates(operations)
    strength, best = weights[:, left].max(1)
    path = {name: operations[left[k]] for name, k in zip(names, best.tolist(), strict=True)}
    if kept is not None:
        for rows in by_node(names).values():
            weakest = sorted(rows, key=lambda row: -float(strength[row]))[kept:]
            path |= {names[row]: NONE for row in weakest}
    return path


def candidates(operations: Sequence[str]) -> list[int]:
    """The columns of the operations that may be decoded.

    Raises:
        SettingError: there is none.
    """
    left = [k for k, name in enumerate(operations) if name != NONE]
    if not left:
        raise SettingError(
            f"The operations {list(operations)!r} connect nothing.",
            mend="Let the space have an operation beside 'none'.",
            code="nothing-to-decode",
        )
    return left


def perturbed(
    weights: Tensor,
    operations: Sequence[str],
    worth: Callable[[Tensor], Worth],
    tune: Callable[[Tensor], None],
    rng: np.random.Generator,
    *,
    nodes: Sequence[Sequence[int]] = (),
    kept: int | None = None,
    late: Callable[[], bool] = lambda: False,
) -> Tensor:
    """Choose by what is missed (Wang et al. 2021, "Rethinking Architecture Selection in Differentiable NAS").

    The edges are visited in random order. On each, every operation is left out in turn, the other weights as they
    are; the one whose absence hurts the supernet most is kept and the rest of the edge dropped. Where a node keeps
    some of its edges only, the nodes are then visited in random order, and of each the edges whose absence hurts most
    stay. Before each further choice the supernet is tuned.

    Args:
        weights: (E, K) of the trained supernet.
        operations: the K names.
        worth: of the supernet under given weights, on validation images.
        tune: trains the supernet's own weights for a while under given architecture weights.
        rng: of the order.
        nodes: the rows of the edges into each node.
        kept: how many of them stay; None for all.
        late: whether the time is over; asked before each choice.

    Returns:
        (E, K), one-hot rows; zeros for edges that are dropped. Edges that there was no time for keep their weights.
    """
    weights = weights.detach().clone()
    for number, edge in enumerate(rng.permutation(len(weights)).tolist()):
        if late():
            return weights
        if number:
            tune(weights)
        found = {k: worth(_without(weights, edge, k)) for k in candidates(operations)}
        weights[edge] = 0.0
        weights[edge, min(found, key=lambda k: found[k])] = 1.0
    for place in rng.permutation(len(nodes)).tolist() if kept is not None else ():
        if late():
            break
        tune(weights)
        missed = {row: worth(_without(weights, row)) for row in nodes[place]}
        for row in sorted(missed, key=lambda row: missed[row])[kept:]:
            weights[row] = 0.0
    return weights


def _without(weights: Tensor, edge: int, operation: int | None = None) -> Tensor:
    changed = weights.clone()
    if operation is None:
        changed[edge] = 0.0
    else:
        changed[edge, operation] = 0.0
    return changed


def sharpened(eigenvalues: Sequence[float]) -> bool:
    """Whether the last epoch's eigenvalue says to stop: RobustDARTS's criterion, from the tenth epoch on.

    The mean over the last `WINDOW` epochs exceeds `FACTOR` times that of `DELAY` epochs before.

    Args:
        eigenvalues: the dominant one of each epoch, from the first.

    >>> sharpened([1.0] * 12), sharpened([1.0] * 10 + [2.0, 4.0])
    (False, True)
    """
    count = len(eigenvalues)
    if count <= FIRST or count < WINDOW + DELAY:
        return False
    now = float(np.mean(eigenvalues[count - WINDOW :]))
    then = float(np.mean(eigenvalues[count - DELAY - WINDOW : count - DELAY]))
    return now > FACTOR * then


def skips(path: Mapping[str, str]) -> int:
    """How many edges of a path are skip connections."""
    return sum(operation == SKIP for operation in path.values())


def weightless(path: Mapping[str, str]) -> int:
    """How many edges of a path are skip connections or pooling, which learn nothing."""
    return sum(operation.startswith(WEIGHTLESS) for operation in path.values())


def collapsed(path: Mapping[str, str]) -> bool:
    """Whether most edges of a path learn nothing, DARTS's known failure.

    >>> collapsed({"0>1": "skip_connect", "0>2": "avg_pool_3x3", "1>2": "nor_conv_3x3"})
    True
    """
    return weightless(path) > WEIGHTLESS_SHARE * sum(operation != NONE for operation in path.values())
