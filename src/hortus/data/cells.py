"""One cell of each kind of column: what it means, whatever type it came in.

A whole column goes the same way, by its distinct values, so that one row to predict and a million rows to train on
cannot be read differently.
"""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

import numpy as np

from hortus.data.numbers import NumberFormat

# Ways to say that there is no value, in lower case. Words that may well be a category ("none", "unknown") are not
# among them, except in columns of numbers or dates, where they cannot be anything else.
MISSING = frozenset({"", "?", "n/a", "#n/a", "na", "<na>", "nan", "null", "-", "--", "#null!"})
MISSING_NUMBERS = MISSING | frozenset({"none", "nil", "unknown", "missing", "n.a.", "nat", ".", "#value!", "#div/0!"})
TRUE = frozenset({"true", "yes", "y", "t", "on", "1", "1.0"})
FALSE = frozenset({"false", "no", "n", "f", "off", "0", "0.0"})
NAN = float("nan")


def is_missing(value: Any) -> bool:
    """Whether a cell is None, NaN, NaT or pandas' NA.

    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    if value is None:
        return True
    if isinstance(value, str):
        return False
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return type(value).__name__ in ("NAType", "NaTType")


def number(value: Any, form: NumberFormat) -> float | None:
    """A cell as a number: NaN where it is missing or infinite, None where it is not a number.

    >>> number("12kg", NumberFormat(unit="kg")), number("?", NumberFormat()), number("abc", NumberFormat())
    (12.0, nan, None)
    """
    if isinstance(value, str):
        found = form.parse_one(value)
        if found == found:
            return NAN if math.isinf(found) else found
        return NAN if value.strip().lower() in MISSING_NUMBERS else None
    if is_missing(value):
        return NAN
    if isinstance(value, (bool, int, float, np.number, np.bool_, decimal.Decimal)) and not isinstance(
        value, np.complexfloating
    ):
        try:
            found = float(value)
        except OverflowError:
            return NAN
        return NAN if math.isinf(found) else found
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return None


def truth(value: Any) -> float | None:
    """A cell as 1.0 or 0.0: NaN where it is missing, None where it is neither.

    >>> truth("Yes"), truth(False), truth("maybe")
    (1.0, 0.0, None)
    """
    if isinstance(value, str):
        word = value.strip().lower()
        if word in TRUE:
            return 1.0
        if word in FALSE:
            return 0.0
        return NAN if word in MISSING_NUMBERS else None
    if is_missing(value):
        return NAN
    if isinstance(value, (bool, int, float, np.number, np.bool_)) and float(value) in (0.0, 1.0):
        return float(value)
    return None


def label(value: Any) -> str | None:
    """A cell as the name of a category: None where it is missing; 5, 5.0 and "5" are one.

    >>> label(5.0), label(" x "), label("N/A")
    ('5', 'x', None)
    """
    if isinstance(value, str):
        text = value.strip()
        return None if text.lower() in MISSING else text
    if is_missing(value):
        return None
    if isinstance(value, (float, np.floating)) and abs(float(value)) < 1e15 and float(value).is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return str(value)


def words(value: Any) -> str | None:
    """A cell as free text: None where it is missing."""
    if isinstance(value, str):
        return value if value.strip() else None
    return label(value)
