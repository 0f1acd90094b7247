"""A trained network as one file: its weights as safetensors, its architecture as JSON. No code of the file's is run.

The architecture is the name of a search space, its settings, and the answers that make the candidate; the network is
built from them by the Hortus that is here.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.trial import FixedTrial

from hortus.data.image_facts import ImageFacts
from hortus.data.images import ImageData
from hortus.data.task import Task
from hortus.deploy.image_model import ImageModel
from hortus.deploy.sealed import FORMAT, MANIFEST, digest, opened
from hortus.deploy.versions import version_notes, versions
from hortus.errors import ArtifactError
from hortus.evaluation.building import scaled
from hortus.spaces import SPACES

KIND = "images"
WEIGHTS = "network.safetensors"


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
    mean, deviation = data.moments
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "versions": versions(),
        "task": data.task.to_json(),
        "images": {
            "shape": list(data.shape),
            "whole": data.pixels.dtype.kind == "u",
            "mean": list(mean),
            "deviation": list(deviation),
            "resolution": resolution,
        },
        "network": {"space": dict(space), "params": dict(params), "scale": dict(scale), "facts": facts.to_json()},
        "facts": dict(about),
        "parts": {WEIGHTS: {"sha256": digest(weights), "size": weights.stat().st_size}},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".bundle-") as made:
        temporary = Path(made) / "bundle"
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle:
            bundle.writestr(MANIFEST, json.dumps(manifest, indent=1))
            bundle.write(weights, WEIGHTS)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)


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
    from hortus.nets.training import device
    from hortus.nets.weights import fill, load_tensors

    found, images = manifest["network"], manifest["images"]
    task = Task.from_json(manifest["task"])
    channels, height, width = (int(side) for side in images["shape"])
    settings = dict(found["space"])
    space = SPACES[settings.pop("name")](ImageFacts.from_json(found["facts"]), **settings)
    scale = {name: float(found["scale"].get(name, 1.0)) for name in ("width", "depth")}
    candidate: Any = scaled(space(FixedTrial(dict(found["params"]))), **scale)
    network = candidate.build((channels, height, width), len(task.classes))
    tensors, _ = load_tensors(folder / WEIGHTS)
    fill(network, tensors)
    made = {str(name): str(number) for name, number in (manifest.get("versions") or {}).items()}
    return ImageModel(
        task=task,
        network=network.to(device()).eval(),
        shape=(channels, height, width),
        whole=bool(images["whole"]),
        mean=tuple(map(float, images["mean"])),
        deviation=tuple(map(float, images["deviation"])),
        resolution=float(images["resolution"]),
        candidate=candidate,
        facts=dict(manifest.get("facts") or {}) | {"versions": made},
        notes=version_notes(made),
    )
