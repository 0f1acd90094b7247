"""What a look at the data found out: the evidence in a number, what was done, and how to overrule it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from hortus.data.notes import Note

Severity = Literal["info", "warning", "serious"]
SEVERITIES: tuple[Severity, ...] = ("serious", "warning", "info")
# Columns that a sentence names one by one.
SHOWN = 5
# How what a run measured is said in a sentence.
HOW = {"with": "with it", "without": "without it", "random": "on rows at random", "later": "on later ones"}


@dataclass(frozen=True)
class Finding:
    """One thing that was found in the data before anything was trained.

    Attributes:
        code: a stable name for programs: ``"column-leaks"``; docs/checks.md has a heading for each.
        what: what was seen, in plain words, with a number.
        columns: the columns it is about; () for the whole table.
        measure: what the evidence is: ``"cross-validated ROC AUC of this column alone"``.
        value: the evidence; None where there is only a fact.
        did: what Hortus did or would do.
        overrule: how to have it otherwise.
        severity: ``"serious"`` where scores or predictions may be worthless, ``"warning"`` where a person should look.
        scores: what a run measured afterwards, by name: ``{"with": 0.99, "without": 0.81}``.
    """

    code: str
    what: str
    columns: tuple[str, ...] = ()
    measure: str = ""
    value: float | None = None
    did: str = ""
    overrule: str = ""
    severity: Severity = "info"
    scores: Mapping[str, float] = field(default_factory=dict, hash=False)

    def with_scores(self, scores: Mapping[str, float] | None = None, /, **more: float) -> Finding:
        """The same with scores that a run measured; those of the same name are replaced.

        >>> Finding("column-leaks", "…").with_scores({"with": 0.99}, without=0.81).scores
        {'with': 0.99, 'without': 0.81}
        """
        return replace(self, scores={**self.scores, **(scores or {}), **more})

    @property
    def evidence(self) -> str:
        """The measure and its value, and what a run measured, in one phrase; "" where there is none."""
        parts = [] if self.value is None or not self.measure else [f"{self.measure}: {self.value:.4g}"]
        return "; ".join([*parts, *(f"score {name}: {score:.4g}" for name, score in self.scores.items())])

    def note(self) -> Note:
        """As a remark, for whatever shows remarks."""
        mend = " ".join(part for part in (self.did, self.overrule) if part)
        scores = " and ".join(f"{score:.4g} {HOW.get(name, name)}" for name, score in self.scores.items())
        what = f"{self.what} A quick model scores {scores}." if scores else self.what
        return Note(self.code, what, self.columns[0] if self.columns else "", mend, self.severity != "info")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "columns": list(self.columns), "scores": dict(self.scores)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Finding:
        """The inverse of ``to_json``."""
        return cls(**{**found, "columns": tuple(found["columns"])})


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The serious ones first; otherwise in the order they came."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def said_once(notes: Iterable[Note], findings: Sequence[Finding]) -> list[Note]:
    """The notes and then the findings as notes, without the notes that a finding of the same code says better."""
    covered = {(finding.code, column) for finding in findings for column in finding.columns or ("",)}
    # A finding about the target has no columns, and the note of it names the target.
    whole = {finding.code for finding in findings if not finding.columns}
    kept = [note for note in notes if (note.code, note.place) not in covered and note.code not in whole]
    return [*kept, *(finding.note() for finding in findings)]


def columns_of(findings: Iterable[Finding], *codes: str) -> tuple[str, ...]:
    """The columns that findings of these codes are about, each once, in order.

    >>> columns_of([Finding("column-leaks", "…", ("a",)), Finding("drift", "…", ("b",))], "column-leaks")
    ('a',)
    """
    return tuple(dict.fromkeys(name for finding in findings if finding.code in codes for name in finding.columns))


def scored(findings: Iterable[Finding], codes: Iterable[str], scores: Mapping[str, float]) -> tuple[Finding, ...]:
    """All findings, those of these codes with what a run measured for them."""
    wanted = set(codes)
    return tuple(finding.with_scores(scores) if finding.code in wanted else finding for finding in findings)


def listed(names: Sequence[str]) -> str:
    """Column names in a sentence.

    >>> listed(["a", "b c"])
    "'a' and 'b c'"
    """
    shown = [repr(name) for name in names[:SHOWN]]
    if len(names) > SHOWN:
        return f"{', '.join(shown)} and {len(names) - SHOWN} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def option(setting: str, names: Sequence[str]) -> str:
    """How ``ignore`` or ``keep`` is given for some columns, in Python and on the command line.

    >>> option("ignore", ["a b"])
    "ignore=['a b'] or --ignore 'a b'"
    """
    shown = list(names[:SHOWN])
    typed = " ".join(typed_option(setting, name) for name in shown)
    more = ", …" if len(names) > SHOWN else ""
    return f"{setting}=[{', '.join(map(repr, shown))}{more}] or {typed}{' …' if more else ''}"


def typed_option(option: str, name: str) -> str:
    """An option with a column's name as a shell needs it typed.

    >>> typed_option("ignore", "a b"), typed_option("ignore", "--strict")
    ("--ignore 'a b'", '--ignore=--strict')
    """
    return f"--{option}{'=' if name.startswith('-') else ' '}{shlex.quote(name)}"
