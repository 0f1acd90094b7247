"""Pipelines as chains: data preparation, feature engineering, one model. The default space for tables.

What a model cannot take is prepared for it (`_preparation`), what may help it is asked (`_engineering`). Every
parameter is named after its model (``"linear.scale.method"``), so the same question asked for another model is
another parameter, and what a strategy learns of one family is not mixed up with another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.features import STEPS
from hortus.models import MODELS
from hortus.models.base import Model, Params
from hortus.spaces.base import Space
from hortus.spaces.pipeline import ModelNode, Node, Pipeline, RowsNode, StepNode

# The models a search considers.
CANDIDATES = (
    "lightgbm",
    "catboost",
    "linear",
    "extra_trees",
    "mlp",
    "xgboost",
    "forest",
    "neighbors",
    "svm",
)

# Above this width, building more columns costs more than it brings.
WIDE = 500


class PipelineSpace(Space):
    """Chains of preparation, feature engineering and a model.

    Args:
        facts: what is known of the rows.
        models: names to choose from; those that do not fit the rows are left out. None for all.
    """

    name: ClassVar[str] = "pipelines"
    provides: ClassVar[frozenset[str]] = frozenset({"sample", "mutate", "encode", "numbers", "pipeline"})

    def __init__(self, facts: Facts, *, models: Sequence[str] | None = None) -> None:
        self.facts = facts
        self.models = tuple(name for name in (models or CANDIDATES) if MODELS[name].fits(facts))

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"name": self.name, "models": list(self.models)}

    def family(self, params: Mapping[str, Any]) -> str:
        """The model."""
        return str(params.get("model", ""))

    @property
    def families(self) -> tuple[str, ...]:
        """The models."""
        return self.models

    def seconds(self, family: str) -> float:
        """As the model knows of itself."""
        return MODELS[family].seconds(self.facts) if family in MODELS else 0.0

    def confined(self, family: str) -> Params:
        """The model, named."""
        return {"model": family}

    def __call__(self, trial: BaseTrial) -> Pipeline:
        """Ask for a model, its preparation, its features and its hyperparameters."""
        name = trial.suggest_categorical("model", self.models)
        model = MODELS[name]
        node: Node = RowsNode()
        for step, params in self._engineering(trial, name):
            node = StepNode(step, params, (node,))
        for step, params in self._preparation(trial, name, model):
            node = StepNode(step, params, (node,))
        return Pipeline(ModelNode(name, model.domain(trial, f"{name}.", self.facts), node))

    def _engineering(self, trial: BaseTrial, name: str) -> list[tuple[str, Params]]:
        if self.facts.width > WIDE:
            return self._ask(trial, f"{name}.select", ("none", "select"))
        steps = self._ask(trial, f"{name}.construct", self._constructions())
        return steps + self._ask(trial, f"{name}.select", ("none", "select"))

    def _constructions(self) -> tuple[str, ...]:
        numbers = self.facts.width - self.facts.categorical
        possible = (
            ("arithmetic", numbers >= 2),
            ("crosses", self.facts.categorical >= 2),
            ("groups", self.facts.categorical >= 1 and numbers >= 1),
        )
        return ("none", *(step for step, can in possible if can))

    def _preparation(self, trial: BaseTrial, name: str, model: type[Model]) -> list[tuple[str, Params]]:
        steps: list[tuple[str, Params]] = []
        if self.facts.categorical:
            native = ("native",) if model.categories else ()
            encodings = (*native, "onehot", "target", "count", "ordinal")
            steps += self._ask(trial, f"{name}.encode", encodings)
            if not model.categories and steps and steps[-1][0] == "target":
                # Target encoding leaves short columns as codes: what is left becomes indicator columns.
                steps.append(("onehot", {}))
        if not model.missing:
            # Rows to predict may have gaps where the training rows have none.
            steps.append(("impute", STEPS["impute"].domain(trial, f"{name}.impute.", self.facts)))
        if model.scaled:
            steps.append(("scale", STEPS["scale"].domain(trial, f"{name}.scale.", self.facts)))
        if model.scaled and not model.text and self.facts.width <= WIDE:
            steps += self._ask(trial, f"{name}.extract", ("none", "pca"))
        return steps

    def _ask(self, trial: BaseTrial, question: str, steps: tuple[str, ...]) -> list[tuple[str, Params]]:
        """Ask which one of ``steps`` to take, and then for its own parameters."""
        if len(steps) == 1:
            return []
        step = trial.suggest_categorical(question, steps)
        if step in ("none", "native"):
            return []
        return [(step, STEPS[step].domain(trial, f"{question}.{step}.", self.facts))]
