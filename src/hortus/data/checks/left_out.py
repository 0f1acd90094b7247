"""Columns that are left out unless the person says otherwise: ids, constants, empty ones."""

from __future__ import annotations

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, listed, option


def check(subject: Subject) -> list[Finding]:
    """What `infer_schema` has left out of the features, and why."""
    out: dict[str, list[str]] = {}
    for column in subject.schema.columns:
        if column.role == "ignored":
            out.setdefault(column.reason, []).append(column.name)
    rows = len(subject.y)
    found = [
        Finding(
            code="column-id",
            what=f"Column {name!r} looks like an id: a different value in each of {rows:,} rows.",
            columns=(name,),
            measure="share of rows with a value of their own",
            value=1.0,
            did="Left out.",
            overrule=f"To keep it: {option('keep', [name])}.",
            severity="warning",
        )
        for name in out.get("id", [])
    ]
    if names := out.get("constant", []):
        found.append(
            Finding(
                code="column-constant",
                what=f"{listed(names)} {'has' if len(names) == 1 else 'have'} one value in all {rows:,} rows.",
                columns=tuple(names),
                measure="distinct values",
                value=1.0,
                did="Left out.",
                overrule=f"To keep: {option('keep', names)}.",
            )
        )
    if names := out.get("empty", []):
        found.append(
            Finding(
                code="column-empty",
                what=f"{listed(names)} {'has' if len(names) == 1 else 'have'} no value in any of {rows:,} rows.",
                columns=tuple(names),
                measure="share of cells with a value",
                value=0.0,
                did="Left out.",
                overrule=f"To keep: {option('keep', names)}.",
            )
        )
    return found
