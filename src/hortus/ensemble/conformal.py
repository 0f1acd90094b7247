"""Intervals and sets that hold the truth as often as asked, from the errors out of fold (conformal prediction).

Vovk et al. 2005, ch. 2; cross-validated as by Vovk 2015 and Barber et al. 2021, with the whole ensemble in place of
the folds' models. A new row is taken to be like the rows trained on (exchangeable with them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.difficulty import Difficulty, damaged, fit_difficulty
from hortus.ensemble.selection import make_blocks
from hortus.ensemble.stacking import numbers
from hortus.errors import SettingError

Array = NDArray[np.float64]

# Scores that are kept: all, or the highest and as many others, evenly.
MOST = 1_000
HIGHEST = 300
# Two sums of the same weights in another order differ by less.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Ladder:
    """The quantiles of scores of how far off a row is, a new row counted in.

    Attributes:
        scores: rising, from 0 or more.
        shares: rising, below 1: which share of all rows and a new one scores that or less.
    """

    scores: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def highest(self) -> float:
        """The highest level there are rows enough for."""
        return self.shares[-1]

    def at(self, level: float) -> float:
        """The smallest known score that a new row's exceeds with a probability of at most 1 - level."""
        place = int(np.searchsorted(self.shares, level - ROUNDING, side="left"))
        return self.scores[min(place, len(self.scores) - 1)]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"scores": list(self.scores), "shares": list(self.shares)}

    @classmethod
    def from_json(cls, found: Any) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ArtifactError: scores or shares do not rise from 0 on, or are not as many.
        """
        if not isinstance(found, dict):
            raise damaged()
        scores, shares = (numbers(found.get(name), "intervals") for name in ("scores", "shares"))
        rising = all((np.diff(side) > 0).all() for side in (scores, shares))
        if not scores or len(scores) != len(shares) or not rising or scores[0] < 0:
            raise damaged()
        if not 0 < shares[0] <= shares[-1] < 1:
            raise damaged()
        return cls(scores, shares)


def fit_ladder(scores: Array, weight: Array) -> Ladder:
    """The quantiles of (n,) scores.

    With equal weights, the score at a level is the ``ceil((n + 1) level)``-th smallest. Where not all are kept, the
    next higher of those that are stands in: the level is kept at least.
    """
    order = np.argsort(scores, kind="stable")
    # A new row weighs what the mean row does (Tibshirani et al. 2019, eq. 7, with its weight unknown).
    shares = np.cumsum(weight[order]) / (weight.sum() + weight.mean())
    ranked = scores[order]
    last = np.flatnonzero(np.append(np.diff(ranked) > 0, True) & (shares > 0))
    last = last[np.diff(shares[last], prepend=0.0) > 0]
    if len(last) > MOST:
        rest = np.linspace(0, len(last) - HIGHEST - 1, MOST - HIGHEST).round().astype(np.intp)
        last = last[np.append(rest, np.arange(len(last) - HIGHEST, len(last)))]
    return Ladder(tuple(ranked[last].tolist()), tuple(shares[last].tolist()))


@dataclass(frozen=True)
class Conformal:
    """What is needed for an interval, or a set of classes, at any level.

    Attributes:
        rows: how many rows it was learned from.
        ladder: of a regression, of errors over their expected size; of a classification, of the probability that the
            true class lacked, 0 where it was the likeliest.
        difficulty: the expected size of a regression's errors; None for a classification.
        least: no value can be below; None where it can, and for a classification.
    """

    rows: int
    ladder: Ladder
    difficulty: Difficulty | None = None
    least: float | None = None

    @classmethod
    def fit(
        cls,
        y: NDArray[Any],
        predictions: Array,
        *,
        weight: Array | None = None,
        folds: NDArray[np.integer[Any]] | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from predictions of rows by what did not learn from them.

        Args:
            y: (n,) values, or class codes.
            predictions: (n,) values, or (n, K) probabilities, out of fold.
            weight: (n,) sample weights.
            folds: (n,) the fold each row was validated in; None for random blocks.
            seed: of the run.
        """
        w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
        if predictions.ndim == 2:
            return cls(len(y), fit_ladder(_lacking(predictions)[np.arange(len(y)), y], w))
        errors = y - predictions
        blocks = make_blocks(y, seed=seed)
        if folds is not None and len(there := np.unique(folds)) > 1:
            blocks = np.searchsorted(there, folds)
        made, sizes = fit_difficulty(errors, predictions, w, blocks)
        return cls(len(y), fit_ladder(np.abs(errors) / sizes, w), made, 0.0 if y.min() >= 0 else None)

    def interval(self, predictions: Array, level: float = 0.9) -> Array:
        """(n, 2) lower and upper bounds that hold the true value with probability ``level``.

        They reach as far above the prediction as below; no lower than 0 where no value trained on was.

        Args:
            predictions: (n,) the model's.
            level: above 0 and below 1.

        Raises:
            SettingError: the level is none, or higher than the rows can vouch for; or the model predicts classes.
        """
        if self.difficulty is None:
            raise SettingError(
                "Classes have no intervals.",
                mend="Use predict_set(X, level=...) for the classes that hold the truth with that probability.",
                code="interval-of-classes",
            )
        reach = self._at(level) * self.difficulty.scale(predictions)
        bounds = np.column_stack([predictions - reach, predictions + reach])
        return bounds if self.least is None else np.maximum(bounds, self.least)

    def sets(self, probabilities: Array, level: float = 0.9) -> NDArray[np.bool_]:
        """(n, K) which classes are in the set that holds the true one with probability ``level``; never an empty one.

        Where the model is right more often than that, its sets are its predictions alone.

        Args:
            probabilities: (n, K) the model's.
            level: above 0 and below 1.

        Raises:
            SettingError: the level is none, or higher than the rows can vouch for; or the model predicts values.
        """
        if self.difficulty is not None:
            raise SettingError(
                "A regression has no sets of classes.",
                mend="Use predict_interval(X, level=...) for bounds of the value.",
                code="set-of-regression",
            )
        found: NDArray[np.bool_] = _lacking(probabilities) <= self._at(level)
        return found

    def _at(self, level: float) -> float:
        if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
            raise SettingError(
                f"The level {level!r} is no share between 0 and 1.", mend="Give 0.9 for 90 %.", code="level-range"
            )
        highest = self.ladder.highest
        if level > highest + ROUNDING:
            raise SettingError(
                f"The level {level} is beyond what the {self.rows} rows that this model was judged on can vouch for.",
                mend=f"The highest is {np.floor(highest * 1e4) / 1e4:g}; train on more rows for a higher one.",
                code="level-too-high",
            )
        return self.ladder.at(float(level))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "rows": self.rows,
            "ladder": self.ladder.to_json(),
            "difficulty": None if self.difficulty is None else self.difficulty.to_json(),
            "least": self.least,
        }

    @classmethod
    def from_json(cls, found: Any, *, classes: int) -> Self:
        """The inverse of ``to_json``.

        Args:
            found: what it gave.
            classes: of the task, 0 for a regression.

        Raises:
            ArtifactError: a part is not as Hortus writes it, or belongs to another kind of task.
        """
        if not isinstance(found, dict):
            raise damaged()
        rows, difficulty, least = (found.get(name) for name in ("rows", "difficulty", "least"))
        if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
            raise damaged()
        if (difficulty is None) != (classes > 0) or (least is not None and classes > 0):
            raise damaged()
        return cls(
            rows,
            Ladder.from_json(found.get("ladder")),
            None if difficulty is None else Difficulty.from_json(difficulty),
            None if least is None else numbers([least], "intervals")[0],
        )


def _lacking(probabilities: Array) -> Array:
    """(n, K) the probability each class lacks (Sadinle et al. 2019); the likeliest none, so that no set is empty."""
    found = 1.0 - np.asarray(probabilities, dtype=np.float64)
    found[np.arange(len(found)), found.argmin(axis=1)] = 0.0
    return found
