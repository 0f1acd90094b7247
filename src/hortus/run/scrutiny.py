"""What suspicious columns are worth: a score with and without them, and one on later rows, attached to the findings.

The checks of the data name what looks like a leak, or an order in time, by the table alone. Here a model of the
search's kind says what follows from it, on the rows that the run keeps and within a few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.checks import LEAK_CODES
from hortus.data.finding import Finding, columns_of, scored
from hortus.data.rows import Rows
from hortus.models.base import FitContext
from hortus.models.lightgbm import LightGBM
from hortus.run.prepare import Prepared
from hortus.seeds import derive, stream

LEAKS = (*LEAK_CODES, "missing-tells-target")
ORDERS = ("rows-ordered",)
FOLDS = 3
LATER = 0.25
# A share of the learner's rounds that tells a leak within a second or two.
ROUNDS = 0.1


@dataclass(frozen=True)
class _Judge:
    """Fits a small model to some rows and columns and scores it on others.

    Attributes:
        prepared: the run's data.
        rows: (m,) positions of the rows that are looked at.
        seed: of every fit.
        deadline: on ``time.monotonic()``.
    """

    prepared: Prepared
    rows: NDArray[np.intp]
    seed: int
    deadline: float

    def score(self, inside: NDArray[np.intp], outside: NDArray[np.intp], without: Sequence[str]) -> float:
        """Of a model that learned from ``inside`` and is judged on ``outside``, positions among the rows."""
        data = self.prepared.data
        kept = [i for i, column in enumerate(data.X.columns) if column.source not in without]
        learn, judge = (_only(data.rows(self.rows[index]), kept) for index in (inside, outside))
        context = FitContext(data.kind, data.classes, seed=self.seed, rounds=ROUNDS, deadline=self.deadline)
        model = LightGBM(learning_rate=0.1).fit(learn, context)
        return self.prepared.metric(judge.y, model.predict(judge.X), judge.weight)

    def cross_validated(self, without: Sequence[str] = ()) -> float:
        """The mean over folds that do not depend on which columns are left out."""
        order = stream(self.seed, "folds").permutation(len(self.rows))
        folds = [np.sort(part) for part in np.array_split(order, FOLDS)]
        return float(np.mean([self.score(_others(folds, k), folds[k], without) for k in range(FOLDS)]))


def scrutinize(
    findings: Sequence[Finding], prepared: Prepared, sample: pd.DataFrame, *, seed: int, seconds: float
) -> tuple[Finding, ...]:
    """The findings, with scores where a model can say more than the check.

    Leaks get ``with`` and ``without`` the suspicious columns; an order in time gets ``random`` (rows held out by
    chance) and ``later`` (the last quarter held out).

    Args:
        findings: of the checks.
        prepared: the run's data; its metric scores.
        sample: (m, p) rows that the run keeps; the index holds their positions.
        seed: of the run.
        seconds: that all of it may take; what is not reached is left without scores.
    """
    deadline = time.monotonic() + seconds
    judge = _Judge(prepared, sample.index.to_numpy(), derive(seed, "scrutiny"), deadline)
    found = tuple(findings)
    leaks = columns_of(found, *LEAKS)
    if leaks and len(leaks) < len(sample.columns):
        found = _attached(found, LEAKS, partial(_with_and_without, judge, leaks), deadline)
    for finding in found:
        if finding.code in ORDERS and finding.columns and finding.columns[0] in sample.columns:
            moments = sample[finding.columns[0]]
            found = _attached(found, ORDERS, partial(_random_and_later, judge, moments), deadline)
    return found


def _attached(
    found: tuple[Finding, ...], codes: Sequence[str], measure: Callable[[], dict[str, float]], deadline: float
) -> tuple[Finding, ...]:
    if time.monotonic() > deadline:
        return found
    scores = {name: score for name, score in measure().items() if np.isfinite(score)}
    # A fit that was cut off by the clock tells nothing.
    return found if time.monotonic() > deadline else scored(found, codes, scores)


def _with_and_without(judge: _Judge, columns: Sequence[str]) -> dict[str, float]:
    return {"with": judge.cross_validated(), "without": judge.cross_validated(columns)}


def _random_and_later(judge: _Judge, moments: pd.Series[Any]) -> dict[str, float]:
    known = np.flatnonzero(moments.notna().to_numpy())
    ordered = known[np.argsort(moments.to_numpy()[known], kind="stable")]
    chance = stream(judge.seed, "chance").permutation(known)
    cut = len(known) - max(1, round(LATER * len(known)))
    return {
        "random": judge.score(np.sort(chance[:cut]), np.sort(chance[cut:]), ()),
        "later": judge.score(np.sort(ordered[:cut]), np.sort(ordered[cut:]), ()),
    }


def _others(folds: Sequence[NDArray[np.intp]], left_out: int) -> NDArray[np.intp]:
    return np.sort(np.concatenate([fold for k, fold in enumerate(folds) if k != left_out]))


def _only(rows: Rows, kept: Sequence[int]) -> Rows:
    columns = tuple(rows.X.columns[i] for i in kept)
    return Rows(rows.X.with_dense(rows.X.dense[:, list(kept)], columns), rows.y, rows.weight)
