"""Learned state on disk without pickle: nested JSON in one file, the numpy arrays within it in another.

``state.json`` holds the structure. Where an array stood it holds ``{"$array": "3"}``, the array's name in
``arrays.npz``; a float that JSON has no word for is ``{"$float": "nan"}``. Tuples come back as lists, numpy scalars
as Python's.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.errors import ArtifactError

STATE = "state.json"
ARRAYS = "arrays.npz"

# Booleans, integers, floats, fixed-width text and dates; an object array would need pickle.
KINDS = "biufUM"


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Write ``state`` into ``folder``, which exists.

    Args:
        folder: where the two files go.
        state: dicts with text keys, lists, text, numbers, booleans, None and numpy arrays.

    Raises:
        TypeError: something in ``state`` is none of these; the message says where.
    """
    arrays: dict[str, NDArray[Any]] = {}
    packed = _pack(state, arrays, "state")
    (folder / STATE).write_text(json.dumps(packed, allow_nan=False, separators=(",", ":")), encoding="ascii")
    if arrays:
        with (folder / ARRAYS).open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)


def load_state(folder: Path) -> dict[str, Any]:
    """Read what `save_state` wrote.

    Raises:
        ArtifactError: a file is missing, damaged, or holds what `save_state` never writes.
    """
    try:
        packed = json.loads((folder / STATE).read_text(encoding="ascii"))
        arrays: dict[str, NDArray[Any]] = {}
        if (folder / ARRAYS).exists():
            with np.load(folder / ARRAYS, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        state = _unpack(packed, arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ArtifactError(
            f"The stored state in {folder} cannot be read ({type(error).__name__}: {error}).",
            mend="Take the model from its run again, or fit it anew.",
            code="state-damaged",
        ) from error
    if not isinstance(state, dict):
        raise ArtifactError(
            f"The stored state in {folder} is a {type(state).__name__}, not a table of names.",
            mend="Take the model from its run again, or fit it anew.",
            code="state-damaged",
        )
    return state


def _pack(value: Any, arrays: dict[str, NDArray[Any]], place: str) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in KINDS:
            raise TypeError(f"{place} is an array of {value.dtype}, which cannot be stored without pickle.")
        name = str(len(arrays))
        arrays[name] = value
        return {"$array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key.startswith("$"):
                raise TypeError(f"{place} has the key {key!r}; keys are text that does not begin with '$'.")
        return {key: _pack(inner, arrays, f"{place}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(inner, arrays, f"{place}[{i}]") for i, inner in enumerate(value)]
    raise TypeError(f"{place} is a {type(value).__name__}, which cannot be stored without pickle.")


def _unpack(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_unpack(inner, arrays) for inner in value]
    if isinstance(value, dict):
        if "$array" in value:
            return arrays[value["$array"]]
        if "$float" in value:
            return float(value["$float"])
        return {key: _unpack(inner, arrays) for key, inner in value.items()}
    return value
