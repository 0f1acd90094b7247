"""Numbers as people read them: rounded to what they can bear, with a sign that is a minus, and shares of a hundred."""

from __future__ import annotations

import math
from typing import Any

MINUS = "\N{MINUS SIGN}"
_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def number(value: float, digits: int = 3, *, full: bool = False) -> str:
    """A number to ``digits`` significant digits, zeros too if ``full``; from a thousand on, whole and grouped.

    >>> [number(v) for v in (0.012345, 3.14159, 31.4159, 31415.9, 2.5e9, 0, 1e20)]
    ['0.0123', '3.14', '31.4', '31,416', '2.5 billion', '0', '1e20']
    """
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    size = abs(value)
    if size == 0:
        return "0"
    for unit, word in _LARGE:
        if size >= unit:
            told = f"{_plain(size / unit, digits, full)} {word}"
            return _signed(value, told) if size < 1e15 else _power(value, digits)
    if size < 1e-4:
        return _power(value, digits)
    return _signed(value, f"{size:,.0f}" if size >= 1000 else _plain(size, digits, full))


def short(value: float) -> str:
    """A number beside an axis.

    >>> [short(v) for v in (0.25, 1500, 20000, 3e6)]
    ['0.25', '1500', '20k', '3M']
    """
    size = abs(value)
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= unit and size < 1e13:
            return _signed(value, f"{_plain(size / (1e3 if letter == 'k' else unit), 3)}{letter}")
    return _signed(value, f"{size:.0f}") if 1e3 <= size < 1e4 else number(value)


def exact(value: float, places: int = 4) -> str:
    """A score among scores: to a fixed number of places, so that a column of them lines up.

    >>> exact(0.91234), exact(12.5, 2), exact(float("nan"))
    ('0.9123', '12.50', '')
    """
    return "" if value is None or not math.isfinite(value) else _signed(value, f"{abs(value):,.{places}f}")


def hundred(share: float) -> str:
    """A share as so many of a hundred; never 0 or 100 where it is not quite that.

    >>> [hundred(s) for s in (0.634, 0.0, 0.002, 0.999, 1.0)]
    ['63', 'none', 'fewer than 1', 'more than 99', 'all']
    """
    if not math.isfinite(share):
        return "an unknown number"
    if share <= 0:
        return "none"
    if share >= 1:
        return "all"
    if share < 0.01:
        return "fewer than 1"
    return "more than 99" if share > 0.99 else f"{100 * share:.0f}"


def percent(share: float) -> str:
    """A share in percent.

    >>> [percent(s) for s in (0.634, 0.0634, 0.0004, 1.0)]
    ['63 %', '6.3 %', 'under 0.1 %', '100 %']
    """
    if not math.isfinite(share):
        return "unknown"
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 or 0.995 <= share < 1 else f"{100 * share:.0f} %"


def count(value: int, singular: str, plural: str = "") -> str:
    """So many of something.

    >>> count(1, "row"), count(12345, "row")
    ('1 row', '12,345 rows')
    """
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def span(low: float, high: float, form: Any = number) -> str:
    """From low to high, the smaller first.

    >>> span(0.5, 0.25)
    '0.25 to 0.5'
    """
    return f"{form(min(low, high))} to {form(max(low, high))}"


def listed(words: list[str], most: int = 5) -> str:
    """Words as a list in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _plain(size: float, digits: int, full: bool = False) -> str:
    places = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{size:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text and not full else text


def _power(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}".replace("-", MINUS)


def _signed(value: float, text: str) -> str:
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text
