"""How far a regression's predictions are off, in which direction, and where more than elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.errors import SettingError
from hortus.explain.evidence import Evidence
from hortus.seeds import stream

POINTS = 500
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Residuals:
    """True minus predicted, of rows that the model did not learn from.

    Attributes:
        predicted: (r,) of at most 500 rows drawn from all.
        true: (r,) of the same rows.
        levels: (0.05, 0.25, 0.5, 0.75, 0.95).
        quantiles: (5,) of the residuals of all rows, at these levels.
        bias: mean residual; above 0 where predictions are too low.
        by_level: (b, 5) the quantiles among rows of about equal prediction.
        centres: (b,) median prediction of these rows.
        counts: (b,) their number.
        spread: rank correlation of the prediction with the residual's size (Spearman): above 0 where large predictions
            are further off than small ones.
        spread_p: of there being no such correlation.
    """

    predicted: Values
    true: Values
    levels: tuple[float, ...]
    quantiles: Values
    bias: float
    by_level: Values
    centres: Values
    counts: NDArray[np.intp]
    spread: float
    spread_p: float

    @property
    def uneven(self) -> bool:
        """Whether the error goes with the prediction so clearly that one figure for all is misleading."""
        return abs(self.spread) > 0.2 and self.spread_p < 0.001


def residuals(evidence: Evidence, bins: int = 10, *, seed: int = 0) -> Residuals:
    """Look at the errors of a regression.

    Args:
        evidence: of a regression.
        bins: most groups of rows of about equal prediction; equal predictions are never parted.
        seed: of the rows that are drawn.

    Raises:
        SettingError: the task is a classification.
    """
    if evidence.task.kind != "regression":
        raise SettingError(
            "Classes have no residuals.", mend="Use confusion() and reliability().", code="residuals-of-classes"
        )
    from scipy.stats import spearmanr

    predicted, true = evidence.predictions, np.asarray(evidence.y, dtype=np.float64)
    off = true - predicted
    weight = evidence.weight
    drawn = np.sort(stream(seed, "residuals").permutation(len(off))[:POINTS])
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, predicted)
    groups = [rows for rows in (np.flatnonzero(place == i) for i in range(len(edges) + 1)) if len(rows)]
    varies = np.ptp(predicted) > 0 and np.ptp(np.abs(off)) > 0
    spread, p = spearmanr(predicted, np.abs(off)) if varies else (0.0, 1.0)
    return Residuals(
        predicted=predicted[drawn],
        true=true[drawn],
        levels=LEVELS,
        quantiles=_quantiles(off, weight),
        bias=float(np.average(off, weights=weight)),
        by_level=np.stack([_quantiles(off[rows], None if weight is None else weight[rows]) for rows in groups]),
        centres=np.array([np.median(predicted[rows]) for rows in groups]),
        counts=np.array([len(rows) for rows in groups], dtype=np.intp),
        spread=float(spread),
        spread_p=float(p),
    )


def _quantiles(values: Values, weight: Values | None) -> Values:
    """At `LEVELS`; weighted ones are the values at which that share of the weights is reached."""
    if weight is None or not weight.any():
        return np.quantile(values, LEVELS)
    found: Values = np.quantile(values, LEVELS, weights=weight, method="inverted_cdf")
    return found
