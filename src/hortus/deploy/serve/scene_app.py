"""The application of a model of scenes: pictures as a model of images takes them, and a mask for each."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.types import ASGIApp

from hortus.data.scenes import METRIC
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.serve.body import refused
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.frame import bare, describe, furnish, predicts
from hortus.deploy.serve.gate import Gate
from hortus.deploy.serve.page import TRY_MASKS
from hortus.deploy.serve.pictures import CONTENT, ImageLimits, envelope, sent_images, taken
from hortus.deploy.serve.replies import Masks, SceneSchemaReply
from hortus.deploy.serve.scene_desk import MOST_PIXELS, TARGET, SceneDesk, mask_classes

# Each has a mask of its own size in the answer.
MOST_IMAGES = 16
_OVERLAY = {
    "name": "overlay",
    "in": "query",
    "required": False,
    "schema": {"type": "boolean", "default": False},
    "description": "Whether each picture comes back with its mask drawn over it.",
}


def make_scene_app(
    model: SceneModel,
    *,
    token: str | None = None,
    hosts: tuple[str, ...] | None = None,
    limits: ImageLimits | None = None,
) -> ASGIApp:
    """An ASGI application that predicts masks with a network.

    Args:
        model: the network, as `hortus.load` gives it.
        token: what requests must bear; None for an open door.
        hosts: names that the ``Host`` header may have; None for any.
        limits: of one request.
    """
    limits = limits or ImageLimits(images=MOST_IMAGES)
    desk, counters = SceneDesk(model), Counters()
    app = bare(TARGET)

    async def predict(request: Request) -> dict[str, Any]:
        overlay = _wants_overlay(request)
        return await desk.predict(await sent_images(request, limits), overlay=overlay)

    predicts(app, predict, counters, things="images", reply=Masks, content=CONTENT, parameters=[_OVERLAY])
    furnish(app, scene_schema(model, limits), counters, desk.waiting, TRY_MASKS)
    describe(app, envelope(limits), token)
    return Gate(app, hosts=hosts, token=token)


def scene_schema(model: SceneModel, limits: ImageLimits | None = None) -> SceneSchemaReply:
    """What a network predicts, and from what."""
    return SceneSchemaReply(
        target=TARGET,
        task="segmentation",
        classes=mask_classes(model.classes),
        metric=str(model.facts.get("metric") or METRIC),
        **taken(model, limits or ImageLimits(images=MOST_IMAGES), most_pixels=MOST_PIXELS),
    )


def _wants_overlay(request: Request) -> bool:
    """Whether the address asks for overlays.

    Raises:
        RefusedError: 422 it says neither yes nor no.
    """
    said = request.query_params.get("overlay", "false")
    if said not in ("true", "false"):
        what = f"overlay is {said[:60]!r}."
        raise refused(422, "request-overlay", what, "Ask for /v1/predict?overlay=true, or leave it out.")
    return said == "true"
