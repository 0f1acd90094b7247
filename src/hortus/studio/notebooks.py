"""Notebooks: a run as a notebook, and samples to start from."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/notebooks", tags=["notebooks"])
