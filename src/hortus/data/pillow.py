"""Pillow, asked for when images are read or resized."""

from __future__ import annotations

from typing import Any

from hortus.libraries import require


def pillow() -> Any:
    """Pillow's module ``Image``.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("PIL.Image", "nets", name="pillow", purpose="to read or resize images")
