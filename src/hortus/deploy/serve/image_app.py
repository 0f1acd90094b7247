"""The application of a model of images: a picture as it is, or several pictures or pixels as JSON."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response
from starlette.types import ASGIApp

from hortus.data.image_files import SENT
from hortus.deploy.image_model import ImageModel
from hortus.deploy.serve.answer import Answer
from hortus.deploy.serve.body import RefusedError, check_type, listed, parsed, read_body
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.frame import GATE, bare, describe, furnish
from hortus.deploy.serve.gate import Gate
from hortus.deploy.serve.image_desk import MOST_PIXELS, ImageDesk
from hortus.deploy.serve.page import TRY_IMAGES
from hortus.deploy.serve.replies import ImageSchemaReply, Predictions, Refusal

JSON = "application/json"
PICTURES = tuple(f"image/{kind.lower()}" for kind in SENT)
_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "Cut off; or not JSON, nested too deep, or a name twice."},
    408: {"model": Refusal, "description": "The body came too slowly."},
    413: {"model": Refusal, "description": "The body, or the number of images, is too large."},
    415: {"model": Refusal, "description": f"Another content type than {JSON} and {', '.join(PICTURES)}."},
    422: {"model": Refusal, "description": "Images that cannot be used, each by its place."},
    503: {"model": Refusal, "description": "Too many requests are waiting."},
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


def make_image_app(
    model: ImageModel,
    *,
    token: str | None = None,
    hosts: tuple[str, ...] | None = None,
    limits: ImageLimits | None = None,
) -> ASGIApp:
    """An ASGI application that predicts with a network.

    Args:
        model: the network, as `hortus.load` gives it.
        token: what requests must bear; None for an open door.
        hosts: names that the ``Host`` header may have; None for any.
        limits: of one request.
    """
    limits = limits or ImageLimits()
    desk, counters = ImageDesk(model), Counters()
    app = bare(model.task.target)
    picture = {"schema": {"type": "string", "format": "binary"}}
    body = {JSON: {"schema": {"$ref": "#/components/schemas/PredictRequest"}}, **dict.fromkeys(PICTURES, picture)}

    @app.post(
        "/v1/predict",
        operation_id="predict",
        summary="Predict images",
        responses={200: {"model": Predictions}, **_REFUSED, **GATE},
        openapi_extra={"requestBody": {"required": True, "content": body}},
    )
    async def predict(request: Request) -> Response:
        began = time.perf_counter()
        try:
            found = await desk.predict(await _sent(request, limits))
        except RefusedError:
            counters.turned_away()
            raise
        counters.answered(time.perf_counter() - began, found["predictions"])
        return Answer(found)

    furnish(app, image_schema(model, limits), counters, lambda: desk.full, TRY_IMAGES)
    describe(app, _envelope(limits), token)
    return Gate(app, hosts=hosts, token=token)


def image_schema(model: ImageModel, limits: ImageLimits | None = None) -> ImageSchemaReply:
    """What a network predicts, and from what: what a client needs to show a place for a picture."""
    limits = limits or ImageLimits()
    channels, height, width = model.shape
    score = model.facts.get("score")
    return ImageSchemaReply(
        target=model.task.target,
        task="binary" if model.task.kind == "binary" else "multiclass",
        classes=list(model.task.classes),
        channels=channels,
        height=height,
        width=width,
        whole=model.whole,
        takes=list(PICTURES) if model.whole else [],
        most_images=limits.images,
        most_bytes=limits.bytes,
        most_pixels=MOST_PIXELS,
        metric=model.task.metric,
        score=float(score) if isinstance(score, (int, float)) and math.isfinite(score) else None,
        network=model.describe,
        versions=dict(model.facts.get("versions") or {}),
    )


async def _sent(request: Request, limits: ImageLimits) -> list[Any]:
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


def _envelope(limits: ImageLimits) -> type[BaseModel]:
    told = "Each a picture's bytes in base64, or pixels: height lists of width numbers, or of width lists of channels."
    images: Any = (list[str | _Pixels], Field(max_length=limits.images, description=told))
    return create_model(
        "PredictRequest", __config__=ConfigDict(extra="forbid"), __doc__="Images to predict.", images=images
    )
