"""Whatever data a run folder holds: a table's rows, images or scenes."""

from __future__ import annotations

from pathlib import Path

from hortus.data import scenes
from hortus.data.dataset import Dataset
from hortus.data.images import FILE, ImageData


def load_data(folder: Path) -> Dataset | ImageData | scenes.SceneData:
    """The data that lie in ``folder``, memory-mapped.

    Raises:
        ArtifactError: there are none, or they are damaged.
    """
    if (Path(folder) / scenes.FILE).exists():
        return scenes.SceneData.load(folder)
    return ImageData.load(folder) if (Path(folder) / FILE).exists() else Dataset.load(folder)
