"""Every family of models at its default on one table, side by side; and blends and stacks of those one names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.read import read_rows
from hortus.engine.progress import Listener
from hortus.ensemble.by_hand import Joined, blended, stacked
from hortus.ensemble.honest import Estimate
from hortus.ensemble.predictor import Predictor
from hortus.errors import SettingError, nearest
from hortus.models import MODELS
from hortus.run.finish import pool
from hortus.run.fit import fit
from hortus.run.prepare import Sides
from hortus.run.result import Result
from hortus.run.settings import Settings
from hortus.run.variant import Variant, open_member, save_variant
from hortus.spaces.portfolio import defaults

COLUMNS = ("model", "score", "low", "high", "tied", "fit_seconds", "predict_ms", "size_mb", "state", "reason")


@dataclass(frozen=True)
class Joint:
    """A model that was joined from several by hand.

    Attributes:
        variant: where it lies, and what it is worth.
        weights: each model's share.
        made: in words.
    """

    variant: Variant
    weights: dict[str, float]
    made: str

    @property
    def predictor(self) -> Predictor:
        """The fitted whole."""
        return self.variant.predictor

    @property
    def score(self) -> float:
        """Out of fold, on rows that nothing in it was fitted on; greater is better."""
        return self.variant.score

    @property
    def estimate(self) -> Estimate:
        """What it is expected to score on new rows, with a 95 % interval."""
        return self.variant.estimate

    def predict(self, X: Any) -> NDArray[Any]:
        """(n,) classes as they came, or values.

        Raises:
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        return self.predictor.predict(read_rows(X, self.predictor.schema))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(n, K) probabilities of the classes in the order of ``predictor.task.labels``."""
        return self.predictor.predict_proba(read_rows(X, self.predictor.schema))

    def save(self, path: str | Path) -> None:
        """Write it as one file that `hortus.load` reads."""
        Path(path).write_bytes((self.variant.folder / "model.hortus").read_bytes())


@dataclass(frozen=True)
class Comparison:
    """Models at their defaults, fitted on the same folds of one table.

    Attributes:
        result: the run behind it.
    """

    result: Result

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each model, the best first.

        Returns:
            A frame with the columns `COLUMNS`: the score out of fold and its 95 % interval; whether it is tied with
            the best; seconds to fit it on all folds, milliseconds to predict a row of a batch, megabytes on disk.
        """
        board = self.result.leaderboard()
        return board[list(COLUMNS)].set_axis(range(1, len(board) + 1)).rename_axis("rank")

    @property
    def metric(self) -> str:
        """What the scores are of."""
        return str(self.result.model.task.metric)

    @property
    def best(self) -> str:
        """The name of the best model."""
        return str(self.table["model"].iloc[0])

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that could be fitted, the best first."""
        done = self.table[self.table["state"] == "complete"]
        return tuple(done["model"])

    def model(self, name: str) -> Joint:
        """One of the models alone, as fitted on the folds.

        Raises:
            SettingError: there is no such model in the comparison.
        """
        return self.blend([name], weights=[1.0])

    def blend(self, models: Sequence[str] | None = None, *, weights: Sequence[float] | None = None) -> Joint:
        """The average of several models' predictions.

        Args:
            models: names; None for all.
            weights: one for each; None for those that do best out of fold.

        Raises:
            SettingError: there is no such model in the comparison, or the weights cannot be used.
        """
        names = self._known(models)
        if weights is not None:
            usable = len(weights) == len(names) and all(np.isfinite(weights)) and min(weights) >= 0 and sum(weights) > 0
            if not usable:
                raise SettingError(
                    f"The weights {list(weights)!r} do not fit {len(names)} models.",
                    mend="Give one number for each, none below zero.",
                    code="blend-weights",
                )
        prepared = self.result.prepared

        def join(y: NDArray[Any], own: Any, folds: Any, predictions: Sequence[NDArray[np.float64]]) -> Joined:
            seed = self.result.settings.seed
            return blended(predictions, y, prepared.metric, shares=weights, weight=own, folds=folds, seed=seed)

        return self._join("blend", names, join, extra=weights)

    def stack(self, models: Sequence[str] | None = None) -> Joint:
        """A linear model over several models' predictions out of fold.

        Args:
            models: names; None for all.

        Raises:
            SettingError: there is no such model in the comparison.
        """

        def join(y: NDArray[Any], own: Any, folds: Any, predictions: Sequence[NDArray[np.float64]]) -> Joined:  # noqa: ARG001
            return stacked(predictions, y, weight=own, seed=self.result.settings.seed)

        return self._join("stack", self._known(models), join)

    def _known(self, models: Sequence[str] | None) -> tuple[str, ...]:
        names = self.models if models is None else tuple(models)
        for name in names:
            if name not in self.models:
                raise SettingError(
                    f"The comparison has no fitted model called {name!r}.",
                    mend=nearest(str(name), self.models),
                    code="unknown-model",
                )
        if not names or len(set(names)) < len(names):
            raise SettingError(f"The models are {list(names)!r}.", mend="Name each once.", code="blend-models")
        return names

    def _join(self, how: str, names: tuple[str, ...], join: Callable[..., Joined], extra: object = None) -> Joint:
        result = self.result
        every = pool(result.rows, result.prepared, result.folder)
        by_name: dict[str, int] = {}
        for place, row in enumerate(every.rows):
            by_name.setdefault(row.model, place)
        places = [by_name[name] for name in names]
        found = join(every.y, every.weight, every.folds, [every.predictions[place] for place in places])
        kept = np.flatnonzero(found.weights).tolist()
        members = [open_member(result.folder, every.rows[places[i]], weight=float(found.weights[i])) for i in kept]
        made = f"{how} of {', '.join(names[i] for i in kept)}"
        digest = hashlib.sha256(repr((how, names, extra)).encode()).hexdigest()[:8]
        variant = save_variant(
            result.folder,
            f"{how}-{digest}",
            members,
            result.prepared,
            result.searched,
            judged=every.judged,
            predictions=found.predictions,
            seed=result.settings.seed,
            facts={"made": made},
            stacking=found.stacking,
        )
        return Joint(variant, {name: float(w) for name, w in zip(names, found.weights, strict=True)}, made)


def compare_models(
    table: Any,
    target: Any,
    settings: Settings,
    *,
    folder: Path,
    sides: Sides | None = None,
    listeners: Sequence[Listener] = (),
) -> Comparison:
    """Fit every model that is installed and suits the table once, at its default.

    Args:
        table: a path, a frame or an array.
        target: the name of the column to predict, or its (n,) values.
        settings: how; its strategy, trials and space are left aside.
        folder: the run's.
        sides: weights, groups and order that are no columns of the table.
        listeners: told of everything that happens.

    Raises:
        InputError: the table or its target cannot be used.
        SettingError: a setting is not understood.
        RunError: no model could be fitted.
    """
    for name in settings.models or ():
        _ = MODELS[name]
    wanted = replace(settings, strategy="random", space="pipelines", trials=len(tuple(MODELS)))
    found = fit(table, target, wanted, folder=folder, sides=sides, listeners=listeners, starts=defaults)
    return Comparison(found)
