"""Evaluators, by name: what a candidate is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hortus.registry import Registry

if TYPE_CHECKING:
    from hortus.evaluation.base import Evaluator

# Each is called with its own options, by name; what it returns is called with a candidate.
EVALUATORS: Registry[Callable[..., Evaluator]] = Registry(
    "evaluator",
    {
        "cross_validation": "hortus.evaluation.full:CrossValidation",
        "streaming": "hortus.evaluation.streaming:Streaming",
        "train": "hortus.evaluation.network:NetworkTraining",
        "early_stopping": "hortus.evaluation.early_stopping:EarlyStopping",
        "growth": "hortus.evaluation.growth:Growth",
        "train_all": "hortus.evaluation.final:FinalTraining",
        "training_free": "hortus.evaluation.training_free:TrainingFree",
        "weight_sharing": "hortus.evaluation.inherited:Inherited",
        "function": "hortus.evaluation.function:FunctionEvaluation",
        "surrogate": "hortus.evaluation.surrogate:Surrogate",
        "labels": "hortus.evaluation.surrogate:Labels",
        "supernet": "hortus.evaluation.inherited:SupernetTrial",
        "segment": "hortus.evaluation.scenes:SceneNetwork",
        "segment_all": "hortus.evaluation.scenes:SceneFinal",
        "segment_search": "hortus.evaluation.shared_scenes:SceneSearch",
        "segment_inherited": "hortus.evaluation.shared_scenes:InheritedScenes",
    },
    group="hortus.evaluators",
)
