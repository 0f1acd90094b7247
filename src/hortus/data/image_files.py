"""Images in files: a folder with a folder for each class, or paths with their labels."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.layout import common_size, mixed_notes
from hortus.data.notes import Note
from hortus.data.pillow import pillow
from hortus.errors import InputError, ReadError

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
# Files that are larger than this on a side are shrunk to it; size=... asks for another.
LARGEST = 224
# So many paths are named in a message; the rest are counted.
NAMED = 5
THREADS = 8
# What is taken where bytes come from anybody, by Pillow's names: the readers that are well trodden.
SENT = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_BOMB = "it would unpack beyond measure"
# Pillow's names for pictures without colour.
GREY = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")


@dataclass(frozen=True)
class Read:
    """What was read from files.

    Attributes:
        pixels: (m, c, h, w) uint8.
        kept: (m,) positions of the files that could be read.
        notes: what was left out, resized, converted.
    """

    pixels: NDArray[np.uint8]
    kept: NDArray[np.intp]
    notes: list[Note]


@dataclass(frozen=True)
class Sent:
    """A picture that was sent as bytes.

    Attributes:
        pixels: (c, h, w) uint8, brought to the size that was asked for.
        height, width: as it came.
    """

    pixels: NDArray[np.uint8]
    height: int
    width: int


def read_sent(content: bytes, *, size: tuple[int, int] | None, channels: int, most: int) -> Sent:
    """Read one picture from bytes that anybody may have sent: its head first, and no further if it is too large.

    Args:
        content: of a file of one of the kinds `SENT`.
        size: height and width that it is brought to; None for its own.
        channels: likewise, 1 or 3.
        most: pixels that it may have.

    Raises:
        InputError: it is no such picture, damaged, or too large.
    """
    head = _head(io.BytesIO(content), SENT, most)
    if head == _BOMB:
        what = f"The picture has more than {most:,} pixels."
        raise InputError(what, mend="Send it smaller.", code="image-too-large")
    if isinstance(head, str):
        raise _unsendable(head)
    pixels = _decode(io.BytesIO(content), size or head[:2], channels, SENT)
    if isinstance(pixels, str):
        raise _unsendable(pixels)
    return Sent(pixels, head[0], head[1])


def _unsendable(why: str) -> InputError:
    return InputError(
        f"The picture cannot be read: {why}.", mend=f"Send one of {', '.join(SENT)}.", code="image-unreadable"
    )


def class_folders(folder: Path) -> tuple[list[Path], list[str], list[Note]]:
    """Paths and labels of a folder that has a folder for each class.

    Returns:
        The files in the order of their names, the class of each, and what was passed over.

    Raises:
        ReadError: there is no such folder, or no class folder with an image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ReadError(
            f"There is no folder {str(folder)!r}.", mend="Give a folder of class folders.", code="no-folder"
        )
    paths: list[Path] = []
    labels: list[str] = []
    others = 0
    for place in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        for path in sorted(p for p in place.rglob("*") if p.is_file() and not p.name.startswith(".")):
            if path.suffix.lower() in ENDINGS:
                paths.append(path)
                labels.append(place.name)
            else:
                others += 1
    if not paths:
        raise ReadError(
            f"In {str(folder)!r} there is no folder with images in it.",
            mend="Give a folder that has one folder for each class: photos/cat/1.jpg, photos/dog/2.jpg.",
            code="images-none",
        )
    notes = []
    if others:
        what = f"{others} files in {folder.name!r} are no images, by their names."
        notes.append(Note("images-other-files", what, folder.name, f"Passed over. Images end in {', '.join(ENDINGS)}."))
    return paths, labels, notes


def found_in(place: Path) -> list[Path]:
    """The images in a folder and in the folders within it, in the order of their names; or the one image.

    Raises:
        ReadError: there is no such place, or no image in it.
    """
    place = Path(place)
    if place.is_file():
        return [place]
    found = [p for p in place.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()] if place.is_dir() else []
    if not found:
        raise ReadError(
            f"There are no images in {str(place)!r}.",
            mend=f"Give an image, or a folder with images in it; their names end in {', '.join(ENDINGS)}.",
            code="images-none",
        )
    return sorted(found)


def read_files(
    paths: Sequence[Any], *, size: tuple[int, int] | None = None, channels: int | None = None, strict: bool = False
) -> Read:
    """Read images from files, bring them to one size and number of channels, and leave out what cannot be read.

    Args:
        paths: of the files.
        size: height and width; None for those of most of them, at most `LARGEST`.
        channels: 1 or 3; None for 3 where any of them has colours.
        strict: whether a file that cannot be read is an error.

    Raises:
        ReadError: none can be read; or one cannot, and ``strict``.
    """
    files = [Path(str(path)) for path in paths]
    if not files:
        raise InputError("There are no images.", mend="Give at least four.", code="images-none")
    with ThreadPoolExecutor(THREADS) as pool, warnings.catch_warnings():
        # A picture that unpacks beyond measure is one that cannot be read.
        warnings.simplefilter("error", pillow().DecompressionBombWarning)
        heads = list(pool.map(_head, files))
        known = [head for head in heads if not isinstance(head, str)]
        if not known:
            raise _unreadable(files, [head for head in heads if isinstance(head, str)])
        sizes = [(height, width) for height, width, _ in known]
        grey = {is_grey for _, _, is_grey in known}
        have = channels or (1 if grey == {True} else 3)
        target = size or _capped(common_size(sizes))
        decoded = list(
            pool.map(
                lambda pair: pair[1] if isinstance(pair[1], str) else _decode(pair[0], target, have),
                zip(files, heads, strict=True),
            )
        )
    bad = [(path, why) for path, why in zip(files, decoded, strict=True) if isinstance(why, str)]
    kept = [row for row, image in enumerate(decoded) if not isinstance(image, str)]
    if bad and (strict or not kept):
        raise _unreadable([path for path, _ in bad], [why for _, why in bad])
    notes = mixed_notes(sizes, {1 if is_grey else 3 for is_grey in grey}, target, have)
    if bad:
        named = "; ".join(f"{path} ({why})" for path, why in bad[:NAMED])
        more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        what = f"{len(bad)} of {len(files)} images cannot be read: {named}{more}."
        notes.append(Note("images-unreadable", what, str(bad[0][0]), "They were left out.", True))
    pixels = np.stack([image for image in decoded if not isinstance(image, str)])
    return Read(pixels, np.asarray(kept, dtype=np.intp), notes)


def _capped(size: tuple[int, int]) -> tuple[int, int]:
    share = min(1.0, LARGEST / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _head(
    source: Path | io.BytesIO, kinds: Sequence[str] | None = None, most: int | None = None
) -> tuple[int, int, bool] | str:
    """Height, width and whether it is grey; or why it cannot be read.

    Args:
        source: of the bytes.
        kinds: the only ones tried.
        most: pixels that it may have.
    """
    try:
        with pillow().open(source, formats=kinds) as image:
            width, height = image.size
            # Asked for what follows its head, such as which way up it is, a picture is unpacked.
            if most is not None and width * height > most:
                return _BOMB
            turned = image.getexif().get(0x0112, 1) >= 5
            return (width, height, image.mode in GREY) if turned else (height, width, image.mode in GREY)
    except Exception as error:  # a damaged file raises many kinds: OSError, SyntaxError, struct's, ValueError
        return _why(error)


def _decode(
    source: Path | io.BytesIO, size: tuple[int, int], channels: int, kinds: Sequence[str] | None = None
) -> NDArray[np.uint8] | str:
    """(c, h, w) of one file; or why it cannot be read."""
    from PIL import ImageOps

    try:
        with pillow().open(source, formats=kinds) as opened:
            opened.draft("RGB" if channels == 3 else "L", (2 * size[1], 2 * size[0]))
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I;16") or image.mode in ("I", "F"):
                deep = np.asarray(image, dtype=np.float64)
                image = pillow().fromarray(
                    np.clip(deep / (257.0 if deep.max() > 255 else 1.0), 0, 255).astype(np.uint8)
                )
            image = image.convert("RGB" if channels == 3 else "L")
            if image.size != (size[1], size[0]):
                image = image.resize((size[1], size[0]), pillow().Resampling.BILINEAR)
            array = np.asarray(image, dtype=np.uint8)
    except Exception as error:  # likewise
        return _why(error)
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))


def _why(error: Exception) -> str:
    text = str(error).split("\n")[0]
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if type(error).__name__.startswith("DecompressionBomb"):
        return _BOMB
    return "no image, or damaged" if "cannot identify" in text else text or type(error).__name__


def _unreadable(paths: Sequence[Path], why: Sequence[str]) -> ReadError:
    named = "; ".join(f"{path} ({reason})" for path, reason in list(zip(paths, why, strict=False))[:NAMED])
    more = f"; and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ReadError(
        f"{len(paths)} images cannot be read: {named}{more}.",
        mend="Take them out, or copy them again from where they came.",
        code="images-unreadable",
    )
