"""Dates written as text, in any mixture of formats, to moments in UTC."""

from __future__ import annotations

import contextlib
import datetime
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Up to this many values Python's own reader is faster than to ask pandas.
FEW = 64
Moments = NDArray[np.datetime64]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
            "sep sept september", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_MONTH = r"(?P<m>[A-Za-z]{3,9})\.?"
_YEAR = r"(?P<y>\d{4}|\d{2})"
_REST = r"(?:[ T,]+(?P<time>\d{1,2}:.*))?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_NUMERIC = re.compile(rf"(?P<a>\d{{1,2}})[./-](?P<b>\d{{1,2}})[./-]{_YEAR}{_REST}")
_NAMED = (
    re.compile(rf"{_WEEKDAY}{_DAY}[ -]+{_MONTH}[,  -]+{_YEAR}{_REST}", re.IGNORECASE),
    re.compile(rf"{_WEEKDAY}{_MONTH}[ -]+{_DAY}[, -]+{_YEAR}{_REST}", re.IGNORECASE),
)
_TIME = re.compile(
    r"(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?P<f>\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_ISO = re.compile(r"[+-]?\d{4,}[-/]\d{1,2}(?:[-/]\d{1,2}(?:[ T]\d{1,2}(?::?\d{2}.*)?)?)?|\d{8}(?:[T ]\d{2}:?\d{2}.*)?")
_FINE = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True)
class Guess:
    """How a column seems to write its dates.

    Attributes:
        share: of the values that are dates.
        dayfirst: whether ``03/04/2020`` is the third of April.
        ambiguous: whether nothing in the column decides that, although there are such values.
    """

    share: float
    dayfirst: bool
    ambiguous: bool


def parse(values: Sequence[str], *, dayfirst: bool = False) -> Moments:
    """(n,) datetime64[us] in UTC; NaT where a value is no date. Times without a zone are taken as UTC.

    >>> parse(["31.1.2020", "Jan 31, 2020 1:00 PM", "2020-01-31T01:00+02:00", "x"]).astype("datetime64[m]")
    array(['2020-01-31T00:00', '2020-01-31T13:00', '2020-01-30T23:00',
                        'NaT'], dtype='datetime64[m]')
    """
    return _iso([_to_iso(value.strip(), dayfirst) for value in values])


def guess(values: Sequence[str]) -> Guess:
    """Look at the distinct values of a column.

    >>> guess(["13/02/2020", "01/02/2020"])
    Guess(share=1.0, dayfirst=True, ambiguous=False)
    """
    pairs = [(int(f["a"]), int(f["b"]), "." in v) for v in values if (f := _NUMERIC.fullmatch(v.strip()))]
    day = any(a > 12 for a, _, _ in pairs)
    month = any(b > 12 for _, b, _ in pairs)
    dotted = sum(dots for _, _, dots in pairs) * 2 > len(pairs)
    # Where nothing decides: with points between as Europe writes it, else as the United States do.
    dayfirst = day if day != month else dotted
    # With points between them, the day comes first wherever dates are written so.
    ambiguous = bool(pairs) and day == month and not dotted
    share = float(np.mean(~np.isnat(parse(values, dayfirst=dayfirst)))) if values else 0.0
    return Guess(share, dayfirst, ambiguous)


def _iso(values: list[str | None]) -> Moments:
    import pandas as pd

    if not any(values):
        return np.full(len(values), "NaT", dtype="datetime64[us]")
    if len(values) <= FEW:
        with contextlib.suppress(ValueError, OverflowError):
            return np.array([_moment(value) for value in values], dtype="datetime64[us]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True, errors="coerce")
    return found.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def _moment(value: str | None) -> datetime.datetime | None:
    if value is None:
        return None
    found = datetime.datetime.fromisoformat(value)
    return found if found.tzinfo is None else found.astimezone(datetime.UTC).replace(tzinfo=None)


def _to_iso(value: str, dayfirst: bool) -> str | None:
    if _ISO.fullmatch(value):
        # Finer than microseconds would make pandas count nanoseconds, which end in 2262.
        value = _FINE.sub(r"\1", value)
        return value.replace("/", "-").removesuffix("UTC").rstrip() if "-" in value or "/" in value else value
    found = _NUMERIC.fullmatch(value)
    if found:
        a, b = int(found["a"]), int(found["b"])
        first = a > 12 or (dayfirst and b <= 12)
        return _written(found["y"], b if first else a, a if first else b, found["time"])
    for pattern in _NAMED:
        found = pattern.fullmatch(value)
        if found and found["m"].lower() in _MONTHS:
            return _written(found["y"], _MONTHS[found["m"].lower()], int(found["d"]), found["time"])
    return None


def _written(year: str, month: int, day: int, time: str | None) -> str | None:
    if len(year) == 2:
        # As POSIX has it: 69 to 99 are of the twentieth century.
        year = f"19{year}" if int(year) >= 69 else f"20{year}"
    date = f"{year}-{month:02}-{day:02}"
    if not time:
        return date
    found = _TIME.fullmatch(time.strip())
    if found is None:
        return None
    hour = int(found["h"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower().startswith("p") else 0)
    zone = found["zone"] or ""
    zone = "Z" if zone.upper() in ("UTC", "GMT", "Z") else zone
    return f"{date}T{hour:02}:{found['m']}:{found['s'] or '00'}{found['f'] or ''}{zone}"
