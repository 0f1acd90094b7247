"""What a run found, as tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
from optuna.trial import TrialState

from hortus.engine.journal import TrialRow

COLUMNS = (
    "rank",
    "trial",
    "model",
    "pipeline",
    "score",
    "low",
    "high",
    "tied",
    "weight",
    "state",
    "fit_seconds",
    "predict_ms",
    "size_mb",
    "reason",
)

# A trial that still runs when a run is read was interrupted: resuming runs it again.
STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "interrupted",
    TrialState.WAITING: "interrupted",
}


def leaderboard(
    rows: Sequence[TrialRow],
    *,
    weights: Mapping[int, float],
    intervals: Mapping[int, tuple[float, float]],
    tied: Collection[int] = (),
) -> pd.DataFrame:
    """Every trial, the best first, then those that failed.

    Args:
        rows: the journal's.
        weights: the ensemble's, by trial number.
        intervals: 95 % intervals of the scores, by trial number.
        tied: numbers of the trials that cannot be told from the best.

    Returns:
        A frame with the columns `COLUMNS`: ``low`` and ``high`` bound the score; ``tied`` says whether it
        differs from the best by no more than noise; ``weight`` is the share in the
        ensemble; ``predict_ms`` is a row's share of a batch; ``reason`` says why a trial failed.
    """
    ranked = sorted(rows, key=lambda row: (row.state != TrialState.COMPLETE, -(row.value or 0.0), row.number))
    table = [_line(row, weights.get(row.number, 0.0), intervals.get(row.number), row.number in tied) for row in ranked]
    frame = pd.DataFrame(table, columns=list(COLUMNS[1:]))
    frame.insert(0, "rank", range(1, len(frame) + 1))
    return frame


def _line(row: TrialRow, weight: float, bounds: tuple[float, float] | None, tied: bool) -> dict[str, Any]:
    evaluation = row.evaluation
    low, high = bounds or (float("nan"), float("nan"))
    return {
        "trial": row.number,
        "model": row.model,
        "pipeline": row.describe,
        "score": row.value if row.state == TrialState.COMPLETE else float("nan"),
        "low": low,
        "high": high,
        "tied": tied,
        "weight": weight,
        "state": STATES[row.state],
        "fit_seconds": evaluation.seconds if evaluation else float("nan"),
        "predict_ms": 1000 * evaluation.predict_seconds if evaluation else float("nan"),
        "size_mb": sum(a.size for a in evaluation.artifacts) / 1e6 if evaluation else float("nan"),
        "reason": row.reason,
    }
