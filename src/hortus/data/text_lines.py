"""A file's text line by line, in the memory of one block."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from hortus.data.encoding import check_characters, undecodable
from hortus.data.unpack import read_blocks


def text_pieces(path: Path, encoding: str, name: str) -> Iterator[str]:
    r"""The text, piece by piece; every end of a line as ``\n``.

    Raises:
        ReadError: the file cannot be read, or is not in that encoding.
    """
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    lines = 1
    last = False
    blocks = read_blocks(path)
    while not last:
        block = next(blocks, b"")
        last = not block
        try:
            piece = decoder.decode(block, final=last)
        except UnicodeDecodeError as error:
            raise undecodable(name, encoding, f"in line {lines} or soon after") from error
        check_characters(piece, name)
        lines += piece.count("\n")
        yield piece


def text_lines(path: Path, encoding: str, name: str) -> Iterator[str]:
    """The lines, without their ends.

    Raises:
        ReadError: as `text_pieces`.
    """
    rest = ""
    for piece in text_pieces(path, encoding, name):
        *lines, rest = (rest + piece).split("\n")
        yield from lines
    if rest:
        yield rest
