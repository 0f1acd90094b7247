"""Docs' picture of the mean rank over seconds, from benchmarks/results/peers.csv; `make bench-readme` draws it.

At each budget, 1 is the best of the systems that have run on the same tables, splits and seeds. Presets of one system
are one line: which of them ran at a budget is said in README's tables.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from benchmarks.standings import BASELINE, CONSTANT, OURS, Run, mean_ranks
from hortus.explain.charts.alone import Picture
from hortus.explain.charts.base import Scale, bottom_axis, circle, left_axis, line, path, picture, text

WIDTH, HEIGHT, LEFT, RIGHT = 620.0, 250.0, 40.0, 480.0
# Of lines and of the dots on them.
LOOKS = (("line", "fill"), ("line second", "fill clay"), ("line third", "q0 fill"), ("line fourth", "fill mute"))
# Names of one system's presets begin alike.
NAMES = {OURS: "Hortus", "autogluon": "AutoGluon", "flaml": "FLAML", "baseline_hgb": "scikit-learn's boosting"}


def drawn(runs: Sequence[Run]) -> Picture | None:
    """The picture; None where there are not two budgets at which systems can be compared."""
    budgets = sorted({run.budget for run in runs if not run.peer.startswith(BASELINE)})
    ranked = {budget: found for budget in budgets if (found := mean_ranks(runs, budget))}
    if len(ranked) < 2:
        return None
    lines: dict[str, list[tuple[float, float, float]]] = {}
    for budget, found in ranked.items():
        best: dict[str, list[float]] = {}
        for peer, of_tables in found.items():
            if peer != CONSTANT:
                name = next((name for start, name in NAMES.items() if peer.startswith(start)), peer)
                best[name] = min(best.get(name, of_tables), of_tables, key=statistics.fmean)
        for name, of_tables in best.items():
            error = statistics.stdev(of_tables) / math.sqrt(len(of_tables)) if len(of_tables) > 1 else 0.0
            lines.setdefault(name, []).append((budget, statistics.fmean(of_tables), error))
    order = sorted(lines, key=lambda name: (-len(lines[name]), lines[name][-1][1]))[: len(LOOKS)]
    worst = math.ceil(max(rank + error for name in order for _, rank, error in lines[name]))
    low, high = math.log(min(ranked) / 1.5), math.log(max(ranked) * 1.2)
    x, y = Scale(low, high, LEFT, RIGHT), Scale(1, max(2, worst), 32, HEIGHT)
    marks = [text(0, 14, "mean rank; 1 is the best, with its standard error", "soft")]
    marks.append(left_axis(y, LEFT, RIGHT, marks=[float(rank) for rank in range(1, max(2, worst) + 1)]))
    told = []
    for (look, dot), name in zip(LOOKS, order, strict=False):
        places = [
            (x(math.log(budget)), y(rank), y(rank - error), y(rank + error)) for budget, rank, error in lines[name]
        ]
        marks.append(path(((a, b) for a, b, _, _ in places), look))
        for a, b, above, below in places:
            marks += [line(a, above, a, below, "line thin"), circle(a, b, 4.5, dot)]
        a, b, *_ = places[-1]
        # What goes on to the right would lie on the name of what does not.
        last = lines[name][-1][0] == max(ranked)
        marks.append(text(a + 12 if last else a - 12, b + 4, name, anchor="start" if last else "end"))
        told.append(f"{name}: " + ", ".join(f"{rank:.2f} at {budget:g} s" for budget, rank, _ in lines[name]))
    form = {math.log(budget): f"{budget:g} s" for budget in ranked}
    marks.append(bottom_axis(x, HEIGHT, "seconds given", marks=list(form), form=form.__getitem__))
    return Picture(picture("Mean rank over seconds", ". ".join(told) + ".", WIDTH, HEIGHT + 36, marks))
