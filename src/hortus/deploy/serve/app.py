"""The application: what is asked where, and in what words it is answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from hortus.deploy.serve.answer import Answer
from hortus.deploy.serve.body import RefusedError, read_json, refused
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.described import schema_reply
from hortus.deploy.serve.gate import Gate
from hortus.deploy.serve.page import PAGE, POLICY
from hortus.deploy.serve.predicting import Desk
from hortus.deploy.serve.replies import CountersReply, Predictions, Refusal, SchemaReply, Status
from hortus.ensemble.predictor import Predictor

_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "Not JSON, cut off, nested too deep, or a name twice."},
    408: {"model": Refusal, "description": "The body came too slowly."},
    413: {"model": Refusal, "description": "The body, or the number of rows, is too large."},
    415: {"model": Refusal, "description": "Another content type than application/json."},
    422: {"model": Refusal, "description": "Cells that cannot be used, each with its column and row."},
    503: {"model": Refusal, "description": "Too many requests are waiting."},
}
_GATE: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No token, or another one."},
    421: {"model": Refusal, "description": "Sent to another name than this server's."},
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
    app = FastAPI(
        title=f"Predictions of {predictor.task.target}",
        description="A model made by Hortus.",
        version=version("hortus"),
        # Their pages are drawn by scripts from other servers; the page at / is not.
        docs_url=None,
        redoc_url=None,
    )
    _answer_errors(app)
    envelope = _envelope(desk.reader.model, limits)
    schema = schema_reply(desk, most_rows=limits.rows, most_bytes=limits.bytes).model_dump()
    counters = Counters()

    @app.post(
        "/v1/predict",
        operation_id="predict",
        summary="Predict rows",
        responses={200: {"model": Predictions}, **_REFUSED, **_GATE},
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
            found = await desk.predict(_rows(body, limits))
        except RefusedError:
            counters.turned_away()
            raise
        counters.answered(time.perf_counter() - began, found["predictions"])
        return Answer(found)

    @app.get(
        "/v1/schema",
        operation_id="schema",
        summary="What a row holds",
        responses={200: {"model": SchemaReply}, **_GATE},
    )
    async def columns() -> Response:
        return Answer(schema)

    @app.get(
        "/v1/counters",
        operation_id="counters",
        summary="What the server has done",
        responses={200: {"model": CountersReply}, **_GATE},
    )
    async def counted() -> Response:
        return Answer(counters.reply().model_dump())

    @app.get(
        "/healthz",
        operation_id="health",
        summary="Whether the server lives",
        responses={200: {"model": Status}, **_GATE},
    )
    async def health() -> Response:
        return Answer({"status": "ok"})

    @app.get(
        "/readyz",
        operation_id="ready",
        summary="Whether the server takes requests",
        responses={200: {"model": Status}, 503: {"model": Status}, **_GATE},
    )
    async def ready() -> Response:
        return Answer({"status": "busy"}, 503) if desk.full else Answer({"status": "ready"})

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(PAGE, headers={"content-security-policy": POLICY})

    _describe(app, envelope, token)
    return Gate(app, hosts=hosts, token=token)


def _rows(body: Any, limits: Limits) -> list[Any]:
    if not isinstance(body, dict) or not isinstance(body.get("rows"), list):
        raise refused(422, "request-shape", "The body has no list of rows.", 'Send {"rows": [{"column": value, ...}]}.')
    other = sorted(body.keys() - {"rows"})
    if other:
        raise refused(422, "request-name", f"The body has the name {other[0][:60]!r}.", 'Send {"rows": [...]} alone.')
    rows: list[Any] = body["rows"]
    if len(rows) > limits.rows:
        what = f"The body has {len(rows)} rows, and {limits.rows} are the most."
        raise refused(413, "rows-too-many", what, "Send the rows in several requests.")
    return rows


def _envelope(row: type[BaseModel], limits: Limits) -> type[BaseModel]:
    rows: Any = (list[row], Field(max_length=limits.rows, description="In any number, also none."))  # type: ignore[valid-type]
    return create_model("PredictRequest", __config__=ConfigDict(extra="forbid"), __doc__="Rows to predict.", rows=rows)


def _answer_errors(app: FastAPI) -> None:
    async def own(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RefusedError):
            raise error
        # The rest of a body that was not read to its end must not be taken for the next request.
        close = {"connection": "close"} if error.status in (408, 413, 415) else None
        headers = {"retry-after": "1"} if error.status == 503 else close
        return Answer(error.refusal.model_dump(), error.status, headers)

    async def http(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        code, mend = {
            404: (
                "not-found",
                "/openapi.json names all there is, and / is a page to try it.",
            ),
            405: ("method", "Send POST to /v1/predict and GET to all else."),
        }.get(error.status_code, ("http", "Look at /openapi.json."))
        refusal = Refusal(code=code, what=f"{error.detail}.", mend=mend, problems=[])
        return Answer(refusal.model_dump(), error.status_code, dict(error.headers or {}))

    async def fault(_request: Request, _error: Exception) -> Response:
        refusal = Refusal(code="fault", what="The server has failed.", mend="Look at its log.", problems=[])
        return Answer(refusal.model_dump(), 500)

    app.add_exception_handler(RefusedError, own)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, fault)


def _describe(app: FastAPI, envelope: type[BaseModel], token: str | None) -> None:
    """Put what a row is, and the token, into the description that FastAPI makes; it knows neither by itself."""
    described = app.openapi()
    described["openapi"] = "3.1.0"
    made = envelope.model_json_schema(ref_template="#/components/schemas/{model}")
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= made.pop("$defs", {})
    schemas["PredictRequest"] = made
    if token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in ("/v1/predict", "/v1/schema", "/v1/counters"):
            for operation in described["paths"][path].values():
                operation["security"] = [{"token": []}]
