"""A zip of pictures, predicted: nothing of it is unpacked to a file, and a name in it is a word in a csv."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.image_files import read_sent
from hortus.deploy.image_model import ImageModel
from hortus.deploy.predictions_file import rejects_file, table_file
from hortus.deploy.serve.image_desk import MOST_PIXELS
from hortus.errors import InputError, ReadError, SettingError
from hortus.studio.incoming import is_image, members_of, packed_images
from hortus.studio.scoring import PREDICTIONS, REJECTS, SHOWN, Score, shown
from hortus.studio.security import PICTURE

SUFFIXES = (".zip",)
# Pictures that are predicted together.
AT_ONCE = 64


def score_images(model: ImageModel, path: Path, folder: Path, mark: str) -> Score:
    """Predict all of its pictures; those that cannot be read are set apart, with the reason.

    Args:
        model: the network.
        path: the zip; it is removed, whatever comes of it.
        folder: where predictions and rejects are written.
        mark: of the folder.

    Raises:
        ReadError: the zip is damaged, holds no picture, or unpacks beyond bounds.
        SettingError: the network did not learn from pictures.
    """
    try:
        if not model.whole:
            raise SettingError(
                "The network learned from arrays of numbers, not from pictures.",
                mend="Predict in Python, with arrays as it learned from them.",
                code="image-not-pixels",
            )
        names = members_of(path)
        others = sum(not is_image(name) for name in names)
        if others == len(names):
            raise ReadError(
                "There are no pictures in the zip.", mend="Pack png, jpg, webp, bmp or gif files.", code="images-none"
            )
        return _scored(model, path, folder, mark, others)
    finally:
        path.unlink(missing_ok=True)


def _scored(model: ImageModel, path: Path, folder: Path, mark: str, others: int) -> Score:
    rows = rejected = 0
    first: list[list[str]] = []
    some: list[tuple[str, NDArray[np.uint8]]] = []
    with ExitStack() as files:
        write = files.enter_context(table_file(folder / PREDICTIONS))
        reject = files.enter_context(rejects_file(folder / REJECTS, ["path"]))

        def add() -> list[str]:
            frame = _predicted(model, some)
            some.clear()
            write(frame)
            first.extend(
                [shown(cell) for cell in row] for row in frame.head(SHOWN - len(first)).itertuples(index=False)
            )
            return list(map(str, frame.columns))

        for place, (name, blocks) in enumerate(packed_images(path)):
            pixels = _read(model, blocks)
            if isinstance(pixels, str):
                reject(place, pixels, [str(name)])
                rejected += 1
                continue
            some.append((str(name), pixels))
            rows += 1
            if len(some) == AT_ONCE:
                add()
        columns = add()
    told = f"{others} other files in the zip were passed over: by their names they are hidden, or no pictures."
    return Score(id=mark, rows=rows, rejected=rejected, columns=columns, first=first, notes=[told] if others else [])


def _predicted(model: ImageModel, some: list[tuple[str, NDArray[np.uint8]]]) -> pd.DataFrame:
    """Name, class and probabilities of each picture, as `hortus predict --proba` writes them."""
    import torch

    pixels = np.stack([one for _, one in some]) if some else np.zeros((0, *model.shape), dtype=np.uint8)
    shares = model.rate(torch.from_numpy(pixels))
    frame = pd.DataFrame({"path": [name for name, _ in some], "label": model.decide(shares)})
    for label, column in zip(model.task.classes, shares.T, strict=True):
        frame[f"proba_{label}"] = column
    return frame


def _read(model: ImageModel, blocks: Iterator[bytes]) -> NDArray[np.uint8] | str:
    """(c, h, w) of one picture; or why it cannot be read. No more of it is unpacked than a picture may have."""
    channels, height, width = model.shape
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > PICTURE:
            return f"more than {PICTURE // 2**20} MiB"
    try:
        return read_sent(bytes(content), size=(height, width), channels=channels, most=MOST_PIXELS).pixels
    except InputError as error:
        return error.what
