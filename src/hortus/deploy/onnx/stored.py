"""A fitted pipeline as it lies on disk: what its learners and steps have learned, without a look inside of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hortus.data.store import load_state
from hortus.models.outputs import Outputs
from hortus.spaces.nodes import AnyNode, walk
from hortus.spaces.pipeline import FittedPipeline


@dataclass(frozen=True)
class Stored:
    """One node's folder.

    Attributes:
        folder: what the learner or step has written.
    """

    folder: Path

    @cached_property
    def state(self) -> dict[str, Any]:
        """What it has learned."""
        return load_state(self.folder)

    @cached_property
    def outputs(self) -> Outputs:
        """Of a learner: its task and the classes it met."""
        return Outputs.from_json(self.state["outputs"])


@contextmanager
def opened(fitted: FittedPipeline) -> Iterator[dict[str, Stored]]:
    """The folders of a pipeline's nodes, by the nodes' paths (as `hortus.spaces.nodes.walk` gives them)."""
    with tempfile.TemporaryDirectory(prefix="hortus-") as made:
        folder = Path(made)
        fitted.save(folder)
        # A pipeline numbers its nodes in the order that they are walked in.
        yield {path: Stored(folder / f"{number:03d}") for number, (path, _) in enumerate(_nodes(fitted))}


def _nodes(fitted: FittedPipeline) -> Iterator[tuple[str, AnyNode]]:
    return walk(fitted.pipeline.root)
