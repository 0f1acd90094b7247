"""What a script says of its task; the writer puts the run's own values in their place."""

from __future__ import annotations

from typing import Any

from hortus.data.facts import Kind

TARGET: str = "target"
KIND: Kind = "regression"
CLASSES: tuple[Any, ...] = ()
ORDERED: bool = False
