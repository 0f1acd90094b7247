"""Support vector machines with a Gaussian kernel (Cortes and Vapnik 1995), for few rows."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial
from scipy.optimize import minimize_scalar

from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.linear_solver import Design, Logistic, minimize
from hortus.models.outputs import Outputs
from hortus.models.smoothed_loss import smoothed_log_loss
from hortus.seeds import stream

# Training time grows with the square of the rows.
MOST_ROWS = 5_000
# Rows trained on when time is already up.
HURRIED = 300
# Slopes at which a pair's margin may become the odds of its two classes. Steep odds come near to votes, which name the
# right class more often where classes are many and far apart (digits, five splits: accuracy 0.988 at 25, 0.979 at
# 1.5); where they overlap, gentle odds know better how sure to be (soybean, three splits: log loss 0.15 against 0.19).
STEEPNESSES = (1.5, 3.0, 6.0, 12.0, 25.0)
# Cells of the kernel computed at once.
CHUNK = 4_000_000


class SupportVectors(Model):
    """RBF support vector machine. Wants imputed, encoded, scaled columns.

    Its margins become probabilities by a logistic regression on rows it was not trained on (Platt 1999; with several
    classes, by a steepness of each pair's odds and a temperature of their means): the validation rows, or a fifth of
    the training rows.

    Args:
        C: 1 / penalty.
        gamma: of the kernel exp(-gamma ||x - x'||^2), times the number of columns.
        epsilon: half the width of a regression's tube, in standard deviations of the target.
    """

    name: ClassVar[str] = "svm"
    scaled: ClassVar[bool] = True

    def __init__(self, *, C: float = 1.0, gamma: float = 1.0, epsilon: float = 0.1) -> None:
        self.C = C
        self.gamma = gamma
        self.epsilon = epsilon

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Penalty, kernel width, and the tube of a regression."""
        params: Params = {
            "C": trial.suggest_float(f"{prefix}C", 0.01, 1000.0, log=True),
            "gamma": trial.suggest_float(f"{prefix}gamma", 0.01, 20.0, log=True),
        }
        if facts.kind == "regression":
            params["epsilon"] = trial.suggest_float(f"{prefix}epsilon", 0.001, 1.0, log=True)
        return params

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """Two settings between smooth and sharp that lose little anywhere."""
        params: Params = {"C": 3.0, "gamma": 0.5}
        return params | {"epsilon": 0.1} if facts.kind == "regression" else params

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """A wide kernel with a weak penalty."""
        return [cls.default(facts) | {"C": 30.0, "gamma": 0.1}]

    @classmethod
    def fits(cls, facts: Facts) -> bool:
        """Whether rows are few."""
        return super().fits(facts) and facts.train_rows <= MOST_ROWS

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Train, then map margins to probabilities."""
        from sklearn.svm import SVC, SVR

        self._outputs = Outputs.learn(train.y, context)
        self._work = float(len(train.y))
        self._state: dict[str, NDArray[np.float64]] = {}
        if self._outputs.single:
            return self
        rng = stream(context.seed, "svm")
        order = rng.permutation(len(train.y))
        if context.out_of_time:
            order = order[:HURRIED]
        known = self._outputs.known(valid)
        if known is None and not self._outputs.regression and len(order) >= 20:
            cut = len(order) // 5
            known = self._outputs.known(_rows(train, order[:cut]))
            order = order[cut:]
        if not self._outputs.regression:
            # Every class met has a row to be trained on, even where the sample left it out.
            order = np.union1d(order, np.unique(train.y, return_index=True)[1])
        kept = _rows(train, np.sort(order))
        y, weight = self._outputs.targets(kept), kept.weight
        gamma = self.gamma / max(1, kept.X.dense.shape[1])
        center = scale = 0.0
        if self._outputs.regression:
            center, scale = float(np.mean(y)), float(np.std(y)) or 1.0
            machine: Any = SVR(C=self.C, gamma=gamma, epsilon=self.epsilon, cache_size=500)
            y = (y - center) / scale
        else:
            machine = SVC(C=self.C, gamma=gamma, cache_size=500)
        weight = None if weight is None else np.maximum(weight / weight.mean(), 1e-6)
        machine.fit(kept.X.dense.astype(np.float64), y, sample_weight=weight)
        self._work = float(len(y)) * float(np.sum(machine.n_iter_))
        self._state = {
            "vectors": machine.support_vectors_.astype(np.float32),
            "coef": _pairs(machine) if not self._outputs.regression else machine.dual_coef_.T * scale,
            "intercept": machine.intercept_ if not self._outputs.regression else machine.intercept_ * scale + center,
            "gamma": np.array([gamma]),
        }
        if not self._outputs.regression:
            self._state["sigmoid"] = self._calibrate(kept if known is None else known)
        return self

    def _calibrate(self, rows: Rows) -> NDArray[np.float64]:
        """(margins + 1, outputs) weights that turn margins into log odds."""
        raw = self._raw(rows.X)
        y = self._outputs.targets(rows)
        if self._outputs.count == 2:
            loss = Logistic(y, np.ones(len(y)) if rows.weight is None else rows.weight, 2)
            design = Design(Matrix(raw.astype(np.float32), ()), 1.0)
            plain = FitContext(self._outputs.kind, self._outputs.classes)
            return minimize(design, loss, np.array([[1.0], [0.0]]), 1e-2 * len(y), plain)[0]
        # A held-out class may have no row at all, so several classes share two numbers.
        steepness, temperature = fit_odds(raw, y, rows.weight, self._outputs.count)
        self._state["steepness"] = np.array([steepness])
        return np.vstack([temperature * np.eye(self._outputs.count), np.zeros((1, self._outputs.count))])

    def _margins(self, X: Matrix) -> NDArray[np.float64]:
        """(n, 1) for two classes or a regression; for k classes (n, k) mean log odds over a class's pairs."""
        raw = self._raw(X)
        count = self._outputs.count
        return raw if count <= 2 else mean_odds(raw, count, float(self._state["steepness"][0]))

    def _raw(self, X: Matrix) -> NDArray[np.float64]:
        """(n, 1) for two classes or a regression; for k classes (n, k (k - 1) / 2), one for each pair."""
        vectors, gamma = self._state["vectors"].astype(np.float64), float(self._state["gamma"][0])
        norms = (vectors**2).sum(axis=1)
        raw = np.empty((len(X), self._state["coef"].shape[1]))
        step = max(1, CHUNK // max(1, len(vectors)))
        for begin in range(0, len(X), step):
            rows = X.dense[begin : begin + step].astype(np.float64)
            distance = (rows**2).sum(axis=1)[:, None] + norms - 2.0 * rows @ vectors.T
            raw[begin : begin + step] = np.exp(-gamma * np.maximum(distance, 0.0)) @ self._state["coef"]
        raw += self._state["intercept"]
        return raw

    def predict(self, X: Matrix) -> Vector:
        """Probabilities or values."""
        if self._outputs.single:
            return self._outputs.certain(len(X))
        margins = self._margins(X)
        if self._outputs.regression:
            return margins[:, 0]
        raw = margins @ self._state["sigmoid"][:-1] + self._state["sigmoid"][-1]
        if raw.shape[1] == 1:
            return self._outputs.probabilities(0.5 * (1.0 + np.tanh(0.5 * raw[:, 0])))
        return self._outputs.probabilities(np.exp(raw - raw.max(axis=1, keepdims=True)))

    @property
    def work(self) -> float:
        """Rows x solver iterations."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write vectors and weights."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        save_state(folder, state | {"machine": self._state})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._state = state["machine"]
        return model


def mean_odds(raw: NDArray[np.float64], classes: int, steepness: float) -> NDArray[np.float64]:
    """(n, classes) mean log odds of each class against the others, from the (n, pairs) margins of all pairs."""
    found = np.zeros((len(raw), classes))
    for column, (i, j) in enumerate(combinations(range(classes), 2)):
        found[:, i] -= np.logaddexp(0.0, -steepness * raw[:, column])
        found[:, j] -= np.logaddexp(0.0, steepness * raw[:, column])
    return found / (classes - 1)


def fit_odds(raw: NDArray[np.float64], y: NDArray[Any], weight: Vector | None, classes: int) -> tuple[float, float]:
    """The steepness of the pairs' odds, and the factor of their means whose softmax has the least log loss.

    Of the `STEEPNESSES` it is the steepest that is worse than the best by no more than one standard error of the
    difference. For the factor, labels are smoothed.
    """

    def mean(each: NDArray[np.float64]) -> float:
        return float(np.average(each, weights=weight))

    def best_factor(margins: NDArray[np.float64]) -> float:
        def loss(power: float) -> float:
            return smoothed_log_loss(_log_softmax(10**power * margins), y, weight)

        return float(10 ** minimize_scalar(loss, bounds=(-1.0, 2.0), method="bounded").x)

    odds = [mean_odds(raw, classes, steepness) for steepness in STEEPNESSES]
    factors = [best_factor(margins) for margins in odds]
    losses = [
        -_log_softmax(factor * margins)[np.arange(len(raw)), y] for margins, factor in zip(odds, factors, strict=True)
    ]
    best = min(losses, key=mean)
    excess = [found - best for found in losses]
    errors = [np.sqrt(mean((more - mean(more)) ** 2) / len(raw)) for more in excess]
    chosen = max(i for i, (more, error) in enumerate(zip(excess, errors, strict=True)) if mean(more) <= error)
    return STEEPNESSES[chosen], factors[chosen]


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return found


def _rows(rows: Rows, index: NDArray[np.intp]) -> Rows:
    return Rows(rows.X.rows(index), rows.y[index], None if rows.weight is None else rows.weight[index])


def _pairs(machine: Any) -> NDArray[np.float64]:
    """(vectors, pairs) weights from libsvm's packed form, in which a vector has one weight for each other class."""
    dual, counts = machine.dual_coef_, machine.n_support_
    if len(counts) == 2:
        # scikit-learn turns the sign for two classes, so that the second is the positive one.
        flat: NDArray[np.float64] = dual.T
        return flat
    ends = np.cumsum(counts)
    starts = ends - counts
    pairs = list(combinations(range(len(counts)), 2))
    coef = np.zeros((dual.shape[1], len(pairs)))
    for column, (i, j) in enumerate(pairs):
        own, other = slice(starts[i], ends[i]), slice(starts[j], ends[j])
        coef[own, column] = dual[j - 1, own]
        coef[other, column] = dual[i, other]
    return coef
