"""The tables of docs/honest-score.md, from the lines of benchmarks/results/trust.csv.

Test rows are few too: a test score is one draw around what the model would reach on very many rows, and has a 95 %
interval of its own. It is added in squares to the estimate's, side by side on the metric's own scale; with a test set
without end this is the estimate's interval itself. Errors are given in standard errors of the test score, which are
that interval's halves over 1.96, so that tables and metrics can be averaged: an estimate without any error would have
a mean of 0 and a mean size of 0.8.
"""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import marked
from benchmarks.readme import NOTHING
from hortus.data.metrics import Metric
from hortus.evaluation.scale import scale_of

Row = Mapping[str, str]
KINDS = {"binary": "two classes", "multiclass": "more classes", "regression": "numbers"}


def read(results: Path) -> list[Row]:
    """The lines measured so far."""
    if not results.exists():
        return []
    with results.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def covered(row: Row) -> bool:
    """Whether the test score lies where the estimate's interval and the test score's own together reach."""
    score, low, high, test, test_low, test_high = _on_scale(row, "score", "low", "high")
    if test >= score:
        return test - score <= math.hypot(high - score, test - test_low)
    return score - test <= math.hypot(score - low, test_high - test)


def errors(rows: Sequence[Row], said: str) -> list[float]:
    """By how many standard errors of the test score each figure was above it."""
    found = []
    for row in rows:
        figure, test, test_low, test_high = _on_scale(row, said)
        reach = test_high - test if figure > test else test - test_low
        found.append(1.96 * (figure - test) / reach if figure != test else 0.0)
    return found


def _on_scale(row: Row, *names: str) -> list[float]:
    """Figures of a line, then its test score and that one's bounds: on the metric's scale, or all as they are."""
    values = [float(row[name]) for name in (*names, "test", "test_low", "test_high")]
    scale = scale_of(Metric(row["metric"], "value", lambda *_: math.nan), float(row["test"]))
    try:
        return [scale.to(value) for value in values]
    except (ValueError, ZeroDivisionError):
        return values


def scores_part(rows: Sequence[Row]) -> str:
    """The table of estimates."""
    if not rows:
        return NOTHING
    heads = ["task", "tables", "fits", "naive: mean error", "estimate: mean error", "naive: mean size"]
    heads += ["estimate: mean size", "covered", "95 %, over tables", "below it"]
    lines = [_scores_line(label, [r for r in rows if r["task"] == kind]) for kind, label in KINDS.items()]
    lines = [line for line in lines if line] + [_scores_line("**all**", rows)]
    return "\n\n".join([_table(heads, lines), _measured(rows)])


def _scores_line(label: str, rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    cells = [label, f"{len({row['table'] for row in rows})}", f"{len(rows)}"]
    cells += [_mean(rows, said) for said in ("naive", "score")]
    cells += [f"{statistics.fmean(map(abs, errors(rows, said))):.2f}" for said in ("naive", "score")]
    by_table = _by_table(rows, lambda row: float(covered(row)))
    below = sum(not covered(row) and float(row["test"]) < float(row["score"]) for row in rows)
    return [*cells, f"{statistics.fmean(by_table.values()):.3f}", _reach(by_table), f"{below / len(rows):.3f}"]


def _mean(rows: Sequence[Row], said: str) -> str:
    """The mean over tables of each table's mean, and its standard error: splits of one table share their rows."""
    means = [
        statistics.fmean(errors([row for row in rows if row["table"] == table], said))
        for table in sorted({row["table"] for row in rows})
    ]
    error = f" ± {statistics.stdev(means) / math.sqrt(len(means)):.2f}" if len(means) > 1 else ""
    return f"{statistics.fmean(means):+.2f}{error}"


def _by_table(rows: Sequence[Row], share: Callable[[Row], float]) -> dict[str, float]:
    """The mean over a table's splits, by table: splits of one table share their rows, tables share nothing."""
    return {
        name: statistics.fmean(share(row) for row in rows if row["table"] == name)
        for name in sorted({row["table"] for row in rows})
    }


def _reach(by_table: Mapping[str, float]) -> str:
    """The 95 % interval of the mean over tables of a share."""
    shares = list(by_table.values())
    if len(shares) < 2:
        return ""
    mean, error = statistics.fmean(shares), 1.96 * statistics.stdev(shares) / math.sqrt(len(shares))
    return f"{max(0.0, mean - error):.3f} to {min(1.0, mean + error):.3f}"


def sets_part(rows: Sequence[Row]) -> str:
    """The table of prediction intervals and sets."""
    rows = [row for row in rows if row["asked"]]
    if not rows:
        return NOTHING
    heads = ["task", "tables", "fits", "level", "held", "95 %, over tables", "worst table", "mean width or size"]
    lines = [_sets_line(label, [r for r in rows if r["task"] == kind]) for kind, label in KINDS.items()]
    return _table(heads, [line for line in lines if line])


def _sets_line(label: str, rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    by_table = _by_table(rows, lambda row: int(row["held"]) / int(row["asked"]))
    worst = min(by_table, key=lambda name: by_table[name])
    return [
        label,
        f"{len(by_table)}",
        f"{len(rows)}",
        rows[0]["level"],
        f"{statistics.fmean(by_table.values()):.3f}",
        _reach(by_table),
        f"{worst} {by_table[worst]:.3f}",
        f"{statistics.fmean(float(row['width']) for row in rows):.2f}",
    ]


def _measured(rows: Sequence[Row]) -> str:
    dates = sorted({row["date"] for row in rows})
    seconds = " and ".join(sorted({f"{float(row['seconds']):g} s" for row in rows}))
    versions = ", ".join(sorted({row["version"] for row in rows}))
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"Hortus {versions}, {seconds} a fit, {rows[-1]['machine']}, Python {rows[-1]['python']}; {when}."


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines))


def document(text: str, rows: Sequence[Row]) -> str:
    """The document with both tables written anew.

    Raises:
        SystemExit: a place is not marked.
    """
    return marked.fill(text, {"scores": scores_part(rows), "levels": sets_part(rows)}, "docs/honest-score.md")
