"""Feature steps, by name."""

from __future__ import annotations

from hortus.features.base import Step
from hortus.registry import Registry

STEPS: Registry[type[Step]] = Registry(
    "step",
    {
        "impute": "hortus.features.clean:Impute",
        "onehot": "hortus.features.encode_categories:OneHot",
        "target": "hortus.features.target:TargetMean",
        "count": "hortus.features.encode_categories:Count",
        "ordinal": "hortus.features.encode_categories:Ordinal",
        "scale": "hortus.features.scale:Scale",
        "common_scale": "hortus.features.common_scale:CommonScale",
        "arithmetic": "hortus.features.arithmetic:Arithmetic",
        "crosses": "hortus.features.crosses:Crosses",
        "groups": "hortus.features.groups:Groups",
        "select": "hortus.features.select:Select",
        "variance": "hortus.features.select:Variance",
        "pca": "hortus.features.extract:Components",
    },
    group="hortus.steps",
)
