"""Designer: a graph of steps, from the table to the model at work."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/designer", tags=["designer"])
