"""How often texts have their terms: what scikit-learn's ``CountVectorizer`` counts, several times as fast.

That library makes a string of every pair of words and of every run of letters, and looks each of them up. Here the
parts of a text, its words or its letters, are numbers as soon as they are cut, and a term is one number that has those
of its parts as its digits. What is counted, and the order of the columns, are the same to the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# Texts up to which the library's way is as fast.
FEW = 8

Counts = sparse.csr_array
Numbers = NDArray[np.int64]


# How texts are cut, as ``CountVectorizer`` has it; ``ngram_range`` says how many parts a term has. The default pattern
# drops words of one letter, which are words too in names and in some scripts.
CUTS: dict[str, dict[str, Any]] = {
    "word": {"token_pattern": r"(?u)\b\w+\b", "ngram_range": (1, 2)},
    "char_wb": {"ngram_range": (3, 4)},
}
_WORD = re.compile(CUTS["word"]["token_pattern"])


class Terms:
    """Terms that are counted.

    Args:
        analyzer: a name in `CUTS`.
        terms: m of them, in the order of the columns.
    """

    def __init__(self, analyzer: str, terms: Sequence[str]) -> None:
        self.analyzer, self.terms = analyzer, list(terms)

    @classmethod
    def learn(cls, analyzer: str, texts: Sequence[str], *, least: int, most: int) -> tuple[Self, Counts]:
        """The terms that texts have in common, in the order of their characters, and their (n, m) float32 counts.

        Args:
            analyzer: a name in `CUTS`.
            texts: n of them.
            least: texts that a term must stand in.
            most: terms, the most frequent.
        """
        cut = _parts(analyzer)
        numbers: dict[str, int] = {}
        parts = [[numbers.setdefault(part, len(numbers) + 1) for part in cut(text)] for text in texts]
        rows, codes = _coded(parts, analyzer, len(numbers) + 1, numbers.get(" "))
        distinct, which = np.unique(codes, return_inverse=True)
        counts: Any = sparse.csc_array(_counted(rows, which, (len(texts), len(distinct))))
        kept = np.flatnonzero(np.diff(counts.indptr) >= least)
        terms = _spelt(distinct[kept], ["", *numbers], _glue(analyzer))
        order = np.asarray(sorted(range(len(terms)), key=terms.__getitem__), dtype=np.intp)
        if len(order) > most:
            total = np.asarray(counts.sum(axis=0))[kept[order]]
            order = order[np.sort((-total).argsort()[:most])]
        return cls(analyzer, [terms[i] for i in order]), Counts(counts[:, kept[order]])

    def count(self, texts: Sequence[str]) -> Counts:
        """(n, m) float32, how often each text has each term."""
        if not self.terms:
            return Counts(np.zeros((len(texts), 0), dtype=np.float32))
        if len(texts) <= FEW:
            return Counts(self._few.transform(texts))
        cut, (numbers, known, columns) = _parts(self.analyzer), self._known
        # What is part of no term has a number of its own.
        other = len(numbers) + 1
        parts = [[numbers.get(part, other) for part in cut(text)] for text in texts]
        rows, codes = _coded(parts, self.analyzer, other + 1, numbers.get(" "))
        at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        there = np.flatnonzero(known[at] == codes)
        return _counted(rows[there], columns[at[there]], (len(texts), len(known)))

    @cached_property
    def _few(self) -> Any:
        from sklearn.feature_extraction.text import CountVectorizer

        return CountVectorizer(analyzer=self.analyzer, vocabulary=self.terms, dtype=np.float32, **CUTS[self.analyzer])

    @cached_property
    def _known(self) -> tuple[dict[str, int], Numbers, NDArray[np.intp]]:
        """The parts' numbers; (m,) the terms' codes, sorted, and their columns."""
        glue = _glue(self.analyzer)
        parts = [term.split(glue) if glue else list(term) for term in self.terms]
        numbers: dict[str, int] = {}
        for part in (part for term in parts for part in term):
            numbers.setdefault(part, len(numbers) + 1)
        codes = np.zeros(len(parts), dtype=np.int64)
        for place, term in enumerate(parts):
            for part in term:
                codes[place] = codes[place] * (len(numbers) + 2) + numbers[part]
        columns = np.argsort(codes)
        return numbers, codes[columns], columns


def _parts(analyzer: str) -> Callable[[str], Sequence[str]]:
    """What gives the words of a text, or its letters, where a space stands before and after every word."""
    if analyzer == "word":
        return lambda text: _WORD.findall(text.lower())
    return lambda text: f" {' '.join(text.lower().split())} "


def _glue(analyzer: str) -> str:
    """What stands between the parts of a term."""
    return " " if analyzer == "word" else ""


def _coded(parts: Sequence[Sequence[int]], analyzer: str, base: int, space: int | None) -> tuple[Numbers, Numbers]:
    """The text that each term stands in, and its code: its parts' numbers, from 1 on, as digits in a base.

    A term has no space but at its ends: it lies within a word. (Of 50,000 different letters, codes would overflow.)
    """
    sizes = [len(text) for text in parts]
    row = np.repeat(np.arange(len(parts)), sizes)
    flat = np.fromiter(chain.from_iterable(parts), dtype=np.int64, count=len(row))
    rows, codes = [], []
    shortest, longest = CUTS[analyzer]["ngram_range"]
    for length in range(shortest, longest + 1):
        ends = len(flat) - length + 1
        code, sound = np.zeros(max(0, ends), dtype=np.int64), row[: max(0, ends)] == row[length - 1 :]
        for place in range(length):
            here = flat[place : place + len(code)]
            code = code * base + here
            if space is not None and 0 < place < length - 1:
                sound &= here != space
        rows.append(row[: len(code)][sound])
        codes.append(code[sound])
    return np.concatenate(rows), np.concatenate(codes)


def _spelt(codes: Numbers, parts: Sequence[str], glue: str) -> list[str]:
    """The terms of codes, from the parts in their numbers' order."""
    terms: list[list[str]] = [[] for _ in codes]
    while codes.any():
        codes, last = np.divmod(codes, len(parts))
        for term, number in zip(terms, last.tolist(), strict=True):
            if number:
                term.append(parts[number])
    return [glue.join(reversed(term)) for term in terms]


def _counted(rows: Numbers, columns: NDArray[np.integer[Any]], shape: tuple[int, int]) -> Counts:
    return Counts((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
