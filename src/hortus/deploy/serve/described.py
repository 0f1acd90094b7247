"""What a model predicts, and from what: what a client needs to draw a form."""

from __future__ import annotations

import math

from hortus.deploy.serve.predicting import Desk
from hortus.deploy.serve.replies import ColumnReply, SchemaReply
from hortus.deploy.serve.row_model import Wanted


def schema_reply(desk: Desk, *, most_rows: int, most_bytes: int) -> SchemaReply:
    """Target, classes and columns.

    Args:
        desk: the model, ready to be asked.
        most_rows: of a request.
        most_bytes: of a request.
    """
    predictor, facts = desk.predictor, desk.predictor.facts
    score = facts.get("score")
    return SchemaReply(
        target=predictor.task.target,
        task=predictor.task.kind,
        classes=list(predictor.task.classes),
        columns=[_column(desk, wanted) for wanted in desk.reader.wanted],
        ignored=[column.name for column in predictor.schema.columns if column.role == "ignored"],
        most_rows=most_rows,
        most_bytes=most_bytes,
        metric=predictor.task.metric,
        score=float(score) if isinstance(score, (int, float)) and math.isfinite(score) else None,
        versions=dict(facts.get("versions") or {}),
    )


def _column(desk: Desk, wanted: Wanted) -> ColumnReply:
    name = wanted.column.name
    known = desk.ranges.get(name, {})
    return ColumnReply(
        name=name,
        kind=wanted.column.kind,  # type: ignore[arg-type]  # a model of sparse matrices is not served
        wanted=wanted.words,
        null=wanted.null,
        typical=desk.typical[name] if known.get("typical") is not None or known.get("categories") else None,
        low=known.get("low"),
        high=known.get("high"),
        categories=known.get("categories", []),
        complete=known.get("complete", False),
    )
