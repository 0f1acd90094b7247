"""The four questions of Train, in plain words: what to predict, what matters most, how long, how it will be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hortus.studio.profile import ColumnProfile

Use = Literal["random", "later", "groups"]


@dataclass(frozen=True)
class Matter:
    """A metric as a sentence.

    Attributes:
        metric: its name; the first of each kind is the kind's own.
        label: what matters most, then.
        told: when that is so.
    """

    metric: str
    label: str
    told: str


MATTERS: dict[str, tuple[Matter, ...]] = {
    "binary": (
        Matter("roc_auc", "Ranking the likely ones first", "Who to call first, what to inspect first."),
        Matter("accuracy", "Being right as often as possible", "Every mistake costs the same."),
        Matter("balanced_accuracy", "Being right in both groups alike", "One group is rare and just as important."),
        Matter("average_precision", "Finding the rare ones with few false alarms", "Fraud, faults, rare diseases."),
        Matter("neg_log_loss", "Honest probabilities", "The probability itself is used, in a price or a risk."),
        Matter("f1", "Catching the rarer answer and being right about it", "Alarms that are checked by people."),
    ),
    "multiclass": (
        Matter("neg_log_loss", "Honest probabilities", "The probability of each answer is used."),
        Matter("accuracy", "Being right as often as possible", "Every mistake costs the same."),
        Matter("balanced_accuracy", "Being right in every group alike", "Some groups are rare and just as important."),
        Matter("roc_auc_ovr", "Ranking the likely ones first", "Each answer's likeliest rows are looked at."),
    ),
    "regression": (
        Matter("neg_root_mean_squared_error", "No large errors", "One large error is worse than many small ones."),
        Matter("neg_mean_absolute_error", "Small errors on average", "An error twice as large is twice as bad."),
        Matter("neg_median_absolute_error", "A small usual error", "A few rows may be far off."),
        Matter("neg_mean_absolute_percentage_error", "Small errors in percent", "Prices or amounts; none is 0."),
        Matter("r2", "Explaining what varies", "The share of the differences that is explained."),
    ),
    "image": (
        Matter("accuracy", "Being right as often as possible", "Every mistake costs the same."),
        Matter("balanced_accuracy", "Being right in every class alike", "Some classes are rare and just as important."),
        Matter("neg_log_loss", "Honest probabilities", "The probability of each answer is used."),
    ),
}


def times(profiles: Sequence[ColumnProfile], target: str | None) -> list[str]:
    """Columns that may order the rows in time: dates first, then numbers that are all different."""
    there = [p for p in profiles if p.column.name != target]
    dates = [p.column.name for p in there if p.column.kind == "date"]
    counting = [p.column.name for p in there if p.column.kind == "numeric" and p.distinct > 2 and p.missing == 0]
    return [*dates, *counting]


def groups(profiles: Sequence[ColumnProfile], target: str | None, sampled: int) -> list[str]:
    """Columns that may hold what several rows belong to, names before numbers: values that recur, and are not all the
    same.
    """
    there = [p for p in profiles if p.column.name != target and p.column.kind in ("categorical", "numeric", "text")]
    there.sort(key=lambda p: p.column.kind == "numeric")
    return [p.column.name for p in there if 2 < p.distinct < sampled]
