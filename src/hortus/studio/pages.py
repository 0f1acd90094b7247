"""The pages: the built bundle in static/, and index.html for every address that a screen has."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

router = APIRouter()


@router.get("/assets/{name}", include_in_schema=False)
def asset(name: str, request: Request) -> Response:
    """A file of the bundle, or 404."""
    found = _files().get(f"assets/{name}")
    return Response(status_code=404) if found is None else _answer(found, request)


@router.get("/{path:path}", include_in_schema=False)
def page(path: str, request: Request) -> Response:
    """The one page; which screen it shows, its address says."""
    found = _files().get("index.html")
    if found is None or path.startswith("api/"):
        return Response(status_code=404)
    return _answer(found, request)


def _answer(path: Path, request: Request) -> Response:
    tag, body = _read(path, path.stat().st_mtime_ns)
    # Names are fixed, so a browser has to ask each time whether its copy is still the one.
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=KINDS[path.suffix])


@cache
def _files() -> dict[str, Path]:
    """What can be asked for, by its place in the bundle; nothing else can."""
    found = (path for path in STATIC.rglob("*") if path.suffix in KINDS)
    return {path.relative_to(STATIC).as_posix(): path for path in found}


@cache
def _read(path: Path, _changed: int) -> tuple[str, bytes]:
    body = path.read_bytes()
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"', body
