"""Deploy: a model at work, on this computer, in a container, on a file."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/deploy", tags=["deploy"])
