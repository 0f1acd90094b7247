"""Understand: what a model is worth, why it says what it says, where it is weak."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/understand", tags=["understand"])
