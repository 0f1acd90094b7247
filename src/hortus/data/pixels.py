"""Arrays of pixels on disk: what images that have a class and scenes that have masks share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.errors import ArtifactError

Moments = tuple[tuple[float, ...], tuple[float, ...]]


def channel_moments(pixels: NDArray[Any], *, at_once: int) -> Moments:
    """Mean and standard deviation of each channel; the deviation of a constant channel is 1.

    Args:
        pixels: (n, c, h, w).
        at_once: images that are in memory at a time.
    """
    channels = pixels.shape[1]
    count, total, squares = 0, np.zeros(channels), np.zeros(channels)
    for at in range(0, len(pixels), at_once):
        block = pixels[at : at + at_once].astype(np.float64)
        count += block.shape[0] * block.shape[2] * block.shape[3]
        total += block.sum(axis=(0, 2, 3))
        squares += (block**2).sum(axis=(0, 2, 3))
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    deviation[deviation <= 1e-6 * np.maximum(1.0, np.abs(mean))] = 1.0
    return tuple(map(float, mean)), tuple(map(float, deviation))


def digest_of(about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], *, at_once: int) -> str:
    """SHA-256 of a description and of arrays, hexadecimal; equal for equal data on every machine.

    Args:
        about: what describes them, as plain JSON values.
        arrays: by name.
        at_once: rows that are in memory at a time.
    """
    found = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, array in arrays.items():
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        for at in range(0, len(array), at_once):
            found.update(np.ascontiguousarray(array[at : at + at_once]).data)
    return found.hexdigest()


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]], file: str, about: Mapping[str, Any]) -> None:
    """Write arrays, and last the file that describes them, into ``folder``, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    (folder / file).write_text(json.dumps(about), encoding="utf-8")


def written_at(folder: Path, file: str, *, what: str) -> int:
    """When the file that describes the arrays was written, in nanoseconds.

    Args:
        folder: of the arrays.
        file: that describes them.
        what: they are, for a person: images, scenes.

    Raises:
        ArtifactError: the folder holds none.
    """
    try:
        return (folder / file).stat().st_mtime_ns
    except OSError as error:
        raise ArtifactError(
            f"There are no {what} in {str(folder)!r}.",
            mend="The run's folder is incomplete: start the run again.",
            code="dataset-missing",
        ) from error


@contextmanager
def described(folder: Path, file: str, *, version: int, what: str) -> Iterator[dict[str, Any]]:
    """The description of arrays in ``folder``; whatever goes wrong while they are read by it, they are damaged.

    Raises:
        ArtifactError: they are damaged, or of another format than ``version``.
    """
    try:
        found: dict[str, Any] = json.loads((folder / file).read_text(encoding="utf-8"))
        if found["format"] != version:
            raise ArtifactError(
                f"The {what} in {str(folder)!r} have format {found['format']}, and this Hortus reads {version}.",
                mend="Use the version of Hortus that wrote them.",
                code="dataset-format",
            )
        yield found
    except ArtifactError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"The {what} in {str(folder)!r} are damaged: {error}",
            mend="Start the run again, in a new folder.",
            code="dataset-damaged",
        ) from error
