"""Bytes of a file, unpacked where it is packed, and never more of them than its size can honestly hold."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hortus.errors import ReadError

# A text packs to a tenth or so; a bomb to a thousandth. Below the floor nothing is dangerous.
MOST_RATIO = 200
FLOOR_BYTES = 64 * 2**20
_CHUNK = 2**20
PACKED = (".gz", ".xz", ".bz2", ".zip")


def read_bytes(path: Path) -> tuple[bytes, str]:
    """The file's bytes and the name of what was in it, which is ``path.name`` less a suffix such as ``.gz``.

    Raises:
        ReadError: it is not there, cannot be read, is damaged, holds several files, or unpacks beyond measure.
    """
    return b"".join(read_blocks(path)), inner_name(path)


def inner_name(path: Path) -> str:
    """The name of the table in a file: less the suffix of packing, or that of an archive's one member.

    Raises:
        ReadError: as `read_blocks`.
    """
    suffix = path.suffix.lower()
    if suffix != ".zip":
        return path.stem if suffix in PACKED else path.name
    with _readable(path), zipfile.ZipFile(path) as archive:
        # The member's name is only looked at for its suffix; nothing is written where it says.
        return _member(archive, path).filename.replace("\\", "/").rsplit("/", 1)[-1]


def read_blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked, in blocks of a MiB.

    Raises:
        ReadError: it is not there, cannot be read, is damaged, holds several files, or unpacks beyond measure.
    """
    suffix = path.suffix.lower()
    with _readable(path):
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                member = _member(archive, path)
                with archive.open(member) as opened:
                    yield from _bounded(opened, member.compress_size, path.name)
        elif suffix in PACKED:
            with _open(path, suffix) as opened:
                yield from _bounded(opened, path.stat().st_size, path.name)
        else:
            with path.open("rb") as opened:
                while block := opened.read(_CHUNK):
                    yield block


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        if not path.exists():
            raise ReadError(f"There is no file {str(path)!r}.", mend="Check the path.", code="file-missing")
        if path.is_dir():
            raise ReadError(f"{str(path)!r} is a folder.", mend="Give one file in it.", code="file-folder")
        yield
    except (EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if path.suffix.lower() in PACKED:
            raise _damaged(path, error) from error
        raise ReadError(
            f"{str(path)!r} cannot be read: {error.strerror or error}.", mend="Check its rights."
        ) from error


def _open(path: Path, suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return gzip.GzipFile(path, "rb")  # type: ignore[return-value]
    return lzma.LZMAFile(path, "rb") if suffix == ".xz" else bz2.BZ2File(path, "rb")


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
    if len(members) != 1:
        names = ", ".join(repr(m.filename) for m in members[:5])
        raise ReadError(
            f"{path.name!r} holds {len(members)} files{': ' if names else ''}{names}, and a table is one.",
            mend="Unpack it and give the one that is meant.",
            code="zip-members",
        )
    return members[0]


def _bounded(opened: IO[bytes], packed: int, name: str) -> Iterator[bytes]:
    most = max(FLOOR_BYTES, MOST_RATIO * packed)
    unpacked = 0
    while block := opened.read(_CHUNK):
        unpacked += len(block)
        if unpacked > most:
            raise ReadError(
                f"{name!r} unpacks to more than {MOST_RATIO} times its size ({packed} bytes), as archives made to fill "
                "a disk do.",
                mend="If it is honest, unpack it yourself and give the unpacked file.",
                code="file-bomb",
            )
        yield block


def _damaged(path: Path, error: Exception) -> ReadError:
    return ReadError(
        f"{path.name!r} is damaged or not what its name says: {error}.",
        mend="Fetch or write it again.",
        code="file-damaged",
    )
