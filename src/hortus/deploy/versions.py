"""What made a model, and what is here: the same pipeline may predict otherwise under another version of a library."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from hortus.data.notes import Note

# What a model is made of: Hortus itself, and the libraries whose objects or formats a bundle holds.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "catboost", "xgboost", "xgboost-cpu", "torch")
# Its parts are numpy arrays of fixed types, so numpy's own versions and Python's change nothing below the first two.
_FIRST = 2


def versions() -> dict[str, str]:
    """Of Hortus, Python and what is installed of the libraries."""
    found = {"hortus": version("hortus"), "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def version_notes(made: Mapping[str, str]) -> list[Note]:
    """What differs between the versions that made a model and those here; empty where nothing does.

    Args:
        made: by the names of `versions`, as a bundle's manifest has them.

    Returns:
        One note a library: a warning where the first two numbers of the version differ. One that is not here at all
        is left out: a member that needs it cannot be loaded, and says so.
    """
    here = versions()
    return [
        Note(
            code="version-differs",
            what=f"The model was made with {name} {made[name]}; here is {here[name]}.",
            place=name,
            mend=f"If predictions differ, install {name}=={made[name]}.",
            warning=_release(made[name]) != _release(here[name]),
        )
        for name in made
        if name in here and here[name] != made[name]
    ]


def _release(text: str) -> list[str]:
    return text.split(".")[:_FIRST]
