"""The application of a model of tables: what is asked where, and in what words it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.types import ASGIApp

from hortus.deploy.serve.body import JSON, listed, read_json
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.described import schema_reply
from hortus.deploy.serve.frame import REQUEST, bare, describe, furnish, predicts
from hortus.deploy.serve.gate import Gate
from hortus.deploy.serve.page import TRY_ROWS
from hortus.deploy.serve.predicting import Desk
from hortus.deploy.serve.replies import Predictions
from hortus.ensemble.predictor import Predictor


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

    async def predict(request: Request) -> dict[str, Any]:
        body = await read_json(request, most_bytes=limits.bytes, seconds=limits.seconds)
        rows = listed(body, "rows", most=limits.rows, mend='Send {"rows": [{"column": value, ...}]}.')
        return await desk.predict(rows)

    predicts(app, predict, counters, things="rows", reply=Predictions, content={JSON: REQUEST})
    furnish(app, schema, counters, desk.waiting, TRY_ROWS)
    describe(app, envelope, token)
    return Gate(app, hosts=hosts, token=token)


def _envelope(row: type[BaseModel], limits: Limits) -> type[BaseModel]:
    rows: Any = (list[row], Field(max_length=limits.rows, description="In any number, also none."))  # type: ignore[valid-type]
    return create_model("PredictRequest", __config__=ConfigDict(extra="forbid"), __doc__="Rows to predict.", rows=rows)
