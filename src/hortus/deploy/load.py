"""`hortus.load`: whatever model a file holds."""

from __future__ import annotations

from pathlib import Path

from hortus.deploy.bundle import load_bundle
from hortus.deploy.image_model import ImageModel
from hortus.deploy.sealed import opened
from hortus.ensemble.predictor import Predictor


def load(path: str | Path) -> Predictor | ImageModel:
    """Load a model of tables or of images. No code of the file's is ever run.

    Raises:
        ArtifactError: the file is no model, is damaged or tampered with, or was written by a newer Hortus.
        MissingExtraError: it needs a library that is not installed.
    """
    path = Path(path)
    with opened(path) as (manifest, folder):
        if manifest.get("kind") == "images":
            from hortus.deploy.image_bundle import assemble

            return assemble(manifest, folder)
    return load_bundle(path)
