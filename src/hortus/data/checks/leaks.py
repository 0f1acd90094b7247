"""Columns that leak the target: alone they predict it almost perfectly, and the rest of the table does far worse.

A strong feature is no leak. So a column is only reported when two things come together: it is nearly perfect, and
without it and its like the table is several times as wrong; or it is strong, and its name says that it comes after
the target. A column that is not that good, yet far better than all others together, is told of under a code of its own.
"""

from __future__ import annotations

import re

import numpy as np

from hortus.data.checks.copies import copies
from hortus.data.checks.one_column import MEASURES
from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, Severity, option

# Fewer rows, or fewer of the second class, cannot show that a column is nearly perfect.
LEAST_ROWS = 50
LEAST_OF_A_CLASS = 10
# Skill, from 0 for chance to 1 for perfect: that of a leak, of a likely leak, and of a suspect by its name.
SURE = 0.99
LIKELY = 0.96
NAMED = 0.8
# How many times as wrong the rest of the table must be.
GAP = 3.0
NAMED_GAP = 1.5
# A column that does nearly all the work: its skill, that of all others at most, how many times as wrong they are, and
# how many there must be.
DOMINANT = 0.7
DOMINATED_SKILL = 0.6
DOMINANT_GAP = 2.5
DOMINATED = 3
# What is found here, and exact copies: columns whose worth should be seen with and without them.
LEAK_CODES = ("column-is-target", "column-leaks", "column-dominates")
# Where more columns than this share are nearly perfect, the problem is easy.
EASY_SHARE = 1 / 2

_AFTER = {
    "after", "post", "outcome", "outcomes", "result", "results", "final", "finally", "resolved", "resolution", "closed",
    "closing", "settled", "settlement", "actual", "realized", "realised", "future", "followup", "verdict", "decision",
    "predicted", "prediction", "label", "target",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def check(subject: Subject) -> list[Finding]:
    """Look at every column that is suspiciously good, the best first."""
    scores = subject.alone
    y = subject.y[subject.rows]
    if len(y) < LEAST_ROWS or (subject.task.kind != "regression" and _second_class(y) < LEAST_OF_A_CLASS):
        return []
    equal = set(copies(subject))
    suspects = {name for name, skill in scores.skills.items() if skill >= NAMED}
    rest, rest_skill = scores.rest(suspects | equal)
    others = len(scores.skills) - len(suspects | equal)
    sure = sum(skill >= SURE for skill in scores.skills.values())
    easy = sure > max(1, EASY_SHARE * len(scores.skills))
    found = []
    for name in sorted(suspects - equal, key=lambda name: -scores.skills[name]):
        skill = scores.skills[name]
        gap = (1 - rest_skill) / max(1 - skill, 1e-9)
        named = comes_after(name, subject.task.target)
        severity: Severity
        if skill >= SURE and gap >= GAP:
            severity = "serious" if others and not easy else "warning"
        elif (skill >= LIKELY and gap >= GAP) or (named and gap >= NAMED_GAP):
            severity = "warning"
        else:
            continue
        almost = "almost perfectly" if skill >= LIKELY else "very well"
        says = ", and its name says that it comes after it" if named else ""
        with_others = f"; the other columns together reach {rest:.4g}" if others else ""
        found.append(
            Finding(
                code="column-leaks",
                what=f"Column {name!r} alone tells the target {almost}{says}{with_others}.",
                columns=(name,),
                measure=MEASURES[subject.task.kind],
                value=scores.values[name],
                did="Kept: if it is not known when predicting, the scores are worthless.",
                overrule=f"To leave it out: {option('ignore', [name])}.",
                severity=severity,
            )
        )
    return found or _dominating(subject, equal)


def _dominating(subject: Subject, equal: set[str]) -> list[Finding]:
    """The best column, where it is far better than all others together."""
    scores = subject.alone
    known = {name: skill for name, skill in scores.skills.items() if name not in equal}
    best = max(known, key=lambda name: known[name], default=None)
    if best is None or known[best] < DOMINANT or len(known) <= DOMINATED:
        return []
    rest, rest_skill = scores.rest({best} | equal)
    if rest_skill > DOMINATED_SKILL or (1 - rest_skill) < DOMINANT_GAP * (1 - known[best]):
        return []
    return [
        Finding(
            code="column-dominates",
            what=f"Column {best!r} alone tells the target far better than all others together, which reach {rest:.4g}: "
            "is it known when predicting?",
            columns=(best,),
            measure=MEASURES[subject.task.kind],
            value=scores.values[best],
            did="Kept.",
            overrule=f"To leave it out: {option('ignore', [best])}.",
            severity="warning",
        )
    ]


def comes_after(name: str, target: str) -> bool:
    """Whether a column's name says that it is only known after the target.

    >>> comes_after("outcome_date", "died"), comes_after("loanStatusFinal", "loan_status"), comes_after("age", "wage")
    (True, True, False)
    """
    words, wanted = _words(name), _words(target)
    if _AFTER & set(words) - set(wanted):
        return True
    length = len(wanted)
    holds = any(words[i : i + length] == wanted for i in range(len(words) - length + 1))
    return holds and words != wanted and len("".join(wanted)) >= 3


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CAMEL.sub("_", name))]


def _second_class(y: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    counts = np.bincount(y)
    return int(np.sort(counts)[-2]) if len(counts) > 1 else 0
