"""The errors a person can meet, and how they are told.

    HortusError
    ├── InputError (ValueError)        what came in cannot be used
    │   ├── ReadError                  a file cannot be read as a table
    │   ├── TargetError                the column to predict is missing or unusable
    │   └── SchemaError                rows to predict do not match the rows trained on
    ├── SettingError (ValueError)      an argument is not one of those that are understood
    │   └── BudgetError                a budget is negative, zero or not a number
    ├── MissingExtraError (ImportError)  an optional library is needed and not installed
    ├── RunError                       a run folder cannot be used
    │   ├── RunInUseError              another live process holds it
    │   └── JournalError               its journal is damaged, or newer than this Hortus
    ├── ArtifactError                  a stored model is damaged, foreign or tampered with
    └── NotFittedError                 asked to predict before fit (also scikit-learn's own)

Every error says what came, what was wanted and what to do, and carries a stable code for programs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HortusError(Exception):
    """Base of every error raised on purpose.

    Args:
        what: what was seen, with its place (column, row, value).
        mend: one concrete thing to do about it.
        code: a stable name for programs, such as ``"target-missing"``.
    """

    def __init__(self, what: str, *, mend: str = "", code: str = "") -> None:
        self.what = what
        self.mend = mend
        self.code = code or type(self).__name__
        super().__init__(f"{what} {mend}".strip())

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.mend, self.code)


def _rebuild(kind: type[HortusError], what: str, mend: str, code: str) -> HortusError:
    return kind(what, mend=mend, code=code)


class InputError(HortusError, ValueError):
    """What came in cannot be used."""


class ReadError(InputError):
    """A file cannot be read as a table."""


class TargetError(InputError):
    """The column to predict is missing or unusable."""


class SchemaError(InputError):
    """Rows to predict do not match the rows trained on."""


class SettingError(HortusError, ValueError):
    """An argument is not one of those that are understood."""


class BudgetError(SettingError):
    """A budget is negative, zero or not a number."""


class MissingExtraError(HortusError, ImportError):
    """An optional library is needed and not installed."""


class RunError(HortusError):
    """A run folder cannot be used."""


class RunInUseError(RunError):
    """Another live process holds the run folder."""


class JournalError(RunError):
    """A journal is damaged, or was written by a newer Hortus."""


class ArtifactError(HortusError):
    """A stored model is damaged, foreign or tampered with."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the closest of ``known``, or a list of them all.

    >>> nearest("acuracy", ["accuracy", "roc_auc"])
    "Did you mean 'accuracy'?"
    >>> nearest("zzz", ["a", "b"])
    "Choose one of: 'a', 'b'."
    """
    names = [str(n) for n in known]
    lowered = {n.lower(): n for n in reversed(names)}
    close = difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {lowered[close[0]]!r}?"
    shown = ", ".join(repr(n) for n in names[:20])
    return f"Choose one of: {shown}{', …' if len(names) > 20 else '.'}"
