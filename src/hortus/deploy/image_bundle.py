"""A trained network of images as one file: see `hortus.deploy.network_bundle`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hortus.data.image_facts import ImageFacts
from hortus.data.images import ImageData
from hortus.data.task import Task
from hortus.deploy.image_model import ImageModel
from hortus.deploy.network_bundle import rebuilt, write_network
from hortus.deploy.sealed import opened
from hortus.errors import ArtifactError

KIND = "images"


def write_image_bundle(
    path: Path,
    *,
    data: ImageData,
    facts: ImageFacts,
    space: Mapping[str, Any],
    params: Mapping[str, Any],
    scale: Mapping[str, float],
    resolution: float,
    weights: Path,
    about: Mapping[str, Any],
) -> None:
    """Write a network as a bundle; the file appears whole or not at all.

    Args:
        path: of the bundle.
        data: what it was trained on.
        facts: what the space knew of the images.
        space: name and settings of the space.
        params: the candidate's.
        scale: how many times as wide and deep as it was found it is: ``width``, ``depth``; empty for 1.
        resolution: share of the images' height and width that it was trained at.
        weights: the safetensors file.
        about: whatever else the manifest is to say: score, estimate, costs.
    """
    write_network(
        path,
        kind=KIND,
        told={"task": data.task.to_json()},
        data=data,
        images={"resolution": resolution},
        network={"space": dict(space), "params": dict(params), "scale": dict(scale), "facts": facts.to_json()},
        weights=weights,
        about=about,
    )


def load_image_bundle(path: Path) -> ImageModel:
    """Load a network that `write_image_bundle` wrote.

    Raises:
        ArtifactError: the file is no bundle, is damaged or tampered with, holds no network, or was written by a newer
            Hortus.
        MissingExtraError: PyTorch or safetensors is not installed.
    """
    with opened(path) as (manifest, folder):
        if manifest.get("kind") != KIND:
            raise ArtifactError(
                f"{path} is a model of tables, not of images.", mend="Load it with hortus.load.", code="bundle-kind"
            )
        return assemble(manifest, folder)


def assemble(manifest: Mapping[str, Any], folder: Path) -> ImageModel:
    """The model of a bundle whose parts lie in ``folder``, checked.

    Raises:
        ArtifactError: they do not fit together.
    """
    task = Task.from_json(manifest["task"])
    made = rebuilt(manifest, folder, classes=len(task.classes))
    return ImageModel(task=task, resolution=float(manifest["images"]["resolution"]), **made)
