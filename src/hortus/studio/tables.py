"""The tables and image sets that were brought in: each a folder with the file as it came and a note about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hortus.studio.home import Home, read_note

NOTE = "table.json"


@dataclass(frozen=True)
class Stored:
    """A table, or a set of images, that was brought in.

    Attributes:
        id: its name in addresses.
        folder: of the file and the note.
        note: name (the file's, as its owner calls it), kind ("table" or "image"), file (its name here), rows, columns,
            created.
    """

    id: str
    folder: Path
    note: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return str(self.note.get("name") or self.id)

    @property
    def kind(self) -> Literal["table", "image"]:
        """What it holds."""
        return "image" if self.note.get("kind") == "image" else "table"

    @property
    def path(self) -> Path:
        """What a run is made from: the file, or the folder of class folders."""
        return self.folder / str(self.note.get("file", "missing"))


class Tables:
    """All tables of a studio.

    Args:
        home: the studio's folder.
    """

    def __init__(self, home: Home) -> None:
        self.home = home

    def all(self) -> list[Stored]:
        """Every table, the newest first."""
        return [self.get(name) for name in self.home.ids("tables")]

    def get(self, name: str) -> Stored:
        """The table of an id.

        Raises:
            AbsentError: there is none.
        """
        folder = self.home.folder("tables", name)
        return Stored(name, folder, read_note(folder / NOTE))
