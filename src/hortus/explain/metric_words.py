"""Metrics in plain words: what each is called, what it says, and which way is better.

Scores are kept so that greater is better; people know a loss by its size. So what is shown of ``neg_log_loss`` is the
log loss, and lower is better.
"""

from __future__ import annotations

from typing import NamedTuple

from hortus.explain.figures import exact, number


class Words(NamedTuple):
    """A metric's name, and a sentence on what its number says."""

    name: str
    meaning: str


_PLAIN = {
    "accuracy": Words("accuracy", "the share of {things} whose class is predicted rightly"),
    "average_precision": Words(
        "average precision", "how pure the alarms stay while more and more of the true cases are found; 1 is perfect"
    ),
    "balanced_accuracy": Words(
        "balanced accuracy", "the share of {things} predicted rightly, each class counting alike"
    ),
    "brier_score": Words("Brier score", "the mean squared error of the predicted probabilities; 0 is perfect"),
    "f1": Words("F1", "a mean of how pure and how complete the alarms are; 1 is perfect"),
    "log_loss": Words("log loss", "how surprised the predicted probabilities are by what happened; 0 is perfect"),
    "matthews_corrcoef": Words("Matthews correlation", "agreement of prediction and truth; 1 is perfect, 0 is chance"),
    "max_error": Words("largest error", "the worst single error"),
    "mean_absolute_error": Words("mean error", "how far a prediction is off on average"),
    "mean_absolute_percentage_error": Words("mean error in percent", "how far off, as a share of the true value"),
    "mean_squared_error": Words("mean squared error", "the mean of the squared errors; large errors count most"),
    "median_absolute_error": Words("median error", "half of the predictions are off by less than this"),
    "precision": Words("precision", "the share of the alarms that are true"),
    "r2": Words("R²", "the share of the target's variation that is explained; 1 is perfect, 0 is guessing the mean"),
    "recall": Words("recall", "the share of the true cases that are found"),
    "roc_auc": Words(
        "ROC AUC",
        "how often the right one of two {things}, one of each class, is ranked higher; 1 is perfect, 0.5 is chance",
    ),
    "root_mean_squared_error": Words("root mean squared error", "the typical error, where large errors count more"),
    "root_mean_squared_log_error": Words("root mean squared log error", "the typical error of orders of magnitude"),
}


def is_loss(metric: str) -> bool:
    """Whether people know the metric as something that should be small."""
    return metric.startswith("neg_")


def words(metric: str, *, things: str = "rows") -> Words:
    """A metric's name and meaning.

    Args:
        metric: its name.
        things: that are predicted, in the plural: rows, pictures.

    >>> words("accuracy", things="pictures").meaning
    'the share of pictures whose class is predicted rightly'
    >>> words("neg_log_loss").name, words("roc_auc_ovr").name, words("profit").name
    ('log loss', 'ROC AUC', 'profit')
    """
    plain = metric.removeprefix("neg_")
    stems = [stem for stem in _PLAIN if plain == stem or plain.startswith(f"{stem}_")]
    if stems:
        name, meaning = _PLAIN[max(stems, key=len)]
        return Words(name, meaning.format(things=things))
    better = "the smaller the better" if is_loss(metric) else "the greater the better"
    return Words(plain.replace("_", " "), better)


def shown(metric: str, score: float) -> float:
    """A score as people know it: a loss by its size."""
    return -score if is_loss(metric) else score


def written(metric: str, score: float, *, lined_up: bool = False) -> str:
    """A score in figures: shares to three places, else three significant digits; four places where it is lined up.

    >>> written("neg_log_loss", -0.1234567), written("r2", 0.8), written("neg_mean_absolute_error", -41.234)
    ('0.123', '0.800', '41.2')
    """
    value = shown(metric, score)
    if lined_up:
        return exact(value, 4 if abs(value) < 100 else 2)
    return exact(value, 3) if 0.1 <= abs(value) <= 1 else number(value, full=True)
