"""Linear models: multinomial logistic regression and ridge, over dense columns and sparse words alike.

Both are grown along a path of falling L2 penalties, each solution the start of the next (Friedman et al. 2010), and
keep the penalty whose loss on the validation rows is least. So one fit tunes what elsewhere is a grid search. Words are
left out where the dense columns alone do better: names that tell rows apart would share in what columns explain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.growth import Growth
from hortus.models.linear_solver import Design, Logistic, Squared, minimize, ridge_path
from hortus.models.outputs import Outputs

# Where the path of C begins, as a share of its end; and its factor from step to step.
PATH_BEGIN = 1e-4
PATH_STEP = 3.1622776601683795
# Columns up to which ridge is solved exactly, for all penalties at once.
EXACT = 1500


class Linear(Model):
    """Logistic regression or ridge. Wants imputed, encoded, scaled columns.

    Args:
        C: 1 / penalty at the path's end, as scikit-learn's ``LogisticRegression(C=…)`` has it: the penalty is
            ||w||^2 / 2C, and the loss is summed over rows. Without validation rows, the path's middle is taken.
        text_weight: factor on the words, beside dense columns of variance 1.
    """

    name: ClassVar[str] = "linear"
    text: ClassVar[bool] = True
    wide: ClassVar[bool] = True
    scaled: ClassVar[bool] = True

    def __init__(self, *, C: float = 1.0, text_weight: float = 1.0) -> None:
        self.C = C
        self.text_weight = text_weight

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """The path's end, and the weight of words where there are any."""
        params: Params = {"C": trial.suggest_float(f"{prefix}C", 1e-4, 1e3, log=True)}
        if facts.words:
            params["text_weight"] = trial.suggest_float(f"{prefix}text_weight", 0.1, 20.0, log=True)
        return params

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """A path to a weak penalty; validation rows say where to stop on it."""
        return {"C": 100.0, "text_weight": 3.0} if facts.words else {"C": 100.0}

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Solve along the path until the validation loss rises."""
        self._outputs = Outputs.learn(train.y, context)
        self._work = float(len(train.y))
        self._coef, self._words = np.zeros((train.X.dense.shape[1], 1)), np.zeros((0, 1))
        self._intercept = np.zeros(1)
        self._range: NDArray[np.float64] = np.zeros(2)
        if self._outputs.single:
            return self
        known = self._outputs.known(valid)
        weight = np.ones(len(train.y)) if train.weight is None else train.weight / train.weight.mean()
        y = self._outputs.targets(train)
        unit = None
        if self._outputs.regression:
            self._range = np.array([y.min(), y.max()], dtype=np.float64)
            center = float(np.average(y, weights=weight))
            scale = float(np.sqrt(np.average((y - center) ** 2, weights=weight))) or 1.0
            y, unit = (y - center) / scale, (center, scale)
        design = Design(train.X, self.text_weight)
        solution, loss, iterations = self._solve(design, y, weight, known, context, unit)
        if known is not None and not design.dense_only and design.dense_width:
            plain, plain_loss, more = self._solve(Design(train.X, None), y, weight, known, context, unit)
            solution, iterations = plain if plain_loss < loss else solution, iterations + more
        self._work *= max(1, iterations)
        width = design.dense_width
        self._coef, self._words = solution[:width], solution[width:-1] * self.text_weight
        self._intercept = solution[-1]
        if self._outputs.regression:
            self._coef, self._words = self._coef * scale, self._words * scale
            self._intercept = self._intercept * scale + center
        return self

    def _path(self, guided: bool) -> list[float]:
        if not guided:
            return [self.C * PATH_BEGIN**0.5]
        steps = round(np.log(1 / PATH_BEGIN) / np.log(PATH_STEP))
        return [self.C * PATH_STEP ** (i - steps) for i in range(steps + 1)]

    def _solve(
        self,
        design: Design,
        y: NDArray[Any],
        weight: NDArray[np.float64],
        valid: Rows | None,
        context: FitContext,
        unit: tuple[float, float] | None,
    ) -> tuple[NDArray[np.float64], float, int]:
        """(p + 1, outputs) weights, the intercept in the last row; their loss on the validation rows; iterations."""
        loss = Squared(y, weight) if unit is not None else Logistic(y, weight, self._outputs.count)
        path = self._path(valid is not None)
        exact = (
            ridge_path(design, y, weight) if unit is not None and design.width <= EXACT and design.dense_only else None
        )
        judged = None if valid is None else self._judge(valid, unit, words=not design.dense_only)
        growth = Growth(context, base=1, share=0.0)
        best = found = np.zeros((design.width + 1, loss.outputs))
        iterations = 0
        for C in path:
            if exact is not None:
                found, spent = exact(1.0 / C), 1
            else:
                found, spent = minimize(design, loss, found, 1.0 / C, context)
            iterations += spent
            ends = growth.stops(None if judged is None else judged(found))
            if growth.best_round == growth.rounds - 1:
                best = found
            if ends:
                break
        return best, growth.best_loss, iterations

    def _judge(self, valid: Rows, unit: tuple[float, float] | None, *, words: bool) -> Any:
        design = Design(valid.X, self.text_weight if words else None)
        y = self._outputs.targets(valid)
        weight = np.ones(len(y)) if valid.weight is None else valid.weight
        if unit is not None:
            y = (y - unit[0]) / unit[1]
        loss = Squared(y, weight) if unit is not None else Logistic(y, weight, self._outputs.count)
        return lambda solution: loss(design.times(solution))[0]

    def predict(self, X: Matrix) -> Vector:
        """Probabilities or values; values stay in half a range around the training targets."""
        if self._outputs.single:
            return self._outputs.certain(len(X))
        raw = X.dense @ self._coef + self._intercept
        if X.text is not None and len(self._words):
            raw += X.text @ self._words
        if self._outputs.regression:
            low, high = self._range
            clipped: Vector = np.clip(raw[:, 0], low - 0.5 * (high - low), high + 0.5 * (high - low))
            return clipped
        if raw.shape[1] == 1:
            return self._outputs.probabilities(0.5 * (1.0 + np.tanh(0.5 * raw[:, 0])))
        return self._outputs.probabilities(np.exp(raw - raw.max(axis=1, keepdims=True)))

    @property
    def work(self) -> float:
        """Rows x solver iterations."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write the weights."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        weights = {"coef": self._coef, "words": self._words, "intercept": self._intercept, "range": self._range}
        save_state(folder, state | weights)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._coef, model._words = state["coef"], state["words"]
        model._intercept, model._range = state["intercept"], state["range"]
        return model
