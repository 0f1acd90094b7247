"""Pictures and pixels of a request to predictions, in a thread: what is heavy never stops the server from answering."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from hortus.data.image_files import read_sent
from hortus.data.layout import as_pixels, from_list, resized, with_channels
from hortus.deploy.image_model import ImageModel
from hortus.deploy.serve.body import RefusedError, refused
from hortus.deploy.serve.replies import Problem, Refusal, Remark
from hortus.errors import InputError

# Requests that wait for a thread; further ones are told to come again.
MOST_WAITING = 64
# Pixels of one picture: those of a telephone's largest.
MOST_PIXELS = 50_000_000
# How much longer than it was trained on a picture may be on one side than on the other, before it is said.
STRETCHED = 1.35
# An image's mean so many of the pixels' deviations from the training images' is no such image.
FAR = 2.0
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Seen:
    """One image as the network sees it.

    Attributes:
        pixels: (c, h, w).
        remarks: what is odd about it.
    """

    pixels: NDArray[Any]
    remarks: tuple[Remark, ...]


class ImageDesk:
    """A network, ready to be asked.

    Args:
        model: the network.
        threads: predictions at once; one a core if not said.
    """

    def __init__(self, model: ImageModel, *, threads: int | None = None) -> None:
        self.model = model
        self._limiter = anyio.CapacityLimiter(threads or max(1, os.cpu_count() or 1))
        self._asked = 0
        # Trying loads what is loaded at first use, so that the first request is as fast as any.
        self._rate([np.zeros(model.shape, dtype=np.uint8 if model.whole else np.float32)])

    @property
    def full(self) -> bool:
        """Whether a further request would be sent away."""
        return self._asked >= MOST_WAITING

    async def predict(self, sent: list[Any]) -> dict[str, Any]:
        """`replies.Predictions` as JSON values.

        Args:
            sent: each a picture's bytes, the same as a text in base64, or pixels as nested lists.

        Raises:
            RefusedError: 422 an image cannot be used, 503 too many are waiting.
        """
        if self.full:
            raise refused(503, "busy", f"{self._asked} requests are waiting.", "Send it again in a second.")
        self._asked += 1
        try:
            return await anyio.to_thread.run_sync(self._predict, sent, limiter=self._limiter)
        finally:
            self._asked -= 1

    def _predict(self, sent: list[Any]) -> dict[str, Any]:
        seen: list[Seen] = []
        problems: list[Problem] = []
        for row, one in enumerate(sent):
            try:
                seen.append(self._see(one))
            except InputError as error:
                problems.append(
                    Problem(
                        code=error.code,
                        column=None,
                        row=row,
                        came=error.what,
                        wanted="a picture" if self.model.whole else "pixels",
                        mend=error.mend,
                    )
                )
                if len(problems) == MOST_PROBLEMS:
                    break
        if problems:
            first = problems[0]
            where = f"Image {first.row}: " if len(sent) > 1 else ""
            what = f"{where}{first.came}"[:500]
            raise RefusedError(422, Refusal(code=first.code, what=what, mend=first.mend, problems=problems))
        task = self.model.task
        rated = self._rate([one.pixels for one in seen])
        names = [str(label) for label in task.classes]
        found = []
        for one, shares in zip(seen, rated, strict=True):
            remarks = [remark.model_dump() for remark in one.remarks]
            if np.isfinite(shares).all():
                value = task.classes[int(shares.argmax())]
                told = dict(zip(names, shares.tolist(), strict=True))
                found.append({"value": value, "probabilities": told, "warnings": remarks})
            else:
                what = "The network's prediction is no finite number: the values are far outside the training images'."
                remarks.append(Remark(code="prediction-not-finite", column=None, what=what).model_dump())
                found.append({"value": None, "probabilities": None, "warnings": remarks})
        return {"target": task.target, "predictions": found, "warnings": []}

    def _rate(self, pixels: list[NDArray[Any]]) -> NDArray[np.float64]:
        import torch

        if not pixels:
            return np.zeros((0, len(self.model.task.classes)))
        return self.model.rate(torch.from_numpy(np.stack(pixels)))

    def _see(self, one: Any) -> Seen:
        """One image that was sent.

        Raises:
            InputError: it cannot be used.
        """
        if isinstance(one, str):
            try:
                one = base64.b64decode(one, validate=True)
            except (binascii.Error, ValueError) as error:
                raise InputError(
                    "The text is no base64.", mend="Send a picture's bytes in base64, or pixels.", code="image-base64"
                ) from error
        if isinstance(one, bytes):
            return self._picture(one)
        pixels = self._numbers(one)
        channels, height, width = self.model.shape
        shown = resized(with_channels(pixels, channels), (height, width))
        return Seen(shown, tuple(self._remarks(shown, pixels.shape[1], pixels.shape[2])))

    def _picture(self, content: bytes) -> Seen:
        if not self.model.whole:
            raise InputError(
                "The network learned from arrays of numbers, not from pictures.",
                mend='Send {"images": [[[...]]]} with pixels as it learned from them.',
                code="image-not-pixels",
            )
        channels, height, width = self.model.shape
        sent = read_sent(content, size=(height, width), channels=channels, most=MOST_PIXELS)
        return Seen(sent.pixels, tuple(self._remarks(sent.pixels, sent.height, sent.width)))

    def _numbers(self, one: Any) -> NDArray[Any]:
        """(c, h, w) of nested lists."""
        try:
            array = np.asarray(one)
        except (ValueError, OverflowError) as error:
            raise _unequal() from error
        if array.dtype.kind not in "iuf":
            raise _unequal()
        if not np.isfinite(array).all():
            raise InputError("A pixel is no finite number.", mend="Send numbers.", code="pixels-not-finite")
        if self.model.whole:
            if array.size and (array.min() < 0 or array.max() > 255 or (array % 1).any()):
                raise InputError(
                    f"The pixels go from {array.min():.3g} to {array.max():.3g}.",
                    mend="Send whole numbers from 0 to 255.",
                    code="pixels-range",
                )
            array = array.astype(np.uint8)
        found: NDArray[Any] = from_list([as_pixels(array)])[0][0]
        return found

    def _remarks(self, pixels: NDArray[Any], height: int, width: int) -> list[Remark]:
        """What is odd about an image that came as ``height`` by ``width``."""
        found = []
        _, own_height, own_width = self.model.shape
        size = f"It is {width} by {height} pixels; the network sees {own_width} by {own_height}"
        ratio = (width / height) / (own_width / own_height)
        if max(ratio, 1 / ratio) > STRETCHED:
            found.append(Remark(code="image-stretched", column=None, what=f"{size}, so it is stretched."))
        elif height < own_height and width < own_width:
            found.append(Remark(code="image-enlarged", column=None, what=f"{size}, so it is enlarged."))
        means = pixels.reshape(len(pixels), -1).mean(axis=1)
        off = (means - np.asarray(self.model.mean)) / np.asarray(self.model.deviation)
        far = float(off[np.abs(off).argmax()])
        if abs(far) > FAR:
            much = "brighter" if far > 0 else "darker"
            what = f"It is much {much} than the images that the network learned from."
            found.append(Remark(code="image-brightness", column=None, what=what))
        return found


def _unequal() -> InputError:
    return InputError(
        "The pixels are no rows of equal length of numbers.",
        mend="Send height lists of width numbers, or of width lists of channels.",
        code="pixels-shape",
    )
