"""`hortus.load`: whatever model a file holds."""

from __future__ import annotations

from pathlib import Path

from hortus.deploy.bundle import load_bundle
from hortus.deploy.image_model import ImageModel
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.sealed import kind_of
from hortus.ensemble.predictor import Predictor


def load(path: str | Path) -> Predictor | ImageModel | SceneModel:
    """Load a model of tables, of images or of scenes. No code of the file's is ever run.

    Raises:
        ArtifactError: the file is no model, is damaged or tampered with, or was written by a newer Hortus.
        MissingExtraError: it needs a library that is not installed.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == "scenes":
        from hortus.deploy.scene_bundle import load_scene_bundle

        return load_scene_bundle(path)
    if kind == "images":
        from hortus.deploy.image_bundle import load_image_bundle

        return load_image_bundle(path)
    return load_bundle(path)
