"""The application of a model of images: a picture as it is, or several pictures or pixels as JSON."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.types import ASGIApp

from hortus.deploy.image_model import ImageModel
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.frame import bare, describe, furnish, predicts
from hortus.deploy.serve.gate import Gate
from hortus.deploy.serve.image_desk import MOST_PIXELS, ImageDesk
from hortus.deploy.serve.page import TRY_IMAGES
from hortus.deploy.serve.pictures import CONTENT, ImageLimits, envelope, sent_images, taken
from hortus.deploy.serve.replies import ImageSchemaReply, Predictions


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

    async def predict(request: Request) -> dict[str, Any]:
        return await desk.predict(await sent_images(request, limits))

    predicts(app, predict, counters, things="images", reply=Predictions, content=CONTENT)
    furnish(app, image_schema(model, limits), counters, desk.waiting, TRY_IMAGES)
    describe(app, envelope(limits), token)
    return Gate(app, hosts=hosts, token=token)


def image_schema(model: ImageModel, limits: ImageLimits | None = None) -> ImageSchemaReply:
    """What a network predicts, and from what: what a client needs to show a place for a picture."""
    return ImageSchemaReply(
        target=model.task.target,
        task="binary" if model.task.kind == "binary" else "multiclass",
        classes=list(model.task.classes),
        metric=model.task.metric,
        **taken(model, limits or ImageLimits(), most_pixels=MOST_PIXELS),
    )
