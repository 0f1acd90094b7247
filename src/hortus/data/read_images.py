"""Whatever holds images and labels, as pixels and class codes: arrays, tensors, folders, lists and frames of paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_files import class_folders, read_files
from hortus.data.images import ImageData
from hortus.data.layout import from_array, from_list, mixed_notes, resized, with_channels
from hortus.data.notes import Note
from hortus.data.split import make_folds
from hortus.data.target import prepare_target
from hortus.errors import InputError, TargetError

# Of images and labels that cannot be used, more than this share is a mistake to be told of.
LOST = 0.5
LEAST = 4
NAMED = 5


@dataclass(frozen=True)
class Pictures:
    """Images without their labels.

    Attributes:
        pixels: (m, c, h, w) uint8 or float32.
        kept: (m,) their positions among those that came.
        came: how many came.
        labels: one for each that came, where the folders told them.
        notes: what was noticed.
    """

    pixels: NDArray[Any]
    kept: NDArray[np.intp]
    came: int
    labels: list[str] | None
    notes: list[Note]


def prepare_images(
    images: Any,
    labels: Any = None,
    *,
    metric: str | None = None,
    size: tuple[int, int] | None = None,
    seed: int = 0,
) -> tuple[ImageData, list[Note]]:
    """Read images and labels, leave out what cannot be used, and set aside those that validate.

    Args:
        images: (n, h, w), (n, h, w, c) or (n, c, h, w) array or torch tensor; a list of (h, w[, c]) arrays; a list of
            paths; a folder of class folders; or a frame of which one column holds paths.
        labels: (n,) of them; None where the folders tell them; or the name of the frame's column of labels.
        metric: what is optimized; None for accuracy.
        size: height and width that all are brought to; None for their own.
        seed: of the run.

    Raises:
        InputError: the images cannot be used.
        TargetError: the labels cannot be used, or do not match the images.
        SettingError: an unknown metric.
    """
    images, labels = _from_frame(images, labels)
    found = read_pictures(images, size=size)
    labels = found.labels if labels is None else labels
    if labels is None:
        raise TargetError(
            "The images came without labels.",
            mend="Give one label an image: fit(images, labels); or a folder that has one folder for each class.",
            code="images-no-labels",
        )
    values = labels if hasattr(labels, "iloc") else np.asarray(labels)
    if len(values) != found.came:
        raise TargetError(
            f"There are {len(values)} labels for {found.came} images.",
            mend="Give one label an image, in the order of the images.",
            code="images-labels-differ",
        )
    if len(found.kept) < LEAST or len(found.kept) < (1 - LOST) * found.came:
        told = " ".join(note.what for note in found.notes if note.warning)
        raise InputError(
            f"Of {found.came} images {len(found.kept)} can be used. {told}".strip(),
            mend=f"Mend the others, or take them out; at least {LEAST} are needed.",
            code="images-too-few",
        )
    values = values.iloc[found.kept] if hasattr(values, "iloc") else values[found.kept]
    _refuse_single(values)
    target, notes = prepare_target(values, name="label", kind="classification", metric=metric or "accuracy")
    pixels = found.pixels if len(target.kept) == len(found.pixels) else found.pixels[target.kept]
    folds, more = make_folds(
        target.y,
        target.task.kind,
        rows=len(target.y),
        columns=int(np.prod(pixels.shape[1:])),
        seconds=None,
        seed=seed,
        folds=1,
    )
    data = ImageData(np.ascontiguousarray(pixels), target.y.astype(np.int64), folds, target.task)
    return data, [*found.notes, *notes, *more]


def read_pictures(
    images: Any, *, size: tuple[int, int] | None = None, channels: int | None = None, strict: bool = False
) -> Pictures:
    """Read images of any of the kinds that `prepare_images` takes, frames excepted.

    Args:
        images: as they came.
        size: height and width that all are brought to; None for their own.
        channels: likewise.
        strict: whether an image that cannot be used is an error.

    Raises:
        InputError: they cannot be used.
    """
    labels: list[str] | None = None
    notes: list[Note] = []
    if isinstance(images, (str, Path)):
        paths: Sequence[Any] = [images]
        if Path(images).is_dir() or not strict:
            paths, labels, notes = class_folders(Path(images))
        read = read_files(paths, size=size, channels=channels, strict=strict)
        return Pictures(read.pixels, read.kept, len(paths), labels, [*notes, *read.notes])
    if _are_paths(images):
        read = read_files(list(images), size=size, channels=channels, strict=strict)
        return Pictures(read.pixels, read.kept, len(images), None, read.notes)
    if isinstance(images, (list, tuple)) or str(getattr(images, "dtype", "")) == "object":
        pixels, notes = from_list(list(images), size)
    else:
        pixels = from_array(images)
        if 1 in pixels.shape[2:] and size is None:
            notes = mixed_notes([pixels.shape[2:]], {pixels.shape[1]}, pixels.shape[2:], pixels.shape[1])
    if channels is not None:
        pixels = with_channels(pixels, channels)
    if size is not None and pixels.shape[2:] != tuple(size):
        notes = [*notes, *mixed_notes([pixels.shape[2:]] * len(pixels), {pixels.shape[1]}, size, pixels.shape[1])]
        pixels = np.stack([resized(image, size) for image in pixels])
    came = len(pixels)
    kept = np.arange(came)
    if pixels.dtype != np.uint8:
        finite = np.isfinite(pixels).all(axis=(1, 2, 3))
        if not finite.all():
            bad = np.flatnonzero(~finite)
            shown = ", ".join(map(str, bad[:NAMED])) + (" …" if len(bad) > NAMED else "")
            what = f"{len(bad)} of {came} images hold values that are no numbers (nan, inf): {shown}."
            if strict:
                raise InputError(what, mend="Fill them in, or take those images out.", code="images-not-finite")
            notes = [*notes, Note("images-not-finite", what, f"image {bad[0]}", "They were left out.", True)]
            pixels, kept = pixels[finite], np.flatnonzero(finite)
    return Pictures(pixels, kept, came, labels, notes)


def _from_frame(images: Any, labels: Any) -> tuple[Any, Any]:
    """Paths and labels of a frame; whatever else came as it is."""
    if not (hasattr(images, "columns") and hasattr(images, "__getitem__")):
        return (images.tolist(), labels) if hasattr(images, "iloc") else (images, labels)
    columns = [str(column) for column in images.columns]
    if isinstance(labels, str) and labels in columns:
        labels, columns = images[labels], [column for column in columns if column != labels]
    holders = [column for column in columns if _are_paths(images[column])]
    if len(holders) != 1:
        raise InputError(
            f"Of the columns {', '.join(map(repr, columns[:NAMED]))} not one but {len(holders)} hold paths of images.",
            mend="Give a frame with one column of paths, and the labels as its other column's name or as an array.",
            code="images-no-paths",
        )
    return [str(path) for path in images[holders[0]]], labels


def _are_paths(images: Any) -> bool:
    """Whether these are texts or paths."""
    if not hasattr(images, "__len__") or isinstance(images, (str, bytes)) or getattr(images, "ndim", 1) != 1:
        return False
    return len(images) > 0 and all(isinstance(image, (str, Path)) for image in images)


def _refuse_single(values: Any) -> None:
    found = list(values)
    if len(found) > 1 and len(set(map(str, found))) == len(found):
        raise TargetError(
            f"Each of the {len(found)} images has a class of its own.",
            mend="Give at least two images of a class: one to learn from and one to judge by.",
            code="images-one-per-class",
        )
