"""The application of a model of tables: what is asked where, and in what words it is answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response
from starlette.types import ASGIApp

from hortus.deploy.serve.answer import Answer
from hortus.deploy.serve.body import RefusedError, listed, read_json
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.described import schema_reply
from hortus.deploy.serve.frame import GATE, bare, describe, furnish
from hortus.deploy.serve.gate import Gate
from hortus.deploy.serve.page import TRY_ROWS
from hortus.deploy.serve.predicting import Desk
from hortus.deploy.serve.replies import Predictions, Refusal
from hortus.ensemble.predictor import Predictor

_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "Not JSON, cut off, nested too deep, or a name twice."},
    408: {"model": Refusal, "description": "The body came too slowly."},
    413: {"model": Refusal, "description": "The body, or the number of rows, is too large."},
    415: {"model": Refusal, "description": "Another content type than application/json."},
    422: {"model": Refusal, "description": "Cells that cannot be used, each with its column and row."},
    503: {"model": Refusal, "description": "Too many requests are waiting."},
}


@dataclass(frozen=True)
class Limits:
    """Of one request.

    Attributes:
        rows: most rows.
        bytes: most bytes of the body.
        seconds: until the body's last byte.
    """

    rows: int = 10_000
    bytes: int = 16 * 2**20
    seconds: float = 30.0


def make_app(
    predictor: Predictor,
    *,
    token: str | None = None,
    hosts: tuple[str, ...] | None = None,
    limits: Limits | None = None,
) -> ASGIApp:
    """An ASGI application that predicts with a model.

    Args:
        predictor: the model, as `hortus.deploy.bundle.load_bundle` gives it.
        token: what requests must bear; None for an open door.
        hosts: names that the ``Host`` header may have; None for any.
        limits: of one request.
    """
    limits = limits or Limits()
    desk = Desk(predictor)
    app = bare(predictor.task.target)
    envelope = _envelope(desk.reader.model, limits)
    schema = schema_reply(desk, most_rows=limits.rows, most_bytes=limits.bytes)
    counters = Counters()

    @app.post(
        "/v1/predict",
        operation_id="predict",
        summary="Predict rows",
        responses={200: {"model": Predictions}, **_REFUSED, **GATE},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PredictRequest"}}},
            }
        },
    )
    async def predict(request: Request) -> Response:
        began = time.perf_counter()
        try:
            body = await read_json(request, most_bytes=limits.bytes, seconds=limits.seconds)
            rows = listed(body, "rows", most=limits.rows, mend='Send {"rows": [{"column": value, ...}]}.')
            found = await desk.predict(rows)
        except RefusedError:
            counters.turned_away()
            raise
        counters.answered(time.perf_counter() - began, found["predictions"])
        return Answer(found)

    furnish(app, schema, counters, lambda: desk.full, TRY_ROWS)
    describe(app, envelope, token)
    return Gate(app, hosts=hosts, token=token)


def _envelope(row: type[BaseModel], limits: Limits) -> type[BaseModel]:
    rows: Any = (list[row], Field(max_length=limits.rows, description="In any number, also none."))  # type: ignore[valid-type]
    return create_model("PredictRequest", __config__=ConfigDict(extra="forbid"), __doc__="Rows to predict.", rows=rows)
