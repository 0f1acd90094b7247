"""What models are worth on the rows that judge, and which of several is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import make_metric
from hortus.ensemble.combination import Combination
from hortus.ensemble.gain import gain
from hortus.ensemble.honest import honest_estimate
from hortus.errors import SettingError
from hortus.evaluation.scoring import by_fold
from hortus.explain.metric_words import is_loss, words
from hortus.run.graph.curves import curves
from hortus.run.graph.learners import Trained
from hortus.run.graph.splits import Split

# Beside the split's own, by task.
ALSO = {
    "binary": ("roc_auc", "accuracy", "balanced_accuracy", "f1", "average_precision", "neg_log_loss"),
    "multiclass": ("neg_log_loss", "accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr"),
    "regression": ("neg_root_mean_squared_error", "neg_mean_absolute_error", "r2"),
}
# A difference of more standard errors than this is no chance.
SURE = 1.96


@dataclass(frozen=True)
class Measure:
    """One metric on the rows that judge.

    Attributes:
        metric: scikit-learn's name.
        label: in plain words.
        meaning: what the number says.
        score: greater is better.
        shown: as people know it: a loss as a positive number.
        lower_is_better: whether what is shown should be small.
        guessing: what is shown for always saying the commonest, or the mean.
    """

    metric: str
    label: str
    meaning: str
    score: float
    shown: float
    lower_is_better: bool
    guessing: float


@dataclass(frozen=True, eq=False)
class Scores:
    """What a model is worth on the rows that judge.

    Attributes:
        trained: the model.
        measures: the split's metric first.
        low: of the 95 % interval of the first one's score on very many such rows.
        high: likewise.
        folds: the first one's score on each fold.
        rows: how many rows judged.
        curves: what can be drawn, see `hortus.run.graph.curves`.
    """

    trained: Trained
    measures: tuple[Measure, ...]
    low: float
    high: float
    folds: tuple[float, ...]
    rows: int
    curves: dict[str, Any]

    @property
    def score(self) -> float:
        """The split's metric; greater is better."""
        return self.measures[0].score

    def to_json(self) -> dict[str, Any]:
        """All but the model as plain JSON values."""
        return {
            "name": self.trained.name,
            "measures": [asdict(measure) for measure in self.measures],
            "low": self.low,
            "high": self.high,
            "folds": list(self.folds),
            "rows": self.rows,
            "curves": self.curves,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any], trained: Trained) -> Scores:
        """The inverse of `to_json`."""
        numbers = ("score", "shown", "guessing")
        undefined = [{key: np.nan for key in numbers if one[key] is None} for one in found["measures"]]
        measures = tuple(Measure(**{**one, **gaps}) for one, gaps in zip(found["measures"], undefined, strict=True))
        low, high = (np.nan if found[key] is None else found[key] for key in ("low", "high"))
        return cls(trained, measures, low, high, tuple(found["folds"]), found["rows"], found["curves"])


@dataclass(frozen=True)
class Compared:
    """One model beside others.

    Attributes:
        name: of the model.
        score: greater is better.
        shown: as people know the metric.
        behind: how far it is behind the best; 0 for the best.
        tied: whether that may be chance.
        seconds: that fitting took.
    """

    name: str
    score: float
    shown: float
    behind: float
    tied: bool
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """Several models on the same rows, the best first.

    Attributes:
        metric: what they are compared by.
        label: that in plain words.
        lower_is_better: whether what is shown should be small.
        rows: one a model.
    """

    metric: str
    label: str
    lower_is_better: bool
    rows: tuple[Compared, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def evaluate(trained: Trained, *, metrics: Sequence[str] = ()) -> Scores:
    """Judge a model by rows that it did not learn from.

    Args:
        trained: the model.
        metrics: beside the split's own; the usual ones where none are given.

    Raises:
        SettingError: there is no such metric, or it does not fit the task.
    """
    split = trained.split
    said, y, folds, weight = judged(trained)
    task = split.task
    names = dict.fromkeys([task.metric, *(metrics or ALSO[task.kind])])
    guess = _guessing(split)
    measures = []
    for name in names:
        metric = make_metric(name, task.kind, tuple(range(len(task.classes))))
        score, guessed = (by_fold(metric, y, one, folds, weight) for one in (said, guess))
        sign = -1.0 if is_loss(name) else 1.0
        told = words(name)
        measures.append(Measure(name, told.name, told.meaning, score, sign * score, is_loss(name), sign * guessed))
    first = make_metric(task.metric, task.kind, tuple(range(len(task.classes))))
    alone = Combination(np.ones(1), None, None, said)
    estimate = honest_estimate([said], alone, y, first, weight=weight, folds=folds)
    each = tuple(
        by_fold(first, y[folds == fold], said[folds == fold], None, None if weight is None else weight[folds == fold])
        for fold in np.unique(folds)
    )
    return Scores(trained, tuple(measures), estimate.low, estimate.high, each, len(y), curves(y, said, task))


def compare(*scores: Scores) -> Comparison:
    """Put models beside each other, the best first, and say which differences may be chance.

    Raises:
        SettingError: they were judged by different rows.
    """
    split = scores[0].trained.split
    if any(one.trained.split is not split for one in scores):
        raise SettingError(
            "These models were judged by different rows, so that their scores say nothing about each other.",
            mend="Take all of them from one split.",
            code="compare-splits",
        )
    best, *others = sorted(scores, key=lambda one: -one.score)
    loss = best.measures[0].lower_is_better
    rows = [Compared(best.trained.name, best.score, best.measures[0].shown, 0.0, False, best.trained.seconds)]
    said, y, folds, weight = judged(best.trained)
    for one in others:
        rival = judged(one.trained)[0]
        more, error = gain(split.metric, y, said, rival, weight, folds=folds)
        tied = not more > SURE * error
        behind = best.score - one.score
        rows.append(Compared(one.trained.name, one.score, one.measures[0].shown, behind, tied, one.trained.seconds))
    return Comparison(split.task.metric, best.measures[0].label, loss, tuple(rows))


def judged(
    trained: Trained,
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.int8], NDArray[np.float64] | None]:
    """Of the rows that judge: what the model says, the truth, the fold, and the weights."""
    data, rows = trained.split.data, trained.split.test
    weight = None if data.weight is None else np.asarray(data.weight[rows])
    said = trained.predictions[rows].astype(np.float64)
    return said, np.asarray(data.y[rows]), np.asarray(data.folds.assignment[rows]), weight


def _guessing(split: Split) -> NDArray[np.float64]:
    """What somebody says who knows nothing but the rows to learn from: their shares of classes, or their mean."""
    data = split.data
    classes = len(split.task.classes)
    found = np.empty((len(data), classes) if classes else (len(data),))
    for fold in range(split.folds):
        y = data.y[data.train_rows(fold)]
        found[data.valid_rows(fold)] = np.bincount(y, minlength=classes) / len(y) if classes else y.mean()
    return found[split.test]
