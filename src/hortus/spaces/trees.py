"""Pipelines as trees: unions of feature steps and stacked models, as in TPOT (Olson and Moore 2016).

    root         := model(input)
    input        := rows | step(input) | union(input, input) | stack model(input)

The name of a question is the path of its node: ``root/model``, then ``root/0/kind`` for the model's input,
``root/0/0/kind`` for the first input of that, and so on; a hyperparameter hangs on its node by its owner's name,
``root/0/pca.components``. The distribution behind a name depends on its depth and the facts alone, so subtrees can
be cut out and put in elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.errors import SettingError
from hortus.features import STEPS
from hortus.models import MODELS
from hortus.models.base import Params
from hortus.spaces.base import Space
from hortus.spaces.nodes import ModelNode, Node, RowsNode, StackNode, StepNode
from hortus.spaces.pipeline import Pipeline
from hortus.spaces.prepare import merged, prepare, traits

# Quick learners, so that hundreds of trees with stacks in them are affordable; the slow ones are left to chains.
QUICK = ("svm", "neighbors", "linear", "extra_trees", "forest", "lightgbm")
# Models worth fitting four times for the sake of some columns.
STACKABLE = ("svm", "neighbors", "linear", "extra_trees", "tree")
# Boosting grows a tree for each class in each round: with more classes than this it is no quick learner.
BOOSTED_CLASSES = 4
# Each column by itself, or all by one number, which suits columns of one unit such as pixels.
SCALES = ("scale", "common_scale")
# Trees in a forest at the root, and in a stacked one.
MOST_TREES = 100
MOST_STACKED_TREES = 40
# Past this width, pairs of columns take too long to go through.
WIDE = 200


class TreeSpace(Space):
    """Trees of steps, unions and stacked models under one model.

    Args:
        facts: what is known of the rows.
        depth: levels of inputs below the root, at least 1; at the last one there are only rows.
        models: names to choose the root from; those that do not fit the rows are left out. None for the quick ones.

    Raises:
        SettingError: the depth is below 1, or none of ``models`` fits the rows.
    """

    name: ClassVar[str] = "trees"
    provides: ClassVar[frozenset[str]] = frozenset({"sample", "mutate", "encode", "numbers", "pipeline"})

    def __init__(self, facts: Facts, *, depth: int = 3, models: Sequence[str] | None = None) -> None:
        if not isinstance(depth, int) or depth < 1:
            raise SettingError(f"The depth of the trees is {depth!r}.", mend="Give 1 or more.", code="bad-depth")
        self.facts = facts
        self.depth = depth
        wanted = tuple(name for name in QUICK if _quick(name, facts)) if models is None else tuple(models)
        self.models = tuple(name for name in wanted if MODELS[name].fits(facts))
        if not self.models:
            raise SettingError(
                f"None of the models {list(wanted)} fits these rows.", mend="Name others.", code="no-model-fits"
            )
        self.stackable = tuple(name for name in STACKABLE if MODELS[name].fits(facts))
        self.steps = _steps(facts)

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"name": self.name, "depth": self.depth, "models": list(self.models)}

    def family(self, params: Mapping[str, Any]) -> str:
        """The model at the root."""
        return str(params.get("root/model", ""))

    @property
    def families(self) -> tuple[str, ...]:
        """The models at the root."""
        return self.models

    def confined(self, family: str) -> Params:
        """The model at the root, named."""
        return {"root/model": family}

    def __call__(self, trial: BaseTrial) -> Pipeline:
        """Ask for a tree, from the root down."""
        name, params = self._model(trial, "root", self.models, MOST_TREES)
        return Pipeline(ModelNode(name, params, self._below(trial, "root", name, 0)))

    def starts(self) -> list[dict[str, Any]]:
        """Params of the plainest trees: each model's default on the rows, both ways scaled where it wants scaling."""
        found = []
        for scale in SCALES:
            for name in self.models:
                if scale != SCALES[0] and not MODELS[name].scaled:
                    continue
                params = {f"root/{name}.{key}": value for key, value in MODELS[name].default(self.facts).items()}
                params |= {"root/model": name, "root/0/kind": "rows"}
                found.append(params | {"root/scale": scale} if MODELS[name].scaled else params)
        return found

    def _input(self, trial: BaseTrial, path: str, level: int) -> Node:
        if level >= self.depth:
            return RowsNode()
        # A union at the last level but one would have the same rows on both sides.
        kinds = ("rows", "step", "stack", "union") if level + 1 < self.depth else ("rows", "step", "stack")
        kind = trial.suggest_categorical(f"{path}/kind", kinds)
        if kind == "rows":
            return RowsNode()
        if kind == "union":
            return merged(tuple(self._input(trial, f"{path}/{i}", level + 1) for i in (0, 1)))
        if kind == "step":
            step = trial.suggest_categorical(f"{path}/step", self.steps)
            params = STEPS[step].domain(trial, f"{path}/{step}.", self.facts)
            return StepNode(step, params, (self._input(trial, f"{path}/0", level + 1),))
        name, params = self._model(trial, path, self.stackable, MOST_STACKED_TREES)
        return StackNode(name, params, self._below(trial, path, name, level))

    def _below(self, trial: BaseTrial, path: str, name: str, level: int) -> Node:
        """The input of the model called ``name``, with what the model needs on top of it."""
        model, below = MODELS[name], self._input(trial, f"{path}/0", level + 1)
        if not model.scaled or traits(below, self.facts).scaled:
            return prepare(model, self.facts, below)
        return prepare(model, self.facts, below, scale=trial.suggest_categorical(f"{path}/scale", SCALES))

    def _model(self, trial: BaseTrial, path: str, names: tuple[str, ...], trees: int) -> tuple[str, Params]:
        name = trial.suggest_categorical(f"{path}/model", names)
        params = MODELS[name].domain(trial, f"{path}/{name}.", self.facts)
        if "n_estimators" in params:
            params["n_estimators"] = min(params["n_estimators"], trees)
        return name, params


def _quick(name: str, facts: Facts) -> bool:
    return name != "lightgbm" or facts.classes <= BOOSTED_CLASSES


def _steps(facts: Facts) -> tuple[str, ...]:
    numbers = facts.width - facts.categorical
    possible = (
        ("scale", numbers >= 1),
        ("pca", numbers >= 2),
        ("select", facts.width >= 2),
        ("arithmetic", 2 <= numbers <= WIDE),
        ("onehot", facts.categorical >= 1),
        ("target", facts.categorical >= 1),
        ("groups", facts.categorical >= 1 and 1 <= numbers <= WIDE),
    )
    return tuple(name for name, can in possible if can) or ("variance",)
