"""Pictures and pixels of a request to masks: a class for each pixel, at each picture's own size."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.mask_classes import MaskClasses
from hortus.data.pillow import pillow
from hortus.deploy.mask_png import code_picture, coloured
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.serve.replies import MaskClass
from hortus.deploy.serve.seeing import Eye, Seen, not_finite
from hortus.deploy.serve.waiting import Waiting

TARGET = "masks"
# Pixels of one picture: a telephone's usual ones. Each costs about forty bytes while its class is found.
MOST_PIXELS = 16_000_000
# An overlay's longest side, and how much of it is mask.
OVERLAY_SIDE, OVERLAY_SHARE = 1024, 0.5


class SceneDesk:
    """A network that tells each pixel's class, ready to be asked.

    Args:
        model: the network.
        threads: requests at work at once; one a core if not said.
    """

    def __init__(self, model: SceneModel, *, threads: int | None = None) -> None:
        self.model = model
        self.eye = Eye(model, MOST_PIXELS, fitted=False)
        self.waiting = Waiting(threads)
        # Trying loads what is loaded at first use, so that the first request is as fast as any.
        model.likeliest(np.zeros(model.shape, dtype=np.uint8 if model.whole else np.float32))

    async def predict(self, sent: list[Any], *, overlay: bool = False) -> dict[str, Any]:
        """`replies.Masks` as JSON values.

        Args:
            sent: each a picture's bytes, the same as a text in base64, or pixels as nested lists.
            overlay: whether each picture comes back with its mask drawn over it.

        Raises:
            RefusedError: 422 an image cannot be used, 503 too many are waiting.
        """
        return await self.waiting.turn(lambda: self._predict(sent, overlay=overlay))

    def _predict(self, sent: list[Any], *, overlay: bool) -> dict[str, Any]:
        # One after the other: pictures of any size that are small in their files may be large unpacked.
        found = [self._mask(seen, overlay=overlay) for seen in self.eye.see(sent)]
        return {"target": TARGET, "predictions": found, "warnings": []}

    def _mask(self, seen: Seen, *, overlay: bool) -> dict[str, Any]:
        """`replies.Mask` of one picture."""
        classes = self.model.classes
        codes, chances = self.model.likeliest(seen.pixels)
        height, width = codes.shape
        told: dict[str, Any] = {"width": width, "height": height}
        remarks = [remark.model_dump() for remark in seen.remarks]
        if not np.isfinite(chances).all():
            remarks.append(not_finite().model_dump())
            return {**told, "mask": None, "shares": None, "confidence": None, "overlay": None, "warnings": remarks}
        shares = np.bincount(codes.ravel(), minlength=len(classes)) / codes.size
        return {
            **told,
            "mask": _png(code_picture(codes, classes)),
            "shares": dict(zip(classes.names, shares.tolist(), strict=True)),
            "confidence": float(chances.mean(dtype=np.float64)),
            "overlay": _png(overlaid(seen.pixels, codes, classes)) if overlay else None,
            "warnings": remarks,
        }


def mask_classes(classes: MaskClasses) -> list[MaskClass]:
    """What the numbers of masks mean, as they are told."""
    return [
        MaskClass(name=name, index=index, value=value, colour="#{:02x}{:02x}{:02x}".format(*colour))
        for index, (name, value, colour) in enumerate(zip(classes.names, classes.values, classes.colours, strict=True))
    ]


def overlaid(pixels: NDArray[Any], codes: NDArray[np.uint8], classes: MaskClasses) -> Any:
    """Pillow's image of a scene with its mask drawn over it, in the classes' colours, at most `OVERLAY_SIDE` a side.

    Args:
        pixels: (c, h, w); what are no bytes is spread over them.
        codes: (h, w) 0 to K - 1.
        classes: what they mean.
    """
    shown = pixels
    if pixels.dtype != np.uint8:
        low, high = float(pixels.min()), float(pixels.max())
        shown = ((pixels - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)
    picture = pillow().fromarray(shown[0] if len(shown) < 3 else np.ascontiguousarray(shown[:3].transpose(1, 2, 0)))
    share = min(1.0, OVERLAY_SIDE / max(codes.shape))
    size = tuple(max(1, round(side * share)) for side in reversed(codes.shape))
    below = picture.convert("RGB").resize(size, pillow().Resampling.BILINEAR)
    small = np.asarray(pillow().fromarray(codes).resize(size, pillow().Resampling.NEAREST))
    return pillow().blend(below, pillow().fromarray(coloured(small, classes)), OVERLAY_SHARE)


def _png(picture: Any) -> str:
    """A picture's file, in base64."""
    made = io.BytesIO()
    picture.save(made, format="PNG")
    return base64.b64encode(made.getvalue()).decode("ascii")
