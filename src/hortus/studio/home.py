"""The studio's folder: what is kept where, under ids that the server chooses. Clients send ids, never paths."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hortus.data.disk import disk_error
from hortus.errors import HortusError

Shelf = Literal["tables", "runs", "deployments", "graphs"]
SHELVES: tuple[Shelf, ...] = ("tables", "runs", "deployments", "graphs")
ID = "^[0-9a-f]{12}$"
_ID = re.compile(ID)


class AbsentError(HortusError):
    """What an id names is not there."""


@dataclass(frozen=True)
class Home:
    """The folder that a studio works in.

    Attributes:
        path: of the folder.
    """

    path: Path

    @classmethod
    def open(cls, path: Path) -> Home:
        """Make the folder where it is not there; nobody else may look into it.

        Raises:
            RunError: it cannot be made.
        """
        path = Path(path).expanduser().absolute()
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for shelf in SHELVES:
                (path / shelf).mkdir(exist_ok=True)
        except OSError as error:
            raise disk_error(path, error) from error
        return cls(path)

    def new(self, shelf: Shelf) -> tuple[str, Path]:
        """A new id and its folder, which is empty."""
        while True:
            name = secrets.token_hex(6)
            folder = self.path / shelf / name
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return name, folder

    def folder(self, shelf: Shelf, name: str) -> Path:
        """The folder of an id.

        Raises:
            AbsentError: it is no id, or nothing is kept under it.
        """
        folder = self.path / shelf / name
        if not _ID.match(name) or not folder.is_dir():
            raise absent(shelf, name)
        return folder

    def ids(self, shelf: Shelf) -> list[str]:
        """All ids, the newest first."""
        found = [entry for entry in (self.path / shelf).iterdir() if _ID.match(entry.name) and entry.is_dir()]
        return [entry.name for entry in sorted(found, key=lambda entry: entry.stat().st_ctime_ns, reverse=True)]


def absent(shelf: Shelf, name: str) -> AbsentError:
    """The error for an id that names nothing."""
    return AbsentError(
        f"There is no {shelf[:-1]} {name[:40]!r} here.",
        mend="Go back to the list; it may have been removed in another window.",
        code=f"{shelf[:-1]}-absent",
    )


def id_of(path: Path) -> str:
    """The id of a folder elsewhere: always the same for the same place."""
    return hashlib.sha256(str(Path(path).absolute()).encode()).hexdigest()[:12]


def read_note(path: Path) -> dict[str, Any]:
    """A JSON object in a file; {} where it is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_note(path: Path, note: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_text(json.dumps(dict(note), ensure_ascii=False), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise disk_error(path, error) from error
