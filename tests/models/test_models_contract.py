"""The contract suite over every registered learner."""

from __future__ import annotations

import pytest

from hortus.libraries import installed
from hortus.models import MODELS
from hortus.models.base import Model, Params
from hortus.testing.models import ModelContract

QUICK: dict[str, Params] = {
    "catboost": {"learning_rate": 0.3, "depth": 4},
    "xgboost": {"learning_rate": 0.3},
    "lightgbm": {"learning_rate": 0.2},
    "forest": {"n_estimators": 30},
    "extra_trees": {"n_estimators": 30},
    "mlp": {"effort": 0.2, "width": 64},
}
# One shallow tree is sure of itself where it should not be.
BEATS = {"tree": 0.95}
LIBRARIES = {"catboost": ("catboost",), "xgboost": ("xgboost",), "mlp": ("torch", "safetensors")}


def _suite(name: str) -> type[ModelContract]:
    class Suite(ModelContract):
        learns = name != "baseline"
        beats = BEATS.get(name, ModelContract.beats)
        quick = QUICK.get(name, {})

        @pytest.fixture
        def model(self) -> type[Model]:
            if not installed(*LIBRARIES.get(name, ())):
                pytest.skip(f"{name} needs {LIBRARIES[name]}")
            return MODELS[name]

    Suite.__name__ = Suite.__qualname__ = f"Test{''.join(part.title() for part in name.split('_'))}"
    return Suite


for _name in MODELS:
    _made = _suite(_name)
    globals()[_made.__name__] = _made
