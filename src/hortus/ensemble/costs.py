"""What mistakes cost, as the user says it: one table of the true class against the predicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hortus.errors import SettingError, nearest

# True and predicted code of two classes, the last being the positive one.
CONFUSION = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}


def read_costs(costs: Mapping[Any, float] | ArrayLike, classes: tuple[Any, ...]) -> NDArray[np.float64]:
    """(K, K) costs of a row of true class i that is predicted as j; negative for a gain.

    Args:
        costs: ``{"fp": 1, "fn": 5}`` for two classes (``"tp"`` and ``"tn"`` too; what is not named costs 0 where it is
            right and 1 where it is wrong); ``{"cat": 5}``, what a row of that class costs whatever else it is taken
            for; ``{("cat", "dog"): 5}``, a row of the first taken for the second; or a (K, K) table of all.
        classes: the labels, in the order of their codes; the last of two is the positive one.

    Raises:
        SettingError: a key names nothing, a cost is no finite number, or a mistake costs no more than being right.
    """
    K = len(classes)
    table = 1.0 - np.eye(K)
    if isinstance(costs, Mapping):
        if not costs:
            raise _refused("No costs are given.", "Give what each mistake costs: costs={'fp': 1, 'fn': 5}.")
        for key, cost in costs.items():
            rows, columns = _places(key, classes)
            table[rows, columns] = _number(cost, key)
    else:
        try:
            table = np.array(costs, dtype=np.float64)
        except (TypeError, ValueError):
            raise _refused(f"The costs are {costs!r}.", "Give costs={'fp': 1, 'fn': 5}, or one row a class.") from None
        if table.shape != (K, K) or not np.isfinite(table).all():
            raise _refused(
                f"The costs have shape {table.shape} for {K} classes, or are not all finite.",
                f"Give {K} rows (the true class) of {K} numbers (the predicted one).",
            )
    right = np.diag(table)
    wrong = np.where(np.eye(K, dtype=bool), np.inf, table).min(axis=1)
    for k in np.flatnonzero(wrong <= right).tolist():
        raise _refused(
            f"A row of class {classes[k]!r} costs {right[k]:g} predicted right and {wrong[k]:g} predicted wrong.",
            "Give a mistake a higher cost than being right; negative costs are gains.",
        )
    return table


def _places(key: Any, classes: tuple[Any, ...]) -> tuple[Any, Any]:
    """Rows and columns of the table that a key means."""
    if isinstance(key, str) and key.lower() in CONFUSION and len(classes) == 2 and key not in classes:
        return CONFUSION[key.lower()]
    if isinstance(key, tuple):
        if len(key) != 2:
            raise _refused(f"The key {key!r} of the costs is no pair.", "Name the true class and the predicted one.")
        return _code(key[0], classes), _code(key[1], classes)
    k = _code(key, classes)
    return k, [other for other in range(len(classes)) if other != k]


def _code(label: Any, classes: tuple[Any, ...]) -> int:
    for k, known in enumerate(classes):
        if known == label and isinstance(known, bool) == isinstance(label, (bool, np.bool_)):
            return k
    # On the command line and in JSON every key is text.
    texts = [str(known) for known in classes]
    if isinstance(label, str) and texts.count(label) == 1:
        return texts.index(label)
    known = [*CONFUSION, *texts] if len(classes) == 2 else texts
    raise _refused(f"The costs name {label!r}, which is no class.", nearest(str(label), known))


def _number(cost: Any, key: Any) -> float:
    if isinstance(cost, (bool, np.bool_)) or not isinstance(cost, (int, float, np.number)) or not np.isfinite(cost):
        raise _refused(f"The cost of {key!r} is {cost!r}.", "Give a finite number.")
    return float(cost)


def _refused(what: str, mend: str) -> SettingError:
    return SettingError(what, mend=mend, code="costs-refused")
