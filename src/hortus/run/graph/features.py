"""Prepared columns: steps fitted on the rows to learn from, and both sides of the split as they come out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.data.store import load_state, save_state
from hortus.errors import SettingError, nearest
from hortus.features import STEPS
from hortus.features.base import Step
from hortus.models import MODELS
from hortus.models.base import FitContext
from hortus.run.graph.splits import Split
from hortus.run.graph.stored import read_matrix, write_matrix
from hortus.seeds import derive
from hortus.spaces.nodes import Node, RowsNode, StackNode, StepNode, UnionNode
from hortus.spaces.pipeline import Fitted, fit_above, union


@dataclass(frozen=True, eq=False)
class Features:
    """Columns made by the steps so far.

    Attributes:
        split: where the rows come from.
        node: the steps, as a part of a pipeline.
        fitted: the same with what they learned, one a fold.
        train: the rows to learn from as they come out, one a fold.
        test: the rows that judge, likewise.
    """

    split: Split
    node: Node
    fitted: tuple[Fitted, ...]
    train: tuple[Matrix, ...]
    test: tuple[Matrix, ...]

    def save(self, folder: Path) -> None:
        """Write what the last step learned and gave into ``folder``, which is there and empty."""
        for fold, fitted in enumerate(self.fitted):
            place = folder / str(fold)
            place.mkdir()
            write_matrix(place / "train", self.train[fold])
            write_matrix(place / "test", self.test[fold])
            (place / "learned").mkdir()
            if isinstance(fitted.what, Step):
                save_state(place / "learned", fitted.what.state())
            elif fitted.what is not None:
                fitted.what.save(place / "learned")

    @classmethod
    def load(cls, folder: Path, node: Node, inputs: Sequence[Features]) -> Features:
        """The inverse of `save`.

        Args:
            folder: that it was written to.
            node: the last step, above the nodes of its inputs.
            inputs: what it was made from.
        """
        split = inputs[0].split
        places = [folder / str(fold) for fold in range(split.folds)]
        fitted = []
        for fold, place in enumerate(places):
            below = tuple(one.fitted[fold] for one in inputs)
            fitted.append(Fitted(node, _learned(node, place / "learned"), below))
        train, test = (tuple(read_matrix(place / side) for place in places) for side in ("train", "test"))
        return cls(split, node, tuple(fitted), train, test)


def _learned(node: Node, place: Path) -> Any:
    if isinstance(node, StepNode):
        made = STEPS[node.step](**node.params)
        made.restore(load_state(place))
        return made
    return MODELS[node.model].load(place) if isinstance(node, StackNode) else None


@lru_cache(maxsize=4)
def _encoded(split: Split) -> Features:
    folds = range(split.folds)
    data = split.data
    return Features(
        split,
        RowsNode(),
        tuple(Fitted(RowsNode(), None, ()) for _ in folds),
        tuple(data.X.rows(data.train_rows(fold)) for fold in folds),
        tuple(data.X.rows(data.valid_rows(fold)) for fold in folds),
    )


def features_of(value: Split | Features) -> Features:
    """The columns of a split as they are encoded, or the ones that are prepared already."""
    return _encoded(value) if isinstance(value, Split) else value


def context_of(split: Split, fold: int, seed: int) -> FitContext:
    """What a fit of one fold is told."""
    data = split.data
    return FitContext(kind=data.kind, classes=data.classes, seed=derive(seed, "fold", fold))


def train_rows(value: Features, fold: int) -> Rows:
    """One fold's rows to learn from, as they come out of the steps, with their targets."""
    data = value.split.data
    rows = data.train_rows(fold)
    return Rows(value.train[fold], data.y[rows], None if data.weight is None else data.weight[rows])


def step(*inputs: Split | Features, name: str, seed: int = 0, path: str = "", **params: Any) -> Features:
    """Fit one step on the rows to learn from, and transform both sides.

    Args:
        inputs: what it works on; several are put side by side first.
        name: in ``hortus.features.STEPS``.
        seed: of the whole pipeline.
        path: of the step in it, which tells its randomness from others'; "" for one by its name.
        params: the step's own settings.

    Raises:
        SettingError: there is no such step or setting, or the inputs come from different splits.
    """
    below = same_split(inputs)
    node = StepNode(name, _known(STEPS[name], name, params), tuple(one.node for one in below))
    return _fit(node, below, seed, path or f"step/{name}")


def side_by_side(*inputs: Split | Features) -> Features:
    """The columns of several steps beside each other.

    Raises:
        SettingError: they come from different splits.
    """
    below = same_split(inputs)
    if len(below) == 1:
        return below[0]
    return _fit(UnionNode(tuple(one.node for one in below)), below, 0, "union")


def stack(*inputs: Split | Features, name: str, seed: int = 0, path: str = "", **params: Any) -> Features:
    """The columns, and beside them what a model predicts from them; rows to learn from get predictions of models
    that have not seen them.

    Args:
        inputs: what the model learns from.
        name: in ``hortus.models.MODELS``.
        seed: of the whole pipeline.
        path: of the model in it; "" for one by its name.
        params: the model's own settings; those not given are its defaults for these rows.

    Raises:
        SettingError: there is no such model or setting, or the inputs come from different splits.
    """
    below = side_by_side(*inputs)
    return _fit(StackNode(name, model_params(below.split, name, params), below.node), [below], seed, path or name)


def model_params(split: Split, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """A model's settings: its defaults for these rows, and those that were given.

    Raises:
        SettingError: there is no such model, or it knows no such setting.
    """
    return {**MODELS[name].default(split.data.facts(None)), **_known(MODELS[name], name, params)}


def same_split(inputs: Sequence[Split | Features]) -> list[Features]:
    """The inputs as prepared columns.

    Raises:
        SettingError: there are none, or they come from different splits.
    """
    if not inputs:
        raise SettingError("There is nothing to work on.", mend="Connect a split or a step.", code="graph-no-input")
    found = [features_of(one) for one in inputs]
    if any(one.split is not found[0].split for one in found):
        raise SettingError(
            "What comes in stems from different splits, so that rows of one may judge in the other.",
            mend="Take all of it from one split.",
            code="graph-splits",
        )
    return found


def _fit(node: Node, below: Sequence[Features], seed: int, path: str) -> Features:
    split = below[0].split
    fitted, train, test = [], [], []
    for fold in range(split.folds):
        rows = train_rows(below[0], fold)
        X = union([one.train[fold] for one in below])
        other = union([one.test[fold] for one in below])
        made, X, other = fit_above(
            node,
            [one.fitted[fold] for one in below],
            Rows(X, rows.y, rows.weight),
            other,
            context_of(split, fold, seed),
            path=path,
        )
        fitted.append(made)
        train.append(X)
        test.append(other)
    return Features(split, node, tuple(fitted), tuple(train), tuple(test))


def _known(made: Any, name: str, params: dict[str, Any]) -> dict[str, Any]:
    known = made().get_params()
    for key in params:
        if key not in known:
            raise SettingError(f"{name} has no setting {key!r}.", mend=nearest(key, known), code="unknown-setting")
    return params
