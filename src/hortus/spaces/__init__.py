"""Search spaces, by name."""

from __future__ import annotations

from collections.abc import Callable

from hortus.registry import Registry
from hortus.spaces.base import Space

SPACES: Registry[Callable[..., Space]] = Registry(
    "space",
    {
        "pipelines": "hortus.spaces.pipelines:PipelineSpace",
        "trees": "hortus.spaces.trees:TreeSpace",
        "cell": "hortus.spaces.cell:CellSpace",
        "darts": "hortus.spaces.darts_cell:DartsSpace",
        "entire": "hortus.spaces.entire:EntireSpace",
        "hierarchical": "hortus.spaces.hierarchical:HierarchicalSpace",
        "morphism": "hortus.spaces.morphism:MorphismSpace",
        "mnasnet": "hortus.spaces.mnasnet:MnasSpace",
        "own": "hortus.spaces.own:OwnSpace",
        "joint": "hortus.spaces.joint:JointSpace",
        "deeplab": "hortus.spaces.deeplab:DeepLabSpace",
        "auto_deeplab": "hortus.spaces.auto_deeplab:AutoDeepLabSpace",
        "declared": "hortus.spaces.declared:DeclaredSpace",
        "live": "hortus.spaces.live:LiveSpace",
    },
    group="hortus.spaces",
)
