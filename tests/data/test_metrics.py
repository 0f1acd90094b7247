"""Metrics equal scikit-learn's, and say what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.metrics import get_scorer_names

from hortus.data.metrics import Metric, canonical_name, make_metric
from hortus.errors import SettingError

RNG = np.random.default_rng(0)
N = 400
BINARY = (RNG.integers(0, 2, N), np.round(RNG.dirichlet([1, 1], N), 2))
MANY = (RNG.integers(0, 4, N), RNG.dirichlet(np.ones(4), N))
VALUES = (RNG.normal(5, 1, N), RNG.normal(5, 1, N))
WEIGHT = RNG.random(N)
CASES = {"binary": (BINARY, 2), "multiclass": (MANY, 4), "regression": (VALUES, 0)}


def _reference(name: str, y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> float:
    label = p.argmax(axis=1) if p.ndim == 2 else p
    made = {
        "accuracy": lambda: sk.accuracy_score(y, label, sample_weight=w),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(y, label, sample_weight=w),
        "neg_log_loss": lambda: -sk.log_loss(y, p, sample_weight=w),
        "roc_auc": lambda: sk.roc_auc_score(y, p[:, 1], sample_weight=w),
        "roc_auc_ovr": lambda: sk.roc_auc_score(y, p, sample_weight=w, multi_class="ovr"),
        "neg_mean_absolute_error": lambda: -sk.mean_absolute_error(y, p, sample_weight=w),
        "neg_mean_squared_error": lambda: -sk.mean_squared_error(y, p, sample_weight=w),
        "neg_root_mean_squared_error": lambda: -sk.root_mean_squared_error(y, p, sample_weight=w),
        "r2": lambda: sk.r2_score(y, p, sample_weight=w),
        "f1": lambda: sk.f1_score(y, label, sample_weight=w),
        "f1_macro": lambda: sk.f1_score(y, label, average="macro", sample_weight=w),
        "average_precision": lambda: sk.average_precision_score(y, p[:, 1], sample_weight=w),
        "matthews_corrcoef": lambda: sk.matthews_corrcoef(y, label, sample_weight=w),
        "neg_median_absolute_error": lambda: -sk.median_absolute_error(y, p, sample_weight=w),
        "neg_brier_score": lambda: -sk.brier_score_loss(y, p, sample_weight=w),
    }
    return float(made[name]())


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [("binary", n) for n in ("accuracy", "balanced_accuracy", "neg_log_loss", "roc_auc", "f1", "average_precision")]
    + [("multiclass", n) for n in ("accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro", "matthews_corrcoef")]
    + [("multiclass", "balanced_accuracy"), ("multiclass", "neg_brier_score")]
    + [("regression", f"neg_{n}_error") for n in ("mean_absolute", "mean_squared", "root_mean_squared")]
    + [("regression", "r2"), ("regression", "neg_median_absolute_error")],
)
def test_equal_to_scikit_learn(kind: str, name: str, weight: np.ndarray | None) -> None:
    (y, p), K = CASES[kind]
    metric = make_metric(name, kind, tuple("abcd"[:K]))  # type: ignore[arg-type]
    assert metric(y, p, weight) == pytest.approx(_reference(name, y, p, weight), abs=1e-10)


@pytest.mark.parametrize("kind", list(CASES))
def test_every_scorer_works_or_says_why(kind: str) -> None:
    (y, p), K = CASES[kind]
    working = 0
    for name in get_scorer_names():
        try:
            metric = make_metric(name, kind, tuple(range(K)))  # type: ignore[arg-type]
        except SettingError as error:
            assert error.mend  # noqa: PT017
            continue
        for weight in (None, WEIGHT):
            assert isinstance(metric(np.abs(y), p, weight), float)
        working += 1
    assert working >= 13


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classes_without_rows(kind: str) -> None:
    (y, p), K = CASES[kind]
    for name in get_scorer_names():
        try:
            metric = make_metric(name, kind, tuple(range(K)))  # type: ignore[arg-type]
        except SettingError:
            continue
        for few in range(1, K):
            rows = y < few
            assert isinstance(metric(y[rows], p[rows]), float), name
    assert make_metric("roc_auc", "binary", (0, 1))(np.zeros(5, int), np.full((5, 2), 0.5)) == 0.5


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("of", ["f1", "jaccard", "precision", "recall"])
def test_counted_metrics_equal_scikit_learn(of: str, kind: str, weight: np.ndarray | None) -> None:
    (y, p), K = CASES[kind]
    function = getattr(sk, f"{of}_score")
    # The last class is never predicted, and among the first rows never true.
    p = p * (np.arange(K) < K - 1) if K > 2 else p
    for rows in (slice(None), y < max(K - 1, 2)):
        label = p.argmax(axis=1)[rows]
        part = None if weight is None else weight[rows]
        for average in ("macro", "micro", "weighted") + (("binary",) if K == 2 else ()):
            name = of if average == "binary" else f"{of}_{average}"
            metric = make_metric(name, kind, tuple(range(K)))  # type: ignore[arg-type]
            wanted = function(y[rows], label, average=average, sample_weight=part, zero_division=0)
            assert metric(y[rows], p[rows], part) == pytest.approx(wanted, abs=1e-10), name


def test_average_precision_of_more_classes() -> None:
    y, p = MANY
    found = make_metric("average_precision", "multiclass", tuple("abcd"))(y, p, WEIGHT)
    assert found == pytest.approx(sk.average_precision_score(y, p, sample_weight=WEIGHT), abs=1e-10)


def test_weights_that_are_all_zero() -> None:
    y, p = BINARY
    assert np.isnan(make_metric("accuracy", "binary", (0, 1))(y, p, np.zeros(N)))


def test_perfect_and_worst() -> None:
    y = np.array([0, 0, 1, 1])
    right = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    auc = make_metric("auc", "binary", (0, 1))
    assert auc(y, right) == 1.0
    assert auc(y, right[:, ::-1]) == 0.0
    assert make_metric(None, "multiclass", (0, 1))(y, right) == pytest.approx(0, abs=1e-12)


def test_names() -> None:
    assert canonical_name("RMSE") == "neg_root_mean_squared_error"
    assert canonical_name("mean_squared_error") == "neg_mean_squared_error"
    assert canonical_name("log_loss") == "neg_log_loss"
    assert canonical_name("mcc") == "matthews_corrcoef"
    assert make_metric(None, "binary", (0, 1)).name == "roc_auc"
    assert make_metric("roc_auc", "multiclass", (0, 1, 2)).name == "roc_auc_ovr"
    with pytest.raises(SettingError, match="Did you mean 'accuracy'"):
        canonical_name("acuracy")
    with pytest.raises(SettingError, match="f1_macro"):
        make_metric("f1", "multiclass", ("a", "b", "c"))
    with pytest.raises(SettingError, match="regression"):
        make_metric("accuracy", "regression", ())


def test_own_functions_see_labels() -> None:
    seen: list[np.ndarray] = []

    def gain(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        seen.append(y_true)
        return float(np.mean(y_true == y_pred))

    y, p = BINARY
    metric = make_metric(gain, "binary", ("no", "yes"))
    assert metric.name == "gain"
    assert metric(y, p) == make_metric("accuracy", "binary", ("no", "yes"))(y, p)
    assert set(seen[0]) == {"no", "yes"}
    made = make_metric(sk.make_scorer(sk.f1_score, pos_label="yes"), "binary", ("no", "yes"))
    assert made(y, p) == pytest.approx(sk.f1_score(y, p.argmax(axis=1)))
    proba = sk.make_scorer(sk.log_loss, response_method="predict_proba", greater_is_better=False)
    assert make_metric(proba, "binary", ("no", "yes"))(y, p) == pytest.approx(-sk.log_loss(y, p))
    scorer = make_metric(lambda estimator, X, y: float((estimator.predict(X) == y).mean()), "binary", ("no", "yes"))
    assert scorer(y, p) == metric(y, p)
    with pytest.raises(SettingError, match="not a number"):
        make_metric(lambda a, b: "good", "binary", (0, 1))(y, p)


def test_metric_is_a_record() -> None:
    assert make_metric("r2", "regression", ()) == make_metric("r2_score", "regression", ())
    assert isinstance(make_metric("r2", "regression", ()), Metric)
