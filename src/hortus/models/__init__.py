"""Learners, by name: each with its own search domain and strong default beside its code."""

from __future__ import annotations

from hortus.models.base import Model
from hortus.registry import Registry

MODELS: Registry[type[Model]] = Registry(
    "model",
    {
        "baseline": "hortus.models.baseline:Baseline",
        "tree": "hortus.models.trees:Tree",
        "linear": "hortus.models.linear:Linear",
        "neighbors": "hortus.models.neighbors:Neighbors",
        "svm": "hortus.models.svm:SupportVectors",
        "forest": "hortus.models.trees:Forest",
        "extra_trees": "hortus.models.trees:ExtraTrees",
        "lightgbm": "hortus.models.lightgbm:LightGBM",
        "catboost": "hortus.models.catboost:CatBoost",
        "xgboost": "hortus.models.xgboost:XGBoost",
        "mlp": "hortus.models.mlp:MLP",
    },
    group="hortus.models",
)
