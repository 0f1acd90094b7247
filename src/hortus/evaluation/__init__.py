"""Evaluators, by name: what a candidate is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hortus.registry import Registry

if TYPE_CHECKING:
    from hortus.evaluation.base import Evaluator

EVALUATORS: Registry[type[Evaluator]] = Registry(
    "evaluator",
    {
        "cross_validation": "hortus.evaluation.full:CrossValidation",
    },
    group="hortus.evaluators",
)
