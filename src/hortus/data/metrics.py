"""How good predictions are: one callable for every metric, greater is always better.

scikit-learn's metrics go by scikit-learn's names and are computed by scikit-learn, through an estimator that only
hands back given predictions. The few that ensemble selection calls thousands of times are written in numpy
(`fast_metrics`) and proven equal.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hortus.data.facts import Kind
from hortus.data.fast_metrics import FAST
from hortus.data.task import class_array
from hortus.errors import SettingError, nearest

Array = NDArray[Any]
Needs = Literal["proba", "label", "value"]
Score = Callable[[Array, Array, "Array | None"], float]

DEFAULTS: dict[Kind, str] = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}
ALIASES = {
    "acc": "accuracy",
    "ap": "average_precision",
    "auc": "roc_auc",
    "auprc": "average_precision",
    "brier": "neg_brier_score",
    "brier_score": "neg_brier_score",
    "cross_entropy": "neg_log_loss",
    "logloss": "neg_log_loss",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "mcc": "matthews_corrcoef",
    "medae": "neg_median_absolute_error",
    "median_absolute_error": "neg_median_absolute_error",
    "mse": "neg_mean_squared_error",
    "msle": "neg_mean_squared_log_error",
    "pr_auc": "average_precision",
    "r2_score": "r2",
    "rmse": "neg_root_mean_squared_error",
    "rmsle": "neg_root_mean_squared_log_error",
    "roc_auc_score": "roc_auc",
    "rocauc": "roc_auc",
}
_REGRESSION = ("d2_absolute_error_score", "explained_variance", "r2", "neg_max_error", "neg_mean_gamma_deviance")
_REGRESSION_ENDINGS = ("_error", "_poisson_deviance", "_squared_log_error")
_BINARY_ONLY = ("f1", "jaccard", "precision", "recall")
_BINARY_ONLY_WITHOUT_KIN = ("neg_negative_likelihood_ratio", "positive_likelihood_ratio")
# These take no prediction at or below zero.
_POSITIVE = ("log_error", "gamma_deviance", "poisson_deviance")


@dataclass(frozen=True)
class Metric:
    """A metric, as ``metric(y, prediction, weight)``; greater is better.

    Attributes:
        name: scikit-learn's name, or the function's own.
        needs: what it is computed from: ``"proba"`` (n, K) probabilities, ``"label"`` predicted classes,
            ``"value"`` (n,) predicted values.
        score: the computation itself.

    >>> accuracy = make_metric("accuracy", "binary", ("no", "yes"))
    >>> accuracy(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    0.6666666666666666
    """

    name: str
    needs: Needs
    score: Score

    def __call__(self, y: Array, prediction: Array, weight: Array | None = None) -> float:
        """Score predictions.

        Args:
            y: (n,) class codes 0 … K - 1, or values.
            prediction: (n, K) probabilities, or (n,) values; (n,) class codes will do where ``needs`` is "label".
            weight: (n,) sample weights; left out of metrics that know none.

        Returns:
            The score; NaN where it is undefined on these rows.
        """
        if self.needs == "label" and prediction.ndim == 2:
            prediction = prediction.argmax(axis=1)
        if weight is not None and not np.any(weight):
            return float("nan")
        return self.score(y, prediction, weight)


def make_metric(metric: str | Callable[..., Any] | None, kind: Kind, classes: tuple[Any, ...]) -> Metric:
    """Return the metric called ``metric``, or made of the user's own function.

    Args:
        metric: a scikit-learn scorer's name or an alias (``"rmse"``, ``"auc"``), a function
            ``f(y_true, y_pred)`` on labels or values (greater is better), a scorer of scikit-learn's form,
            or None for the task's own: roc_auc, neg_log_loss, neg_root_mean_squared_error.
        kind: the task.
        classes: the labels in the order of their codes; the last of two is the positive class.

    Raises:
        SettingError: an unknown metric, or one of another kind of task.
    """
    if metric is None:
        return make_metric(DEFAULTS[kind], kind, classes)
    if callable(metric):
        return _from_callable(metric, kind, classes)
    name = canonical_name(metric)
    name = _fitting(name, kind)
    if name in FAST:
        needs, score = FAST[name]
        return Metric(name, needs, score)
    from sklearn.metrics import get_scorer

    return Metric(name, *_from_scorer(get_scorer(name), kind, np.arange(len(classes)), codes=True, name=name))


def canonical_name(metric: str) -> str:
    """scikit-learn's name for ``metric``, which may be an alias or lack its ``neg_``.

    Raises:
        SettingError: there is no such metric; the nearest is named.

    >>> canonical_name("rmse"), canonical_name("log_loss")
    ('neg_root_mean_squared_error', 'neg_log_loss')
    """
    name = str(metric).strip().lower().replace("-", "_").replace(" ", "_")
    name = ALIASES.get(name, name)
    if name in FAST:
        return name
    from sklearn.metrics import get_scorer_names

    known = get_scorer_names()
    for candidate in (name, f"neg_{name}", name.removesuffix("_score"), f"neg_{name.removesuffix('_score')}"):
        if candidate in known:
            return candidate
    if name.startswith("neg_") and name.removeprefix("neg_") in ALIASES:
        return ALIASES[name.removeprefix("neg_")]
    raise SettingError(
        f"There is no metric called {metric!r}.",
        mend=nearest(name, [*known, *ALIASES]),
        code="unknown-metric",
    )


def metric_task(metric: str | Callable[..., Any] | None) -> Literal["classification", "regression"] | None:
    """The kind of task a metric is for; None where it does not tell.

    >>> metric_task("rmse"), metric_task("accuracy"), metric_task(None)
    ('regression', 'classification', None)
    """
    if not isinstance(metric, str):
        return None
    return "regression" if _for_regression(canonical_name(metric)) else "classification"


def _for_regression(name: str) -> bool:
    return name in _REGRESSION or name.endswith(_REGRESSION_ENDINGS)


def _fitting(name: str, kind: Kind) -> str:
    """The name under which a metric fits the task, or an error that says what does."""
    if kind == "multiclass" and name == "roc_auc":
        return "roc_auc_ovr"
    if kind == "binary" and name.startswith("roc_auc_ov"):
        return "roc_auc"
    if name.endswith("_samples"):
        mend = f"Choose {name.replace('_samples', '_macro')!r}."
    elif _for_regression(name) != (kind == "regression"):
        mend = f"Choose {DEFAULTS[kind]!r} or another for a {kind} task, or set the task."
    elif kind == "multiclass" and name in _BINARY_ONLY:
        mend = f"Choose '{name}_macro', '{name}_micro' or '{name}_weighted'."
    elif kind == "multiclass" and name in _BINARY_ONLY_WITHOUT_KIN:
        mend = f"Choose {DEFAULTS[kind]!r}."
    else:
        return name
    raise SettingError(f"The metric {name!r} does not fit a {kind} task.", mend=mend, code="metric-task")


def _stand_in(kind: Kind, labels: Array) -> Any:
    """An estimator whose predictions are what it is given as ``X``."""
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    class Values(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def predict(self, X: Array) -> Array:
            return X

    class Classes(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = labels

        def predict(self, X: Array) -> Array:
            found: Array = labels[X.argmax(axis=1) if X.ndim == 2 else X]
            return found

        def predict_proba(self, X: Array) -> Array:
            return X

    return Values() if kind == "regression" else Classes()


def _from_scorer(scorer: Any, kind: Kind, labels: Array, *, codes: bool, name: str = "") -> tuple[Needs, Score]:
    """What a scikit-learn scorer needs, and it as a function of codes."""
    stand_in = _stand_in(kind, labels)
    methods = getattr(scorer, "_response_method", "predict")
    wants_labels = methods == "predict" or (isinstance(methods, tuple) and methods[0] == "predict")
    needs: Needs = "value" if kind == "regression" else "label" if wants_labels and codes else "proba"
    # scikit-learn's one-vs-one has a place for weights and refuses them.
    weighted = _takes_weight(getattr(scorer, "_score_func", scorer)) and not name.startswith("roc_auc_ovo")
    positive = kind == "regression" and name.endswith(_POSITIVE)

    def score(y: Array, prediction: Array, weight: Array | None) -> float:
        options = {"sample_weight": weight} if weighted and weight is not None else {}
        if positive:
            prediction = np.maximum(prediction, 1e-9)
        true = y if kind == "regression" or codes else labels[y]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return float(scorer(stand_in, prediction, true, **options))
            except ValueError:
                # A class without rows here: go on with the classes there are.
                present = np.unique(y)
                if kind == "regression" or needs != "proba" or len(present) == len(labels):
                    raise
                if len(present) < 2:
                    return float("nan")
                less = prediction[:, present]
                less = less / np.maximum(less.sum(axis=1, keepdims=True), 1e-15)
                smaller = _stand_in(kind, np.arange(len(present)) if codes else labels[present])
                true = np.searchsorted(present, y) if codes else true
                return float(scorer(smaller, less, true, **options))

    return needs, score


def _takes_weight(function: Any) -> bool:
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _asks_three(function: Any) -> bool:
    """Whether it is a scorer of the form ``f(estimator, X, y)``."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) == 3


def _from_callable(metric: Callable[..., Any], kind: Kind, classes: tuple[Any, ...]) -> Metric:
    labels = class_array(classes)
    name = getattr(metric, "__name__", type(metric).__name__)
    if hasattr(metric, "_score_func") or _asks_three(metric):
        name = getattr(getattr(metric, "_score_func", None), "__name__", name)
        return Metric(name, *_from_scorer(metric, kind, labels, codes=False))
    weighted = _takes_weight(metric)

    def score(y: Array, prediction: Array, weight: Array | None) -> float:
        options = {"sample_weight": weight} if weighted and weight is not None else {}
        if kind == "regression":
            found = metric(y, prediction, **options)
        else:
            found = metric(labels[y], labels[prediction], **options)
        try:
            return float(found)
        except (TypeError, ValueError) as error:
            raise SettingError(
                f"The metric {name!r} returned {found!r}, which is not a number.",
                mend="Return one number, the greater the better.",
                code="metric-not-number",
            ) from error

    return Metric(name, "value" if kind == "regression" else "label", score)
