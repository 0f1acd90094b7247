"""Whatever data a run folder holds: a table's rows or images."""

from __future__ import annotations

from pathlib import Path

from hortus.data.dataset import Dataset
from hortus.data.images import FILE, ImageData


def load_data(folder: Path) -> Dataset | ImageData:
    """The data that lie in ``folder``, memory-mapped.

    Raises:
        ArtifactError: there are none, or they are damaged.
    """
    return ImageData.load(folder) if (Path(folder) / FILE).exists() else Dataset.load(folder)
