"""Scenes and masks in files: two folders, or pairs by name in one; numbers, palettes or colours in the masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_files import ENDINGS, NAMED
from hortus.data.mask_classes import Colour
from hortus.data.notes import Note
from hortus.data.pillow import pillow
from hortus.errors import ReadError, TargetError

# Names of the two folders, and what a mask's name has after its image's where both lie in one folder.
IMAGES, MASKS = ("images", "image", "imgs"), ("masks", "mask", "labels", "annotations")
SUFFIXES = ("_mask", "-mask", ".mask", "_label", "_labels", "_seg")
# What a text file beside the folders may be called that names the classes, one a line.
NAMES = "classes.txt"
# A picture with more colours than this is no mask.
MOST_COLOURS = 4096


@dataclass(frozen=True)
class Mask:
    """One mask as it lay in its file.

    Attributes:
        values: (h, w) numbers; of a picture in colours each is red * 65536 + green * 256 + blue.
        palette: of the file, where it has one.
        coloured: whether the numbers are colours.
    """

    values: NDArray[np.int32]
    palette: tuple[Colour, ...] | None
    coloured: bool


def scene_pairs(folder: Path) -> tuple[list[Path], list[Path], list[str] | None, list[Note]]:
    """Images and their masks in a folder, and the classes' names where a ``classes.txt`` tells them.

    Args:
        folder: with a folder ``images`` and a folder ``masks`` in which files go by the same names, or with pairs:
            ``street.jpg`` and ``street_mask.png``.

    Returns:
        The images, the mask of each, names or None, and what was passed over.

    Raises:
        ReadError: there is no such folder, or no pair in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ReadError(f"There is no folder {str(folder)!r}.", mend="Give a folder of scenes.", code="no-folder")
    images, masks = (_beneath(folder, names) for names in (IMAGES, MASKS))
    if not (images and masks):
        files = _beneath(folder, (".",))
        masks = {_stem(stem): path for stem, path in files.items() if _stem(stem) != stem}
        images = {stem: path for stem, path in files.items() if _stem(stem) == stem}
    both = [stem for stem in images if stem in masks]
    if not both:
        raise ReadError(
            f"In {str(folder)!r} no image has a mask: there are {len(images)} images and {len(masks)} masks.",
            mend="Give scenes/images/a.jpg with scenes/masks/a.png, or scenes/a.jpg with scenes/a_mask.png.",
            code="scenes-none",
        )
    notes = []
    for have, other, what, code in (
        (images, masks, "images have no mask", "scenes-without-mask"),
        (masks, images, "masks have no image", "masks-without-scene"),
    ):
        lone = [str(path.name) for stem, path in have.items() if stem not in other]
        if lone:
            more = f" and {len(lone) - NAMED} more" if len(lone) > NAMED else ""
            said = f"{len(lone)} of {len(have)} {what}: {', '.join(lone[:NAMED])}{more}."
            notes.append(Note(code, said, lone[0], "They were left out.", True))
    return [images[stem] for stem in both], [masks[stem] for stem in both], _names(folder / NAMES), notes


def read_mask(path: Path) -> Mask:
    """One mask: numbers, the numbers of a palette, or colours.

    Raises:
        ReadError: the file cannot be read.
        TargetError: it is a picture and no mask.
    """
    try:
        with pillow().open(path) as image:
            mode = image.mode
            if mode == "P":
                raw = image.getpalette("RGB") or []
                palette = tuple(zip(raw[0::3], raw[1::3], raw[2::3], strict=False))
                return Mask(np.asarray(image).astype(np.int32), palette, False)
            if mode in ("1", "L", "I", "I;16", "I;16B", "I;16L", "F"):
                return Mask(np.asarray(image).astype(np.int32), None, False)
            rgb = np.asarray(image.convert("RGB")).astype(np.int32)
    except Exception as error:  # a damaged file raises many kinds
        why = str(error).split("\n")[0] or type(error).__name__
        raise ReadError(
            f"The mask {str(path)!r} cannot be read: {why}.", mend="Copy it again.", code="mask-unreadable"
        ) from error
    values = (rgb[:, :, 0] << 16) | (rgb[:, :, 1] << 8) | rgb[:, :, 2]
    colours = len(np.unique(values))
    if colours > MOST_COLOURS:
        raise TargetError(
            f"The mask {str(path)!r} has {colours:,} colours: it is a picture.",
            mend="Give masks with one colour, or one number, for each class, saved as PNG.",
            code="mask-is-picture",
        )
    return Mask(values, None, True)


def fitted(values: NDArray[np.int32], size: tuple[int, int]) -> NDArray[np.int32]:
    """A mask at another height and width: each pixel takes the value of the nearest."""
    height, width = values.shape
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.intp)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.intp)
    found: NDArray[np.int32] = values[rows[:, None], columns[None, :]]
    return found


def alike(mask: tuple[int, int], image: tuple[int, int]) -> bool:
    """Whether a mask is of an image's proportions, to the pixel.

    >>> alike((72, 96), (144, 192)), alike((72, 100), (144, 192))
    (True, False)
    """
    return abs(mask[0] * image[1] - mask[1] * image[0]) <= max(*mask, *image)


def _beneath(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    for name in names:
        place = folder / name
        if place.is_dir():
            found = sorted(p for p in place.rglob("*") if p.is_file() and not p.name.startswith("."))
            kept = [p for p in found if p.suffix.lower() in ENDINGS]
            return {str(path.relative_to(place).with_suffix("")): path for path in kept}
    return {}


def _stem(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)


def _names(path: Path) -> list[str] | None:
    if not path.is_file():
        return None
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
