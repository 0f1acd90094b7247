"""What was sent as an image to what a network sees, and what is odd about it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_files import read_sent
from hortus.data.layout import as_pixels, from_list, resized, with_channels
from hortus.deploy.serve.body import RefusedError
from hortus.deploy.serve.replies import Problem, Refusal, Remark
from hortus.errors import InputError

# How much longer than it was trained on a picture may be on one side than on the other, before it is said.
STRETCHED = 1.35
# An image's mean so many of the pixels' deviations from the training images' is no such image.
FAR = 2.0
MOST_PROBLEMS = 20


class Sees(Protocol):
    """What is to be known of a network that sees images."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width of what it was trained on."""

    @property
    def whole(self) -> bool:
        """Whether it was trained on whole bytes."""

    @property
    def mean(self) -> tuple[float, ...]:
        """Of each channel."""

    @property
    def deviation(self) -> tuple[float, ...]:
        """Of each channel."""


@dataclass(frozen=True)
class Seen:
    """One image as the network sees it.

    Attributes:
        pixels: (c, h, w).
        remarks: what is odd about it.
    """

    pixels: NDArray[Any]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class Eye:
    """Reads images for a network.

    Attributes:
        network: that sees them.
        most: pixels that a picture may have.
        fitted: whether images are brought to the size that it was trained on; else they keep theirs.
    """

    network: Sees
    most: int
    fitted: bool = True

    def see(self, sent: Sequence[Any]) -> Iterator[Seen]:
        """Each image in its turn, so that not all are unpacked at once; one that cannot be used ends it all.

        Args:
            sent: each a picture's bytes, the same as a text in base64, or pixels as nested lists.

        Raises:
            RefusedError: 422 an image cannot be used; the rest were looked at too, and what is wrong is told.
        """
        for row, one in enumerate(sent):
            try:
                seen = self.one(one)
            except InputError as error:
                raise self._refused(sent, row, error) from error
            yield seen

    def one(self, sent: Any) -> Seen:
        """One image that was sent.

        Raises:
            InputError: it cannot be used.
        """
        if isinstance(sent, str):
            try:
                sent = base64.b64decode(sent, validate=True)
            except (binascii.Error, ValueError) as error:
                raise InputError(
                    "The text is no base64.", mend="Send a picture's bytes in base64, or pixels.", code="image-base64"
                ) from error
        if isinstance(sent, bytes):
            return self._picture(sent)
        channels, height, width = self.network.shape
        pixels = self._numbers(sent)
        shown = with_channels(pixels, channels)
        shown = resized(shown, (height, width)) if self.fitted else shown
        return Seen(shown, tuple(self._remarks(shown, pixels.shape[1], pixels.shape[2])))

    def _refused(self, sent: Sequence[Any], first: int, error: InputError) -> RefusedError:
        """Why nothing is predicted: the first image that cannot be used, and others after it."""
        problems = [self._problem(first, error)]
        for row in range(first + 1, len(sent)):
            if len(problems) == MOST_PROBLEMS:
                break
            try:
                self.one(sent[row])
            except InputError as other:
                problems.append(self._problem(row, other))
        where = f"Image {first}: " if len(sent) > 1 else ""
        what = f"{where}{error.what}"[:500]
        return RefusedError(422, Refusal(code=error.code, what=what, mend=error.mend, problems=problems))

    def _problem(self, row: int, error: InputError) -> Problem:
        wanted = "a picture" if self.network.whole else "pixels"
        return Problem(code=error.code, column=None, row=row, came=error.what, wanted=wanted, mend=error.mend)

    def _picture(self, content: bytes) -> Seen:
        if not self.network.whole:
            raise InputError(
                "The network learned from arrays of numbers, not from pictures.",
                mend='Send {"images": [[[...]]]} with pixels as it learned from them.',
                code="image-not-pixels",
            )
        channels, height, width = self.network.shape
        size = (height, width) if self.fitted else None
        sent = read_sent(content, size=size, channels=channels, most=self.most)
        return Seen(sent.pixels, tuple(self._remarks(sent.pixels, sent.height, sent.width)))

    def _numbers(self, one: Any) -> NDArray[Any]:
        """(c, h, w) of nested lists."""
        try:
            array = np.asarray(one)
        except (ValueError, OverflowError) as error:
            raise _unequal() from error
        if array.dtype.kind not in "iuf":
            raise _unequal()
        # As single precision, in which networks see, has them.
        if not (np.abs(array) <= np.finfo(np.float32).max).all():
            raise InputError("A pixel is no finite number.", mend="Send numbers.", code="pixels-not-finite")
        if self.network.whole:
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
        _, own_height, own_width = self.network.shape
        size = f"It is {width} by {height} pixels; the network sees {own_width} by {own_height}"
        ratio = (width / height) / (own_width / own_height)
        if max(ratio, 1 / ratio) > STRETCHED:
            found.append(Remark(code="image-stretched", column=None, what=f"{size}, so it is stretched."))
        elif height < own_height and width < own_width:
            found.append(Remark(code="image-enlarged", column=None, what=f"{size}, so it is enlarged."))
        means = pixels.reshape(len(pixels), -1).mean(axis=1)
        off = (means - np.asarray(self.network.mean)) / np.asarray(self.network.deviation)
        far = float(off[np.abs(off).argmax()])
        if abs(far) > FAR:
            much = "brighter" if far > 0 else "darker"
            what = f"It is much {much} than the images that the network learned from."
            found.append(Remark(code="image-brightness", column=None, what=what))
        return found


def not_finite() -> Remark:
    """What is said where a network's answer is no number."""
    what = "The network's prediction is no finite number: the values are far outside the training images'."
    return Remark(code="prediction-not-finite", column=None, what=what)


def _unequal() -> InputError:
    return InputError(
        "The pixels are no rows of equal length of numbers.",
        mend="Send height lists of width numbers, or of width lists of channels.",
        code="pixels-shape",
    )
