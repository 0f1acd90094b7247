"""How good a regression is, in pictures."""

from __future__ import annotations

import numpy as np

from hortus.explain.charts.grids import cloud, ladder, pile
from hortus.explain.figures import number
from hortus.explain.names import quoted
from hortus.explain.outcomes import ValueOutcomes
from hortus.explain.page.html import Markup, figure, prose, table
from hortus.explain.report import Report
from hortus.explain.residuals import Residuals


def of_values(report: Report, outcomes: ValueOutcomes) -> list[Markup]:
    """Predicted and true, and errors by level and by size."""
    found = report.residuals
    return [] if found is None else [_cloud(found, report), _levels(found, report), _pile(found, outcomes, report)]


def _cloud(found: Residuals, report: Report) -> Markup:
    shown = (
        f"{len(found.true):,} of {report.rows:,} rows" if len(found.true) < report.rows else f"all {report.rows:,} rows"
    )
    rows = [[number(a), number(b)] for a, b in zip(found.true[:20], found.predicted[:20], strict=True)]
    return figure(
        cloud(
            found.true,
            found.predicted,
            title="Predicted and true values",
            told="A point a row; on the line a prediction is right.",
            target=report.task.target,
        ),
        "What was true, and what was predicted",
        caption=f"Each point is a row ({shown}); on the line a prediction is exactly right.",
        numbers=table(["true", "predicted"], rows, words=0, caption="The first 20 of them"),
    )


def _levels(found: Residuals, report: Report) -> Markup:
    rows = [
        [number(centre), f"{n:,}", *(number(v) for v in levels)]
        for centre, n, levels in zip(found.centres, found.counts, found.by_level, strict=True)
    ]
    said = (
        "Large predictions are further off than small ones: one figure for all would mislead."
        if found.uneven and found.spread > 0
        else "Small predictions are further off than large ones: one figure for all would mislead."
        if found.uneven
        else "The errors are of much the same size whatever is predicted."
    )
    return figure(
        ladder(
            found.centres,
            found.by_level,
            title="Errors by what was predicted",
            told="Middle half and nine tenths of the errors, for rows of about equal prediction.",
            label=f"predicted {report.task.target}",
        ),
        "Where it is off more, and in which direction",
        caption=f"True minus predicted: half of the rows lie in the thick bars, nine of ten in the thin. {said}",
        numbers=table(["predicted", "rows", "5 %", "25 %", "middle", "75 %", "95 %"], rows, words=0),
    )


def _pile(found: Residuals, outcomes: ValueOutcomes, report: Report) -> Markup:
    off = found.true - found.predicted
    reach = float(np.quantile(np.abs(off), 0.99)) or 1.0
    counts, edges = np.histogram(np.clip(off, -reach, reach), bins=25, range=(-reach, reach))
    direction = "too low" if found.bias > 0 else "too high"
    rows = [[f"{number(a)} to {number(b)}", f"{n:,}"] for n, a, b in zip(counts, edges[:-1], edges[1:], strict=True)]
    leaning = f"On average predictions are {number(abs(found.bias))} {direction}."
    return figure(
        pile(
            counts.astype(np.float64),
            edges,
            title="How large the errors are",
            told=f"Half of the errors are below {number(outcomes.half)}, nine of ten below {number(outcomes.most)}.",
            label="true minus predicted",
            zero="no error",
        ),
        "How large the errors are",
        caption=prose(
            f"Half of the predictions of {quoted(report.task.target)} are off by less than {number(outcomes.half)}, "
            f"nine of ten by less than {number(outcomes.most)}. {leaning}"
        ),
        numbers=table(["error", "rows"], rows),
    )
