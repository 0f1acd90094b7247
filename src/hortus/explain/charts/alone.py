"""A picture that stands alone: an SVG file, or a notebook's cell, with its colours in itself."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from hortus.explain.page.html import Markup

# Where the pictures' looks stand in the page's style, and where they end.
_BEGIN, _END = "\n.t {", "@media (max-width"
_FONT = "text { font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; }"


class Picture:
    """A picture in SVG; a notebook shows it, `save` writes it.

    Args:
        drawn: as the primitives of `hortus.explain.charts.base` make it.
    """

    def __init__(self, drawn: Markup) -> None:
        found = re.match(r'<svg viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', drawn)
        if found is None:
            raise ValueError("a picture begins with <svg viewBox=…>")
        width, height = float(found[1]), float(found[2])
        # A little room around: labels may reach beyond the drawing.
        box = f"-10 -10 {width + 20:g} {height + 20:g}"
        opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width + 20:g}" role="img">'
        paper = f'<rect x="-10" y="-10" width="{width + 20:g}" height="{height + 20:g}" fill="var(--paper)"/>'
        self.svg = f"{opening}<style>{_style()}</style>{paper}{drawn[found.end() :]}"

    def save(self, path: str | Path) -> None:
        """Write it as an SVG file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_html_(self) -> str:
        """As an image, so that its style stays its own."""
        packed = base64.b64encode(self.svg.encode()).decode()
        return f'<img src="data:image/svg+xml;base64,{packed}">'


@lru_cache
def _style() -> str:
    """The page's own colours, by day, and the looks of what is drawn."""
    page = files("hortus.explain.page").joinpath("report.css").read_text(encoding="utf-8")
    colours = page[page.index(":root") : page.index("}") + 1]
    return f"{colours}{_FONT}{page[page.index(_BEGIN) : page.index(_END)]}"
