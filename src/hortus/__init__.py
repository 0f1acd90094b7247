"""Hortus: automated machine learning. A table in, a model out.

    from hortus import AutoClassifier

    model = AutoClassifier(time_budget=60).fit(X_train, y_train)
    model.predict(X_test)

The public names are imported when first asked for, so that `import hortus` costs next to nothing. No module of
the package imports this one: what stands below the faces would reach them through it.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hortus.errors import (
    ArtifactError,
    BudgetError,
    HortusError,
    InputError,
    JournalError,
    MissingExtraError,
    ReadError,
    RunError,
    RunInUseError,
    SchemaError,
    SettingError,
    TargetError,
)

if TYPE_CHECKING:
    from hortus.automl import AutoClassifier, AutoRegressor
    from hortus.deploy.load import load
    from hortus.searching import search
    from hortus.segmenting import ImageSegmenter
    from hortus.spaces.declared import Choice, Float, Int
    from hortus.tuning import blend, compare, stack, tune
    from hortus.vision import ImageClassifier

__version__ = "0.1.0"

# Optuna loads tqdm, which says in every notebook without ipywidgets that its bar cannot be shown. Hortus shows none.
warnings.filterwarnings("ignore", message="IProgress not found")

__all__ = [
    "ArtifactError",
    "AutoClassifier",
    "AutoRegressor",
    "BudgetError",
    "Choice",
    "Float",
    "HortusError",
    "ImageClassifier",
    "ImageSegmenter",
    "InputError",
    "Int",
    "JournalError",
    "MissingExtraError",
    "ReadError",
    "RunError",
    "RunInUseError",
    "SchemaError",
    "SettingError",
    "TargetError",
    "__version__",
    "blend",
    "compare",
    "load",
    "search",
    "stack",
    "tune",
]

_LATER = {
    "AutoClassifier": "hortus.automl:AutoClassifier",
    "AutoRegressor": "hortus.automl:AutoRegressor",
    "ImageClassifier": "hortus.vision:ImageClassifier",
    "ImageSegmenter": "hortus.segmenting:ImageSegmenter",
    "Choice": "hortus.spaces.declared:Choice",
    "Float": "hortus.spaces.declared:Float",
    "Int": "hortus.spaces.declared:Int",
    "load": "hortus.deploy.load:load",
    "blend": "hortus.tuning:blend",
    "compare": "hortus.tuning:compare",
    "stack": "hortus.tuning:stack",
    "search": "hortus.searching:search",
    "tune": "hortus.tuning:tune",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _LATER[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
