"""What each column adds to a prediction: Shapley values (Lundberg & Lee 2017), computed by the shap library.

The game: the columns of a row join one after another; those that have not joined yet hold what they hold in background
rows, and what counts is the mean prediction over these. Rows of the training table are explained as they are predicted
by the pipelines that did not learn from them, rows of the user's by the whole model; base and values add up to that
prediction. Where there are few columns, every coalition is counted and the values are exact for the background; else
columns join in a random order and leave in the reverse of it (Mitchell et al. 2022, antithetic permutations), which
adds up exactly too and is exact for interactions of two columns.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.errors import SettingError
from hortus.explain.coalition import Game, Masker
from hortus.explain.evidence import Evidence
from hortus.libraries import require
from hortus.seeds import derive, stream

# 2^6 coalitions cost five times what one permutation does.
EXACT = 6
OTHERS = "all other columns"

Explained = Literal["probability", "value"]


@dataclass(frozen=True)
class Shapley:
    """What each column adds to the predictions of some rows.

    Attributes:
        columns: p names; the last is ``"all other columns"`` where the table has too many to tell apart.
        values: (m, p) for two classes (what is added to the probability of the second) and for a regression;
            (m, p, K) for more classes.
        base: the mean prediction over the background: a number, or (K,) for more than two classes.
        bases: (m,) or (m, K) the same by what predicts each row; ``base`` is their mean.
        predictions: (m,) or (m, K), ``bases + values.sum(axis=1)``.
        frame: (m rows) that were explained, as `Schema.apply` reads them; all columns of the table.
        exact: whether every coalition was counted.
        kind: what is explained: a probability or a value.
        rows: m; fewer than asked for where the time was up.
        background: number of background rows.
    """

    columns: tuple[str, ...]
    values: NDArray[np.float64]
    base: float | NDArray[np.float64]
    bases: NDArray[np.float64]
    predictions: NDArray[np.float64]
    frame: pd.DataFrame
    exact: bool
    kind: Explained
    rows: int
    background: int

    @property
    def importance(self) -> NDArray[np.float64]:
        """(p,) mean absolute value of each column, over the rows and, if there are more than two, the classes."""
        axes = (0,) if self.values.ndim == 2 else (0, 2)
        found: NDArray[np.float64] = np.abs(self.values).mean(axis=axes)
        return found


def shap_values(
    evidence: Evidence,
    frame: pd.DataFrame | None = None,
    *,
    rows: int = 200,
    seed: int = 0,
    seconds: float | None = 30,
    permutations: int = 1,
    columns: Sequence[str] | None = None,
) -> Shapley:
    """Explain many rows.

    Args:
        evidence: the model, and the rows that the background is drawn from.
        frame: rows of the user's to be explained, all of them; None for a sample of the evidence's.
        rows: how many are sampled.
        seed: of the sample, the background and the orders.
        seconds: about how long it may take: what has been explained by then is returned, one row at least. None
            for no limit.
        permutations: orders for each row, each also reversed.
        columns: those to be told apart, where not all are wanted; of more than 60, the most
            sensitive.

    Raises:
        MissingExtraError: shap is not installed.
        SchemaError: ``frame`` is not like the training table.
        SettingError: ``columns`` names one that the model does not have, or ``frame`` has no rows.
    """
    end = None if seconds is None else time.monotonic() + seconds
    shap = _library()
    if frame is None:
        chosen = stream(seed, "shapley", "rows").permutation(len(evidence.frame))[:rows]
        canonical = evidence.frame.iloc[chosen]
        folds: list[int | None] = [int(fold) for fold in evidence.folds[evidence.rows[chosen]]]
    else:
        canonical, _ = evidence.predictor.schema.apply(frame)
        folds = [None] * len(canonical)
        if not len(canonical):
            raise SettingError("There are no rows to explain.", mend="Give one at least.", code="no-rows")
    game = Game.of(evidence, canonical, seed=seed, columns=columns)
    players = len(game.players)
    exact = players <= EXACT
    evaluations = 2**players if exact else permutations * (2 * players + 1)
    explainers: dict[int | None, Any] = {}
    values, bases = [], []
    with _apart():
        for row, fold in zip(game.rows, folds, strict=True):
            if fold not in explainers:
                explainers[fold] = _explainer(shap, game, fold, exact=exact, seed=derive(seed, "shapley", str(fold)))
            explained = explainers[fold](row[None], max_evals=evaluations, silent=True)
            values.append(np.asarray(explained.values)[0])
            bases.append(np.asarray(explained.base_values)[0])
            if end is not None and time.monotonic() > end:
                break
    found, based = np.stack(values), np.stack(bases)
    return Shapley(
        columns=tuple(OTHERS if len(player) > 1 else player[0] for player in game.players),
        values=found,
        base=float(based.mean()) if found.ndim == 2 else based.mean(axis=0),
        bases=based,
        predictions=based + found.sum(axis=1),
        frame=canonical.iloc[: len(found)],
        exact=exact,
        kind="value" if evidence.task.kind == "regression" else "probability",
        rows=len(found),
        background=len(game.background),
    )


def _explainer(shap: Any, game: Game, fold: int | None, *, exact: bool, seed: int) -> Any:
    """Of the rows that ``fold`` validated, or of new rows for None."""

    def predict(codes: NDArray[np.float64]) -> NDArray[np.float64]:
        return game.predict(codes, fold)

    masker = Masker(game.background, default_batch_size=2**EXACT + 2 * len(game.players))
    return shap.ExactExplainer(predict, masker) if exact else shap.PermutationExplainer(predict, masker, seed=seed)


def _library() -> Any:
    with warnings.catch_warnings():
        # What shap's own imports find old-fashioned in one another is nothing that a user can mend.
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category=category)
        return require("shap", "explain")


@contextmanager
def _apart() -> Iterator[None]:
    """Give the global random state back as it was: shap seeds it and draws from it."""
    kept = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(kept)  # noqa: NPY002
