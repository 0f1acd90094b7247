"""A multilayer perceptron for tables: RealMLP (Holzmüller et al. 2024), with epochs to fit seconds on one core."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.libraries import installed, require
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.mlp_forward import Forward
from hortus.models.mlp_inputs import Inputs
from hortus.models.outputs import Outputs

if TYPE_CHECKING:
    from hortus.models.mlp_network import Network

Weights = dict[str, NDArray[np.float32]]

MOST_ROWS = 200_000
MOST_COLUMNS = 2_000
# Rows x epochs that take some 5 seconds on a core.
EFFORT = 300_000
# One row of one epoch on a core, before its columns are counted.
ROW_SECONDS = 8e-6
# Importing PyTorch, once in a slot, spread over the folds.
IMPORT_SECONDS = 0.6


class MLP(Model):
    """RealMLP: robust scaling, periodic embeddings of numbers, three wide layers, and carefully tuned details.

    Args:
        learning_rate: at the schedule's peaks.
        width: of each hidden layer.
        depth: hidden layers.
        dropout: share dropped from each, fading out.
        weight_decay: of weights, fading out.
        label_smoothing: share of a class's target spread over all classes.
        periodic: whether numbers are embedded.
        effort: epochs, as a factor on what is usual for so many rows.
        residual: whether hidden layers add to what they are given.
        schedule: of the learning rate: ``"waves"`` or ``"cosine"``.
        batch: rows a step, as a factor on what is usual for so many rows.
    """

    name: ClassVar[str] = "mlp"
    modules: ClassVar[tuple[str, ...]] = ("safetensors.numpy",)
    extra: ClassVar[str] = "nets"
    missing: ClassVar[bool] = True
    categories: ClassVar[bool] = True

    def __init__(
        self,
        *,
        learning_rate: float = 0.04,
        width: int = 256,
        depth: int = 3,
        dropout: float = 0.15,
        weight_decay: float = 0.02,
        label_smoothing: float = 0.0,
        periodic: bool = True,
        effort: float = 1.0,
        residual: bool = False,
        schedule: str = "waves",
        batch: float = 1.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.width = width
        self.depth = depth
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.periodic = periodic
        self.effort = effort
        self.residual = residual
        self.schedule = schedule
        self.batch = batch

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Architecture and training together (Zela et al. 2018), in the paper's ranges as far as a core can train."""
        params: Params = {
            "learning_rate": trial.suggest_float(f"{prefix}learning_rate", 0.01, 0.3, log=True),
            "width": trial.suggest_categorical(f"{prefix}width", (64, 128, 256)),
            "depth": trial.suggest_int(f"{prefix}depth", 1, 6),
            "residual": trial.suggest_categorical(f"{prefix}residual", (False, True)),
            "dropout": trial.suggest_float(f"{prefix}dropout", 0.0, 0.5),
            "weight_decay": trial.suggest_float(f"{prefix}weight_decay", 1e-4, 0.2, log=True),
            "periodic": trial.suggest_categorical(f"{prefix}periodic", (True, False)),
            "effort": trial.suggest_float(f"{prefix}effort", 0.25, 2.0, log=True),
            "schedule": trial.suggest_categorical(f"{prefix}schedule", ("waves", "cosine")),
            "batch": trial.suggest_float(f"{prefix}batch", 0.25, 2.0, log=True),
        }
        if facts.kind != "regression":
            params["label_smoothing"] = trial.suggest_float(f"{prefix}label_smoothing", 0.0, 0.1)
        return params

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """The paper's tuned defaults (RealMLP-TD); its larger step for numbers does not suit so few epochs."""
        params: Params = {
            "learning_rate": 0.04,
            "width": 256,
            "depth": 3,
            "dropout": 0.15,
            "weight_decay": 0.02,
            "periodic": facts.width <= 200,
            "effort": 1.0,
            "residual": False,
            "schedule": "waves",
            "batch": 1.0,
        }
        return params if facts.kind == "regression" else params | {"label_smoothing": 0.02}

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """Smaller, without embeddings, with more dropout."""
        return [cls.default(facts) | {"width": 128, "periodic": False, "dropout": 0.3, "learning_rate": 0.07}]

    @classmethod
    def fits(cls, facts: Facts) -> bool:
        """Whether the library is there, and rows and columns are few enough to train on in time."""
        small = facts.train_rows <= MOST_ROWS and facts.width <= MOST_COLUMNS
        return super().fits(facts) and small and installed("torch", "safetensors")

    @classmethod
    def seconds(cls, facts: Facts) -> float:
        """An epoch's cost grows with rows and columns; a network cut short is worth little."""
        rows = facts.train_rows
        return IMPORT_SECONDS + ROW_SECONDS * rows * cls()._epochs(rows) * (1 + facts.width / 50)

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Train, and keep the epoch whose validation loss is least.

        Raises:
            MissingExtraError: the library is not installed.
        """
        torch = require("torch", self.extra)
        from hortus.models.mlp_training import train_network, usual_batch

        self._outputs = Outputs.learn(train.y, context)
        self._work = float(len(train.y))
        self._hold(None)
        self._unit = np.array([0.0, 1.0])
        self._range = np.zeros(2)
        if self._outputs.single:
            return self
        self._inputs = Inputs.learn(train.X)
        known = self._outputs.known(valid)
        y = self._outputs.targets(train)
        if self._outputs.regression:
            self._range = np.array([y.min(), y.max()])
            self._unit = np.array([np.average(y, weights=train.weight), np.std(y) or 1.0])
        rows = [(self._inputs(r.X), self._scaled(r), r.weight) for r in (train, known) if r is not None]
        threads = torch.get_num_threads()
        torch.set_num_threads(context.threads)
        try:
            network, visited = train_network(
                self._build(),
                rows[0],
                rows[1] if len(rows) > 1 else None,
                context,
                epochs=max(1, round(self._epochs(len(y)) * context.rounds)),
                learning_rate=self.learning_rate,
                dropout=self.dropout,
                weight_decay=self.weight_decay,
                label_smoothing=self.label_smoothing,
                schedule=self.schedule,
                batch=max(1, round(self.batch * usual_batch(len(y)))),
            )
        finally:
            torch.set_num_threads(threads)
        self._work = float(visited)
        self._hold({name: value.numpy() for name, value in network.state_dict().items()})
        return self

    def _hold(self, weights: Weights | None) -> None:
        """Take what was learned, or nothing."""
        self._weights = weights
        regression, residual = self._outputs.regression, self.residual
        self._forward = None if weights is None else Forward(weights, regression=regression, residual=residual)

    def _scaled(self, rows: Rows) -> NDArray[Any]:
        y = self._outputs.targets(rows)
        return (y - self._unit[0]) / self._unit[1] if self._outputs.regression else y

    def _epochs(self, rows: int) -> int:
        return max(4, math.ceil(self.effort * min(120, max(10, EFFORT / rows))))

    def _build(self) -> Network:
        from hortus.models.mlp_network import Network

        return Network(
            len(self._inputs.numbers),
            self._inputs.plain,
            (self._inputs.long_levels + 1).tolist(),
            [self.width] * self.depth,
            self._outputs.count,
            regression=self._outputs.regression,
            periodic=self.periodic,
            residual=self.residual,
        )

    def predict(self, X: Matrix) -> Vector:
        """Probabilities or values; values stay within the training targets' range."""
        if self._forward is None:
            return self._outputs.certain(len(X))
        raw = self._forward(*self._inputs(X)).astype(np.float64)
        if self._outputs.regression:
            values: Vector = np.clip(raw[:, 0] * self._unit[1] + self._unit[0], *self._range)
            return values
        return self._outputs.probabilities(np.exp(raw - raw.max(axis=1, keepdims=True, initial=-np.inf)))

    @property
    def work(self) -> float:
        """Rows x epochs."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors, the rest as JSON and arrays."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        if self._weights is not None:
            require("safetensors.numpy", self.extra).save_file(self._weights, folder / "network.safetensors")
            state |= {"inputs": self._inputs.state(), "unit": self._unit, "range": self._range}
        save_state(folder, state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            MissingExtraError: the library is not installed.
        """
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._hold(None)
        if "inputs" in state:
            load_file = require("safetensors.numpy", cls.extra).load_file
            model._inputs = Inputs(**state["inputs"])
            model._unit, model._range = state["unit"], state["range"]
            model._hold(load_file(folder / "network.safetensors"))
        return model
