"""A trained network as one file: its weights as safetensors, its architecture as JSON. No code of the file's is run.

The architecture is the name of a search space, its settings, and the answers that make the candidate; the network is
built from them by the Hortus that is here. What the network tells, classes or pixels, is its own kind's to say.
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
from hortus.data.scenes import SceneData
from hortus.deploy.sealed import FORMAT, MANIFEST, digest
from hortus.deploy.versions import version_notes, versions
from hortus.evaluation.building import scaled
from hortus.spaces import SPACES

WEIGHTS = "network.safetensors"


def write_network(
    path: Path,
    *,
    kind: str,
    told: Mapping[str, Any],
    data: ImageData | SceneData,
    images: Mapping[str, Any],
    network: Mapping[str, Any],
    weights: Path,
    about: Mapping[str, Any],
) -> None:
    """Write a network as a bundle; the file appears whole or not at all.

    Args:
        path: of the bundle.
        kind: of the bundle.
        told: what its predictions mean, by name.
        data: what it was trained on.
        images: what else is to be known of them.
        network: the space, the candidate's params, and what the space knew.
        weights: the safetensors file.
        about: whatever else the manifest is to say.
    """
    mean, deviation = data.moments
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "versions": versions(),
        **told,
        "images": {
            "shape": list(data.shape),
            "whole": data.pixels.dtype.kind == "u",
            "mean": list(mean),
            "deviation": list(deviation),
            **images,
        },
        "network": dict(network),
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


def rebuilt(manifest: Mapping[str, Any], folder: Path, *, classes: int) -> dict[str, Any]:
    """The network of a bundle whose parts lie in ``folder``, checked, and what every model says of its own.

    Returns:
        By the names of `hortus.deploy.image_model.ImageModel`: network, shape, whole, mean, deviation, candidate,
        facts, notes.

    Raises:
        ArtifactError: the parts do not fit together.
    """
    from hortus.nets.training import device
    from hortus.nets.weights import fill, load_tensors

    found, images = manifest["network"], manifest["images"]
    channels, height, width = (int(side) for side in images["shape"])
    settings = dict(found["space"])
    space = SPACES[settings.pop("name")](ImageFacts.from_json(found["facts"]), **settings)
    scale = {name: float(found.get("scale", {}).get(name, 1.0)) for name in ("width", "depth")}
    candidate: Any = scaled(space(FixedTrial(dict(found["params"]))), **scale)
    network = candidate.build((channels, height, width), classes)
    fill(network, load_tensors(folder / WEIGHTS)[0])
    made = {str(name): str(number) for name, number in (manifest.get("versions") or {}).items()}
    return {
        "network": network.to(device()).eval(),
        "shape": (channels, height, width),
        "whole": bool(images["whole"]),
        "mean": tuple(map(float, images["mean"])),
        "deviation": tuple(map(float, images["deviation"])),
        "candidate": candidate,
        "facts": dict(manifest.get("facts") or {}) | {"versions": made},
        "notes": version_notes(made),
    }
