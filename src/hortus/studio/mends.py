"""What Fix and Ignore do with each kind of finding: one line a kind, and what they add up to for a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hortus.data.finding import Finding
from hortus.studio.editing import Edits

Choice = Literal["fix", "ignore"]
Effect = Literal["leave-out", "leave-out-others", "order", "group", "metric", "rows", "checks"]


@dataclass(frozen=True)
class Mend:
    """What is offered with a kind of finding.

    Attributes:
        label: what Fix does, in an imperative.
        done: the same once it is done.
        effect: of Fix.
        value: what the effect needs besides: a metric, or what is done with rows (`hortus.studio.editing.ROWS`).
        ignored: what Ignore means, once it is said.
        keeps: whether Ignore brings back columns that are left out without a word.
    """

    label: str
    done: str
    effect: Effect
    value: str = ""
    ignored: str = "Kept as it is."
    keeps: bool = False


TEXT = "text"
_OUT = "Leave it out"
_USED = "Used all the same."

# A finding's code -> what is offered. docs/checks.md says what each code means.
MENDS: dict[str, Mend] = {
    "column-id": Mend(_OUT, "Left out.", "leave-out", ignored=_USED, keeps=True),
    "column-constant": Mend(_OUT, "Left out.", "leave-out", ignored=_USED, keeps=True),
    "column-empty": Mend(_OUT, "Left out.", "leave-out", ignored=_USED, keeps=True),
    "column-is-target": Mend(_OUT, "Left out.", "leave-out", ignored=_USED),
    "column-leaks": Mend(_OUT, "Left out.", "leave-out", ignored=_USED),
    "column-dominates": Mend(_OUT, "Left out.", "leave-out", ignored=_USED),
    "column-mostly-missing": Mend(_OUT, "Left out.", "leave-out", ignored=_USED),
    "missing-tells-target": Mend(_OUT, "Left out.", "leave-out", ignored=_USED),
    "columns-equal": Mend("Keep the first alone", "The first is kept.", "leave-out-others", ignored="All are used."),
    "rows-repeated": Mend("Keep one of each", "One of each is kept.", "rows", "no-repeats"),
    "rows-conflict": Mend("Keep the usual answer", "The usual answer is kept.", "rows", "no-conflicts"),
    "rows-ordered": Mend("Judge on later rows", "Judged on later rows.", "order", ignored="Judged on random rows."),
    "rows-grouped": Mend("Judge on new ones", "Judged on new ones.", "group", ignored="Judged on random rows."),
    "target-class-once": Mend("Leave those rows out", "Left out.", "rows", "no-single-classes"),
    "target-imbalanced": Mend("Count every class alike", "Every class counts alike.", "metric", "balanced_accuracy"),
    "target-labels-alike": Mend("Write them alike", "Written alike.", "rows", "labels-alike", "Different classes."),
    "target-outliers": Mend("Leave those rows out", "Left out.", "rows", "no-outliers"),
    "target-capped": Mend("Leave those rows out", "Left out.", "rows", "no-limits"),
    "target-rounded": Mend("Count the mean error", "The mean error counts.", "metric", "neg_mean_absolute_error"),
    "checks-skipped": Mend("Make every check", "Every check is made.", "checks"),
}


@dataclass(frozen=True)
class Decision:
    """What a person said to a finding.

    Attributes:
        code: the finding's.
        columns: that it was about.
        what: the sentence it was told in.
        choice: Fix or Ignore.
    """

    code: str
    columns: tuple[str, ...]
    what: str
    choice: Choice


@dataclass(frozen=True)
class Plan:
    """What a table's decisions add up to for a run.

    Attributes:
        ignore: columns that are left out.
        keep: columns that are used whatever they look like.
        text: columns that are read as free text.
        order: the column that splits by time; None for none.
        group: the column of what keeps rows together; None for none.
        metric: that a decision asks for; None for the task's own.
        edits: changes of the table itself.
        thorough: whether every check is made, however long it takes.
    """

    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    order: str | None = None
    group: str | None = None
    metric: str | None = None
    edits: Edits = field(default_factory=Edits)
    thorough: bool = False


def decisions(note: Mapping[str, Any]) -> list[Decision]:
    """What was said about a table so far, from its note."""
    return [
        Decision(str(d["code"]), tuple(d["columns"]), str(d["what"]), "fix" if d["choice"] == "fix" else "ignore")
        for d in note.get("decisions", ())
    ]


def plan(note: Mapping[str, Any]) -> Plan:
    """What a table's note asks of a run.

    Args:
        note: with ``target``, ``kinds`` (by column), ``roles`` (by column: "ignored" or "feature"), ``decisions``.
    """
    ignore: dict[str, None] = {}
    keep: dict[str, None] = {}
    rows: dict[str, None] = {}
    order: str | None = None
    group: str | None = None
    metric: str | None = None
    thorough = False
    for decision in decisions(note):
        mend = MENDS.get(decision.code)
        if mend is None:
            continue
        if decision.choice == "ignore":
            keep |= dict.fromkeys(decision.columns if mend.keeps else ())
        elif mend.effect == "leave-out":
            ignore |= dict.fromkeys(decision.columns)
        elif mend.effect == "leave-out-others":
            ignore |= dict.fromkeys(decision.columns[1:])
        elif mend.effect == "order":
            order = decision.columns[0]
        elif mend.effect == "group":
            group = decision.columns[0]
        elif mend.effect == "metric":
            metric = mend.value
        elif mend.effect == "rows":
            rows[mend.value] = None
        else:
            thorough = True
    for column, role in note.get("roles", {}).items():
        ignore.pop(column, None)
        keep.pop(column, None)
        (ignore if role == "ignored" else keep)[column] = None
    target = note.get("target")
    sides = {target, order, group}
    # Text is told to the run by name; every other kind is a matter of how cells are written.
    kinds = {column: kind for column, kind in note.get("kinds", {}).items() if kind != TEXT}
    return Plan(
        ignore=tuple(name for name in ignore if name not in sides),
        keep=tuple(name for name in keep if name not in sides),
        text=tuple(name for name, kind in note.get("kinds", {}).items() if kind == TEXT and name not in sides),
        order=order,
        group=group if order is None else None,
        metric=metric,
        edits=Edits(kinds, tuple(rows), target),
        thorough=thorough,
    )


def matches(decision: Decision, finding: Finding) -> bool:
    """Whether a decision was about a finding."""
    return decision.code == finding.code and set(decision.columns) == set(finding.columns)


def offered(findings: Sequence[Finding]) -> list[tuple[Finding, Mend]]:
    """The findings that something can be done about, with what that is."""
    return [(finding, MENDS[finding.code]) for finding in findings if finding.code in MENDS]
