"""The game behind Shapley values: some columns hold what a row holds, the others what background rows hold.

shap perturbs numbers, and tables hold more than these: every cell is handed over as the number of its value among
those that the column has in the rows and the background, and turned back before the model sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.explain.columns import kind_of, kinds
from hortus.explain.evidence import Evidence
from hortus.explain.variants import predict_variants
from hortus.seeds import stream

BACKGROUND = 50
# Columns that are told apart; the rest of a wider table counts as one.
MOST = 60
# Cells of one call of the model.
CELLS = 4_000_000


@dataclass(frozen=True)
class Masker:
    """What shap asks for masked rows. Its own for tables is compiled at its first use, which takes many seconds.

    Attributes:
        data: (b, players) codes of the background.
        default_batch_size: coalitions that are predicted at a time.
    """

    data: NDArray[np.float64]
    default_batch_size: int
    immutable_outputs = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the background."""
        return self.data.shape

    def __call__(self, mask: NDArray[np.bool_], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """(b, players) the background, but those who have joined hold what the row does."""
        return np.where(mask, x, self.data)

    def invariants(self, x: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(b, players) where the background holds what the row does anyway."""
        same: NDArray[np.bool_] = self.data == x
        return same


@dataclass(frozen=True)
class Game:
    """Rows and background as numbers: each player's cells as codes of their values.

    Attributes:
        players: columns that join together.
        rows: (m, players) codes.
        background: (b, players) codes.
        predict: of (n, players) codes the prediction that is explained: that of the pipelines which did not learn from
            a fold's rows, or for None of the whole model.
    """

    players: list[tuple[str, ...]]
    rows: NDArray[np.float64]
    background: NDArray[np.float64]
    predict: Callable[[NDArray[np.float64], int | None], NDArray[np.float64]]

    @classmethod
    def of(cls, evidence: Evidence, rows: pd.DataFrame, *, seed: int, columns: Sequence[str] | None) -> Game:
        """Draw the background and number what it and ``rows`` hold.

        Args:
            evidence: the model, and the rows that the background is drawn from.
            rows: (m, p) as `Schema.apply` reads them.
            seed: of the background.
            columns: those that are told apart; None for all, or the `MOST` most sensitive.

        Raises:
            SettingError: the model has no such column.
        """
        players = _players(evidence, columns, seed)
        width = len(evidence.frame.columns)
        size = min(BACKGROUND, max(5, CELLS // ((2 * len(players) + 1) * width)), len(evidence.frame))
        drawn = stream(seed, "shapley", "background").choice(len(evidence.frame), size=size, replace=False)
        pool = pd.concat([rows, evidence.frame.iloc[drawn]], ignore_index=True)
        codes = np.empty((len(pool), len(players)))
        held: list[tuple[int, str, NDArray[Any]]] = []
        for i, player in enumerate(players):
            arrays = [pool[column].to_numpy() for column in player]
            if len(player) > 1:
                codes[:, i] = np.arange(len(pool))
                held += [(i, column, array) for column, array in zip(player, arrays, strict=True)]
                continue
            numbers, _ = pd.factorize(arrays[0], use_na_sentinel=False)
            _, first = np.unique(numbers, return_index=True)
            codes[:, i] = numbers
            held.append((i, player[0], arrays[0][first]))
        where = {column: (i, values) for i, column, values in held}
        dtypes = evidence.frame.dtypes

        def predict(asked: NDArray[np.float64], fold: int | None) -> NDArray[np.float64]:
            made = {}
            for column in evidence.frame.columns:
                i, values = where[column]
                made[column] = pd.Series(values[asked[:, i].astype(np.intp)], dtype=dtypes[column])
            frame = pd.DataFrame(made, columns=evidence.frame.columns)
            if fold is None:
                found = evidence.predictor.raw_canonical(frame)
            else:
                found = evidence.predictor.out_of_fold(frame, np.full(len(frame), fold))
            return found[:, 1] if evidence.task.kind == "binary" else found

        return cls(players, codes[: len(rows)], codes[len(rows) :], predict)


def _players(evidence: Evidence, columns: Sequence[str] | None, seed: int) -> list[tuple[str, ...]]:
    """Each column that is told apart, and the rest together."""
    known = list(kinds(evidence))
    if columns is None:
        apart = set(known if len(known) <= MOST else _sensitive(evidence, known, seed))
    else:
        for column in columns:
            kind_of(evidence, column)
        apart = set(columns)
    rest = tuple(column for column in known if column not in apart)
    return [(column,) for column in known if column in apart] + ([rest] if rest else [])


def _sensitive(evidence: Evidence, known: list[str], seed: int) -> list[str]:
    """The `MOST` columns whose shuffling changes the predictions of a few rows most."""
    random = stream(seed, "shapley", "columns")
    rows = np.sort(random.permutation(len(evidence.frame))[:30])
    other = random.choice(len(evidence.frame), size=len(rows))
    unchanged = predict_variants(evidence, rows, [{}])[0]
    changed = predict_variants(evidence, rows, [{c: evidence.frame[c].to_numpy()[other]} for c in known])
    change = np.abs(changed - unchanged).reshape(len(known), -1).mean(axis=1)
    return [known[i] for i in np.argsort(-change, kind="stable")[:MOST]]
