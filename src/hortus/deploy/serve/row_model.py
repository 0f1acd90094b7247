"""What a row must be, as a pydantic model made from the training schema, and how rows are read by it.

Column names are anybody's: they may be Python's words, collide with pydantic's own attributes or hold quotes. So a
field is called ``c0``, ``c1``, ... and bears the column's name as its alias, which is what requests and OpenAPI show.
What the JSON schema says and what is accepted are the same thing.
"""

from __future__ import annotations

import difflib
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, create_model

from hortus.data import cells, dates
from hortus.data.schema import ColumnSchema, Schema
from hortus.deploy.serve.probing import Probed
from hortus.deploy.serve.replies import Problem

MOST_PROBLEMS = 20
_SHOWN = 60
_FLOAT = sys.float_info.max
_WORDS = sorted(
    {cased for word in (cells.TRUE | cells.FALSE) for cased in (word, word.capitalize(), word.upper())}, key=str
)


@dataclass(frozen=True)
class Wanted:
    """What a column's cells must be.

    Attributes:
        column: of the training table.
        null: whether null is understood.
        only: the categories that are understood; None for any.
    """

    column: ColumnSchema
    null: bool = True
    only: frozenset[str] | None = None

    @property
    def words(self) -> str:
        """In words, for a person."""
        unit = self.column.number.unit
        said = {
            "numeric": f"a number{f' in {unit}, without the unit' if unit else ''}",
            "boolean": "true, false" if self.null else "true or false",
            "categorical": "one of the categories trained on" if self.only is not None else "a category",
            "date": "a date such as 2024-01-31 or 2024-01-31T12:00:00Z",
            "text": "text",
        }[self.column.kind]
        return f"{said} or null" if self.null else said


class RowReader:
    """Rows of a request, by the schema of the training table.

    Args:
        schema: of the training table.
        probed: what the model cannot take.
        ranges: `hortus.data.ranges.training_ranges` of the training rows; empty where they are not known.
    """

    def __init__(self, schema: Schema, probed: Probed, ranges: Mapping[str, Any]) -> None:
        self.wanted = tuple(
            Wanted(
                column,
                null=column.name not in probed.null,
                only=frozenset(ranges.get(column.name, {}).get("categories", ()))
                if column.name in probed.unseen
                else None,
            )
            for column in schema.features
        )
        self.names = schema.names
        self._known = {column.name for column in schema.columns}
        self._by_name = {wanted.column.name: wanted for wanted in self.wanted}
        fields: dict[str, Any] = {
            f"c{i}": (
                _annotation(wanted),
                Field(alias=wanted.column.name, title=wanted.column.name, description=wanted.words.capitalize() + "."),
            )
            for i, wanted in enumerate(self.wanted)
        }
        config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)
        self.model: type[BaseModel] = create_model("Row", __config__=config, __doc__="One row of the table.", **fields)

    def read(self, rows: Sequence[Any]) -> tuple[NDArray[np.object_], list[Problem]]:
        """The rows' cells, and what cannot be used; with any of that there are none.

        Args:
            rows: (n) what JSON held, of any type.

        Returns:
            (n, p) cells of the features, in schema order; and the problems.
        """
        problems: list[Problem] = []
        read: list[list[Any]] = []
        for number, row in enumerate(rows):
            try:
                read.append(list(self.model.model_validate(row).__dict__.values()))
            except ValidationError as error:
                problems += [self._problem(number, row, found) for found in error.errors(include_url=False)]
                if len(problems) >= MOST_PROBLEMS:
                    break
        table = np.empty((0 if problems else len(read), len(self.names)), dtype=object)
        if len(table) and self.names:
            table[:] = read
        return table, problems[:MOST_PROBLEMS]

    def unknown(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Names that rows have and the training table had not, in order."""
        found: dict[str, None] = {}
        for row in rows:
            if not row.keys() <= self._known:
                found |= dict.fromkeys(name for name in row if name not in self._known)
        return list(found)

    def _problem(self, number: int, row: Any, found: Mapping[str, Any]) -> Problem:
        if not found["loc"]:
            return Problem(
                code="row-type",
                column=None,
                row=number,
                came=shown(row),
                wanted="an object with a name for each column",
                mend='Send {"column": value, ...} for each row.',
            )
        name = str(found["loc"][0])
        wanted = self._by_name[name]
        code, came, mend = _told(name, wanted, row, found)
        return Problem(code=code, column=name, row=number, came=came, wanted=wanted.words, mend=mend)


def shown(value: Any) -> str:
    """A value of a request, short enough for a message."""
    if isinstance(value, dict):
        return f"an object of {len(value)} names"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value) if not isinstance(value, int) or value.bit_length() < 256 else "a huge whole number"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _told(name: str, wanted: Wanted, row: Any, found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Code, what came and the mend of pydantic's error."""
    value = found["input"]
    wrong = str(found.get("ctx", {}).get("error", found["type"]))
    null = "Send null where it is not known." if wanted.null else "It must be known: the model cannot do without it."
    if wrong == "missing":
        close = difflib.get_close_matches(name.lower(), {str(n).lower(): n for n in row}, n=1, cutoff=0.7)
        near = next((other for other in row if close and str(other).lower() == close[0]), None)
        return "column-missing", "nothing", f"Rename {near!r}, if that is it. {null}" if near is not None else null
    if value is None or wrong == "cell_missing":
        return "cell-null", shown(value), null
    if isinstance(value, float) and not math.isfinite(value):
        return "cell-not-finite", shown(value), f"JSON has no NaN and no Infinity. {null}"
    if wrong == "category_unseen":
        return "category-unseen", shown(value), "Send a category that the training table had."
    return "cell-type", shown(value), f"Send {wanted.words}."


def _annotation(wanted: Wanted) -> Any:
    kind = wanted.column.kind
    if kind == "numeric":
        # JSON's numbers have no bounds; those of 64 bits have.
        number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-_FLOAT, le=_FLOAT)]
        return number | None if wanted.null else number
    if kind == "text":
        return str | None if wanted.null else str
    schema: dict[str, Any]
    if kind == "boolean":
        read = _truth
        schema = {"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}, {"enum": _WORDS}]}
    elif kind == "date":
        read = _date_reader(dayfirst=bool(wanted.column.detail.get("dayfirst", False)))
        schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    elif wanted.only is not None:
        read, schema = _category_reader(wanted.only), {"enum": sorted(wanted.only)}
    else:
        read, schema = _category_reader(None), {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}

    def check(value: Any) -> Any:
        found = None if value is None else read(value)
        if found is None and not wanted.null:
            raise _CellError("cell_missing")
        return found

    if wanted.null:
        schema = {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
    return Annotated[Any, AfterValidator(check), WithJsonSchema(schema)]


class _CellError(ValueError):
    """Says what is wrong with a cell in one word, which pydantic hands on."""


def _truth(value: Any) -> Any:
    known = value in _WORDS if isinstance(value, str) else isinstance(value, (bool, int, float)) and value in (0, 1)
    if not known:
        raise _CellError("cell_type")
    return cells.truth(value)


def _date_reader(*, dayfirst: bool) -> Any:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or np.isnat(dates.parse([value], dayfirst=dayfirst)[0]):
            raise _CellError("cell_type")
        return value

    return read


def _category_reader(only: frozenset[str] | None) -> Any:
    def read(value: Any) -> Any:
        if not isinstance(value, (str, bool, int, float)) or (isinstance(value, float) and not math.isfinite(value)):
            raise _CellError("cell_type")
        label = cells.label(value)
        if only is not None and label is not None and label not in only:
            raise _CellError("category_unseen")
        return label

    return read
