"""README's figures, written from benchmarks/results, so that nobody types one.

    make bench-readme

Between the marks named peers: the tables of peers.csv (a line a run, as the peers' runner writes it), budget by
budget, how many floors of floors.csv were reached, and what the search adds by search_pays.json. Between those named
engine: the figures of engine.json, and of digits.json where it is there; both are {"machine": {...}, "figures":
{name: number}}. Without results the place says so.
"""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import marked
from benchmarks.ranks import drawn
from benchmarks.standings import BASELINE, OURS, Run, by_peer, common, mean_ranks, normalized, read_runs, win

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "pictures" / "peers.svg"
NOTHING = "No result is recorded for this version yet."

HEADS = ["system", "version", "tables", "mean rank", "mean score", "Hortus wins"]
HEADS += ["fit s", "over s", "row ms", "peak MB", "model MB"]
LEGEND = """\
On a quarter of the rows held out: ROC AUC for two classes, log loss for more, RMSE for a regression. *Tables*: on how
many it ended well. *Mean rank*: 1 is the best; with its standard error; a failed run ranks last. *Mean score*: 0 is
the constant prediction, 1 the best system of that table. *Hortus wins*: where its score is better; a tie is half a win.
*Over s*: the most by which a fit exceeded its seconds. *Row ms*: to predict one row. *Peak MB*: the most that all
processes held together. The baselines need neither seconds nor a seed."""
FIGURES = {
    "import_hortus_s": ("`import hortus`", "s"),
    "help_s": ("`hortus --help`, as a user calls it", "s"),
    "random_ms_a_trial": ("ask, journal and tell, a trial: random search", "ms"),
    "tpe_ms_a_trial": ("the same: TPE", "ms"),
    "evolution_ms_a_trial": ("the same: evolution", "ms"),
    "baseline_s": ("from the call to a first model (10,000 rows, 20 columns, 10 s)", "s"),
    "first_trial_s": ("from the call to the first trial's end", "s"),
    "ending_s": ("choosing, saving and loading the model, and one prediction", "s"),
    "over_s": ("from the call to that prediction, beyond the 10 s", "s"),
    "pipelines": ("pipelines of the digits example above", ""),
    "fit_s": ("its fit", "s"),
    "accuracy": ("its accuracy on the images held out", ""),
}


# -- tables ---------------------------------------------------------------------------------------------------------


def peers_part(
    runs: Sequence[Run],
    floors: Sequence[Mapping[str, str]],
    machine: str,
    search: Mapping[str, Any] | None = None,
) -> str:
    """What stands between the marks named peers."""
    parts = []
    budgets = sorted({run.budget for run in runs if not run.peer.startswith(BASELINE)})
    tables = [table for table in (_budget_part(runs, budget, machine) for budget in budgets) if table]
    if tables:
        parts += [LEGEND, *tables]
    if floors:
        reached = sum(row["reached"] == "True" for row in floors)
        parts.append(
            f"The floor, scikit-learn's HistGradientBoosting at its defaults, is reached within noise on {reached} of "
            f"{len(floors)} open tables (`make bench-floors`, {_span(row['date'] for row in floors)})."
        )
    if search:
        figures, measured = search["figures"], search["machine"]
        parts.append(
            f"What the search adds to its starting points: in {measured['seconds']:g} s it got beyond them on "
            f"{figures['searched']} of {figures['tables']} tables. There the model of all trials has the smaller loss "
            f"on {figures['better']} and the larger on {figures['worse']}, held against the model of the same run's "
            f"starting points alone; the ratio of the losses is {figures['loss_ratio']:.3f} on average (geometric "
            f"mean; `make bench-search`, {measured['date']})."
        )
    return "\n\n".join(parts) or NOTHING


def _budget_part(runs: Sequence[Run], budget: float, machine: str) -> str:
    found = by_peer(runs, budget)
    units, few = common(found)
    if not units:
        return ""
    rows = {peer: [found[peer][unit] for unit in units] for peer in found if peer not in few}
    if len(rows) < 2:
        return ""
    scores = [{peer: rows[peer][i].up for peer in rows} for i in range(len(units))]
    ranked, shares = mean_ranks(runs, budget), [normalized(one) for one in scores]
    order = sorted(rows, key=lambda peer: (statistics.fmean(ranked[peer]), peer))
    lines = [_line(peer, rows, ranked[peer], [one[peer] for one in shares]) for peer in order]
    tables, seeds, splits = (len(set(each)) for each in zip(*units, strict=True))
    paired = splits > 1 and splits == seeds == len({unit[1:] for unit in units})
    each = f"{_counted(splits, 'split')} and {_counted(seeds, 'seed')} each"
    each = f"{splits} splits each, every one with a seed of its own" if paired else each
    dates = _span(run.when[:10] for peer in rows for run in rows[peer])
    intro = (
        f"**{budget:g} seconds**: {_counted(tables, 'table')}, {each}, counting only what every system below has been "
        f"run on{machine and f'; {machine}'}; {dates}."
    )
    reference = max(len(each) for each in found.values())
    left = "; ".join(f"{peer} ({len(found[peer])} of {reference} runs)" for peer in few)
    return "\n\n".join([intro, _table(HEADS, lines), *([f"Not compared, for want of runs: {left}."] if left else [])])


def _line(peer: str, rows: Mapping[str, list[Run]], rank: list[float], share: list[float]) -> list[str]:
    runs = rows[peer]
    baseline = peer.startswith(BASELINE)
    fits = _costs(runs, "fit_s")
    over = max((run.costs["fit_s"] - run.budget for run in runs if "fit_s" in run.costs), default=None)
    wins = statistics.fmean(win(a.up, b.up) for a, b in zip(rows[OURS], runs, strict=True)) if OURS in rows else None
    error = statistics.stdev(rank) / math.sqrt(len(rank)) if len(rank) > 1 else None
    name = peer.removeprefix(BASELINE) + " (baseline)" if baseline else peer
    return [
        "**Hortus**" if peer == OURS else name,
        runs[-1].version,
        f"{sum(run.up is not None for run in runs)} of {len(runs)}",
        _written(statistics.fmean(rank), 2) + (f" ± {error:.2f}" if error is not None else ""),
        _written(statistics.fmean(share), 3),
        "" if peer == OURS or wins is None else f"{wins:.0%}",
        _written(_mean(fits), 1),
        "" if baseline else _written(over, 1),
        _written(_mean(_costs(runs, "predict_one_ms")), 1),
        _written(max(_costs(runs, "peak_mb"), default=None), 0),
        _written(_mean(_costs(runs, "model_mb")), 1),
    ]


def engine_part(*found: Mapping[str, Any] | None) -> str:
    """What stands between the marks named engine: the figures of each file that is there."""
    parts = []
    for one in found:
        if one is None:
            continue
        lines = []
        for name, value in one["figures"].items():
            label, unit = FIGURES.get(name, (name, ""))
            written = f"{value:.4f}" if name == "accuracy" else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
            lines.append([label, f"{written} {unit}".rstrip()])
        means = f"Means over {_counted(len(one['splits']), 'split')}, measured" if one.get("splits") else "Measured"
        parts += [_table(("what", "measured"), lines), f"{means} on {_machine(one)}; {one['machine']['date']}."]
    return "\n\n".join(parts) or NOTHING


def _machine(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    machine = found["machine"]
    return ", ".join([str(machine["machine"])] + ([f"Python {machine['python']}"] if "python" in machine else []))


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines))


def _costs(runs: Iterable[Run], name: str) -> list[float]:
    return [run.costs[name] for run in runs if name in run.costs]


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _written(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _span(dates: Iterable[str]) -> str:
    known = sorted(set(dates))
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


# -- README ---------------------------------------------------------------------------------------------------------


def filled(text: str, results: Path) -> str:
    """The README's text with both places written from the results in a folder.

    Raises:
        SystemExit: a place is not marked.
    """
    engine, digits = _json(results / "engine.json"), _json(results / "digits.json")
    search = _json(results / "search_pays.json")
    floors = results / "floors.csv"
    rows = list(csv.DictReader(floors.read_text(encoding="utf-8").splitlines())) if floors.exists() else []
    peers = peers_part(read_runs(results / "peers.csv"), rows, _machine(engine), search)
    return marked.fill(text, {"peers": peers, "engine": engine_part(engine, digits)}, "README.md")


def _json(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Write README.md and its picture anew."""
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text(encoding="utf-8"), RESULTS), encoding="utf-8")
    picture = drawn(read_runs(RESULTS / "peers.csv"))
    if picture is not None:
        picture.save(PICTURE)


if __name__ == "__main__":
    main()
