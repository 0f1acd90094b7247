"""A file's bytes as text: the encoding is found, and what is no text is named."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

from hortus.data.notes import Note
from hortus.errors import ReadError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = {
    b"PK\x03\x04": "a zip archive (or an Excel workbook)",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed by gzip",
    b"\xfd7zXZ": "packed by xz",
    b"BZh9": "packed by bzip2",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
# What a detector calls a few accented letters hardly matters: they are Windows' Western letters in all but name.
_EXOTIC = re.compile(r"cp125[1356]|koi8|big5|gb|euc|cp9|shift|iso2022|iso8859_[5678]|hz|johab|tis|mac_(cyr|gre|arab)")

_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")


def decode(data: bytes, name: str) -> tuple[bytes, list[Note]]:
    """The text as UTF-8, and a note where it was not.

    Raises:
        ReadError: it is binary, or cannot be read in its own encoding.
    """
    encoding, notes = find_encoding(lambda: [data], name)
    return (data if encoding == "utf-8" else _as_utf8(data, encoding, name)), notes


def find_encoding(blocks: Callable[[], Iterable[bytes]], name: str) -> tuple[str, list[Note]]:
    """The encoding of a file that is read block by block, and a note where it is not UTF-8.

    Args:
        blocks: gives the file's bytes, from the beginning each time; a first block of 4096 bytes or more if it has so
            many.
        name: the file's name, for messages.

    Raises:
        ReadError: it is binary.
    """
    head, length, lines, nul, plain = b"", 0, 1, 0, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    for block in blocks():
        if not length:
            head = block[:4096]
            _check_text(block, name)
            for mark, encoding in _BOMS:
                if block.startswith(mark):
                    return encoding, _told(encoding, name)
        if not nul and (place := block.find(b"\0")) >= 0:
            nul = lines + block.count(b"\n", 0, place)
        plain = plain and not nul and _decodes(decoder, block)
        length += len(block)
        lines += block.count(b"\n")
    if nul:
        first = np.frombuffer(head, dtype=np.uint8)
        for encoding, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
            if length % 2 == 0 and (first[odd::2] == 0).mean() > 0.5 > (first[1 - odd :: 2] == 0).mean() * 10:
                return encoding, _told(encoding, name)
        raise ReadError(
            f"{name!r} has a NUL byte in line {nul}, so it is binary or damaged.",
            mend="Export the table again as text.",
            code="file-binary",
        )
    if plain and _decodes(decoder, b"", final=True):
        return "utf-8", []
    encoding = _legacy_encoding(blocks)
    return encoding, _told(encoding, name)


def _check_text(data: bytes, name: str) -> None:
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise ReadError(
                f"{name!r} is no text but {what}.", mend="Rename it after what it is, or export it as csv.",
                code="file-binary",
            )  # fmt: skip


def _told(encoding: str, name: str) -> list[Note]:
    if encoding == "utf-8-sig":
        return []
    what = f"{name!r} is not in UTF-8; it was read as {encoding}."
    return [Note("file-encoding", what, mend="Write it in UTF-8 if letters look wrong.", warning=True)]


def _as_utf8(data: bytes, encoding: str, name: str) -> bytes:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise undecodable(name, encoding, f"byte {error.start}, in line {line}") from error
    check_characters(text, name)
    return text.encode()


def undecodable(name: str, encoding: str, place: str) -> ReadError:
    """The error for bytes that are not of the encoding."""
    return ReadError(
        f"{name!r} cannot be read as {encoding}: {place}.", mend="Export it again as UTF-8.", code="file-encoding"
    )


def check_characters(text: str, name: str) -> None:
    """Raise where there is a NUL among the characters."""
    if "\0" in text:
        raise ReadError(f"{name!r} has NUL characters.", mend="Export it again.", code="file-binary")


def _legacy_encoding(blocks: Callable[[], Iterable[bytes]]) -> str:
    """A single-byte or Asian encoding, judged by the lines that are not plain ASCII."""
    from charset_normalizer import from_bytes

    sample = b"".join(islice(_beyond_ascii(blocks()), 500))[:50_000]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best = from_bytes(sample).best()
    exotic = [best.encoding] if best is not None and _EXOTIC.match(best.encoding) else []
    for encoding in (*exotic, "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        if all(_decodes(decoder, block) for block in blocks()) and _decodes(decoder, b"", final=True):
            return encoding
    return "latin-1"


def _beyond_ascii(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that are not plain ASCII."""
    rest = b""
    for block in blocks:
        text = rest + block
        cut = text.rfind(b"\n") + 1
        rest = text[cut:]
        yield from (found[0] for found in _LINE.finditer(text, 0, cut))
    yield from (found[0] for found in _LINE.finditer(rest))


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
