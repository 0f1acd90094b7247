"""Models of a graph: one with its settings, or a blend of several."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.rows import Rows
from hortus.ensemble.calibration import read_calibration
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking
from hortus.errors import SettingError
from hortus.evaluation.full import overall
from hortus.models import MODELS
from hortus.run.graph.features import (
    Features,
    context_of,
    model_params,
    side_by_side,
    step,
    train_rows,
)
from hortus.run.graph.splits import Split
from hortus.seeds import stream
from hortus.spaces.nodes import ModelNode, Node, StepNode
from hortus.spaces.pipeline import FittedPipeline, fit_root
from hortus.spaces.prepare import prepare as prepared_for

# Learners that take no look at rows beside those they learn from, so that none need be held back for it.
UNWATCHED = ("baseline", "tree", "forest", "extra_trees", "neighbors", "svm")
# Of the rows to learn from, every so many-th tells a learner that grows when to stop.
WATCHED = 10


@dataclass(frozen=True, eq=False)
class Trained:
    """A model that has learned from the rows to learn from, and what it says of those that judge.

    Attributes:
        split: where the rows come from.
        name: what it is called.
        predictor: from the table's columns to predictions.
        predictions: (n, K) or (n,) float32 for all encoded rows; NaN for those that do not judge.
        seconds: that fitting took.
        added: the steps that were put before the model because it could not learn from the columns without.
        search: the folder of the search that found it; None where there was none.
    """

    split: Split
    name: str
    predictor: Predictor
    predictions: NDArray[np.float32]
    seconds: float
    added: tuple[str, ...] = ()
    search: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The split's metric on the rows that judge; greater is better."""
        return overall(self.split.metric, self.split.data, self.predictions)


def model(
    *inputs: Split | Features,
    name: str,
    title: str = "",
    prepare: bool = True,
    seed: int = 0,
    path: str = "0",
    **params: Any,
) -> Trained:
    """Fit one model on prepared columns.

    Args:
        inputs: the columns; several are put side by side.
        name: in ``hortus.models.MODELS``.
        title: what it is called; "" for its name.
        prepare: whether steps that it cannot do without (filling gaps, categories as numbers, one scale) are put
            before it.
        seed: of the whole pipeline.
        path: of the model in it, which its randomness comes from.
        params: the model's own settings; those not given are its defaults for these rows.

    Raises:
        SettingError: there is no such model or setting, or it cannot do such a task.
    """
    begin = time.perf_counter()
    below = side_by_side(*inputs)
    split = below.split
    if split.data.kind not in MODELS[name].tasks:
        raise SettingError(
            f"{name} cannot predict what is asked here ({split.data.kind}).", mend="Choose another.", code="model-task"
        )
    added: list[str] = []
    if prepare:
        wanted = prepared_for(MODELS[name], split.data.facts(None), below.node)
        for above in _above(wanted, below.node):
            below = step(below, name=above.step, seed=seed, **above.params)
            added.append(above.step)
    root = ModelNode(name, model_params(split, name, params), below.node)
    fitted = [_fit_fold(root, below, fold, seed, path) for fold in range(split.folds)]
    member = Member(0, title or name, 1.0, tuple(fitted))
    predictor = Predictor(split.task, split.schema, split.encoder, (member,))
    said = [(split.data.valid_rows(fold), one.model.predict(below.test[fold])) for fold, one in enumerate(fitted)]
    return Trained(
        split, title or name, predictor, placed(split, said), time.perf_counter() - begin, added=tuple(added)
    )


def blend(
    *models: Trained,
    weights: Sequence[float] = (),
    title: str = "blend",
    stacking: Mapping[str, Any] | None = None,
    calibration: Mapping[str, Any] | None = None,
) -> Trained:
    """Several models as one: the mean of what they say.

    Args:
        models: of one split, each a single one: a search blends by itself.
        weights: one a model, from 0; equal where none are given.
        title: what it is called.
        stacking: how a search brought them together, as it stored it.
        calibration: likewise, of the probabilities.

    Raises:
        SettingError: the models cannot be blended, or the weights are not theirs.
    """
    split = models[0].split
    single = [one.search is None and len(one.predictor.members) == 1 for one in models]
    if any(one.split is not split for one in models) or not all(single):
        raise SettingError(
            "Only single models of one split can be blended.",
            mend="Take out searches and other blends, and models of other splits.",
            code="blend-of-others",
        )
    shares = np.asarray(weights or [1.0] * len(models), dtype=np.float64)
    if len(shares) != len(models) or not (shares >= 0).all() or not shares.sum() > 0:
        raise SettingError(
            f"{len(shares)} weights were given for {len(models)} models, or one is negative.",
            mend="Give one weight a model, from 0, in the order of the connections.",
            code="blend-weights",
        )
    shares = shares / shares.sum()
    members = [
        replace(trained.predictor.members[0], number=number, weight=float(share))
        for number, (share, trained) in enumerate(zip(shares, models, strict=True))
    ]
    classes = len(split.task.classes)
    predictor = Predictor(
        split.task,
        split.schema,
        split.encoder,
        tuple(members),
        stacking=None if stacking is None else Stacking.from_json(dict(stacking), models=len(members), classes=classes),
        calibration=None if calibration is None else read_calibration(dict(calibration), classes=classes),
    )
    rows = split.test
    combined = predictor.combine([one.predictions[rows].astype(np.float64) for one in models])
    return Trained(split, title, predictor, placed(split, [(rows, combined)]), sum(one.seconds for one in models))


def _fit_fold(root: ModelNode, below: Features, fold: int, seed: int, path: str) -> FittedPipeline:
    split = below.split
    rows = train_rows(below, fold)
    valid: Rows | None = None
    if split.stopped_by_test:
        judges = split.data.valid_rows(fold)
        weight = split.data.weight
        valid = Rows(below.test[fold], split.data.y[judges], None if weight is None else weight[judges])
    elif root.model not in UNWATCHED:
        rows, valid = _watched(rows, split, seed, fold)
    with warnings.catch_warnings():
        # What libraries say about one model is no message a person can act on.
        warnings.simplefilter("ignore")
        return fit_root(root, below.fitted[fold], rows, context_of(split, fold, seed), path=path, valid=valid)


def _watched(rows: Rows, split: Split, seed: int, fold: int) -> tuple[Rows, Rows | None]:
    """The rows to learn from without those, every tenth along the target, that say when to stop."""
    order = stream(seed, "graph", "watched", fold).permutation(len(rows.y))
    order = order[np.argsort(rows.y[order], kind="stable")]
    held = order[WATCHED // 2 :: WATCHED]
    if split.data.kind != "regression":
        sizes = np.bincount(rows.y.astype(np.int64), minlength=split.data.classes)
        held = held[sizes[rows.y[held].astype(np.int64)] > 1]
    if not len(held):
        return rows, None
    outside = np.sort(held)
    inside = np.setdiff1d(np.arange(len(rows.y)), outside)
    return _rows(rows, inside), _rows(rows, outside)


def _rows(rows: Rows, index: NDArray[np.intp]) -> Rows:
    return Rows(rows.X.rows(index), rows.y[index], None if rows.weight is None else rows.weight[index])


def placed(split: Split, said: Sequence[tuple[NDArray[np.intp], NDArray[np.float64]]]) -> NDArray[np.float32]:
    """Predictions of some rows among all: NaN for those of which nothing is said."""
    classes = len(split.task.classes)
    found = np.full((len(split.data), classes) if classes else (len(split.data),), np.nan, dtype=np.float32)
    for rows, predicted in said:
        found[rows] = predicted
    return found


def _above(wanted: Node, have: Node) -> list[StepNode]:
    """The steps of ``wanted`` that stand over ``have``, the lowest first."""
    found: list[StepNode] = []
    while wanted is not have:
        if not isinstance(wanted, StepNode):
            raise TypeError(f"{type(wanted).__name__} is no step that prepares columns")
        found.insert(0, wanted)
        wanted = wanted.inputs[0]
    return found
