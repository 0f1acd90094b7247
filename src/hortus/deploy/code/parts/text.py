"""Free text as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from hortus.features.terms import CUTS
from hortus.features.text import (
    COMPONENTS,
    DIRECTION_ROWS,
    DIRECTION_WORDS,
    MEASURES,
    SHORT_COMPONENTS,
    VOCABULARY_ROWS,
    VOCABULARY_SIZE,
)
from hortus.features.text import (
    _least as least_texts,
)
from hortus.features.text import (
    _shape as shape_of,
)
from hortus.features.text import (
    _shares as shares_of,
)
from hortus.seeds import derive, stream


class Text:
    """A column of free text: a few measures, the main directions of its words, and the words' tf-idf weights.

    Args:
        width: most words and runs of letters kept.
        seed: of the rows learned from and of the directions.
    """

    def __init__(self, width: int, seed: int = 0) -> None:
        self.width = width
        self.seed = seed

    def read(self, cells: pd.Series) -> list[str | None]:
        """The cells' words; None where there are none."""
        known = cells.notna().to_numpy()
        texts = [str(cell) if there else "" for cell, there in zip(cells, known, strict=True)]
        return [text if text.strip() else None for text in texts]

    def fit_transform(self, cells: pd.Series) -> dict[str, Any]:
        """Learn words and directions."""
        known = [text or "" for text in self.read(cells)]
        size = sum(map(len, known)) / max(len(known), 1)
        most = max(VOCABULARY_ROWS, int(VOCABULARY_SIZE / max(size, 1)))
        sample = known
        if len(known) > most:
            sample = [
                known[i] for i in np.sort(stream(self.seed, "text", "sample").choice(len(known), most, replace=False))
            ]
        short, solid = shape_of(sample)
        letters = short or solid
        kinds = ("word", "char_wb") if letters else ("word",)
        learned = [self.learn(sample, kind, self.width // 2 if letters else self.width) for kind in kinds]
        self.counters = [counter for counter in learned if counter is not None]
        self.directions = self.decompose(self.weigh(cells), SHORT_COMPONENTS if short else COMPONENTS)
        return self.transform(cells)

    def learn(self, texts: list[str], kind: str, width: int) -> TfidfVectorizer | None:
        """A counter that knows the words of ``texts``; None where they have none in common."""
        counter = TfidfVectorizer(
            analyzer=kind,
            sublinear_tf=True,
            dtype=np.float32,
            max_features=max(width, 1),
            min_df=least_texts(len(texts)),
            **CUTS[kind],
        )
        try:
            return counter.fit(texts)
        except ValueError:  # an empty vocabulary
            return None

    def weigh(self, cells: pd.Series) -> sparse.csr_array:
        """(n, words) tf-idf weights."""
        known = [text or "" for text in self.read(cells)]
        if not self.counters or not known:
            width = sum(len(counter.vocabulary_) for counter in self.counters)
            return sparse.csr_array(np.empty((len(known), width), dtype=np.float32))
        return sparse.csr_array(sparse.hstack([counter.transform(known) for counter in self.counters], format="csr"))

    def decompose(self, weights: sparse.csr_array, most: int) -> NDArray[np.float32]:
        """(words, k) main directions (latent semantic analysis)."""
        rows, width = weights.shape
        if rows > DIRECTION_ROWS:
            chosen = stream(self.seed, "text", "directions").choice(rows, DIRECTION_ROWS, replace=False)
            weights = weights[np.sort(chosen)]
        common = np.sort(np.argsort(-np.bincount(weights.indices, minlength=width), kind="stable")[:DIRECTION_WORDS])
        weights = weights[:, common]
        count = min(most, min(weights.shape) - 1)
        if count < 1 or not weights.nnz:
            return np.zeros((width, 0), dtype=np.float32)
        decomposition = TruncatedSVD(count, n_iter=2, random_state=derive(self.seed, "text"))
        with np.errstate(divide="ignore", invalid="ignore"):
            decomposition.fit(weights)
        directions = np.zeros((width, count), dtype=np.float32)
        directions[common] = decomposition.components_.T
        return directions

    def transform(self, cells: pd.Series) -> dict[str, Any]:
        """Measures and directions."""
        texts = self.read(cells)
        dense = np.full((len(texts), len(MEASURES)), np.nan, dtype=np.float32)
        for i, text in enumerate(texts):
            if text is not None:
                dense[i] = (len(text), text.count(" ") + 1 if text else 0, *shares_of(text))
        found = {f" {name}": dense[:, i] for i, name in enumerate(MEASURES)}
        directions = np.asarray(self.weigh(cells).astype(np.float64) @ self.directions, dtype=np.float32)
        return found | {f" direction {i}": directions[:, i] for i in range(directions.shape[1])}
