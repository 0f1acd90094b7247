"""Weights on disk: safetensors, with what else must be known as JSON in its header. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hortus.errors import ArtifactError
from hortus.libraries import require


def save_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any] | None = None) -> None:
    """Write tensors, and JSON values about them, as one file.

    Args:
        path: of the file.
        tensors: by name; two names of one tensor are stored twice.
        about: JSON values.
    """
    made = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    metadata = {"about": json.dumps(dict(about or {}))}
    if any(tensor.dtype == torch.bfloat16 for tensor in made.values()):
        copies = {name: tensor.clone() for name, tensor in made.items()}
        _library("safetensors.torch").save_file(copies, str(path), metadata=metadata)
    else:
        # The same bytes in a third of the time, for all that NumPy has a type for.
        arrays = {name: tensor.numpy() for name, tensor in made.items()}
        _library("safetensors.numpy").save_file(arrays, str(path), metadata=metadata)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_tensors` wrote.

    Raises:
        ArtifactError: the file is missing, damaged or none of ours.
    """
    library = _library("safetensors")
    try:
        with library.safe_open(str(path), framework="pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- it is no mapping
            about = json.loads((file.metadata() or {})["about"])
    except Exception as error:  # the library raises kinds of its own beside OSError and ValueError
        raise ArtifactError(
            f"The weights in {str(path)!r} cannot be read ({type(error).__name__}: {error}).",
            mend="Take the model from its run again, or train it anew.",
            code="weights-damaged",
        ) from error
    return found, dict(about)


def fill(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put stored weights into a network of the same architecture.

    Raises:
        ArtifactError: they are those of another.
    """
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise ArtifactError(
            f"The weights are not those of this network: {str(error).splitlines()[-1].strip()}",
            mend="Take the model from its run again, or train it anew.",
            code="weights-foreign",
        ) from error


def _library(module: str) -> Any:
    return require(module, "nets", purpose="to store networks")
