"""A zip whose manifest names every part with its SHA-256: opened, checked and laid out before any loader runs."""

from __future__ import annotations

import errno
import hashlib
import json
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hortus.errors import ArtifactError, HortusError

FORMAT = 1
MANIFEST = "manifest.json"
# A part is compressed at most about this well; more is a bomb.
RATIO = 200
MOST_BYTES = 64 * 2**30
_PIECE = 2**20


@contextmanager
def opened(path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """The manifest of a bundle, and a folder with its parts, each as it was written, until the block ends.

    Whatever the block raises that is no error of ours is told as a file that holds something else.

    Raises:
        ArtifactError: the file is no bundle, is damaged or tampered with, or was written by a newer Hortus.
    """
    with _open(path) as bundle, tempfile.TemporaryDirectory(prefix="hortus-") as made:
        manifest = _manifest(bundle, path)
        folder = Path(made)
        try:
            _extract(bundle, manifest["parts"], folder, path)
            yield manifest, folder
        except (HortusError, ImportError):
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                raise
            raise _foreign(path, f"its parts cannot be laid out ({type(error).__name__})") from error
        except Exception as error:  # every digest fits and yet it is none of ours: whatever a loader may raise
            raise _foreign(path, f"its parts are not what Hortus writes ({type(error).__name__})") from error


def kind_of(path: Path) -> str:
    """What a bundle is a model of, by its manifest: ``"table"`` or ``"images"``.

    Raises:
        ArtifactError: the file is no bundle, or was written by a newer Hortus.
    """
    with _open(path) as bundle:
        return str(_manifest(bundle, path).get("kind", "table"))


def digest(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def most_bytes(archive: Path) -> int:
    """What an archive within a bundle may come to, unpacked."""
    return RATIO * max(archive.stat().st_size, 2**18)


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ArtifactError(f"There is no file {path}.", code="bundle-missing") from None
    except Exception as error:  # a damaged zip raises many kinds: BadZipFile, NotImplementedError, struct's, OSError
        raise _foreign(path, f"it is not a zip file ({error})") from error


def _foreign(path: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"{path} is not a model of Hortus: {why}.",
        mend="Give a file written by model.save() or a run folder, and copy it again if it was cut off on the way.",
        code="bundle-foreign",
    )


def _manifest(bundle: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        info = bundle.getinfo(MANIFEST)
        if info.file_size > MOST_BYTES // 1000:
            raise _foreign(path, "its manifest is too large")
        manifest = json.loads(bundle.read(info))
        made = int(manifest["format"])
        parts = manifest["parts"]
        named = {str(name): (str(part["sha256"]), int(part["size"])) for name, part in parts.items()}
    except ArtifactError:
        raise
    except Exception as error:  # a damaged zip raises many kinds: zlib's, struct's, json's
        raise _foreign(path, f"its manifest cannot be read ({type(error).__name__})") from error
    if made > FORMAT:
        raise ArtifactError(
            f"{path} has format {made}; this Hortus ({version('hortus')}) reads up to {FORMAT}.",
            mend="Install a newer Hortus: pip install -U hortus.",
            code="bundle-newer",
        )
    names = bundle.namelist()
    if MANIFEST in named or set(names) != {MANIFEST, *named} or len(names) != len(named) + 1:
        raise _foreign(path, "it holds parts that its manifest does not name, or lacks some that it names")
    return dict(manifest)


def _extract(bundle: zipfile.ZipFile, parts: dict[str, Any], folder: Path, path: Path) -> None:
    total = sum(int(part["size"]) for part in parts.values())
    if total > MOST_BYTES:
        raise _foreign(path, "its parts are too large")
    for name, part in parts.items():
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise _foreign(path, f"the part {name!r} would lie outside")
        info = bundle.getinfo(name)
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _foreign(path, f"the part {name!r} is not a plain file")
        if info.file_size != part["size"] or info.file_size > RATIO * max(info.compress_size, 1024):
            raise _damaged(path, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if _copy(bundle, info, place, path) != part["sha256"]:
            raise _damaged(path, name)


def _copy(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path, path: Path) -> str:
    """Unpack one part, a piece at a time, and give its SHA-256."""
    found = hashlib.sha256()
    with place.open("xb") as file:
        try:
            with bundle.open(info) as source:
                while piece := source.read(_PIECE):
                    found.update(piece)
                    file.write(piece)
        except OSError:
            raise
        except Exception as error:  # a damaged zip raises many kinds: zlib's, struct's, BadZipFile
            raise _damaged(path, info.filename) from error
    return found.hexdigest()


def _damaged(path: Path, name: str) -> ArtifactError:
    return ArtifactError(
        f"The part {name!r} of {path} is not as it was written: its SHA-256 differs.",
        mend="Copy the file again from where it was made; nothing of it was loaded.",
        code="bundle-damaged",
    )
