"""What the servers of every kind of model share: how they refuse, what they say of themselves, their page."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from hortus.deploy.serve.answer import Answer
from hortus.deploy.serve.body import RefusedError
from hortus.deploy.serve.counters import Counters
from hortus.deploy.serve.page import Page
from hortus.deploy.serve.replies import CountersReply, Refusal, Status
from hortus.deploy.serve.waiting import Waiting

REQUEST = {"schema": {"$ref": "#/components/schemas/PredictRequest"}}
GATE: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No token, or another one."},
    421: {"model": Refusal, "description": "Sent to another name than this server's."},
}


def bare(target: str) -> FastAPI:
    """An application that answers nothing yet, and every error in one form.

    Args:
        target: what is predicted.
    """
    app = FastAPI(
        title=f"Predictions of {target}",
        description="A model made by Hortus.",
        version=version("hortus"),
        # Their pages are drawn by scripts from other servers; the page at / is not.
        docs_url=None,
        redoc_url=None,
    )
    _answer_errors(app)
    return app


def predicts(
    app: FastAPI,
    predict: Callable[[Request], Awaitable[dict[str, Any]]],
    counters: Counters,
    *,
    things: str,
    reply: type[BaseModel],
    content: Mapping[str, Any],
    parameters: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Let it answer requests for predictions, and count them.

    Args:
        app: the application.
        predict: gives ``reply`` as JSON values, or raises `RefusedError`.
        counters: of the requests.
        things: that are sent: rows, images.
        reply: what is answered.
        content: of a request, by its type, as OpenAPI has it.
        parameters: beside it, as OpenAPI has them.
    """
    told = {
        400: "Cut off; or not JSON, nested too deep, or a name twice.",
        408: "The body came too slowly.",
        413: f"The body, or the number of {things}, is too large.",
        415: f"Another content type than {', '.join(content)}; or it is packed.",
        422: f"{things.capitalize()} that cannot be used, each by its place.",
        503: "Too many requests are waiting.",
    }
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Refusal, "description": words} for status, words in told.items()
    }

    @app.post(
        "/v1/predict",
        operation_id="predict",
        summary=f"Predict {things}",
        responses={200: {"model": reply}, **refusals, **GATE},
        openapi_extra={
            "requestBody": {"required": True, "content": dict(content)},
            **({"parameters": list(parameters)} if parameters else {}),
        },
    )
    async def answered(request: Request) -> Response:
        began = time.perf_counter()
        try:
            found = await predict(request)
        except RefusedError:
            counters.turned_away()
            raise
        counters.answered(time.perf_counter() - began, found["predictions"])
        return Answer(found)


def furnish(app: FastAPI, schema: BaseModel, counters: Counters, waiting: Waiting, page: Page) -> None:
    """Let it say what it takes, what it has done and how it is, and show its page.

    Args:
        app: the application.
        schema: what it predicts, and from what.
        counters: of the requests for predictions.
        waiting: the requests that are under way.
        page: at ``/``.
    """
    told = schema.model_dump()

    @app.get(
        "/v1/schema",
        operation_id="schema",
        summary="What is predicted, and from what",
        responses={200: {"model": type(schema)}, **GATE},
    )
    async def columns() -> Response:
        return Answer(told)

    @app.get(
        "/v1/counters",
        operation_id="counters",
        summary="What the server has done",
        responses={200: {"model": CountersReply}, **GATE},
    )
    async def counted() -> Response:
        return Answer(counters.reply().model_dump())

    @app.get(
        "/healthz",
        operation_id="health",
        summary="Whether the server lives",
        responses={200: {"model": Status}, **GATE},
    )
    async def health() -> Response:
        return Answer({"status": "ok"})

    @app.get(
        "/readyz",
        operation_id="ready",
        summary="Whether the server takes requests",
        responses={200: {"model": Status}, 503: {"model": Status}, **GATE},
    )
    async def ready() -> Response:
        return Answer({"status": "busy"}, 503) if waiting.full else Answer({"status": "ready"})

    @app.get("/", include_in_schema=False)
    async def shown() -> Response:
        return HTMLResponse(page.html, headers={"content-security-policy": page.policy})


def describe(app: FastAPI, request: type[BaseModel], token: str | None) -> None:
    """Put what a request is, and the token, into the description that FastAPI makes; it knows neither by itself."""
    described = app.openapi()
    described["openapi"] = "3.1.0"
    made = request.model_json_schema(ref_template="#/components/schemas/{model}")
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= made.pop("$defs", {})
    schemas["PredictRequest"] = made
    if token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in ("/v1/predict", "/v1/schema", "/v1/counters"):
            for operation in described["paths"][path].values():
                operation["security"] = [{"token": []}]


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
