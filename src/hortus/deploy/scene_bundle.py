"""A trained network of scenes as one file: weights as safetensors, architecture and classes as JSON. No code in it."""

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
from hortus.data.mask_classes import MaskClasses
from hortus.data.scenes import SceneData
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.sealed import FORMAT, MANIFEST, digest, opened
from hortus.deploy.versions import version_notes, versions
from hortus.errors import ArtifactError
from hortus.spaces import SPACES

KIND = "scenes"
WEIGHTS = "network.safetensors"


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
    mean, deviation = data.moments
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "versions": versions(),
        "classes": data.classes.to_json(),
        "images": {
            "shape": list(data.shape),
            "whole": data.pixels.dtype.kind == "u",
            "mean": list(mean),
            "deviation": list(deviation),
        },
        "network": {"space": dict(space), "params": dict(params), "facts": facts.to_json()},
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
        from hortus.nets.training import device
        from hortus.nets.weights import fill, load_tensors

        found, images = manifest["network"], manifest["images"]
        classes = MaskClasses.from_json(manifest["classes"])
        channels, height, width = (int(side) for side in images["shape"])
        settings = dict(found["space"])
        space = SPACES[settings.pop("name")](ImageFacts.from_json(found["facts"]), **settings)
        candidate: Any = space(FixedTrial(dict(found["params"])))
        network = candidate.build((channels, height, width), len(classes))
        fill(network, load_tensors(folder / WEIGHTS)[0])
        made = {str(name): str(number) for name, number in (manifest.get("versions") or {}).items()}
        return SceneModel(
            classes=classes,
            network=network.to(device()).eval(),
            shape=(channels, height, width),
            whole=bool(images["whole"]),
            mean=tuple(map(float, images["mean"])),
            deviation=tuple(map(float, images["deviation"])),
            candidate=candidate,
            facts=dict(manifest.get("facts") or {}) | {"versions": made},
            notes=version_notes(made),
        )
