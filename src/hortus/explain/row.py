"""Why one row of the user's is predicted as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hortus.errors import SettingError
from hortus.explain.columns import class_code, kinds, tell
from hortus.explain.evidence import Evidence
from hortus.explain.shapley import Explained, shap_values


@dataclass(frozen=True)
class Contribution:
    """What one column adds to one prediction.

    Attributes:
        column: its name.
        value: what the row holds there; None for all other columns together.
        told: the same in words.
        effect: what is added, in probability or in the target's unit.
    """

    column: str
    value: Any
    told: str
    effect: float


@dataclass(frozen=True)
class RowExplanation:
    """Why one row is predicted as it is: ``prediction = base + sum of the effects``.

    Attributes:
        prediction: the probability of ``label``, or the value.
        base: the same, in the mean over the background.
        contributions: of all columns, the largest effect first.
        kind: what ``prediction`` is.
        label: the class whose probability is explained, as it came in the table; None for a regression.
        exact: whether every coalition was counted.
    """

    prediction: float
    base: float
    contributions: tuple[Contribution, ...]
    kind: Explained
    label: Any
    exact: bool


def explain_row(
    evidence: Evidence,
    row_frame: pd.DataFrame,
    *,
    class_: Any = None,
    seed: int = 0,
    permutations: int = 3,
    columns: Sequence[str] | None = None,
) -> RowExplanation:
    """Explain one row of the user's.

    Args:
        evidence: the model, and the rows that the background is drawn from.
        row_frame: one row, like the training table.
        class_: the class whose probability is explained; None for the one that is predicted.
        seed: of the background and the orders.
        permutations: orders, each also reversed.
        columns: those to be told apart, where not all are wanted.

    Raises:
        MissingExtraError: shap is not installed.
        SchemaError: the row is not like the training table.
        SettingError: there is not exactly one row, or an unknown class or column is named.
    """
    if len(row_frame) != 1:
        raise SettingError(
            f"{len(row_frame)} rows came where one is explained.", mend="Give one, such as X.iloc[[0]].", code="one-row"
        )
    found = shap_values(evidence, row_frame, seed=seed, seconds=None, permutations=permutations, columns=columns)
    task = evidence.task
    label, effects, base = None, found.values[0], np.asarray(found.base)
    if task.kind != "regression":
        proba = (
            found.predictions[0]
            if found.values.ndim == 3
            else np.array([1 - found.predictions[0], found.predictions[0]])
        )
        code = int(proba.argmax()) if class_ is None else class_code(evidence, class_)
        label = task.classes[code]
        if found.values.ndim == 3:
            effects, base = effects[:, code], base[code]
        elif code == 0:
            effects, base = -effects, 1 - base
    known = kinds(evidence)
    contributions = []
    for i in np.argsort(-np.abs(effects), kind="stable"):
        column = found.columns[i]
        value = found.frame[column].iloc[0] if column in known else None
        told = tell(value, known[column]) if column in known else ""
        contributions.append(Contribution(column, value, told, float(effects[i])))
    return RowExplanation(
        prediction=float(base + effects.sum()),
        base=float(base),
        contributions=tuple(contributions),
        kind=found.kind,
        label=label,
        exact=found.exact,
    )
