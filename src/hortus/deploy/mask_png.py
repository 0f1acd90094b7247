"""Masks as pictures: PNG with a palette where values are small, in their own colours where they came so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.mask_classes import Colour, MaskClasses
from hortus.data.pillow import pillow

# A palette has so many places.
PALETTE = 256


def mask_picture(codes: NDArray[np.uint8], classes: MaskClasses) -> Any:
    """The picture of a mask: what is read back from it are the values that the masks of training had.

    Args:
        codes: (h, w) 0 to K - 1.
        classes: what they mean.

    Returns:
        Pillow's image: with a palette; in colours where the masks came in colours; in 16 bits where values need them.
    """
    values = classes.decoded(codes)
    if classes.coloured:
        rgb = np.stack([(values >> 16) & 255, (values >> 8) & 255, values & 255], axis=-1)
        return pillow().fromarray(rgb.astype(np.uint8))
    if values.max(initial=0) >= PALETTE:
        return pillow().fromarray(values.astype(np.uint16))
    return _with_palette(values.astype(np.uint8), classes.values, classes.colours)


def code_picture(codes: NDArray[np.uint8], classes: MaskClasses) -> Any:
    """The picture of a mask's codes themselves, whatever values the masks of training had: (h, w) 0 to K - 1."""
    return _with_palette(codes, range(len(classes)), classes.colours)


def coloured(codes: NDArray[np.uint8], classes: MaskClasses) -> NDArray[np.uint8]:
    """(h, w, 3) of a mask in its classes' colours, for people; void is black."""
    table = np.zeros((256, 3), dtype=np.uint8)
    table[: len(classes)] = classes.colours
    found: NDArray[np.uint8] = table[codes]
    return found


def write_mask(path: Path, codes: NDArray[np.uint8], classes: MaskClasses) -> None:
    """Write one mask as PNG; see `mask_picture`."""
    mask_picture(codes, classes).save(path, format="PNG")


def _with_palette(values: NDArray[np.uint8], known: Sequence[int], colours: Sequence[Colour]) -> Any:
    picture = pillow().fromarray(values)
    palette = np.zeros((PALETTE, 3), dtype=np.uint8)
    for value, colour in zip(known, colours, strict=True):
        palette[value] = colour
    picture.putpalette(palette.tobytes())
    return picture
