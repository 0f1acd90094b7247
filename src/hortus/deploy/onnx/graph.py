"""An ONNX graph under construction: operators by name, constants stored once, equal nodes made once.

Sums and products run in double precision, and are rounded to float32 exactly where Hortus's own matrices are, so that
a tree's threshold finds the same side of a number here as there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hortus.libraries import require

# Read by onnxruntime from 1.21 on; the first with trees in double precision.
OPSET, ML_OPSET, IR = 21, 5, 10
ML = "ai.onnx.ml"
RUNTIME = "com.microsoft"
EXTRA = "onnx"
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Refusal:
    """A part of a model that has no exact counterpart in ONNX.

    Attributes:
        name: of the part: a column, a step, a learner.
        reason: in a few words.
    """

    name: str
    reason: str


class Refused(Exception):  # noqa: N818 - no error: it carries a refusal to where all are gathered
    """Thrown by what converts a part, caught by the export before anything is written."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.refusal = Refusal(name, reason)


@dataclass(frozen=True)
class Sheet:
    """A matrix of the graph, as `hortus.data.matrix.Matrix` is one of the pipeline.

    Attributes:
        name: of the graph's value, (n, width) float32.
        width: its columns.
        text: the graph's value of the sparse block beside it, (n, m) float32, or None where there is no text.
    """

    name: str
    width: int
    text: str | None = None


class Graph:
    """Nodes and constants; every method gives the name of the value that it adds.

    Args:
        taken: names that no value may have.
    """

    def __init__(self, taken: Sequence[str] = ()) -> None:
        onnx = require("onnx", EXTRA)
        self.onnx: Any = onnx
        self.types: Any = onnx.TensorProto
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._taken = set(taken)
        self._made: dict[Any, str] = {}
        self._count = 0

    def fresh(self) -> str:
        """A name that nothing has."""
        while True:
            self._count += 1
            name = f"v{self._count}"
            if name not in self._taken:
                return name

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator of one output, or find the equal one that is there."""
        key = (kind, domain, inputs, tuple(sorted((name, repr(value)) for name, value in attributes.items())))
        if key not in self._made:
            self._made[key] = self.fresh()
            self.node(kind, inputs, (self._made[key],), domain=domain, **attributes)
        return self._made[key]

    def node(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], *, domain: str = "", **attributes: Any
    ) -> None:
        """Add an operator with outputs that have names already."""
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), list(outputs), domain=domain, **attributes))

    def constant(self, value: NDArray[Any]) -> str:
        """An array of numbers or booleans, or of text as objects."""
        stored = tuple(value.ravel()) if value.dtype == object else hashlib.sha256(value.tobytes()).digest()
        key = (str(value.dtype), value.shape, stored)
        if key not in self._made:
            name = self._made[key] = self.fresh()
            self.initializers.append(self.tensor(value, name))
        return self._made[key]

    def tensor(self, value: NDArray[Any], name: str = "") -> Any:
        """An array as ONNX stores it."""
        if value.dtype == object:
            texts = [text.encode("utf-8", "replace") for text in value.ravel()]
            return self.onnx.helper.make_tensor(name, self.types.STRING, value.shape, texts)
        return self.onnx.numpy_helper.from_array(np.array(value, order="C"), name)

    def doubles(self, value: ArrayLike) -> str:
        """A constant of float64."""
        return self.constant(np.asarray(value, dtype=np.float64))

    def floats(self, value: ArrayLike) -> str:
        """A constant of float32."""
        return self.constant(np.asarray(value, dtype=np.float32))

    def integers(self, value: ArrayLike) -> str:
        """A constant of int64."""
        return self.constant(np.asarray(value, dtype=np.int64))

    def double(self, x: str) -> str:
        """``x`` as float64."""
        return self.op("Cast", x, to=self.types.DOUBLE)

    def single(self, x: str) -> str:
        """``x`` as float32."""
        return self.op("Cast", x, to=self.types.FLOAT)

    def integer(self, x: str) -> str:
        """``x`` as int64."""
        return self.op("Cast", x, to=self.types.INT64)

    def columns(self, x: str, positions: ArrayLike) -> str:
        """(n, k) the columns of (n, p) at ``positions``."""
        return self.op("Gather", x, self.integers(positions), axis=1)

    def column(self, x: str, position: int) -> str:
        """(n,) one column of (n, p)."""
        return self.op("Gather", x, self.integers(position), axis=1)

    def beside(self, parts: Sequence[str]) -> str:
        """Matrices of one type, side by side."""
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=1)

    def bounded(self, x: str, low: float, high: float) -> str:
        """``x`` (float64) within bounds; NaN stays NaN, which ``Clip`` does not promise."""
        x = self.op("Where", self.op("Greater", x, self.doubles(high)), self.doubles(high), x)
        return self.op("Where", self.op("Less", x, self.doubles(low)), self.doubles(low), x)

    def looked_up(self, x: str, keys: NDArray[Any], values: NDArray[Any], default: Any) -> str:
        """The ``values`` of ``x``, text or int64, by its place among the ``keys``; else ``default``."""
        found = self.fresh()
        rest = np.array([default], dtype=values.dtype)
        tensors = {"keys_tensor": keys, "values_tensor": values, "default_tensor": rest}
        attributes = {name: self.tensor(value, name) for name, value in tensors.items()}
        self.node("LabelEncoder", (x,), (found,), domain=ML, **attributes)
        return found

    def levels(self, values: str, categories: int) -> str:
        """int64 positions in a table of ``categories`` + 1 rows, whose last one stands for missing."""
        # NaN is less than nothing; an integer made of it would be any.
        known = self.op("Less", values, self.floats(categories))
        return self.integer(self.op("Where", known, values, self.floats(categories)))

    def total(self, x: str) -> str:
        """(n, 1) the sum of each row of (n, k)."""
        return self.op("ReduceSum", x, self.integers([1]), keepdims=1)

    def repeated(self, row: NDArray[Any], like: str) -> str:
        """(n, k) the (k,) ``row`` for each of the n rows of (n, p) ``like``."""
        rows = self.op("Shape", like, start=0, end=1)
        shape = self.op("Concat", rows, self.integers([len(row)]), axis=0)
        return self.op("Expand", self.constant(row[None, :]), shape)

    def replaced(self, X: Sheet, positions: NDArray[np.intp], new: str) -> Sheet:
        """``X`` with its columns at ``positions`` replaced by those of (n, k) ``new``."""
        if len(positions) == X.width:
            return Sheet(new, X.width)
        place = np.arange(X.width)
        place[positions] = X.width + np.arange(len(positions))
        return Sheet(self.columns(self.beside([X.name, new]), place), X.width)
