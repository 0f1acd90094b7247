"""The tables and image sets that were brought in: each a folder with the file as it came and a note about it."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hortus.data.image_files import class_folders
from hortus.data.notes import Note
from hortus.data.read import read_table
from hortus.errors import InputError, ReadError
from hortus.studio.editing import Edits, edited
from hortus.studio.home import Home, read_note, write_note
from hortus.studio.incoming import check_parquet, check_size, check_unpacked, sniff, unpack_images
from hortus.studio.mends import plan
from hortus.studio.profile import ColumnProfile, profiles

if TYPE_CHECKING:
    import pandas as pd

NOTE, ARRIVING, IMAGES = "table.json", "arriving", "images"
# Tables that are in memory at once, as they came and with their changes.
IN_MEMORY = 4


@dataclass(frozen=True)
class Stored:
    """A table, or a set of images, that was brought in.

    Attributes:
        id: its name in addresses.
        folder: of the file and the note.
        note: name (the file's, as its owner calls it), kind ("table" or "image"), file (its name here), rows, columns,
            created; of a table also what was decided: target, kinds, roles, decisions (`hortus.studio.mends.plan`).
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
        """The file as it came, or the folder of class folders."""
        return self.folder / str(self.note.get("file", "missing"))


@dataclass(frozen=True)
class Opened:
    """A table in memory, with the changes that were decided.

    Attributes:
        frame: (n, p) the rows; not to be changed.
        notes: what was noticed when it was read.
    """

    frame: pd.DataFrame
    notes: tuple[Note, ...]


class Tables:
    """All tables of a studio.

    Args:
        home: the studio's folder.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._memory: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._guard = threading.RLock()

    def all(self) -> list[Stored]:
        """Every table, the newest first."""
        found = [self.get(name) for name in self.home.ids("tables")]
        return [stored for stored in found if stored.note]

    def get(self, name: str) -> Stored:
        """The table of an id.

        Raises:
            AbsentError: there is none.
        """
        folder = self.home.folder("tables", name)
        return Stored(name, folder, read_note(folder / NOTE))

    def arriving(self) -> tuple[str, Path]:
        """An id for what is about to come, and the file to write it to."""
        name, folder = self.home.new("tables")
        return name, folder / ARRIVING

    def arrived(self, name: str, title: str) -> Stored:
        """Take in what was written to the place that `arriving` gave; nothing is left of what cannot be used.

        Args:
            name: the id.
            title: what its owner calls it: a file's name, which is shown and used for nothing else.

        Raises:
            ReadError: it is neither a table nor images in class folders, or too large.
        """
        folder = self.home.folder("tables", name)
        try:
            return self._take(name, folder, folder / ARRIVING, title)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def change(self, name: str, **changes: Any) -> Stored:
        """Note something about a table."""
        with self._guard:
            stored = self.get(name)
            write_note(stored.folder / NOTE, {**stored.note, **changes})
            return self.get(name)

    def remove(self, name: str) -> None:
        """Take a table away; runs that were made from it stay."""
        folder = self.home.folder("tables", name)
        shutil.rmtree(folder, ignore_errors=True)
        with self._guard:
            for key in [key for key in self._memory if key[0] == name]:
                del self._memory[key]

    def open(self, name: str) -> Opened:
        """A table with the changes that were decided.

        Raises:
            AbsentError: there is none.
            InputError: it is a set of images; or a column cannot be read as was asked.
        """
        stored = self._table(name)
        edits = plan(stored.note).edits
        raw: Opened = self._remembered(name, "raw", lambda: Opened(*_read(stored.path, stored.name)))
        if not edits:
            return raw
        found: Opened = self._remembered(name, _key(edits), lambda: Opened(edited(raw.frame, edits), raw.notes))
        return found

    def profile(self, name: str) -> tuple[list[ColumnProfile], int]:
        """Every column of a table at a glance, with the kinds that were decided; see `profiles`."""
        stored = self._table(name)
        wish = plan(stored.note)
        kinds = Edits(wish.edits.kinds)
        raw: Opened = self._remembered(name, "raw", lambda: Opened(*_read(stored.path, stored.name)))
        frame = edited(raw.frame, kinds) if kinds else raw.frame
        found: tuple[list[ColumnProfile], int] = self._remembered(
            name, f"profile {_key(kinds)} {sorted(wish.text)}", lambda: profiles(frame, wish.text)
        )
        return found

    def guessed(self, name: str) -> dict[str, str]:
        """The kind that each column was guessed to be, by name."""
        stored = self._table(name)
        raw: Opened = self._remembered(name, "raw", lambda: Opened(*_read(stored.path, stored.name)))
        found: tuple[list[ColumnProfile], int] = self._remembered(
            name, f"profile {_key(Edits())} []", lambda: profiles(raw.frame)
        )
        return {profile.column.name: profile.column.kind for profile in found[0]}

    def pictures(self, name: str) -> tuple[list[Path], list[str]]:
        """The images of a set and their classes, in their order; none of a table."""
        stored = self.get(name)
        if stored.kind != "image":
            return [], []
        found: tuple[list[Path], list[str]] = self._remembered(name, "pictures", lambda: class_folders(stored.path)[:2])
        return found

    def source(self, name: str) -> Path:
        """What a run is made from: the file as it came, or one with the changes that were decided."""
        stored = self.get(name)
        edits = plan(stored.note).edits
        if stored.kind == "image" or not edits:
            return stored.path
        path = stored.folder / f"edited-{_key(edits)}.parquet"
        if not path.exists():
            _write(self.open(name).frame, path)
        return path

    def _table(self, name: str) -> Stored:
        stored = self.get(name)
        if stored.kind == "image":
            raise InputError(f"{stored.name} is a set of images.", mend="Train on it as it is.", code="images")
        return stored

    def _take(self, name: str, folder: Path, place: Path, title: str) -> Stored:
        told = sniff(place, title)
        note: dict[str, Any] = {"name": _shown(title), "kind": told.kind, "created": time.time()}
        if told.kind == "image":
            count = unpack_images(place, folder / IMAGES)
            _, labels, _ = class_folders(folder / IMAGES)
            note |= {"file": IMAGES, "rows": count, "columns": len(set(labels))}
            place.unlink()
        else:
            note["file"] = f"table{told.suffix}"
            place.rename(folder / note["file"])
            if told.suffix == ".parquet":
                check_parquet(folder / note["file"])
            elif told.suffix == ".zip" or told.suffix.endswith((".gz", ".bz2", ".xz")):
                check_unpacked(folder / note["file"])
            frame, notes = _read(folder / note["file"], note["name"])
            check_size(len(frame), frame.shape[1])
            note |= {"rows": len(frame), "columns": frame.shape[1]}
            with self._guard:
                self._keep((name, "raw"), Opened(frame, tuple(notes)))
        write_note(folder / NOTE, note)
        return self.get(name)

    def _remembered(self, name: str, what: str, make: Any) -> Any:
        with self._guard:
            key = (name, what)
            if key not in self._memory:
                self._keep(key, make())
            self._memory.move_to_end(key)
            return self._memory[key]

    def _keep(self, key: tuple[str, str], value: Any) -> None:
        self._memory[key] = value
        # A profile is small; what is large are the tables.
        while sum(isinstance(kept, Opened) for kept in self._memory.values()) > IN_MEMORY:
            del self._memory[next(k for k, kept in self._memory.items() if isinstance(kept, Opened))]
        while len(self._memory) > 10 * IN_MEMORY:
            self._memory.popitem(last=False)


def _read(path: Path, name: str) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Read a table; what is said about it names it as its owner does, not as it is kept."""
    try:
        frame, notes = read_table(path)
    except ReadError as error:
        raise ReadError(error.what.replace(path.name, name), mend=error.mend, code=error.code) from error
    return frame, tuple(replace(note, what=note.what.replace(path.name, name)) for note in notes)


def _key(edits: Edits) -> str:
    told = json.dumps([sorted(edits.kinds.items()), list(edits.rows), edits.target if edits.rows else None])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _write(frame: pd.DataFrame, path: Path) -> None:
    """As parquet, whole or not at all; a column of mixed cells as text, which is how it is read anyway."""
    mixed = {
        name: frame[name].map(str, na_action="ignore")
        for name in frame.columns
        if frame[name].dtype == object and frame[name].map(type).nunique() > 1
    }
    beside = path.with_suffix(".part")
    frame.assign(**mixed).to_parquet(beside, index=False)
    beside.rename(path)


def _shown(title: str) -> str:
    """A file's name as it is shown: of one line, and not too long."""
    kept = "".join(letter for letter in title.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable())
    return kept.strip()[:120] or "table"
