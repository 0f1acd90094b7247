"""The tables of docs/honest-score.md, from the lines of benchmarks/results/trust.csv.

Test rows are few too. A test score is one draw around what the model would reach on very many rows, so its own 95 %
interval is added in squares to the estimate's, each side on the metric's own scale: with a test set without end this
is the estimate's interval itself. Errors are given in standard errors of the test score, so that tables and metrics
can be averaged: an estimate without any error would have a mean of 0 and a mean size of 0.8.
"""

from __future__ import annotations

import csv
import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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
    """Whether the test score lies where the estimate and the test rows' own noise allow."""
    score, low, high, test, error = (float(row[name]) for name in ("score", "low", "high", "test", "test_error"))
    metric = Metric(row["metric"], "value", lambda *_: math.nan)
    scale = scale_of(metric, score)
    if scale is not scale_of(metric, test):
        return low - 1.96 * error <= test <= high + 1.96 * error
    middle, noise = scale.to(score), 1.96 * error * scale.slope(test)
    below = middle - _on(scale.to, low, middle)
    above = _on(scale.to, high, middle) - middle
    return middle - math.hypot(below, noise) <= scale.to(test) <= middle + math.hypot(above, noise)


def _on(to: Callable[[float], float], bound: float, middle: float) -> float:
    """A bound on the scale; one at the end of the metric's range has no place there and bounds nothing."""
    try:
        return to(bound)
    except (ValueError, ZeroDivisionError):
        return math.copysign(math.inf, bound - 0.5) if bound in (0.0, 1.0) else middle


def errors(rows: Sequence[Row], said: str) -> list[float]:
    """By how many standard errors of the test score each figure was above it."""
    return [(float(row[said]) - float(row["test"])) / float(row["test_error"]) for row in rows if _there(row)]


def _there(row: Row) -> bool:
    return float(row["test_error"]) > 0


def binomial(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Clopper and Pearson 1934).

    >>> tuple(round(bound, 3) for bound in binomial(95, 100))
    (0.887, 0.984)
    """
    from scipy.special import betaincinv

    low = float(betaincinv(hits, count - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 0.975)) if hits < count else 1.0
    return low, high


def scores_part(rows: Sequence[Row]) -> str:
    """The table of estimates."""
    if not rows:
        return NOTHING
    heads = ["task", "tables", "fits", "naive: mean error", "estimate: mean error", "naive: mean size"]
    heads += ["estimate: mean size", "covered", "95 % of that share"]
    lines = [_scores_line(label, [r for r in rows if r["task"] == kind]) for kind, label in KINDS.items()]
    lines = [line for line in lines if line] + [_scores_line("**all**", rows)]
    return "\n\n".join([_table(heads, lines), _measured(rows)])


def _scores_line(label: str, rows: Sequence[Row]) -> list[str]:
    rows = [row for row in rows if _there(row)]
    if not rows:
        return []
    cells = [label, f"{len({row['table'] for row in rows})}", f"{len(rows)}"]
    cells += [_mean(rows, said) for said in ("naive", "score")]
    cells += [f"{statistics.fmean(map(abs, errors(rows, said))):.2f}" for said in ("naive", "score")]
    hits = sum(map(covered, rows))
    return [*cells, f"{hits / len(rows):.3f}", _allowed(hits, len(rows))]


def _mean(rows: Sequence[Row], said: str) -> str:
    """The mean over tables of each table's mean, and its standard error: splits of one table share their rows."""
    means = [
        statistics.fmean(errors([row for row in rows if row["table"] == table], said))
        for table in sorted({row["table"] for row in rows})
    ]
    error = f" ± {statistics.stdev(means) / math.sqrt(len(means)):.2f}" if len(means) > 1 else ""
    return f"{statistics.fmean(means):+.2f}{error}"


def _allowed(hits: int, count: int) -> str:
    low, high = binomial(hits, count)
    return f"{low:.3f} to {high:.3f}"


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
    by_table = {
        name: statistics.fmean(int(row["held"]) / int(row["asked"]) for row in rows if row["table"] == name)
        for name in sorted({row["table"] for row in rows})
    }
    shares = list(by_table.values())
    mean, worst = statistics.fmean(shares), min(by_table, key=lambda name: by_table[name])
    error = 1.96 * statistics.stdev(shares) / math.sqrt(len(shares)) if len(shares) > 1 else None
    return [
        label,
        f"{len(shares)}",
        f"{len(rows)}",
        rows[0]["level"],
        f"{mean:.3f}",
        "" if error is None else f"{mean - error:.3f} to {mean + error:.3f}",
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
    for place, part in (("scores", scores_part(rows)), ("levels", sets_part(rows))):
        begin, end = f"<!-- {place}: begin -->", f"<!-- {place}: end -->"
        found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", flags=re.DOTALL)
        if len(found.findall(text)) != 1:
            raise SystemExit(f"docs/honest-score.md needs one place between {begin} and {end}.")
        text = found.sub(lambda _match, new=f"{begin}\n{part}\n{end}": new, text)
    return text
