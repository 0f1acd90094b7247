"""Times and sizes as people type them."""

from __future__ import annotations

import re

import typer

_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*([A-Za-z]*)\s*")
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1}
_BYTES |= {prefix + unit: 1000**power for power, prefix in enumerate("kmgt", 1) for unit in ("", "b")}
_BYTES |= {prefix + "ib": 1024**power for power, prefix in enumerate("kmgt", 1)}


def seconds(text: str) -> float:
    """Seconds from ``60``, ``90s``, ``10m`` or ``1.5h``.

    >>> seconds("10m")
    600.0
    """
    return _parse(text, _SECONDS, "a time, such as 60, 90s, 10m or 1h")


def size(text: str) -> int:
    """Bytes from ``8GB``, ``512MB`` or ``4GiB``.

    >>> size("8GB")
    8000000000
    """
    return int(_parse(text, _BYTES, "a size, such as 8GB, 512MB or 4GiB"))


def _parse(text: str, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    found = _NUMBER.fullmatch(str(text))
    if found is None or found[2].lower() not in units:
        raise typer.BadParameter(f"{text!r} is not {wanted}.")
    return float(found[1]) * units[found[2].lower()]
