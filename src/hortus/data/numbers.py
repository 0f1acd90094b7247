"""Numbers written as text: ``1,234.5``, ``1.234,5``, ``12kg``, ``$3``, ``45 %``, ``(7)``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# Before the number a sign and a currency, after it a unit; between the digits, separators.
_NUMBER = re.compile(
    r"(?P<open>\()?(?P<sign>[+\-\u2212])?\s*(?P<before>[$\u20ac\u00a3\u00a5\u20b9]|USD|EUR|GBP|CHF|JPY)?\s*(?P<sign2>[+\-\u2212])?"
    r"(?P<body>\d[\d.,'\u2019\u00a0\u202f ]*|[.,]\d+)(?P<power>[eE][+\-]?\d+)?"
    r"\s*(?P<after>[^\W\d_][^\W\d_.\u00b2\u00b3/]{0,11}[\u00b2\u00b3]?(?:/[^\W\d_]{1,6})?|[%\u2030$\u20ac\u00a3\u00a5\u20b9\u00b0\"'][CF]?)?\.?(?P<close>\))?"
)
_SPACES = re.compile(r"['\u2019\u00a0\u202f ]")
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d*)?"),
}

# Whoever writes these writes 1,234 for a thousand and more.
_POINT_CURRENCIES = frozenset({"$", "USD", "\u00a3", "GBP", "\u00a5", "JPY", "\u20b9"})


@dataclass(frozen=True)
class NumberFormat:
    """How a column writes its numbers.

    Attributes:
        decimal: the mark before the fraction.
        unit: what stands before or after every number, such as ``"kg"``, ``"%"`` or ``"$"``; "" for nothing.
    """

    decimal: Literal[".", ","] = "."
    unit: str = ""

    def parse(self, values: Sequence[str]) -> NDArray[np.float64]:
        """(n,) the numbers; NaN where a value is none, or has another unit.

        >>> NumberFormat(",", "kg").parse(["1.234,5 kg", "7kg", "7 lb"]).tolist()
        [1234.5, 7.0, nan]
        """
        return np.array([self.parse_one(value) for value in values], dtype=np.float64)

    def parse_one(self, value: str) -> float:
        """One number; NaN where ``value`` is none."""
        text = value.strip()
        if self.decimal == ".":
            try:
                # Underscores are digits' separators to Python alone.
                return float("nan") if "_" in text else float(text)
            except ValueError:
                pass
        found = _NUMBER.fullmatch(text)
        if found is None or _unit(found) not in ("", self.unit) or bool(found["open"]) != bool(found["close"]):
            return float("nan")
        body = _plain(found["body"].strip(), self.decimal)
        if body is None:
            return float("nan")
        negative = any(sign in ("-", "\u2212") for sign in (found["sign"], found["sign2"])) or found["open"]
        return (-1.0 if negative else 1.0) * float(body + (found["power"] or ""))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Guess:
    """How a column seems to write its numbers.

    Attributes:
        format: the format.
        share: of the values that it reads.
        ambiguous: a value such as ``1,234`` could be read two ways and nothing decides.
    """

    format: NumberFormat
    share: float
    ambiguous: bool


def guess(values: Sequence[str]) -> Guess | None:
    """The one format that reads most of ``values``; None where few are numbers or their units differ.

    >>> guess(["1.234,5", "0,25"]).format.decimal
    ','
    >>> guess(["3kg", "4 lb"]) is None
    True
    """
    matches = [found for found in (_NUMBER.fullmatch(value.strip()) for value in values) if found]
    if len(matches) < 0.5 * len(values) or not matches:
        return None
    units = {_unit(found) for found in matches} - {""}
    if len(units) > 1:
        return None
    votes = {".": 0, ",": 0}
    open_question = False
    for found in matches:
        vote = _decimal_of(_SPACES.sub("", found["body"].strip()))
        if vote in votes:
            votes[vote] += 1
        open_question = open_question or vote == "?"
    form = NumberFormat("," if votes[","] > votes["."] else ".", units.pop() if units else "")
    share = float(np.mean(~np.isnan(form.parse(values))))
    disputed = bool(votes["."] and votes[","])
    undecided = open_question and not votes["."] and not votes[","] and form.unit not in _POINT_CURRENCIES
    return Guess(form, share, disputed or undecided)


def units(values: Sequence[str]) -> set[str]:
    """The units of a column in which nearly all values are numbers with one; empty for any other column.

    >>> sorted(units(["12kg", "7 lb"]))
    ['kg', 'lb']
    """
    found = [match for match in (_NUMBER.fullmatch(value.strip()) for value in values) if match]
    named = {_unit(match) for match in found} - {""}
    ordinals = {"st", "nd", "rd", "th"}
    return named if len(found) >= 0.95 * len(values) and not named <= ordinals else set()


def _unit(found: re.Match[str]) -> str:
    return (found["before"] or "") + (found["after"] or "")


def _decimal_of(body: str) -> str:
    """The decimal mark a number gives away; "?" where a lone comma may be either, "" where there is nothing."""
    dots, commas = body.count("."), body.count(",")
    if dots and commas:
        return max(".,", key=body.rfind)
    if commas:
        if commas > 1:
            return "."
        return "?" if _GROUPED[","].fullmatch(body) else ","
    if dots > 1:
        return ","
    if dots:
        return "" if _GROUPED["."].fullmatch(body) else "."
    return ""


def _plain(body: str, decimal: str) -> str | None:
    """The digits with a point before the fraction; None where the separators make no sense."""
    if _SPACES.search(body):
        head, *groups = _SPACES.split(re.split(rf"[{decimal}]", body)[0])
        if not 1 <= len(head) <= 3 or any(len(group) != 3 for group in groups):
            return None
        body = _SPACES.sub("", body)
    if "." in body and "," in body:
        # Both marks are there: the last is the decimal one, whatever the rest of the column does.
        decimal = max(".,", key=body.rfind)
    thousands = "," if decimal == "." else "."
    if thousands in body and not _GROUPED[thousands].fullmatch(body):
        return None
    plain = body.replace(thousands, "").replace(decimal, ".")
    return plain if plain.count(".") <= 1 and plain != "." else None
