"""How pictures come to a server: one as it is, or several, or pixels, as JSON. Of networks of every kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, create_model

from hortus.data.image_files import SENT
from hortus.deploy.serve.body import JSON, check_type, listed, parsed, read_body
from hortus.deploy.serve.frame import REQUEST
from hortus.deploy.serve.seeing import Sees

PICTURES = tuple(f"image/{kind.lower()}" for kind in SENT)
# Of a request, by its type, as OpenAPI has it.
CONTENT: dict[str, Any] = {
    JSON: REQUEST,
    **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES},
}
_Pixels = list[list[float | list[float]]]


@dataclass(frozen=True)
class ImageLimits:
    """Of one request.

    Attributes:
        images: most images.
        bytes: most bytes of the body.
        seconds: until the body's last byte.
    """

    images: int = 64
    bytes: int = 16 * 2**20
    seconds: float = 30.0


class Told(Sees, Protocol):
    """What a network of any kind says of itself."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the run found out about it."""

    @property
    def describe(self) -> str:
        """It in one line."""


async def sent_images(request: Request, limits: ImageLimits) -> list[Any]:
    """The images of a request, as they came.

    Raises:
        RefusedError: they cannot be told from its body.
    """
    mend = f'Send a picture with its own content type, such as image/png, or {JSON} with {{"images": [...]}}.'
    kind = check_type(request, (JSON, *PICTURES), mend)
    body = await read_body(request, most_bytes=limits.bytes, seconds=limits.seconds, things="images")
    if kind != JSON:
        return [body]
    send = 'Send {"images": [...]}: pixels, or base64.'
    return listed(parsed(body), "images", most=limits.images, mend=send)


def envelope(limits: ImageLimits) -> type[BaseModel]:
    """What a request with JSON is."""
    told = "Each a picture's bytes in base64, or pixels: height lists of width numbers, or of width lists of channels."
    images: Any = (list[str | _Pixels], Field(max_length=limits.images, description=told))
    return create_model(
        "PredictRequest", __config__=ConfigDict(extra="forbid"), __doc__="Images to predict.", images=images
    )


def taken(model: Told, limits: ImageLimits, *, most_pixels: int) -> dict[str, Any]:
    """What a network takes, by the names of `hortus.deploy.serve.replies.Taken`."""
    channels, height, width = model.shape
    score = model.facts.get("score")
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "whole": model.whole,
        "takes": list(PICTURES) if model.whole else [],
        "most_images": limits.images,
        "most_bytes": limits.bytes,
        "most_pixels": most_pixels,
        "score": float(score) if isinstance(score, (int, float)) and math.isfinite(score) else None,
        "network": model.describe,
        "versions": dict(model.facts.get("versions") or {}),
    }
