"""A trained network of scenes as one file: see `hortus.deploy.network_bundle`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hortus.data.image_facts import ImageFacts
from hortus.data.mask_classes import MaskClasses
from hortus.data.scenes import SceneData
from hortus.deploy.network_bundle import rebuilt, write_network
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.sealed import opened
from hortus.errors import ArtifactError

KIND = "scenes"


def write_scene_bundle(
    path: Path,
    *,
    data: SceneData,
    facts: ImageFacts,
    space: Mapping[str, Any],
    params: Mapping[str, Any],
    weights: Path,
    about: Mapping[str, Any],
) -> None:
    """Write a network as a bundle; the file appears whole or not at all.

    Args:
        path: of the bundle.
        data: what it was trained on.
        facts: what the space knew of the scenes.
        space: name and settings of the space.
        params: the candidate's.
        weights: the safetensors file.
        about: whatever else the manifest is to say: score, classes one by one, costs.
    """
    write_network(
        path,
        kind=KIND,
        told={"classes": data.classes.to_json()},
        data=data,
        images={},
        network={"space": dict(space), "params": dict(params), "facts": facts.to_json()},
        weights=weights,
        about=about,
    )


def load_scene_bundle(path: Path) -> SceneModel:
    """Load a network that `write_scene_bundle` wrote.

    Raises:
        ArtifactError: the file is no bundle, is damaged or tampered with, holds another kind of model, or was written
            by a newer Hortus.
        MissingExtraError: PyTorch or safetensors is not installed.
    """
    with opened(path) as (manifest, folder):
        if manifest.get("kind") != KIND:
            raise ArtifactError(f"{path} is no model of scenes.", mend="Load it with hortus.load.", code="bundle-kind")
        classes = MaskClasses.from_json(manifest["classes"])
        return SceneModel(classes=classes, **rebuilt(manifest, folder, classes=len(classes)))
