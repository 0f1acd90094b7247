"""The application: one router a screen, one form for all errors, and the pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from hortus.errors import HortusError, MissingExtraError, RunError
from hortus.studio import compare, data, deploy, designer, networks, notebooks, pages, train, understand
from hortus.studio.home import AbsentError, Home
from hortus.studio.replies import TROUBLES
from hortus.studio.runs import Runs
from hortus.studio.security import Door, Keys
from hortus.studio.state import Studio
from hortus.studio.tables import Tables

# Every screen is one line here, and one in studio-ui/src/screens/table.ts.
ROUTERS = (
    data.router,
    train.router,
    understand.router,
    designer.router,
    deploy.router,
    networks.router,
    compare.router,
    notebooks.router,
)


def make_api(studio: Studio | None = None) -> FastAPI:
    """The application without its door: what the description of the interface is made from.

    Args:
        studio: what it works on; None where it only describes itself.
    """
    # Their pages of documentation are drawn by scripts from other servers.
    api = FastAPI(title="Hortus Studio", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    api.state.studio = studio
    for router in ROUTERS:
        api.include_router(router, responses=TROUBLES)
    # Last: it takes every other address.
    api.include_router(pages.router)
    _answer_errors(api)
    return api


def create_app(home: Path, *, port: int, host: str = "127.0.0.1", opened: tuple[Path, ...] = ()) -> ASGIApp:
    """The studio behind its door.

    Args:
        home: the studio's folder.
        port: that it listens on; the cookie and the addresses allowed are named by it.
        host: the address that it listens on.
        opened: run folders elsewhere that it shows too.
    """
    place = Home.open(home)
    tables = Tables(place)
    runs = Runs(place, tables)
    for folder in opened:
        runs.open(folder)
    return Door(make_api(Studio(place, tables, runs)), keys=Keys(place.path), host=host, port=port)


def _answer_errors(api: FastAPI) -> None:
    async def own(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HortusError):
            raise error
        status = 404 if isinstance(error, AbsentError) else 409 if isinstance(error, RunError) else 422
        status = 424 if isinstance(error, MissingExtraError) else status
        return trouble(status, error.code, error.what, error.mend)

    async def shape(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return trouble(422, "request", f"{place}: {first['msg']}.", "Load the page again.")

    async def http(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return trouble(error.status_code, "http", f"{error.detail}.", "Load the page again.", error.headers)

    async def fault(_request: Request, _error: Exception) -> Response:
        return trouble(500, "fault", "The studio has failed.", "Its window tells why; please report that.")

    api.add_exception_handler(HortusError, own)
    api.add_exception_handler(RequestValidationError, shape)
    api.add_exception_handler(HTTPException, http)
    api.add_exception_handler(Exception, fault)


def trouble(status: int, code: str, what: str, mend: str, headers: object = None) -> Response:
    """An error as every screen shows it."""
    more = dict(headers) if isinstance(headers, dict) else None
    return JSONResponse({"code": code, "what": what, "mend": mend}, status, more)
