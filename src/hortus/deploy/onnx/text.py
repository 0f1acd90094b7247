"""Free text: `hortus.features.text.TextWeights`, built from characters up.

ONNX has no small letters that are the same on every machine, so each character is looked up here and the text is put
together again; words are then found by a pattern. What cuts a text apart is an operator of onnxruntime's own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.graph import RUNTIME, Graph, Refused
from hortus.features.text import MEASURES

# What a word is made of, as in the vocabularies; and what follows every text, so that there is a word to be found.
WORD = r"[\p{L}\p{N}_]+"
LAST = "hortus"
# Halvings that put texts of up to 2^20 characters together; a longer one stops the graph.
HALVINGS = 20
# From here on Unicode has ideographs and marks, none of them a digit, a capital or blank.
ALIKE_FROM = 0x20000
# Counts of a term whose logarithms are kept.
LOGARITHMS = 1024
# The forms of sigma: the only letter whose small form depends on its neighbours.
SIGMAS = ("\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}")


def text(graph: Graph, name: str, column: str, kept: dict[str, Any]) -> tuple[str, str | None]:
    """Dense columns (n, 4 + k), and weights (n, m) where there are any; both float32.

    Args:
        graph: to add to.
        name: of the input, (n, 1) text.
        column: its name in the table.
        kept: the state of the column's `TextWeights`.

    Raises:
        Refused: the vocabulary holds a sigma.
    """
    counters = kept["counters"]
    if any(sigma in term for counter in counters for term in counter["terms"] for sigma in SIGMAS):
        why = "its vocabulary has words with a sigma, whose small letter depends on its place in the word"
        raise Refused(f"column {column!r}", why)
    blank = graph.constant(_texts(" "))
    flat = graph.op("Reshape", name, graph.integers([-1]))
    characters = _characters(graph, graph.op("StringConcat", graph.op("StringConcat", blank, flat), blank))
    measures = _measures(graph, characters)
    if not counters:
        return measures, None
    small = _small(graph, characters)
    weights = graph.beside([_weights(graph, small, counter) for counter in counters])
    if not kept["directions"].shape[1]:
        return measures, weights
    directions = graph.op("MatMul", graph.double(weights), graph.doubles(kept["directions"]))
    return graph.beside([measures, graph.single(directions)]), weights


def _texts(*values: str) -> NDArray[Any]:
    return np.asarray(values, dtype=object)


def _characters(graph: Graph, whole: str) -> str:
    """(n, length) the characters of (n,) texts, then "" up to the longest."""
    return graph.op("Tokenizer", whole, domain=RUNTIME, separators=[""], mark=0, pad_value="", mincharnum=1)


def _measures(graph: Graph, characters: str) -> str:
    """(n, 4): length, words, shares of digits and capitals; NaN for a text that is missing or blank."""
    keys, kinds, table = _kinds()
    kind = graph.looked_up(characters, keys, kinds, 0)
    each = graph.op("Gather", graph.doubles(table), kind, axis=0)
    counts = graph.op("ReduceSum", each, graph.integers([1]), keepdims=0)
    # A blank was put before and after.
    length = graph.op("Sub", graph.columns(counts, [0]), graph.doubles(2.0))
    words = graph.op("Sub", graph.columns(counts, [1]), graph.doubles(1.0))
    shares = graph.op("Div", graph.columns(counts, [2, 3]), graph.op("Max", length, graph.doubles(1.0)))
    missing = graph.op("Equal", graph.columns(counts, [4]), graph.doubles(0.0))
    nothing = graph.floats(np.full((1, len(MEASURES)), np.nan))
    return graph.op("Where", missing, nothing, graph.single(graph.beside([length, words, shares])))


@cache
def _kinds() -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]:
    """Characters unlike most, their kinds, and what each kind adds to: all, spaces, digits, capitals, not blank."""
    rows: dict[tuple[int, ...], int] = {(1, 0, 0, 0, 1): 0}
    keys, kinds = [""], [rows.setdefault((0, 0, 0, 0, 0), 1)]
    for character in _every():
        row = (1, character == " ", character.isdigit(), character.isupper(), not character.isspace())
        kind = rows.setdefault(tuple(int(mark) for mark in row), len(rows))
        if kind:
            keys.append(character)
            kinds.append(kind)
    return _texts(*keys), np.asarray(kinds, dtype=np.int64), np.asarray(list(rows), dtype=np.float64)


@cache
def _smaller() -> tuple[NDArray[Any], NDArray[Any]]:
    """Characters that change where a text is made small and its gaps are made plain, and what they become."""
    found = {c: " " if c.isspace() else c.lower() for c in _every()}
    changed = {c: new for c, new in found.items() if c != new}
    return _texts(*changed), _texts(*changed.values())


def _every() -> list[str]:
    """Every character that may be one of these, without halves of one."""
    return [chr(code) for code in range(ALIKE_FROM) if not 0xD800 <= code < 0xE000]


def _small(graph: Graph, characters: str) -> str:
    """(n,) texts in small letters, of (n, length) characters."""
    nothing = graph.constant(_texts(""))
    found = graph.looked_up(characters, *_smaller(), "")
    found = graph.op("Where", graph.op("Equal", found, nothing), characters, found)
    shape = graph.op("Concat", graph.op("Shape", found, start=0, end=1), graph.integers([1]), axis=0)
    column = graph.op("Expand", graph.constant(_texts("")[None, :]), shape)
    for _ in range(HALVINGS):
        # Each character and the one after it, until there is one left.
        left = _every_second(graph, found, 0)
        found = graph.op("StringConcat", left, _every_second(graph, graph.beside([found, column]), 1))
    return graph.op("Squeeze", found, graph.integers([1]))


def _every_second(graph: Graph, x: str, first: int) -> str:
    end = graph.integers([np.iinfo(np.int64).max])
    return graph.op("Slice", x, graph.integers([first]), end, graph.integers([1]), graph.integers([2]))


def _weights(graph: Graph, small: str, counter: dict[str, Any]) -> str:
    """(n, m) float32 weights of one vocabulary: 1 + log of a term's count, by its rarity, to length 1."""
    terms = list(counter["terms"])
    if counter["analyzer"] == "word":
        last = LAST
        while last in terms:
            last += "s"
        whole = graph.op("StringConcat", small, graph.constant(_texts(last)))
        parts = graph.op("Tokenizer", whole, domain=RUNTIME, tokenexp=WORD, mark=0, pad_value="", mincharnum=1)
        grams = [term.split(" ") for term in terms]
    else:
        # A run that has blanks inside is in no vocabulary, so that runs need not stop at a word's end.
        parts = _characters(graph, small)
        grams = [list(term) for term in terms]
    counts = _counted(graph, parts, grams)
    found = graph.op("Mul", _damped(graph, counts), graph.floats(counter["idf"]))
    norm = graph.op("Sqrt", graph.total(graph.double(graph.op("Mul", found, found))))
    empty = graph.op("Equal", norm, graph.doubles(0.0))
    norm = graph.op("Where", empty, graph.doubles(1.0), norm)
    return graph.single(graph.op("Div", graph.double(found), norm))


def _damped(graph: Graph, counts: str) -> str:
    """1 + log of float32 counts, 0 for none: from a table, as two libraries' logarithms differ in the last bit."""
    table = np.zeros(LOGARITHMS + 1, dtype=np.float32)
    table[1:] = np.log(np.arange(1, LOGARITHMS + 1, dtype=np.float32)) + np.float32(1)
    most = graph.floats(LOGARITHMS)
    known = graph.op("Gather", graph.floats(table), graph.integer(graph.op("Min", counts, most)), axis=0)
    beyond = graph.op("Add", graph.op("Log", graph.op("Max", counts, graph.floats(1.0))), graph.floats(1.0))
    return graph.op("Where", graph.op("Greater", counts, most), beyond, known)


def _counted(graph: Graph, parts: str, grams: list[list[str]]) -> str:
    """(n, m) float32: how often each run of parts occurs."""
    sizes = sorted({len(gram) for gram in grams})
    order = sorted(range(len(grams)), key=lambda i: len(grams[i]))
    starts = [sum(len(gram) for gram in grams if len(gram) < size) for size in range(1, sizes[-1] + 1)]
    return graph.op(
        "TfIdfVectorizer",
        parts,
        min_gram_length=sizes[0],
        max_gram_length=sizes[-1],
        max_skip_count=0,
        mode="TF",
        ngram_counts=starts,
        ngram_indexes=order,
        pool_strings=[part for i in order for part in grams[i]],
    )
