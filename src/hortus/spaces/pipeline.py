"""A pipeline as a candidate, fitted, and on disk: a tree of steps, unions and stacked models under one model.

The file is long because a tree that is fitted whole and one that is grown node by node are fitted by the same lines.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.data.store import load_state, save_state
from hortus.errors import ArtifactError
from hortus.features import STEPS
from hortus.features.base import Step
from hortus.features.layout import distinct
from hortus.models import MODELS
from hortus.models.base import FitContext, Model, Rows, Streams, Vector
from hortus.seeds import derive, stream
from hortus.spaces.nodes import AnyNode, ModelNode, Node, RowsNode, StackNode, StepNode, UnionNode, walk
from hortus.spaces.nodes import describe as describe_node
from hortus.spaces.nodes import from_json as node_from_json
from hortus.spaces.nodes import to_json as node_to_json

__all__ = ["FittedPipeline", "ModelNode", "Node", "Pipeline", "RowsNode", "StackNode", "StepNode", "UnionNode"]

TREE = "tree.json"
# Models fitted on the other folds' rows give a stacked model's training columns.
STACK_FOLDS = 3


@dataclass(frozen=True)
class Pipeline:
    """A candidate: the model at the root, and below it what its rows go through.

    Attributes:
        root: the model.
    """

    root: ModelNode

    def describe(self) -> str:
        """One line for a person: ``svm(scale(pca(rows)))``."""
        return describe_node(self.root)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return node_to_json(self.root)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Pipeline:
        """The inverse of ``to_json``.

        Raises:
            ValueError: it is not what ``to_json`` gives.
        """
        root = node_from_json(found)
        if not isinstance(root, ModelNode):
            raise ValueError("a pipeline's root is a model")  # noqa: TRY004 - a faulty value, whatever it became
        return cls(root)

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> FittedPipeline:
        """Fit every node on ``train``, those below first.

        Args:
            train: the rows to learn from.
            context: its seed is split among the nodes by their paths; its deadline is shared among the fits to come.
            valid: rows on which the root may stop growing; transformed like rows to predict.
        """
        fitting = _Fitting(train, valid, context, fits_left=_fits(self.root))
        below, X, Xv = fitting.node(self.root.input, "0/0")
        model = MODELS[self.root.model](**self.root.params)
        fitting.fit(model, replace(train, X=X), "0", None if valid is None or Xv is None else replace(valid, X=Xv))
        return FittedPipeline(self, Fitted(self.root, model, (below,)), fitting.work)


@dataclass(frozen=True)
class Fitted:
    """A node that has learned.

    Attributes:
        node: what it is.
        what: what was fitted at it; None where there is nothing to fit.
        inputs: the nodes below it, fitted.
    """

    node: AnyNode
    what: Model | Step | None
    inputs: tuple[Fitted, ...]

    def transform(self, X: Matrix) -> Matrix:
        """The columns that it gives for encoded rows it was not fitted on."""
        if isinstance(self.node, RowsNode):
            return X
        merged = union([below.transform(X) for below in self.inputs])
        if isinstance(self.what, Step):
            return self.what.transform(merged)
        if isinstance(self.what, Model):
            return _beside(merged, self.what.predict(merged), self.what.name)
        return merged

    def all(self) -> list[Fitted]:
        """Itself and all below it, a parent before its inputs."""
        return [self, *(found for below in self.inputs for found in below.all())]


@dataclass(frozen=True)
class FittedPipeline:
    """A pipeline that has learned.

    Attributes:
        pipeline: the candidate it was fitted from.
        work: rows x rounds over all its models, and the rows seen by each step.
    """

    pipeline: Pipeline
    _root: Fitted
    work: float

    def predict(self, X: Matrix) -> Vector:
        """(n, K) probabilities of a classification, (n,) values of a regression."""
        return self.model.predict(self.inputs(X))

    def inputs(self, X: Matrix) -> Matrix:
        """Encoded rows as the model at the root takes them."""
        return self._root.inputs[0].transform(X)

    def again(self, train: RowsOnDisk, context: FitContext, valid: Rows | None = None) -> FittedPipeline:
        """The same fitted steps, and above them the model fitted anew on rows on disk.

        Args:
            train: rows as the steps give them.
            context: for the fit.
            valid: rows on which the model may stop growing; as the steps give them too.

        Raises:
            TypeError: the model does not learn from rows on disk.
        """
        root = self.pipeline.root
        model = MODELS[root.model](**root.params)
        if not isinstance(model, Streams):
            raise TypeError(f"{root.model} does not learn from rows on disk.")
        model.fit_stream(train, replace(context, seed=derive(context.seed, "0")), valid)
        return FittedPipeline(self.pipeline, replace(self._root, what=model), model.work)

    @property
    def model(self) -> Model:
        """The fitted model at the root."""
        if not isinstance(self._root.what, Model):
            raise TypeError("a pipeline's root is a model")
        return self._root.what

    def save(self, folder: Path) -> None:
        """Write ``tree.json`` and a numbered folder for each fitted node into ``folder``, which exists and is empty."""
        found = {"pipeline": self.pipeline.to_json(), "work": self.work}
        (folder / TREE).write_text(json.dumps(found), encoding="utf-8")
        for number, fitted in enumerate(self._root.all()):
            if fitted.what is None:
                continue
            place = folder / f"{number:03d}"
            place.mkdir()
            if isinstance(fitted.what, Step):
                save_state(place, fitted.what.state())
            else:
                fitted.what.save(place)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ArtifactError: a file is missing or damaged, or names what this Hortus does not have.
        """
        try:
            found = json.loads((folder / TREE).read_text(encoding="utf-8"))
            pipeline = Pipeline.from_json(found["pipeline"])
            numbers = iter(range(sum(1 for _ in walk(pipeline.root))))
            root = _load(pipeline.root, folder, lambda: next(numbers))
            return cls(pipeline, root, float(found["work"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, ArtifactError):
                raise
            raise ArtifactError(
                f"The stored pipeline in {folder} cannot be read ({type(error).__name__}: {error}).",
                mend="Take the model from its run again, or fit it anew.",
                code="pipeline-damaged",
            ) from error


def _load(node: AnyNode, folder: Path, number: Callable[[], int]) -> Fitted:
    place = folder / f"{number():03d}"
    what: Model | Step | None = None
    if isinstance(node, StepNode):
        what = STEPS[node.step](**node.params)
        what.restore(load_state(place))
    elif isinstance(node, StackNode | ModelNode):
        what = MODELS[node.model].load(place)
    return Fitted(node, what, tuple(_load(below, folder, number) for below in node.inputs))


class _Fitting:
    """One fit of a whole tree under way."""

    def __init__(self, train: Rows, valid: Rows | None, context: FitContext, *, fits_left: int) -> None:
        self.train = train
        self.valid = valid
        self.context = context
        self.fits_left = fits_left
        self.work = 0.0

    def node(self, node: Node, path: str) -> tuple[Fitted, Matrix, Matrix | None]:
        """Fit ``node`` and all below; return it with the training and the validation rows behind it."""
        if isinstance(node, RowsNode):
            return Fitted(node, None, ()), self.train.X, None if self.valid is None else self.valid.X
        below, trains, valids = zip(*(self.node(b, f"{path}/{i}") for i, b in enumerate(node.inputs)), strict=True)
        return self.above(node, below, union(trains), None if self.valid is None else union(valids), path)

    def above(
        self, node: Node, below: tuple[Fitted, ...], X: Matrix, Xv: Matrix | None, path: str
    ) -> tuple[Fitted, Matrix, Matrix | None]:
        """Fit ``node`` on what the fitted nodes below it give, put side by side."""
        if isinstance(node, StepNode):
            step = STEPS[node.step](**node.params)
            seed = derive(self.context.seed, path)
            X = step.fit_transform(X, self.train.y, kind=self.context.kind, classes=self.context.classes, seed=seed)
            self.work += len(X)
            return Fitted(node, step, below), X, None if Xv is None else step.transform(Xv)
        if not isinstance(node, StackNode):
            return Fitted(node, None, below), X, Xv
        held_out = self._cross_fit(node, X, path)
        model = MODELS[node.model](**node.params)
        self.fit(model, replace(self.train, X=X), path, None)
        X = _beside(X, held_out, model.name)
        return Fitted(node, model, below), X, None if Xv is None else _beside(Xv, model.predict(Xv), model.name)

    def fit(self, model: Model, rows: Rows, path: str, valid: Rows | None) -> None:
        """Fit one model, with its share of the time left."""
        deadline = self.context.deadline
        if deadline is not None:
            now = time.monotonic()
            deadline = now + max(0.0, deadline - now) / self.fits_left
        self.fits_left -= 1
        model.fit(rows, replace(self.context, seed=derive(self.context.seed, path), deadline=deadline), valid)
        self.work += model.work

    def _cross_fit(self, node: StackNode, X: Matrix, path: str) -> NDArray[np.float64]:
        """Predictions for the training rows by models that did not see them."""
        fold = _folds(self.train.y, self.context, path)
        parts: list[tuple[NDArray[np.intp], NDArray[np.float64]]] = []
        for k in range(STACK_FOLDS):
            inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            weight = None if self.train.weight is None else self.train.weight[inside]
            model = MODELS[node.model](**node.params)
            self.fit(model, Rows(X.rows(inside), self.train.y[inside], weight), f"{path}/fold/{k}", None)
            parts.append((outside, model.predict(X.rows(outside))))
        held_out = np.empty((len(X), *parts[0][1].shape[1:]))
        for outside, predicted in parts:
            held_out[outside] = predicted
        return held_out


def fit_above(
    node: Node, below: Sequence[Fitted], train: Rows, other: Matrix, context: FitContext, *, path: str
) -> tuple[Fitted, Matrix, Matrix]:
    """Fit one node on rows that the nodes below it have transformed: a pipeline grown node by node.

    Args:
        node: a step, a union or a stacked model.
        below: its fitted inputs.
        train: the rows to learn from, as its inputs give them.
        other: other rows, as its inputs give them; nothing is learned from them.
        context: its seed is the whole pipeline's.
        path: of the node in the pipeline, which its own seed is derived from.

    Returns:
        The fitted node, and both rows as it gives them.
    """
    fitting = _Fitting(train, None, context, fits_left=STACK_FOLDS + 1)
    fitted, X, Xo = fitting.above(node, tuple(below), train.X, other, path)
    return fitted, X, other if Xo is None else Xo


def fit_root(
    root: ModelNode, below: Fitted, train: Rows, context: FitContext, *, path: str = "0", valid: Rows | None = None
) -> FittedPipeline:
    """Fit the model over a fitted node, on rows as that node gives them; see `fit_above`."""
    fitting = _Fitting(train, None, context, fits_left=1)
    model = MODELS[root.model](**root.params)
    fitting.fit(model, train, path, valid)
    return FittedPipeline(Pipeline(root), Fitted(root, model, (below,)), fitting.work)


def _fits(root: ModelNode) -> int:
    return 1 + sum(STACK_FOLDS + 1 for _, node in walk(root) if isinstance(node, StackNode))


def _folds(y: NDArray[Any], context: FitContext, path: str) -> NDArray[np.intp]:
    """A fold for each row; every class is spread evenly over the folds."""
    order = stream(context.seed, path, "folds").permutation(len(y))
    if context.kind != "regression":
        order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), dtype=np.intp)
    fold[order] = np.arange(len(y)) % STACK_FOLDS
    return fold


def union(parts: Sequence[Matrix]) -> Matrix:
    """The columns of all ``parts`` side by side, names made distinct; the text block of the first that has one."""
    if len(parts) == 1:
        return parts[0]
    columns = [column for part in parts for column in part.columns]
    names = distinct([column.name for column in columns])
    words = next((part for part in parts if part.text is not None), parts[0])
    dense = np.hstack([part.dense for part in parts])
    return Matrix(dense, tuple(replace(c, name=n) for c, n in zip(columns, names, strict=True)), words.text, words.wide)


def _beside(X: Matrix, predicted: NDArray[np.float64], name: str) -> Matrix:
    """``X`` and beside it the predictions; of two classes only the second's, which says it all."""
    values = predicted.reshape(len(X), -1)
    if values.shape[1] == 2:
        values = values[:, 1:]
    names = distinct([f"{name} predicts {i}" for i in range(values.shape[1])], [c.name for c in X.columns])
    columns = tuple(MatrixColumn(n, source="predictions") for n in names)
    return X.with_dense(np.hstack([X.dense, values.astype(np.float32)]), (*X.columns, *columns))
