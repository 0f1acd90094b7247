"""Files on their way to another machine: named by their digest, sent once to each, and checked where they arrive.

    parcel = Parcel.of(folder)          here: what lies in the folder, by name, digest and size
    place = Stockroom(...).have(parcel, fetch)   there: a folder with exactly these files, written once a machine

A machine's stockroom is shared by all of a run's slots on it. Each holds a shared lock while it lives; the last one to
leave, or the first of a later run, clears it away.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hortus.data.artifacts import UNFINISHED, Stored, verify
from hortus.errors import ArtifactError, RunError

# Bytes that travel at once.
PIECE = 32 * 2**20
# Gives back, one after the other, the pieces of the file with this digest.
Fetch = Callable[[str], Iterator[bytes]]


@dataclass(frozen=True)
class Parcel:
    """Files that belong together.

    Attributes:
        files: their paths within the folder, digests and sizes, in the order of the paths.
    """

    files: tuple[Stored, ...]

    @classmethod
    def of(cls, folder: Path) -> Parcel:
        """What lies directly in ``folder``; half-written files are left out."""
        paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(UNFINISHED))
        return cls(tuple(Stored(path.name, digest_of(path), path.stat().st_size) for path in paths))

    @property
    def digest(self) -> str:
        """Of names and contents together; hexadecimal."""
        told = json.dumps([(file.path, file.sha256) for file in self.files])
        return hashlib.sha256(told.encode()).hexdigest()

    def to_json(self) -> list[dict[str, Any]]:
        """As plain JSON values."""
        return [file.__dict__ for file in self.files]

    @classmethod
    def from_json(cls, found: list[dict[str, Any]]) -> Parcel:
        """The inverse of ``to_json``."""
        return cls(tuple(Stored(**file) for file in found))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes, `PIECE` at a time."""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


class Stockroom:
    """Where a run's files lie on one machine.

    Args:
        run: names the run; all its slots on a machine share one room.
        root: of all rooms; None for a folder of this user's among the temporary files.

    Raises:
        RunError: the root belongs to somebody else.
    """

    def __init__(self, run: str, *, root: Path | None = None) -> None:
        self._root = root or Path(tempfile.gettempdir()) / f"hortus-{os.getuid()}"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self._root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise RunError(
                f"{str(self._root)!r} is not a folder of this user's.",
                mend="Remove it, or set TMPDIR on the nodes to a folder of your own.",
                code="cluster-scratch",
            )
        self.folder = self._root / run
        with self._gate():
            self._clear_deserted()
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._held = os.open(self.folder, os.O_RDONLY)
            fcntl.flock(self._held, fcntl.LOCK_SH)

    def have(self, parcel: Parcel, fetch: Fetch) -> Path:
        """The folder that holds the parcel's files; only the first to ask fetches them.

        Raises:
            ArtifactError: what arrived is not what was sent.
        """
        place = self.folder / parcel.digest
        with self._locked(self.folder / f"{parcel.digest}.lock"):
            if not place.exists():
                new = place.with_name(f"{UNFINISHED}{parcel.digest}")
                shutil.rmtree(new, ignore_errors=True)
                new.mkdir()
                for file in parcel.files:
                    receive(file, fetch(file.sha256), new)
                new.rename(place)
        return place

    def leave(self) -> None:
        """Let go of the room; the last one clears it away. Safe to call twice."""
        if self._held >= 0:
            with self._gate():
                os.close(self._held)
                self._held = -1
                self._clear_deserted()

    def _clear_deserted(self) -> None:
        """Remove the rooms, this one and others', in which nobody is: also those whose slots were killed."""
        for room in self._root.iterdir():
            if not room.is_dir() or room.is_symlink():
                continue
            with contextlib.suppress(OSError):
                descriptor = os.open(room, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(room, ignore_errors=True)
                finally:
                    os.close(descriptor)

    def _gate(self) -> contextlib.AbstractContextManager[None]:
        """One at a time comes or goes."""
        return self._locked(self._root / "gate.lock")

    @staticmethod
    @contextlib.contextmanager
    def _locked(path: Path) -> Iterator[None]:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def receive(file: Stored, arriving: Iterator[bytes], folder: Path) -> None:
    """Write a file that arrives in pieces into ``folder``.

    Raises:
        ArtifactError: its path leaves the folder, or its bytes are not those that were sent.
    """
    target = folder / file.path
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ArtifactError(
            f"A file was sent as {file.path!r}, a path that leaves its folder.",
            mend="Look who else writes to this cluster.",
            code="artifact-unsafe",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as place:
        for piece in arriving:
            place.write(piece)
    verify(folder, file)
