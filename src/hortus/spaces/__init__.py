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
    },
    group="hortus.spaces",
)
