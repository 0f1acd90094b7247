"""Arrays of images in whatever order their axes came, as (n, c, h, w) of uint8 or float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.notes import Note
from hortus.errors import InputError

# So many channels an axis of channels usually has.
USUAL = (1, 3, 4)
Pixels = NDArray[Any]


def from_array(images: Any) -> Pixels:
    """One array of images as (n, c, h, w).

    Args:
        images: (n, h, w), (n, h, w, c) or (n, c, h, w), an array or a torch tensor. Where both orders are possible a
            tensor has its channels first and an array has them last.

    Raises:
        InputError: it has another number of axes, no images, or values that are no numbers.

    >>> from_array(np.zeros((5, 8, 8))).shape, from_array(np.zeros((5, 8, 8, 3))).shape
    ((5, 1, 8, 8), (5, 3, 8, 8))
    """
    tensor = type(images).__module__.partition(".")[0] == "torch"
    array = np.asarray(images.detach().cpu().numpy() if tensor else images)
    if array.ndim not in (3, 4):
        raise InputError(
            f"The images have the shape {array.shape}.",
            mend="Give (n, height, width), (n, height, width, channels) or (n, channels, height, width); "
            "reshape rows of flat images first.",
            code="images-shape",
        )
    if array.size == 0:
        raise InputError(
            f"There are no images: the shape is {array.shape}.", mend="Give at least four.", code="images-none"
        )
    if array.ndim == 3:
        return as_pixels(array[:, None])
    return as_pixels(array if _channels_first(array.shape, tensor=tensor) else array.transpose(0, 3, 1, 2))


def as_pixels(array: Pixels) -> Pixels:
    """Values as uint8 where they were whole bytes or truth values, as float32 where they were other numbers.

    Raises:
        InputError: they are no numbers, or complex ones.
    """
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array).astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "iuf":
        raise InputError(f"The images hold values of the type {array.dtype}.", mend="Give numbers.", code="images-type")
    return np.ascontiguousarray(array, dtype=np.float32)


def from_list(images: Sequence[Any], size: tuple[int, int] | None = None) -> tuple[Pixels, list[Note]]:
    """Images that are arrays of their own, (h, w) or (h, w, c), brought to one size and one number of channels.

    Args:
        images: of any sizes.
        size: height and width; None for those of most of the images.

    Raises:
        InputError: one of them is no image.
    """
    arrays = [_single(image, row) for row, image in enumerate(images)]
    sizes = [array.shape[1:] for array in arrays]
    channels = {array.shape[0] for array in arrays}
    most = 3 if 3 in channels or 4 in channels else max(channels)
    target = common_size(sizes) if size is None else size
    floats = any(array.dtype != np.uint8 for array in arrays)
    found = np.empty((len(arrays), most, *target), dtype=np.float32 if floats else np.uint8)
    for row, array in enumerate(arrays):
        found[row] = resized(with_channels(array, most), target)
    return found, mixed_notes(sizes, channels, target, most)


def with_channels(image: Pixels, channels: int) -> Pixels:
    """(c, h, w) with another number of channels: grey repeated, an alpha channel left out, colours made grey.

    >>> with_channels(np.ones((1, 2, 2), dtype=np.uint8), 3).shape
    (3, 2, 2)
    """
    have = image.shape[-3]
    if have == channels:
        return image
    if have == 1:
        return np.repeat(image, channels, axis=-3)
    if channels == 1:
        # ITU-R 601 luma, as photographs are made grey everywhere.
        rgb = image[..., :3, :, :].astype(np.float32)
        weight = np.array([0.299, 0.587, 0.114], dtype=np.float32)[: rgb.shape[-3]]
        grey = np.tensordot(rgb, weight / weight.sum(), axes=((-3,), (0,)))[..., None, :, :]
        return np.rint(grey).astype(np.uint8) if image.dtype == np.uint8 else grey.astype(np.float32)
    if have > channels:
        return image[..., :channels, :, :]
    blank = np.zeros((*image.shape[:-3], channels - have, *image.shape[-2:]), dtype=image.dtype)
    return np.concatenate([image, blank], axis=-3)


def resized(image: Pixels, size: tuple[int, int]) -> Pixels:
    """(c, h, w) at another height and width, antialiased."""
    if image.shape[1:] == tuple(size):
        return image
    from hortus.data.pillow import pillow

    planes = [
        np.asarray(pillow().fromarray(plane).resize((size[1], size[0]), pillow().Resampling.BILINEAR))
        for plane in image
    ]
    return np.stack(planes)


def common_size(sizes: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """Height and width of most images; where no size is that of half of them, the medians.

    >>> common_size([(8, 8), (8, 8), (9, 12)])
    (8, 8)
    """
    found, counts = np.unique(np.asarray(sizes), axis=0, return_counts=True)
    if 2 * counts.max() >= len(sizes):
        height, width = found[counts.argmax()]
    else:
        height, width = np.median(np.asarray(sizes), axis=0)
    return max(1, round(float(height))), max(1, round(float(width)))


def mixed_notes(sizes: Sequence[tuple[int, ...]], channels: set[int], size: tuple[int, int], most: int) -> list[Note]:
    """What is said of images that were brought to one size and one number of channels."""
    notes = []
    other = sum(tuple(s) != tuple(size) for s in sizes)
    if other:
        notes.append(
            Note(
                code="images-resized",
                what=f"{other} of {len(sizes)} images are not {size[0]} x {size[1]} pixels.",
                mend="They were resized to that. size=... sets another size.",
                warning=len(set(map(tuple, sizes))) > 1,
            )
        )
    if len(channels) > 1:
        named = ", ".join(map(str, sorted(channels)))
        notes.append(
            Note(
                code="images-channels",
                what=f"Some images have other channels than others: {named}.",
                mend=f"All were given {most}.",
                warning=True,
            )
        )
    if 1 in size:
        what = f"The images are {size[0]} x {size[1]} pixels."
        notes.append(Note("images-one-pixel", what, "", "There is little in them that a network could see.", True))
    return notes


def _channels_first(shape: tuple[int, ...], *, tensor: bool) -> bool:
    first, last = shape[1] in USUAL, shape[3] in USUAL
    if first != last:
        return first
    if first or shape[1] == shape[3]:
        return tensor
    return shape[1] < shape[3]


def _single(image: Any, row: int) -> Pixels:
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.size == 0 or array.dtype == object:
        raise InputError(
            f"Image {row} has the shape {array.shape} and the type {array.dtype}.",
            mend="Each image is (height, width) or (height, width, channels).",
            code="images-shape",
        )
    first = _channels_first((1, *array.shape), tensor=False)
    return as_pixels(array if first else array.transpose(2, 0, 1))
