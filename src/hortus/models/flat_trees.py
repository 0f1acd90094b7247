"""Decision trees as flat arrays: stored without pickle, and checked (`compiled_trees` and `tree_walk` ask them).

A trained tree carries much that prediction never looks at. What is kept of a node is its column, threshold, children
and where a missing value goes; of a leaf, its value. Columns are float32, so rounding a threshold down to float32
changes no decision: for x in float32, x <= t is x <= (the greatest float32 not above t). Children stand after their
parent; how many nodes after it are small numbers, which take less room than places do, and deflate better.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.errors import ArtifactError

State = dict[str, Any]


def flatten(trees: list[Any], *, regression: bool, smoothing: float) -> State:
    """The arrays of all trees, one after the other.

    Args:
        trees: scikit-learn's ``Tree`` objects (an estimator's ``tree_``).
        regression: leaf values are kept as float32; as float16 where they are shares of classes.
        smoothing: a leaf's shares count its tree's overall shares as this many more rows, so that none is zero.
    """
    # One by one: of many rows, scikit-learn's nodes of all trees at once are hundreds of megabytes.
    parts = [_flat(tree, regression=regression, smoothing=smoothing) for tree in trees]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {
        "sizes": np.asarray([len(part["inner"]) for part in parts], dtype=np.int32),
        **joined,
        "features": int(trees[0].n_features),
        "outputs": int(trees[0].value.shape[2]),
    }


def _flat(tree: Any, *, regression: bool, smoothing: float) -> dict[str, NDArray[Any]]:
    """The arrays of one tree."""
    nodes = tree.__getstate__()["nodes"]
    inner = nodes["left_child"] >= 0
    place = np.flatnonzero(inner)
    threshold = nodes["threshold"][inner].astype(np.float32)
    above = threshold > nodes["threshold"][inner]
    threshold[above] = np.nextafter(threshold[above], np.float32(-np.inf))
    values = tree.value[:, 0, :][~inner]
    if not regression:
        weight = nodes["weighted_n_node_samples"][~inner, None]
        values = (weight * values + smoothing * tree.value[0, 0, :]) / (weight + smoothing)
    return {
        "inner": inner,
        "left": _narrow(nodes["left_child"][inner] - place),
        "right": _narrow(nodes["right_child"][inner] - place),
        "feature": _narrow(nodes["feature"][inner]),
        "threshold": threshold,
        "missing_left": nodes["missing_go_to_left"][inner].astype(np.uint8),
        "values": _shrink(values, regression=regression),
    }


def _narrow(numbers: NDArray[Any]) -> NDArray[Any]:
    """The same whole numbers, none negative, in as few bytes as hold them."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def _shrink(values: NDArray[np.float64], *, regression: bool) -> NDArray[Any]:
    if regression:
        return values.astype(np.float32)
    shares = values / values.sum(axis=1, keepdims=True)
    # Shares of two classes sum to one: the first is implied.
    small: NDArray[Any] = (shares[:, 1:] if shares.shape[1] == 2 else shares).astype(np.float16)
    return small


def leaves(state: State) -> NDArray[np.float64]:
    """(leaves, outputs) the values of all leaves, in the nodes' order."""
    found: NDArray[np.float64] = state["values"].astype(np.float64)
    return np.hstack([1.0 - found, found]) if found.shape[1] == 1 and state["outputs"] == 2 else found


def check(state: State) -> None:
    """Refuse damaged arrays: compiled code follows the indices unasked.

    Raises:
        ArtifactError: an index points outside its tree or the columns.
    """
    inner, sizes = np.asarray(state["inner"]), np.asarray(state["sizes"])
    count = int(inner.sum())
    places = ("left", "right", "feature")
    sound = bool(
        inner.dtype == bool
        and (sizes > 0).all()
        and sizes.sum() == len(inner)
        and all(state[name].shape == (count,) for name in (*places, "threshold", "missing_left"))
        and all(state[name].dtype.kind in "iu" for name in places)
        and len(state["values"]) == len(inner) - count
    )
    if sound:
        after = np.repeat(np.cumsum(sizes), sizes)[inner] - np.flatnonzero(inner)
        # A child stands after its parent, and before its tree's end: no index out of the tree, and no circle.
        sound = all(bool(((state[side] > 0) & (state[side] < after)).all()) for side in ("left", "right"))
        sound = sound and bool(((state["feature"] >= 0) & (state["feature"] < state["features"])).all())
    if not sound:
        raise ArtifactError(
            "A stored tree points outside of itself.",
            mend="Take the model from its run again, or fit it anew.",
            code="tree-damaged",
        )
