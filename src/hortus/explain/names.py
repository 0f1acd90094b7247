"""Names of the user's in sentences of ours: what cannot be shown is taken out, and each stands in “ ”."""

from __future__ import annotations

import re
from typing import Any

from hortus.data.task import Task

# Characters that no page may hold, and those that turn the direction of what follows: a name could hide behind them.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_CURLY = {ord("“"): '"', ord("”"): '"'}
_BARE = {"yes", "no", "true", "false", "y", "n", "t", "f", "on", "off"}


def clean(text: Any) -> str:
    """Text without characters that cannot be shown or that turn the direction of reading.

    >>> clean("a" + chr(0x202E) + "b") == "a" + chr(0xFFFD) + "b"
    True
    """
    return _UNSHOWN.sub("\ufffd", str(text))


def quoted(name: Any) -> str:
    """A name inside a sentence.

    >>> quoted("net  price")
    '“net price”'
    """
    return f"“{' '.join(clean(name).translate(_CURLY).split())}”"


def label(task: Task, code: int) -> str:
    """A class inside a sentence: with the target's name where the label alone says nothing.

    >>> label(Task("binary", "late", ("no", "yes"), "roc_auc"), 1)
    '“late = yes”'
    """
    found = task.classes[code]
    bare = not isinstance(found, str) or found.strip().lower() in _BARE or found.strip().isdigit()
    return quoted(f"{task.target} = {found}" if bare else found)
