"""Bytes of a file, unpacked where it is packed, and never more of them than its size can honestly hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
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
    suffix = path.suffix.lower()
    try:
        if not path.exists():
            raise ReadError(f"There is no file {str(path)!r}.", mend="Check the path.", code="file-missing")
        if path.is_dir():
            raise ReadError(f"{str(path)!r} is a folder.", mend="Give one file in it.", code="file-folder")
        if suffix == ".zip":
            return _from_zip(path)
        if suffix in PACKED:
            opened = _open(path, suffix)
            with opened:
                return _bounded(opened, path.stat().st_size, path.name), path.stem
        return path.read_bytes(), path.name
    except (EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if suffix in PACKED:
            raise _damaged(path, error) from error
        raise ReadError(
            f"{str(path)!r} cannot be read: {error.strerror or error}.", mend="Check its rights."
        ) from error


def _open(path: Path, suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return gzip.GzipFile(path, "rb")  # type: ignore[return-value]
    return lzma.LZMAFile(path, "rb") if suffix == ".xz" else bz2.BZ2File(path, "rb")


def _from_zip(path: Path) -> tuple[bytes, str]:
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
        if len(members) != 1:
            names = ", ".join(repr(m.filename) for m in members[:5])
            raise ReadError(
                f"{path.name!r} holds {len(members)} files{': ' if names else ''}{names}, and a table is one.",
                mend="Unpack it and give the one that is meant.",
                code="zip-members",
            )
        with archive.open(members[0]) as opened:
            # The member's name is only looked at for its suffix; nothing is written where it says.
            name = members[0].filename.replace("\\", "/").rsplit("/", 1)[-1]
            return _bounded(opened, members[0].compress_size, path.name), name


def _bounded(opened: IO[bytes], packed: int, name: str) -> bytes:
    most = max(FLOOR_BYTES, MOST_RATIO * packed)
    unpacked = io.BytesIO()
    while chunk := opened.read(_CHUNK):
        unpacked.write(chunk)
        if unpacked.tell() > most:
            raise ReadError(
                f"{name!r} unpacks to more than {MOST_RATIO} times its size ({packed} bytes), as archives made to fill "
                "a disk do.",
                mend="If it is honest, unpack it yourself and give the unpacked file.",
                code="file-bomb",
            )
    return unpacked.getvalue()


def _damaged(path: Path, error: Exception) -> ReadError:
    return ReadError(
        f"{path.name!r} is damaged or not what its name says: {error}.",
        mend="Fetch or write it again.",
        code="file-damaged",
    )
