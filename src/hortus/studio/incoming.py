"""What is brought in: received piece by piece, told apart by its bytes, kept under a name that is ours.

A file's own name is shown and never used as a path. What unpacks is measured while it unpacks.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from hortus.data.image_files import ENDINGS
from hortus.data.unpack import read_blocks
from hortus.errors import ReadError

# Of what is taken: bytes once unpacked, files in an archive, rows, columns, cells.
UNPACKED = 4 * 2**30
MEMBERS = 200_000
ROWS, COLUMNS, CELLS = 5_000_000, 10_000, 400_000_000
HEAD = 4096
# The first bytes of what is packed, and the suffix by which it is unpacked.
PACKED = ((b"\x1f\x8b", ".gz"), (b"BZh", ".bz2"), (b"\xfd7zXZ\x00", ".xz"))
PICTURE = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
TEXT = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json")


class TooLargeError(ReadError):
    """More than is taken."""


@dataclass(frozen=True)
class Told:
    """What a file is.

    Attributes:
        kind: a table, or images.
        suffix: what it is kept under: ``.csv``, ``.csv.gz``, ``.xlsx``; for images "".
    """

    kind: Literal["table", "image"]
    suffix: str


async def receive(blocks: AsyncIterator[bytes], place: Path, most: int) -> int:
    """Write a body to a file as it comes.

    Returns:
        Its bytes.

    Raises:
        TooLargeError: it is larger than ``most``; what was written is removed.
        ReadError: it is empty.
    """
    size = 0
    with place.open("wb") as out:
        async for block in blocks:
            size += len(block)
            if size > most:
                break
            out.write(block)
    if size > most:
        place.unlink()
        raise TooLargeError(
            f"The file is larger than {most // 2**20:,} MiB.", mend="Give a part of its rows.", code="file-large"
        )
    if not size:
        place.unlink()
        raise ReadError("The file is empty.", mend="Give a table with a header and rows.", code="file-empty")
    return size


def sniff(place: Path, name: str) -> Told:
    """Tell what a file is, by its first bytes; its name only decides between kinds of text.

    Raises:
        ReadError: it is none of what is taken.
    """
    with place.open("rb") as opened:
        head = opened.read(HEAD)
    if head.startswith(b"PAR1"):
        return Told("table", ".parquet")
    if head.startswith(b"PK\x03\x04"):
        return _archive(place)
    for magic, suffix in PACKED:
        if head.startswith(magic):
            inner = _text_suffix(Path(name).stem if name.lower().endswith(suffix) else name)
            return Told("table", inner + suffix)
    if head.startswith(PICTURE):
        raise ReadError(
            f"{name[:80]!r} is a single picture, and nothing can be learned from one.",
            mend="Give a zip that has a folder of pictures for each class.",
            code="file-kind",
        )
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unknown(name)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return Told("table", ".json")
    if text.startswith(b"{"):
        return Told("table", ".jsonl" if b"\n{" in text or not name.lower().endswith(".json") else ".json")
    if text.lower().startswith((b"<!doctype", b"<html", b"<?xml", b"%pdf", b"{\\rtf")):
        raise _unknown(name)
    return Told("table", _text_suffix(name))


def check_unpacked(place: Path) -> None:
    """Unpack what is packed and keep nothing of it, to know that it stays within bounds.

    Raises:
        ReadError: it is a bomb, or damaged.
    """
    size = 0
    for block in read_blocks(place):
        size += len(block)
        if size > UNPACKED:
            raise TooLargeError(
                f"The file unpacks to more than {UNPACKED // 2**30} GiB.", mend="Give a part of it.", code="file-large"
            )


def check_parquet(place: Path) -> None:
    """Refuse a parquet file that says itself that it is too large; little of it is read to know.

    Raises:
        ReadError: it is damaged.
        TooLargeError: it has too many rows, columns or cells.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(place)
    except (pa.ArrowException, OSError) as error:
        raise ReadError(f"The file is no Parquet: {error}", mend="Write it again.", code="file-damaged") from error
    check_size(about.num_rows, about.num_columns)
    if sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)) > UNPACKED:
        raise TooLargeError("The file unpacks to too much.", mend="Give a part of its rows.", code="file-large")


def check_size(rows: int, columns: int) -> None:
    """Refuse what is too large to be looked at here.

    Raises:
        TooLargeError: it is.
    """
    if rows > ROWS or columns > COLUMNS or rows * columns > CELLS:
        raise TooLargeError(
            f"The table has {rows:,} rows and {columns:,} columns; {ROWS:,} and {COLUMNS:,} are the most here.",
            mend="Give a part of it, or use hortus fit.",
            code="table-large",
        )


def unpack_images(place: Path, folder: Path) -> int:
    """Unpack the images of an archive into class folders of our own naming rules.

    Only images are unpacked; a class is the name of the folder that an image lies in, made harmless.

    Returns:
        How many images there are.

    Raises:
        ReadError: the archive is damaged, or its images lie in no folders.
    """
    count = 0
    try:
        for path, blocks in packed_images(place):
            label = _harmless(path.parent.name)
            (folder / label).mkdir(parents=True, exist_ok=True)
            with (folder / label / f"{count:06d}{path.suffix.lower()}").open("wb") as out:
                for block in blocks:
                    out.write(block)
            count += 1
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return count


def packed_images(place: Path) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
    """The images of an archive, each under the name that it has there, which is never a path here, and its blocks.

    Only the bytes that are taken are unpacked, and they are measured while they come. A link is its own few bytes.

    Raises:
        ReadError: the archive is damaged.
        TooLargeError: it unpacks beyond bounds.
    """
    left = UNPACKED

    def blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
        nonlocal left
        with _damaged(), archive.open(member) as opened:
            while block := opened.read(2**20):
                left -= len(block)
                if left < 0:
                    raise TooLargeError("The archive unpacks to too much.", mend="Give fewer images.", code="file-bomb")
                yield block

    with _damaged(), zipfile.ZipFile(place) as archive:
        for member in archive.infolist():
            path = _named(member)
            if is_image(path) and not member.is_dir():
                yield path, blocks(archive, member)


def members_of(place: Path) -> list[PurePosixPath]:
    """The names of an archive's files.

    Raises:
        ReadError: the archive is damaged.
        TooLargeError: it says itself that it is beyond bounds.
    """
    with _damaged(), zipfile.ZipFile(place) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MEMBERS or sum(member.file_size for member in members) > UNPACKED:
        raise TooLargeError(
            f"The archive holds {len(members):,} files, or unpacks to more than {UNPACKED // 2**30} GiB.",
            mend="Give a part of it.",
            code="file-bomb",
        )
    return [_named(member) for member in members]


@contextmanager
def _damaged() -> Iterator[None]:
    """Tell what goes wrong in an archive as its damage."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        reason = str(error).rstrip(".")
        # What a damaged archive is not is no news to whoever sees a workbook in it.
        why = "" if isinstance(error, zipfile.BadZipFile) or not reason else f": {reason}"
        raise ReadError(
            f"The file is damaged and cannot be unpacked{why}.",
            mend="Save or pack it again where it comes from, and bring in the new one.",
            code="file-damaged",
        ) from error


def _named(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _archive(place: Path) -> Told:
    names = members_of(place)
    if any(str(name) == "xl/workbook.xml" for name in names):
        return Told("table", ".xlsx")
    images = [name for name in names if is_image(name)]
    if images:
        if len({name.parent.name for name in images if name.parent.name}) < 2:
            raise ReadError(
                "The images in the archive do not lie in a folder for each class.",
                mend="Pack one folder for each class: cat/1.jpg, dog/2.jpg.",
                code="images-none",
            )
        return Told("image", "")
    tables = [name for name in names if not str(name).startswith("__MACOSX")]
    if len(tables) != 1 or tables[0].suffix.lower() not in (*TEXT, ".parquet", ".xlsx"):
        raise ReadError(
            "The archive holds neither one table nor images in folders.",
            mend="Give one table, or a folder for each class of images.",
            code="zip-members",
        )
    return Told("table", ".zip")


def is_image(path: PurePosixPath) -> bool:
    """Whether a file in an archive is an image, by its name."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in ENDINGS and not hidden


def _harmless(name: str) -> str:
    """A folder's name as a class's, that leads nowhere else."""
    kept = "".join(letter for letter in name if letter.isprintable() and letter not in '/\\:*?"<>|')
    kept = kept.strip(" .")[:80]
    return kept or "unnamed"


def _text_suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if suffix in TEXT else ".csv"


def _unknown(name: str) -> ReadError:
    return ReadError(
        f"{name[:80]!r} is of a kind that is not read.",
        mend="Give csv, tsv, xlsx, parquet, json or jsonl; or a zip that has a folder of images for each class.",
        code="file-kind",
    )
