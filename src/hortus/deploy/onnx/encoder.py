"""The table's columns as inputs of the graph, and the encoder's matrix made of them.

Each column is an input (n, 1):

- numbers and booleans: double; NaN where missing
- categories and text: string; "" where missing
- dates: int64, microseconds since 1970-01-01 UTC; the least int64 where missing, as in numpy's datetime64[us]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.canonical import FLOAT32_MOST
from hortus.data.cells import MISSING
from hortus.data.schema import Schema
from hortus.deploy.onnx.graph import LARGEST, Graph, Refused, Sheet
from hortus.deploy.onnx.text import text
from hortus.features.layout import distinct
from hortus.features.text import MEASURES

NO_DATE = int(np.iinfo(np.int64).min)
HOUR = 3_600_000_000
DAY = 24 * HOUR
OUTPUTS = ("label", "probabilities", "value")
TYPES = {"numeric": "double", "boolean": "double", "categorical": "string", "text": "string", "date": "int64"}


@dataclass(frozen=True)
class Input:
    """One input of the graph.

    Attributes:
        column: its name in the table.
        name: its name in the graph: the column's, unless that is blank, taken by an output or not text.
        kind: numeric, boolean, categorical, date or text.
    """

    column: str
    name: str
    kind: str

    @property
    def type(self) -> str:
        """As ONNX calls the type of its elements."""
        return TYPES[self.kind]


def inputs_of(schema: Schema) -> list[Input]:
    """An input for each of the schema's features."""
    names = distinct([_plain(column.name) for column in schema.features], taken=OUTPUTS)
    return [Input(column.name, name, column.kind) for column, name in zip(schema.features, names, strict=True)]


def _plain(name: str) -> str:
    """A name that a graph can have: text of some length without a NUL, at which runtimes cut it off."""
    text = name.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")
    return text if text.strip() else "column"


def feeds(frame: pd.DataFrame, inputs: list[Input]) -> dict[str, NDArray[Any]]:
    """The inputs' values for a schema's canonical frame."""
    found = {}
    for which in inputs:
        values = frame[which.column]
        if which.type == "string":
            texts = ["" if value is None else value for value in values.to_numpy(dtype=object)]
            array: NDArray[Any] = np.asarray(texts, dtype=object)
        elif which.kind == "date":
            array = values.to_numpy().astype("datetime64[us]").astype(np.int64)
        else:
            array = values.to_numpy(dtype=np.float64)
        found[which.name] = array[:, None]
    return found


def encode(graph: Graph, inputs: list[Input], state: dict[str, Any]) -> Sheet:
    """The encoder's matrix.

    Args:
        graph: to add to.
        inputs: in the order of the encoder's columns.
        state: of the `hortus.features.encode.TableEncoder`.

    Raises:
        Refused: a column cannot be encoded so.
    """
    if "sentences" in state:
        raise Refused("table", "its texts are read by a model of sentences, whose tokens ONNX has no operator for")
    numbers = [i for i, which in enumerate(inputs) if which.type == "double"]
    blocks: list[str] = []
    words: list[str] = []
    order: list[int] = []  # for each column of the matrix so far, the input it comes from
    if numbers:
        blocks.append(_numbers(graph, [inputs[i] for i in numbers], [state["encoders"][i] for i in numbers]))
        order += numbers
    for i, (which, kept) in enumerate(zip(inputs, state["encoders"], strict=True)):
        if which.kind == "categorical":
            blocks.append(_codes(graph, which.name, kept["values"]))
            order.append(i)
        elif which.kind == "date" and kept["names"]:
            blocks.append(_date(graph, which.name, kept))
            order += [i] * len(kept["names"])
        elif which.kind == "text":
            dense, weights = text(graph, which.name, which.column, kept)
            blocks.append(dense)
            order += [i] * (len(MEASURES) + kept["directions"].shape[1])
            words += [weights] if weights is not None else []
    if not blocks:
        raise Refused("table", "no column of it tells anything, so that there is nothing to compute")
    whole = graph.beside(blocks)
    place = np.argsort(order, kind="stable")
    if (place != np.arange(len(place))).any():
        whole = graph.columns(whole, place)
    return Sheet(whole, len(order), graph.beside(words) if words else None)


def _numbers(graph: Graph, inputs: list[Input], kept: list[dict[str, Any]]) -> str:
    values = graph.beside([which.name for which in inputs])
    flags = np.asarray([which.kind == "boolean" for which in inputs])
    if flags.any():
        # Neither 0 nor 1 is no truth value.
        zero, one = (graph.op("Equal", values, graph.doubles(v)) for v in (0.0, 1.0))
        sound = graph.op("Or", graph.op("Or", zero, one), graph.constant(~flags[None, :]))
        values = graph.op("Where", sound, values, graph.doubles(np.nan))
    values = graph.op("Where", graph.op("IsInf", values), graph.doubles(np.nan), values)
    values = graph.bounded(values, -FLOAT32_MOST, FLOAT32_MOST)
    offsets = np.asarray([float(one["offset"]) for one in kept])
    if offsets.any():
        values = graph.bounded(graph.op("Sub", values, graph.doubles(offsets)), -LARGEST, LARGEST)
    return graph.single(values)


def _codes(graph: Graph, name: str, values: list[str]) -> str:
    words = {form for word in MISSING for form in (word, word.upper(), word.capitalize())} | {"NaN"}
    keys = np.asarray([*values, *sorted(words)], dtype=object)
    codes = np.asarray([*range(len(values)), *[np.nan] * len(words)], dtype=np.float32)
    return graph.looked_up(name, keys, codes, len(values))


def _date(graph: Graph, name: str, kept: dict[str, Any]) -> str:
    """The parts of a date by whole numbers alone, in the calendar that reaches back unchanged (as numpy's)."""
    first = int(kept["first"])
    missing = graph.op("Equal", name, graph.integers(NO_DATE))
    moment = graph.op("Where", missing, graph.integers(first), name)
    days, rest = _divided(graph, moment, DAY)
    year, month, day = _civil(graph, days)
    parts = {
        "year": year,
        "month": month,
        "day": day,
        "weekday": _divided(graph, graph.op("Add", days, graph.integers(3)), 7)[1],
        "day of year": graph.op("Add", graph.op("Sub", days, _january(graph, year)), graph.integers(1)),
        "hour": graph.op("Div", graph.double(rest), graph.doubles(HOUR)),
        "days": graph.op("Div", graph.double(graph.op("Sub", moment, graph.integers(first))), graph.doubles(DAY)),
    }
    found = graph.beside([graph.single(parts[part]) for part in kept["names"]])
    return graph.op("Where", missing, graph.floats(np.nan), found)


def _divided(graph: Graph, x: str, by: int) -> tuple[str, str]:
    """Quotient and remainder, the latter never negative (ONNX's division cuts towards zero)."""
    divisor = graph.integers(by)
    rest = graph.op("Mod", x, divisor)
    return graph.op("Div", graph.op("Sub", x, rest), divisor), rest


def _civil(graph: Graph, days: str) -> tuple[str, str, str]:
    """Year, month and day of days since 1970 (Hinnant, chrono-compatible low-level date algorithms)."""

    def times(x: str, by: int) -> str:
        return graph.op("Mul", x, graph.integers(by))

    def plus(x: str, more: int) -> str:
        return graph.op("Add", x, graph.integers(more))

    def over(x: str, by: int) -> str:
        return graph.op("Div", x, graph.integers(by))

    def less(x: str, y: str) -> str:
        return graph.op("Sub", x, y)

    era, doe = _divided(graph, plus(days, 719_468), 146_097)
    yoe = over(less(graph.op("Add", less(doe, over(doe, 1460)), over(doe, 36_524)), over(doe, 146_096)), 365)
    before = less(graph.op("Add", times(yoe, 365), over(yoe, 4)), over(yoe, 100))
    doy = less(doe, before)
    mp = over(plus(times(doy, 5), 2), 153)
    day = plus(less(doy, over(plus(times(mp, 153), 2), 5)), 1)
    late = graph.op("Less", mp, graph.integers(10))
    month = graph.op("Where", late, plus(mp, 3), plus(mp, -9))
    year = graph.op("Add", graph.op("Add", yoe, times(era, 400)), graph.integer(graph.op("Not", late)))
    return year, month, day


def _january(graph: Graph, year: str) -> str:
    """Days from 1970 to the first of January of ``year``."""
    before = graph.op("Sub", year, graph.integers(1))
    leaps = graph.op("Sub", _divided(graph, before, 4)[0], _divided(graph, before, 100)[0])
    leaps = graph.op("Add", leaps, _divided(graph, before, 400)[0])
    # 719162 days from the first of January of the year 1.
    return graph.op(
        "Sub", graph.op("Add", graph.op("Mul", before, graph.integers(365)), leaps), graph.integers(719_162)
    )
