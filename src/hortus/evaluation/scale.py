"""On which scale a metric's errors are symmetric, so that an interval neither leaves its range nor hides its skew."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hortus.data.metrics import Metric

# Shares: from 0 to 1, the nearer to either end the more crooked.
SHARES = ("accuracy", "balanced_accuracy", "top_k_accuracy")
SHARES_BEGIN = ("roc_auc", "average_precision", "f1", "precision", "recall", "jaccard")
# Errors, negated.
LOSSES_BEGIN = ("neg_log_loss", "neg_brier", "neg_mean_", "neg_median_", "neg_root_", "neg_max_error")
# One minus a ratio of errors.
RATIOS_BEGIN = ("r2", "explained_variance", "d2_")


@dataclass(frozen=True)
class Scale:
    """A monotone map of scores, and its derivative.

    Attributes:
        to: from a score to the scale.
        back: the inverse.
        slope: derivative of ``to`` at a score.
    """

    to: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]


def scale_of(metric: Metric, score: float) -> Scale:
    """The scale for one metric near one score: logit for shares, log for errors, Fisher's z for correlations.

    Args:
        metric: greater is better; of a metric that is not known by name, and at the very end of a range, scores are
            taken as they are.
        score: where the scale is needed.

    >>> from hortus.data.metrics import make_metric
    >>> scale = scale_of(make_metric("roc_auc", "binary", (0, 1)), 0.9)
    >>> round(scale.to(0.9), 3), round(scale.back(scale.to(0.9)), 3), round(scale.slope(0.9), 2)
    (2.197, 0.9, 11.11)
    """
    if is_share(metric) and 0 < score < 1:
        return LOGIT
    if metric.name.startswith(LOSSES_BEGIN) and score < 0:
        return LOSS
    if metric.name.startswith(RATIOS_BEGIN) and score < 1:
        return RATIO
    if metric.name == "matthews_corrcoef" and -1 < score < 1:
        return FISHER
    return PLAIN


def is_share(metric: Metric) -> bool:
    """Whether its scores go from 0 to 1.

    >>> from hortus.data.metrics import make_metric
    >>> is_share(make_metric("accuracy", "binary", (0, 1))), is_share(make_metric("rmse", "regression", ()))
    (True, False)
    """
    return metric.name in SHARES or metric.name.startswith(SHARES_BEGIN)


def _expit(t: float) -> float:
    return 0.5 * (1 + math.tanh(t / 2))


PLAIN = Scale(lambda s: s, lambda t: t, lambda _s: 1.0)
LOGIT = Scale(lambda s: math.log(s / (1 - s)), _expit, lambda s: 1 / (s * (1 - s)))
LOSS = Scale(lambda s: -math.log(-s), lambda t: -math.exp(-t), lambda s: -1 / s)
RATIO = Scale(lambda s: -math.log(1 - s), lambda t: 1 - math.exp(-t), lambda s: 1 / (1 - s))
FISHER = Scale(math.atanh, math.tanh, lambda s: 1 / (1 - s * s))
