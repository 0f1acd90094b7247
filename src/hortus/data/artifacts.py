"""Files that a run keeps: written whole or not at all, and read only when their digest is the one that was noted.

A crash at any instant leaves either the old state or the new one. A path is always relative to the run's folder
and never leaves it, by ``..``, by a link or otherwise.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from hortus.data.disk import disk_error, sync_file, sync_folder
from hortus.errors import ArtifactError

# Half-written files begin so; what a killed process left of them is swept away when the run is resumed.
UNFINISHED = ".unfinished-"

MOST_BYTES = 16 * 2**30
MOST_FILES = 100_000
_CHUNK = 1 << 20
# Before 1980 a zip knows no date; one date for all makes equal files equal archives.
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Stored:
    """A file in a run's folder.

    Attributes:
        path: relative to the folder, with forward slashes.
        sha256: hexadecimal digest of its bytes.
        size: bytes.
    """

    path: str
    sha256: str
    size: int


def write_artifact(folder: Path, relative: str, write: Callable[[Path], None]) -> Stored:
    """Store one file: ``write`` is handed a path beside its place, and its end is moved there at once.

    Args:
        folder: the run's.
        relative: the file's place in it; folders on the way are made.
        write: writes the file at the path it is given, which has the same suffix.

    Raises:
        ArtifactError: ``relative`` leaves the folder.
        RunError: the disk is full, or the folder cannot be written.
    """
    target = _inside(Path(folder), relative)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target) as new:
            write(new)
            digest, size = _digest(new)
            sync_file(new)
            new.replace(target)
            sync_folder(target.parent)
    except OSError as error:
        raise disk_error(target, error) from error
    return Stored(path=PurePosixPath(relative).as_posix(), sha256=digest, size=size)


def write_archive(folder: Path, relative: str, fill: Callable[[Path], None]) -> Stored:
    """Store several files as one archive: ``fill`` is handed an empty folder.

    Raises:
        ArtifactError: ``relative`` leaves the folder, or what was filled in cannot be packed.
        RunError: the disk is full, or the folder cannot be written.
    """
    with new_archive(folder, relative) as archive:
        archive.add("", fill)
        return archive.store()


@contextlib.contextmanager
def new_archive(folder: Path, relative: str) -> Iterator[Archive]:
    """An archive that is filled part by part; what was not stored by the context's end is removed.

    Args:
        folder: the run's.
        relative: the archive's place in it; folders on the way are made.

    Raises:
        ArtifactError: ``relative`` leaves the folder.
    """
    with _beside(_inside(Path(folder), relative)) as loose:
        yield Archive(Path(folder), relative, loose)


@dataclass(frozen=True)
class Archive:
    """An archive that is being filled (`new_archive`).

    Attributes:
        folder: the run's.
        relative: the archive's place in it.
        loose: what was added, until it is stored.
    """

    folder: Path
    relative: str
    loose: Path

    def add(self, name: str, fill: Callable[[Path], None]) -> None:
        """Have ``fill`` write files into the folder ``name`` of the archive; "" is the archive itself.

        Raises:
            RunError: the disk is full, or the folder cannot be written.
        """
        try:
            place = self.loose / name
            place.mkdir(parents=True, exist_ok=True)
            fill(place)
        except OSError as error:
            raise disk_error(self.folder / self.relative, error) from error

    def store(self) -> Stored:
        """Pack what was added.

        Raises:
            ArtifactError: it cannot be packed.
            RunError: the disk is full, or the folder cannot be written.
        """
        return write_artifact(self.folder, self.relative, lambda new: pack(self.loose, new))


def read_archive(folder: Path, stored: Stored, into: Path) -> None:
    """Check a stored archive and unpack it into ``into``, which is made.

    Raises:
        ArtifactError: it is missing, is not the one that was stored, or is not safe to unpack.
    """
    unpack(verify(folder, stored), into)


def verify(folder: Path, stored: Stored) -> Path:
    """Return where the file lies, once its bytes are known to be those that were stored.

    Raises:
        ArtifactError: it is missing, a link, of another size or of another digest, or its path leaves the folder.
    """
    path = _inside(Path(folder), stored.path)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "is not a plain file", "artifact-missing")
        if found.st_size != stored.size:
            what = f"has {found.st_size} bytes; {stored.size} were stored"
            raise _refused(path, what, "artifact-damaged")
        digest, _ = _digest(path)
    except OSError as error:
        raise _refused(path, f"cannot be read: {(error.strerror or str(error)).lower()}", "artifact-missing") from error
    if digest != stored.sha256:
        what = f"has the SHA-256 {digest[:12]}…; {stored.sha256[:12]}… was stored"
        raise _refused(path, what, "artifact-damaged")
    return path


def pack(folder: Path, archive: Path) -> None:
    """Pack the files below ``folder`` into an uncompressed zip; equal files give equal bytes.

    Raises:
        ArtifactError: there is a link or another special file among them.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts):
            kind = path.lstat().st_mode
            if stat.S_ISDIR(kind):
                continue
            if not stat.S_ISREG(kind):
                raise _refused(path, "is not a plain file", "artifact-unsafe")
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATE)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3
            with path.open("rb") as source, packed.open(entry, "w", force_zip64=True) as place:
                shutil.copyfileobj(source, place, _CHUNK)


def unpack(archive: Path, folder: Path, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
    """Unpack a zip into ``folder``, which is made.

    Args:
        archive: the zip.
        folder: where its files go.
        most_bytes: what they may come to, unpacked.
        most_files: how many there may be.

    Raises:
        ArtifactError: it is no zip, is damaged, is larger than that, or holds a name that leaves the folder, a link,
            or one name twice.
        RunError: the disk is full, or ``folder`` cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > most_files:
                raise _refused(archive, f"holds {len(entries)} files; at most {most_files} are unpacked")
            if sum(entry.file_size for entry in entries) > most_bytes:
                raise _refused(archive, f"unpacks to more than {most_bytes} bytes")
            if len({entry.filename for entry in entries}) < len(entries):
                raise _refused(archive, "holds one name twice")
            for entry in entries:
                mode = entry.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise _refused(archive, f"holds {entry.filename!r}, which is not a plain file")
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise _refused(archive, f"holds {entry.filename!r}, compressed in an unknown way")
            for entry in entries:
                _extract(packed, entry, _inside(Path(folder), entry.filename))
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise _refused(archive, f"is damaged: {error}", "artifact-damaged") from error
    except OSError as error:
        raise disk_error(Path(error.filename or folder), error) from error


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-written in a run's folder. Call it while no trial runs."""
    for path in sorted(Path(folder).rglob(f"{UNFINISHED}*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A fresh path in the same folder, with the same suffix; whatever is left there is removed."""
    path = target.with_name(f"{UNFINISHED}{uuid.uuid4().hex[:12]}{target.suffix}")
    try:
        yield path
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _inside(folder: Path, relative: str) -> Path:
    """Where ``relative`` lies in ``folder``; refused when it could lie anywhere else."""
    pure = PurePosixPath(relative)
    windows = PureWindowsPath(relative)
    unsafe = (
        not pure.parts
        or pure.is_absolute()
        or ".." in pure.parts
        or windows.drive
        or windows.root
        or "\\" in relative
        or "\0" in relative
    )
    if unsafe:
        raise _refused(folder / "…", f"is asked for as {relative!r}, a path that leaves its folder")
    path = folder
    for part in pure.parts:
        path = path / part
        if path.is_symlink():
            raise _refused(path, "is a symbolic link")
    return path


def _extract(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with packed.open(entry) as source, target.open("xb") as place:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{entry.filename!r} is larger than it says")
            place.write(chunk)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, os.fstat(file.fileno()).st_size


def _refused(path: Path, what: str, code: str = "artifact-unsafe") -> ArtifactError:
    return ArtifactError(
        f"{str(path)!r} {what}.",
        mend="Use the file as Hortus wrote it: copy it again from where it came, or run that trial again.",
        code=code,
    )
