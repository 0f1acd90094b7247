"""What a network said of the images that it had not learned from: what its verdict is counted from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import verify
from hortus.data.images import ImageData
from hortus.data.metrics import Metric
from hortus.data.task import Task
from hortus.engine.journal import Journal
from hortus.errors import RunError
from hortus.run.images.result import ImageResult
from hortus.run.images.rows import trained


@dataclass(frozen=True)
class JudgedImages:
    """A network before its judges; the rows of `hortus.explain.evidence.Judged` are images.

    Attributes:
        task: the classes and the metric.
        metric: what was optimized; greater is better.
        places: (n,) which of the run's images were set aside, ascending.
        y: (n,) their class codes.
        predictions: (n, K) probabilities, from the candidate as it was before it was trained on all images.
        facts: what the run found out about the network.
    """

    task: Task
    metric: Metric
    places: NDArray[np.intp]
    y: NDArray[np.int64]
    predictions: NDArray[np.float64]
    facts: dict[str, Any]

    @property
    def weight(self) -> NDArray[np.float64] | None:
        """Every image counts alike."""
        return None

    @cached_property
    def folds(self) -> NDArray[np.int8]:
        """(n,) the one fold."""
        return np.zeros(len(self.y), dtype=np.int8)

    def called(self, predictions: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n,) codes of the likeliest classes."""
        codes: NDArray[np.int64] = predictions.argmax(axis=1).astype(np.int64)
        return codes

    @property
    def mistakes(self) -> NDArray[np.intp]:
        """Positions among the n of those named wrongly, the surest of itself first."""
        called = self.called(self.predictions)
        wrong = np.flatnonzero(called != self.y)
        order: NDArray[np.intp] = wrong[np.argsort(-self.predictions[wrong, called[wrong]], kind="stable")]
        return order


def judged_images(result: ImageResult) -> JudgedImages:
    """What the chosen network said of the images that were set aside.

    Raises:
        RunError: its predictions are not kept.
        ArtifactError: they are not as they were written.
    """
    data = ImageData.load(result.folder / "data")
    with Journal.open(result.folder, read_only=True) as journal:
        rows = [row for row in trained(journal) if row.number == int(result.chosen["number"])]
    found = rows[0].left("predictions") if rows else None
    if found is None:
        raise RunError("The chosen network's predictions are not kept.", mend="Start the run again.", code="no-model")
    path = verify(result.folder, found)
    places = np.asarray(data.valid_rows(0))
    return JudgedImages(
        task=data.task,
        metric=data.metric(),
        places=places,
        y=np.asarray(data.y[places]),
        predictions=np.load(path, allow_pickle=False)[places].astype(np.float64),
        facts=dict(result.model.facts),
    )


def shown(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """An image as a picture: (h, w) or (h, w, 3) bytes.

    Args:
        pixels: (c, h, w) of a run's images; numbers that are no bytes are stretched from their least to their greatest.
    """
    found = np.asarray(pixels)
    if found.dtype != np.uint8:
        low, high = float(found.min()), float(found.max())
        found = np.rint(255 * (found - low) / max(high - low, 1e-12)).astype(np.uint8)
    return found[0] if len(found) != 3 else np.ascontiguousarray(found.transpose(1, 2, 0))
