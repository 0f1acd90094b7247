"""A file's bytes as text: the encoding is found, and what is no text is named."""

from __future__ import annotations

import codecs
import re
import warnings
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


def decode(data: bytes, name: str) -> tuple[bytes, list[Note]]:
    """The text as UTF-8, and a note where it was not.

    Raises:
        ReadError: it is binary, or cannot be read in its own encoding.
    """
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise ReadError(
                f"{name!r} is no text but {what}.", mend="Rename it after what it is, or export it as csv.",
                code="file-binary",
            )  # fmt: skip
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _as_utf8(data, encoding, name)
    nul = data.find(b"\0")
    if nul >= 0:
        for encoding, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
            head = np.frombuffer(data[:4096], dtype=np.uint8)
            if len(data) % 2 == 0 and (head[odd::2] == 0).mean() > 0.5 > (head[1 - odd :: 2] == 0).mean() * 10:
                return _as_utf8(data, encoding, name)
        line = data.count(b"\n", 0, nul) + 1
        raise ReadError(
            f"{name!r} has a NUL byte in line {line}, so it is binary or damaged.",
            mend="Export the table again as text.",
            code="file-binary",
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _as_utf8(data, _legacy_encoding(data), name)
    return data, []


def _as_utf8(data: bytes, encoding: str, name: str) -> tuple[bytes, list[Note]]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReadError(
            f"{name!r} cannot be read as {encoding}: byte {error.start}, in line {line}.",
            mend="Export it again as UTF-8.",
            code="file-encoding",
        ) from error
    if "\0" in text:
        raise ReadError(f"{name!r} has NUL characters.", mend="Export it again.", code="file-binary")
    if encoding == "utf-8-sig":
        return text.encode(), []
    note = Note(
        code="file-encoding",
        what=f"{name!r} is not in UTF-8; it was read as {encoding}.",
        mend="Write it in UTF-8 if letters look wrong.",
        warning=True,
    )
    return text.encode(), [note]


def _legacy_encoding(data: bytes) -> str:
    """A single-byte or Asian encoding, judged by the lines that are not plain ASCII."""
    from charset_normalizer import from_bytes

    lines = islice((found[0] for found in re.finditer(rb"[^\n]*[\x80-\xff][^\n]*\n?", data)), 500)
    sample = b"".join(lines)[:50_000]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best = from_bytes(sample).best()
    if best is not None and _EXOTIC.match(best.encoding):
        try:
            data.decode(best.encoding)
        except UnicodeDecodeError:
            pass
        else:
            return best.encoding
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
