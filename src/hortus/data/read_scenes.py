"""Whatever holds scenes and their masks, as pixels and class codes: arrays, lists, folders, pairs of paths."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_files import NAMED, THREADS
from hortus.data.layout import common_size
from hortus.data.mask_classes import VOID, MaskClasses, void_of, whole
from hortus.data.mask_files import Mask, alike, fitted, read_mask, scene_pairs
from hortus.data.notes import Note
from hortus.data.pillow import pillow
from hortus.data.read_images import read_pictures
from hortus.data.scenes import SceneData, judged
from hortus.data.split import Folds
from hortus.errors import InputError, TargetError
from hortus.seeds import stream

# Scenes in files that are larger than this on a side are shrunk to it; size=... asks for another.
LARGEST = 320
LEAST = 4
# A class with so few pixels (share of all) can hardly be learned.
RARE = 1e-4
Size = tuple[int, int]


def prepare_scenes(
    scenes: Any,
    masks: Any = None,
    *,
    classes: Sequence[str] | None = None,
    void: Any = None,
    size: Size | None = None,
    seed: int = 0,
) -> tuple[SceneData, list[Note]]:
    """Read scenes and masks, leave out what cannot be used, and set aside those that judge.

    Args:
        scenes: (n, h, w[, c]) or (n, c, h, w) array or torch tensor, a list of arrays or of paths, or a folder as
            `hortus.data.mask_files.scene_pairs` takes it.
        masks: (n, h, w) numbers, or a list of arrays or of paths; None where the folder has them.
        classes: names of the values 0, 1, 2 and so on.
        void: the value, or the name, of pixels that count for nothing; None for a class called void, or for 255 where
            that occurs.
        size: height and width that all are brought to; None for their own, or for that of most of them.
        seed: of the run.

    Raises:
        InputError: the scenes cannot be used.
        TargetError: the masks cannot be used, or do not match the scenes.
        SettingError: ``void`` is no value and no name.
    """
    notes: list[Note] = []
    if isinstance(scenes, (str, Path)):
        scenes, paths, named, notes = scene_pairs(Path(scenes))
        masks = paths if masks is None else masks
        classes = classes if classes is not None else named
    if masks is None:
        raise TargetError(
            "The scenes came without masks.",
            mend="Give one mask a scene: fit(scenes, masks); or a folder with images/ and masks/.",
            code="scenes-no-masks",
        )
    sizes, found = _masks(scenes, masks)
    if len(found) < LEAST:
        raise InputError(
            f"There are {len(found)} scenes.", mend=f"At least {LEAST} are needed, tens are better.", code="scenes-few"
        )
    target = size or _target(sizes, in_files=isinstance(scenes, list) and isinstance(scenes[0], (str, Path)))
    read = read_pictures(scenes, size=target)
    notes += read.notes
    values, more = _brought([found[row] for row in read.kept], [sizes[row] for row in read.kept], target)
    held = [int(value) for value in np.unique(values)]
    coloured = found[0].coloured
    known = MaskClasses.of(
        held,
        names=None if coloured else classes,
        void=void_of(void, () if coloured else held, None if coloured else classes),
        palette=found[0].palette if not coloured else None,
        coloured=coloured,
    )
    if coloured:
        known = _in_colours(known, classes)
    data = SceneData(np.ascontiguousarray(read.pixels), known.codes(values), _folds(len(values), seed), known)
    return data, [*notes, *more, *_said(data)]


def read_masks(masks: Any, classes: MaskClasses, sizes: Sequence[Size]) -> list[NDArray[np.uint8]]:
    """Masks of new scenes as codes, each at the size of its scene.

    Args:
        masks: as `prepare_scenes` takes them.
        classes: of the model.
        sizes: of the scenes.

    Raises:
        TargetError: they do not match the scenes, or hold unknown values.
    """
    found = _each(masks)
    _same_count(len(sizes), len(found))
    for row, (mask, size) in enumerate(zip(found, sizes, strict=True)):
        _check_shape(row, mask.values.shape, size)
    return [classes.codes(fitted(mask.values, size)) for mask, size in zip(found, sizes, strict=True)]


def _masks(scenes: Any, masks: Any) -> tuple[list[Size], list[Mask]]:
    """The size of each scene, and its mask as it came."""
    sizes = scene_sizes(scenes)
    found = _each(masks)
    _same_count(len(sizes), len(found))
    if len({mask.coloured for mask in found}) > 1:
        raise TargetError(
            f"Of the masks {sum(mask.coloured for mask in found)} are in colours and the others hold numbers.",
            mend="Bring all of them to one form.",
            code="masks-mixed",
        )
    for row, (size, mask) in enumerate(zip(sizes, found, strict=True)):
        if size != (0, 0):
            _check_shape(row, mask.values.shape, size)
    return sizes, found


def scene_sizes(scenes: Any) -> list[Size]:
    """(height, width) of each scene as it came; (0, 0) of a file that cannot be read.

    Raises:
        InputError: they are no scenes.
    """
    if isinstance(scenes, (list, tuple)):
        if scenes and isinstance(scenes[0], (str, Path)):
            with ThreadPoolExecutor(THREADS) as pool:
                return list(pool.map(_size_of, scenes))
        return [_plane(np.asarray(scene).shape) for scene in scenes]
    shape = tuple(getattr(scenes, "shape", ()))
    if len(shape) not in (3, 4):
        raise InputError(
            f"The scenes have the shape {shape}.",
            mend="Give (n, height, width), (n, height, width, channels), a list of such scenes, or a folder.",
            code="images-shape",
        )
    return [_plane(shape[1:])] * int(shape[0])


def _plane(shape: tuple[int, ...]) -> Size:
    if len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4):
        shape = shape[1:]
    return int(shape[0]), int(shape[1])


def _size_of(path: Any) -> Size:
    try:
        with pillow().open(path) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) >= 5
            return (width, height) if turned else (height, width)
    except Exception:  # damaged files raise many kinds; `read_files` tells of them
        return 0, 0


def _each(masks: Any) -> list[Mask]:
    if isinstance(masks, (list, tuple)) and masks and isinstance(masks[0], (str, Path)):
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(read_mask, map(Path, masks)))
    if type(masks).__module__.partition(".")[0] == "torch":
        masks = masks.detach().cpu().numpy()
    array = masks if isinstance(masks, (list, tuple)) else np.asarray(masks)
    found = []
    for row, mask in enumerate(array):
        one = np.asarray(mask)
        if one.ndim == 3 and 1 in (one.shape[0], one.shape[2]):
            one = one.reshape(one.shape[:2] if one.shape[2] == 1 else one.shape[1:])
        if one.ndim != 2 or one.size == 0:
            raise TargetError(
                f"Mask {row} has the shape {one.shape}.",
                mend="Each mask is (height, width), a class's number for each pixel.",
                code="masks-shape",
            )
        found.append(Mask(whole(one, f"Mask {row}").astype(np.int32), None, False))
    return found


def _same_count(scenes: int, masks: int) -> None:
    if scenes != masks:
        raise TargetError(
            f"There are {masks} masks for {scenes} scenes.",
            mend="Give one mask a scene, in the order of the scenes.",
            code="masks-differ",
        )


def _check_shape(row: int, mask: tuple[int, ...], size: Size) -> None:
    if not alike((mask[0], mask[1]), size):
        raise TargetError(
            f"Scene {row} is {size[0]} x {size[1]} pixels and its mask {mask[0]} x {mask[1]}.",
            mend="A mask has the height and width of its scene, or the same proportions.",
            code="masks-size",
        )


def _target(sizes: Sequence[Size], *, in_files: bool) -> Size:
    height, width = common_size([size for size in sizes if size != (0, 0)] or [(1, 1)])
    share = min(1.0, LARGEST / max(height, width)) if in_files else 1.0
    return max(1, round(height * share)), max(1, round(width * share))


def _brought(masks: Sequence[Mask], sizes: Sequence[Size], target: Size) -> tuple[NDArray[np.int32], list[Note]]:
    notes = []
    other = sum(mask.values.shape != size for mask, size in zip(masks, sizes, strict=True))
    if other:
        what = f"{other} of {len(masks)} masks are smaller or larger than their scenes, in the same proportions."
        notes.append(Note("masks-resized", what, mend="They were brought to the scenes' size.", warning=True))
    return np.stack([fitted(mask.values, target) for mask in masks]), notes


def _in_colours(classes: MaskClasses, names: Sequence[str] | None) -> MaskClasses:
    """Classes whose values are colours: these are their colours too."""
    colours = tuple(((value >> 16) & 255, (value >> 8) & 255, value & 255) for value in classes.values)
    shown = tuple(f"#{value:06x}" for value in classes.values)
    listed = dict(line.split(maxsplit=1) for line in names or () if line.startswith("#") and " " in line)
    named = tuple(listed.get(text, text) for text in shown)
    return MaskClasses(named, classes.values, colours, classes.void, True)


def _folds(scenes: int, seed: int) -> Folds:
    assignment = np.full(scenes, -1, dtype=np.int8)
    assignment[stream(seed, "folds").permutation(scenes)[: judged(scenes)]] = 0
    return Folds(assignment, 1)


def _said(data: SceneData) -> list[Note]:
    notes = []
    void = float((data.masks == VOID).mean())
    if void:
        notes.append(Note("masks-void", f"{100 * void:.1f} % of the pixels are void.", mend="They count for nothing."))
    if void == 1.0 or not any(data.frequencies):
        raise TargetError("Every pixel is void.", mend="Say which value is void: void=...", code="masks-all-void")
    missing = [name for name, share in zip(data.classes.names, data.frequencies, strict=True) if share == 0]
    if missing:
        shown = ", ".join(missing[:NAMED])
        what = f"{len(missing)} classes are in no scene that is learned from: {shown}."
        notes.append(Note("masks-class-missing", what, missing[0], "They will not be predicted.", True))
    rare = [n for n, share in zip(data.classes.names, data.frequencies, strict=True) if 0 < share < RARE]
    if rare:
        what = f"{len(rare)} classes have less than {100 * RARE:g} % of the pixels: {', '.join(rare[:NAMED])}."
        notes.append(Note("masks-class-rare", what, rare[0], "More scenes with them would help.", True))
    return notes
