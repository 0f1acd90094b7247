"""Pillow, asked for when images are read or resized."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hortus.errors import MissingExtraError


def pillow() -> Any:
    """Pillow's module ``Image``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module("PIL.Image")
    except ImportError as error:
        raise MissingExtraError(
            "The library 'pillow' is needed to read or resize images and is not installed.",
            mend="Install it with: pip install 'hortus[nets]'",
            code="extra-missing",
        ) from error
