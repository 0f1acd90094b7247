"""The whole table as one matrix: made once for a run, from the training rows, never looking at the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.features.categories import Codes
from hortus.features.dates import DateParts
from hortus.features.layout import columns_from_state, columns_to_state, distinct
from hortus.features.numbers import Numbers
from hortus.features.sentences import SentenceModel, restore_sentences
from hortus.features.sparse_block import SparseBlock
from hortus.features.text import TextWeights

# Columns of the sparse block, shared by all columns of text.
WORDS = 20_000


class Column(Protocol):
    """What the encoder asks of a schema's column."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102


class Schema(Protocol):
    """What the encoder asks of a schema."""

    @property
    def columns(self) -> tuple[Any, ...]: ...  # noqa: D102


ColumnEncoder = Numbers | Codes | DateParts | TextWeights | SparseBlock

KINDS: dict[str, type[ColumnEncoder]] = {
    "numeric": Numbers,
    "boolean": Numbers,
    "categorical": Codes,
    "date": DateParts,
    "text": TextWeights,
    "sparse": SparseBlock,
}


class TableEncoder:
    """Encode a canonical frame (numbers and booleans as float64, categories and text as str or None, dates as
    datetime64[us]) into a `Matrix`.

    - numeric, boolean: float32 (`Numbers`)
    - categorical: codes by falling frequency; rare and unseen values share the last code (`Codes`)
    - date: its parts that vary (`DateParts`)
    - text: measures and main directions as dense columns, tf-idf weights in the sparse block (`TextWeights`)
    - sparse: the fullest columns and main directions as dense columns, all of it in the sparse block (`SparseBlock`)

    Missing cells are NaN. A present cell never becomes NaN, so a matrix made later has gaps only where its table has.

    Args:
        seed: of the samples that text is learned from.
        sentences: turns texts into vectors; None to do without.
    """

    def __init__(self, seed: int = 0, *, sentences: SentenceModel | None = None) -> None:
        self.seed = seed
        self.sentences = sentences

    def fit_transform(self, frame: pd.DataFrame, schema: Schema) -> Matrix:
        """Learn from the training rows and encode them.

        Args:
            frame: (n rows) the schema's features, as its canonical frame has them.
            schema: names, kinds and roles of the columns.
        """
        features = [column for column in schema.columns if column.role == "feature"]
        texts = sum(column.kind == "text" for column in features)
        self._names = [column.name for column in features]
        self._kinds = [column.kind for column in features]
        self._encoders: list[ColumnEncoder] = []
        dense, blocks, made = [], [], []
        for name, kind in zip(self._names, self._kinds, strict=True):
            encoder = self._new(kind, texts)
            self._encoders.append(encoder)
            if isinstance(encoder, TextWeights):
                part, block = encoder.fit_transform(_texts(frame[name].to_numpy(dtype=object)))
                blocks.append(block)
            elif isinstance(encoder, SparseBlock):
                part, block = encoder.fit_transform(frame[name].to_numpy(dtype=object))
                blocks.append(block)
            else:
                part = encoder.fit_transform(frame[name].to_numpy(dtype=object if kind == "categorical" else None))
            dense.append(part)
            made += _describe(name, encoder)
        names = distinct(column.name for column in made)
        self._columns = tuple(
            MatrixColumn(new, c.source, c.categories, c.text, c.date) for new, c in zip(names, made, strict=True)
        )
        return self._matrix(dense, blocks, len(frame))

    def transform(self, frame: pd.DataFrame) -> Matrix:
        """Encode other rows."""
        return self.encode([frame[name].to_numpy() for name in self._names], len(frame))

    def encode(self, arrays: Sequence[NDArray[Any]], rows: int) -> Matrix:
        """Encode ``rows`` other rows, given as one (n,) array a feature, as `Schema.read` gives them."""
        dense, blocks = [], []
        for encoder, values in zip(self._encoders, arrays, strict=True):
            if isinstance(encoder, TextWeights):
                part, block = encoder.transform(_texts(values))
                blocks.append(block)
            elif isinstance(encoder, SparseBlock):
                part, block = encoder.transform(values)
                blocks.append(block)
            else:
                part = encoder.transform(values)
            dense.append(part)
        return self._matrix(dense, blocks, rows)

    def state(self) -> dict[str, Any]:
        """What was learned, as JSON values and numpy arrays (no object arrays)."""
        sentences = {} if self.sentences is None else {"sentences": self.sentences.state()}
        return {
            **sentences,
            "seed": self.seed,
            "names": self._names,
            "kinds": self._kinds,
            "columns": columns_to_state(self._columns),
            "encoders": [encoder.state() for encoder in self._encoders],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave; transforms are then the same to the bit."""
        self.seed, self._names, self._kinds = state["seed"], state["names"], state["kinds"]
        self._columns = columns_from_state(state["columns"])
        self.sentences = restore_sentences(state["sentences"]) if "sentences" in state else None
        self._encoders = [self._new(kind, 1) for kind in self._kinds]
        for encoder, kept in zip(self._encoders, state["encoders"], strict=True):
            encoder.restore(kept)

    def _new(self, kind: str, texts: int) -> ColumnEncoder:
        if kind == "text":
            return TextWeights(WORDS // texts, seed=self.seed, sentences=self.sentences)
        return KINDS[kind]()

    def _matrix(self, dense: list[NDArray[np.float32]], blocks: list[sparse.csr_array], rows: int) -> Matrix:
        stacked = np.empty((rows, len(self._columns)), dtype=np.float32)
        at = 0
        for part in dense:
            width = 1 if part.ndim == 1 else part.shape[1]
            stacked[:, at : at + width] = part[:, None] if part.ndim == 1 else part
            at += width
        if not blocks:
            return Matrix(stacked, self._columns)
        text = blocks[0] if len(blocks) == 1 else sparse.csr_array(sparse.hstack(blocks, format="csr"))
        return Matrix(stacked, self._columns, text, wide="sparse" in self._kinds)


def _texts(values: NDArray[Any]) -> list[str | None]:
    return [text if isinstance(text, str) else None for text in values]


def _describe(name: str, encoder: ColumnEncoder) -> list[MatrixColumn]:
    """The matrix columns that one column of the table becomes."""
    if isinstance(encoder, Numbers):
        return [MatrixColumn(name, name)]
    if isinstance(encoder, Codes):
        return [MatrixColumn(name, name, categories=encoder.count)]
    if isinstance(encoder, DateParts):
        return [MatrixColumn(f"{name} {part}", name, date=True) for part in encoder.names]
    return [
        MatrixColumn(f"{name} {part}", name, text=part.startswith(("direction", "meaning"))) for part in encoder.names
    ]
