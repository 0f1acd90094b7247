"""Places in documents that benchmarks write anew: what stands between ``<!-- name: begin -->`` and its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def write(document: Path, parts: Mapping[str, str]) -> None:
    """Put each part into its place of a file.

    Raises:
        SystemExit: a place is not marked, or twice.
    """
    text = fill(document.read_text(encoding="utf-8"), parts, document.name)
    document.write_text(text, encoding="utf-8")


def fill(text: str, parts: Mapping[str, str], document: str) -> str:
    """A document's text with each part in its place.

    Args:
        text: as it is.
        parts: what is to stand there, by the names of the places.
        document: its name, for the error.

    Raises:
        SystemExit: a place is not marked, or twice.
    """
    for name, part in parts.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", flags=re.DOTALL)
        if len(found.findall(text)) != 1:
            raise SystemExit(f"{document} needs one place between {begin} and {end}.")
        text = found.sub(lambda _, new=f"{begin}\n{part}\n{end}": new, text)
    return text
