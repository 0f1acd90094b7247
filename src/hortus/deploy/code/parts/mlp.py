"""A neural network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import categorical, levels, numeric
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows
from hortus.models.mlp import EFFORT
from hortus.models.mlp_inputs import INDICATED
from hortus.models.mlp_network import Network
from hortus.models.mlp_training import (
    FIRST,
    SCHEDULES,
    Fed,
    apply_network,
    usual_batch,
)
from hortus.models.mlp_training import (
    _loss as network_loss,
)
from hortus.models.mlp_training import (
    _target as as_target,
)
from hortus.models.mlp_training import (
    _valid_loss as valid_loss,
)


class MLP(Learner):
    """A multilayer perceptron for tables: RealMLP (Holzmüller et al. 2024), the epoch whose loss is least.

    Args:
        seed: of weights, batches and dropout.
        learning_rate: at the schedule's peaks.
        width: of each hidden layer.
        depth: hidden layers.
        dropout: share dropped from each, fading out.
        weight_decay: of weights, fading out.
        label_smoothing: share of a class's target spread over all classes.
        periodic: whether numbers are embedded.
        effort: epochs, as a factor on what is usual for so many rows.
        residual: whether hidden layers add to what they are given.
        schedule: of the learning rate.
        batch: rows a step, as a factor on what is usual for so many rows.
    """

    def __init__(
        self,
        seed: int,
        *,
        learning_rate: float,
        width: int,
        depth: int,
        dropout: float,
        weight_decay: float,
        label_smoothing: float,
        periodic: bool,
        effort: float,
        residual: bool,
        schedule: str,
        batch: float,
    ) -> None:
        self.seed = seed
        self.learning_rate = learning_rate
        self.hidden = [width] * depth
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.periodic = periodic
        self.effort = effort
        self.residual = residual
        self.schedule = schedule
        self.batch = batch

    def learn(self, train: Rows, valid: Rows | None) -> None:
        """Train, and keep the best epoch."""
        y = train.y
        self.middle, self.spread = 0.0, 1.0
        if KIND == "regression":
            self.low, self.high = y.min(), y.max()
            self.middle, self.spread = float(np.average(y, weights=train.weight)), float(np.std(y)) or 1.0
        self.inputs = Inputs(train.X)
        outputs = 1 if KIND == "regression" else len(np.unique(y))
        tables = [count + 1 for count in self.inputs.long.values()]
        numbers, plain, _ = self.inputs(train.X)
        self.network = Network(
            numbers.shape[1],
            plain.shape[1],
            tables,
            self.hidden,
            outputs,
            regression=KIND == "regression",
            periodic=self.periodic,
            residual=self.residual,
        )
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            self._train(self._fed(train), None if valid is None else self._fed(valid))
        finally:
            torch.set_num_threads(threads)

    def _fed(self, rows: Rows) -> tuple[Fed, NDArray[Any], NDArray[np.float64] | None]:
        y = (rows.y - self.middle) / self.spread if KIND == "regression" else rows.y
        return self.inputs(rows.X), y, rows.weight

    def _train(
        self,
        train: tuple[Fed, NDArray[Any], NDArray[np.float64] | None],
        valid: tuple[Fed, NDArray[Any], NDArray[np.float64] | None] | None,
    ) -> None:
        """Adam along the schedule of the learning rate."""
        network, (parts, target, each) = self.network, train
        generator = torch.Generator().manual_seed(self.seed)
        fed = [torch.from_numpy(np.ascontiguousarray(part)) for part in parts]
        y = as_target(target, network)
        weight = None if each is None else torch.from_numpy((each / each.mean()).astype(np.float32))
        rows = len(y)
        batch = min(rows, max(1, round(self.batch * usual_batch(rows))))
        steps = max(1, rows // batch)
        total = max(4, math.ceil(self.effort * min(120, max(10, EFFORT / rows))))
        first = torch.randperm(rows, generator=generator)[:FIRST]
        network.initialize(fed[0][first], fed[1][first], fed[2][first], generator)
        if not network.regression:
            # It begins with the prior, which it else would spend its first epochs on.
            counts = np.bincount(target, weights=each, minlength=network.head.bias.shape[0])
            with torch.no_grad():
                network.head.bias.copy_(torch.from_numpy(np.log((counts + 1e-3) / counts.sum())))
        groups = network.groups(self.learning_rate, self.weight_decay)
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8, fused=True)
        least, best_epoch = math.inf, 0
        best: dict[str, torch.Tensor] | None = None
        for epoch in range(total):
            order = torch.randperm(rows, generator=generator)
            for step in range(steps):
                at = (epoch + step / steps) / total
                fade = 1.0 if at < 0.5 else 0.5 * (1.0 + math.cos(math.pi * (2.0 * at - 1.0)))
                for group in optimizer.param_groups:
                    group["lr"] = self.learning_rate * group["factor"] * SCHEDULES[self.schedule](at)
                    group["weight_decay"] = group["decay"] * fade
                chosen = order[step * batch : (step + 1) * batch]
                raw = network(*(part[chosen] for part in fed), drop=self.dropout * fade, generator=generator)
                loss = network_loss(raw, y[chosen], None if weight is None else weight[chosen], self.label_smoothing)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            if valid is None:
                continue
            found = valid_loss(network, valid)
            if found < least or best is None:
                least, best_epoch = found, epoch + 1
                best = {name: value.clone() for name, value in network.state_dict().items()}
            # The loss rises with the learning rate at each wave's crest: only past the next low is there no hope.
            if epoch + 1 - best_epoch > 0.45 * total:
                break
        if best is not None:
            network.load_state_dict(best)

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities, or values within the training targets' range."""
        raw = apply_network(self.network, self.inputs(rows.X)).astype(np.float64)
        if KIND == "regression":
            return np.asarray(np.clip(raw[:, 0] * self.spread + self.middle, self.low, self.high))
        return np.asarray(np.exp(raw - raw.max(axis=1, keepdims=True)))


class Inputs:
    """What a network is fed: numbers on one scale, marks of gaps and small categories, codes of large categories."""

    def __init__(self, X: pd.DataFrame) -> None:
        self.scales: dict[str, tuple[float, float]] = {}
        for name in numeric(X):
            known = X[name].dropna().to_numpy().astype(np.float64)
            if not len(known) or known.min() == known.max():
                continue
            low, first, median, third, high = np.quantile(known, (0.0, 0.25, 0.5, 0.75, 1.0))
            self.scales[name] = float(median), 1.0 / ((third - first) or (high - low) / 2)
        self.gaps = [name for name in numeric(X) if X[name].isna().any()]
        sizes = {name: len(X[name].cat.categories) for name in categorical(X)}
        self.short = {name: count for name, count in sizes.items() if count <= INDICATED}
        self.long = {name: count for name, count in sizes.items() if count > INDICATED}

    def __call__(self, X: pd.DataFrame) -> Fed:
        """(n, numbers) scaled and bent into (-3, 3), (n, marks) of zeros and ones, (n, large categories) codes."""
        numbers = np.zeros((len(X), len(self.scales)), dtype=np.float32)
        for i, (name, (center, factor)) in enumerate(self.scales.items()):
            z = (X[name].to_numpy().astype(np.float64) - center) * factor
            numbers[:, i] = np.nan_to_num(z / np.sqrt(1.0 + (z / 3.0) ** 2))
        marks = [X[name].isna().to_numpy(np.float32) for name in self.gaps]
        for name, count in self.short.items():
            marks += list((levels(X[name])[:, None] == np.arange(count)).T.astype(np.float32))
        codes = [levels(X[name]).astype(np.int64) for name in self.long]
        return (
            numbers,
            np.column_stack([np.zeros((len(X), 0), dtype=np.float32), *marks]),
            np.column_stack([np.zeros((len(X), 0), dtype=np.int64), *codes]),
        )
