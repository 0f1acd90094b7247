"""What a model cannot take, found by trying: a missing cell, and a category it has never seen, column by column.

Every pipeline that Hortus builds is meant to take both, so both lists are empty as a rule. Should one ever not be,
the request model refuses what the pipeline would fall over, and says so before anything is predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hortus.data.ranges import read_ranges
from hortus.data.schema import ColumnSchema
from hortus.ensemble.predictor import Predictor
from hortus.errors import SettingError

# No table has a category of this name, by all odds.
UNSEEN = "\u2047 hortus probes \u2047"


@dataclass(frozen=True)
class Probed:
    """Names of the columns, in the table's order.

    Attributes:
        null: those in which a missing cell makes the model fail.
        unseen: the categorical ones in which an unseen category does.
    """

    null: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def probe(predictor: Predictor) -> Probed:
    """Try every feature of the model; three predictions where all goes well."""
    row = typical_row(predictor)
    if not _predicts(predictor, [row]):
        # Then it is the row, and tells nothing of one column or another.
        return Probed()
    categorical = [column for column in predictor.schema.features if column.kind == "categorical"]
    return Probed(
        null=_failing(predictor, row, predictor.schema.features, lambda _column: None),
        unseen=_failing(predictor, row, categorical, lambda _column: UNSEEN),
    )


def typical_row(predictor: Predictor) -> dict[str, Any]:
    """A cell for each feature: from the middle of the training rows where the bundle knows them.

    Raises:
        SettingError: the model takes a sparse matrix, whose rows are no cells by name.
    """
    if predictor.schema.of_matrix:
        raise SettingError(
            "The model was trained on a sparse matrix, whose rows cannot be asked for by the names of columns.",
            mend="Predict in Python: hortus.load('model.hortus').predict(matrix).",
            code="serve-sparse",
        )
    ranges = read_ranges(predictor.facts.get("ranges"))
    return {column.name: _typical(column, ranges.get(column.name, {})) for column in predictor.schema.features}


def _typical(column: ColumnSchema, known: Mapping[str, Any]) -> Any:
    if column.kind == "categorical":
        return next(iter(known.get("categories", ())), UNSEEN)
    if column.kind == "text":
        return "text"
    fallback = {"numeric": 0.0, "boolean": False, "date": "2000-01-01"}[column.kind]
    found = known.get("typical")
    return fallback if found is None else found


def _failing(
    predictor: Predictor,
    row: Mapping[str, Any],
    columns: Sequence[ColumnSchema],
    cell: Callable[[ColumnSchema], Any],
) -> tuple[str, ...]:
    changed = [{**row, column.name: cell(column)} for column in columns]
    if not changed or _predicts(predictor, changed):
        return ()
    return tuple(column.name for column, one in zip(columns, changed, strict=True) if not _predicts(predictor, [one]))


def _predicts(predictor: Predictor, rows: Sequence[Mapping[str, Any]]) -> bool:
    frame = pd.DataFrame({name: [row[name] for row in rows] for name in rows[0]}, dtype=object)
    try:
        found = predictor.raw_canonical(predictor.schema.apply(frame)[0])
    except Exception:  # whatever the model's libraries raise, it is what is asked for here
        return False
    return bool(np.isfinite(found).all())
