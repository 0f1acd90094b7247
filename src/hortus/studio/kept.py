"""One object of a kind for each server: models that are open, processes that were begun."""

from __future__ import annotations

from typing import TypeVar, cast

from fastapi import Request

T = TypeVar("T")


def kept(request: Request, kind: type[T]) -> T:
    """The server's one object of ``kind``, made without arguments when it is first asked for."""
    objects: dict[type, object] = request.app.state.__dict__.setdefault("kept", {})
    return cast("T", objects.setdefault(kind, kind()))
