"""Record docs/pictures/fit.svg: what a terminal shows of the demo's table, fitted for twenty seconds.

    python examples/make_flights.py build/demo
    python docs/pictures/record.py build/demo/train.csv

The commands run as a user runs them; only the console they write to is one that remembers. The progress bar, which a
terminal takes away at the end, stays as it was last.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console, RenderableType
from rich.text import Text

from hortus.cli import app

PICTURE = Path(__file__).with_name("fit.svg")
COMMANDS = (
    "hortus fit flights.csv --target late --time 20 --out flights --verbose",
    "hortus leaderboard flights --top 6",
)
WIDTH = 100


class Wrapping(Console):
    """A console that wraps what a terminal would: a picture is as wide as it is."""

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:  # noqa: ARG002
        """Print, wrapped at the console's width."""
        super().print(*objects, soft_wrap=False, **options)


class LastFrame:
    """In the place of `rich.live.Live`: shows nothing while it runs, and then what it would have shown last."""

    def __init__(self, *, get_renderable: Callable[[], RenderableType], console: Console, **_: Any) -> None:
        self.get_renderable = get_renderable
        self.console = console

    def start(self) -> None:
        """Nothing moves in a picture."""

    def stop(self) -> None:
        """Leave the line as it is now."""
        self.console.print(self.get_renderable())


class Printed(io.StringIO):
    """A standard output whose text goes to a console."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def write(self, text: str) -> int:
        """Print a piece of text."""
        self.console.print(Text(text), end="", soft_wrap=True, highlight=False)
        return len(text)


def record(table: Path) -> str:
    """Run the commands on a csv and return the picture."""
    console = Wrapping(record=True, width=WIDTH, force_terminal=True, file=io.StringIO(), color_system="truecolor")
    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
        redirect_stdout(Printed(console)),
        patch("hortus.engine.terminal.Live", LastFrame),
        patch("hortus.engine.terminal.Console", lambda **_: console),
        patch("rich.console.Console", lambda **_: console),
    ):
        Path("flights.csv").write_bytes(table.read_bytes())
        for command in COMMANDS:
            console.print(Text(f"$ {command}", style="bold"), soft_wrap=True)
            app(command.split()[1:], standalone_mode=False)
            console.print()
    drawn = console.export_svg(title="hortus", unique_id="fit")
    # The picture needs nothing from elsewhere: what font there is will do.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(record(Path(sys.argv[1])), encoding="utf-8")
