"""Finished runs beside each other: facts as rows, runs as columns, and whether they differ in them.

Runs of tables and of images alike; a fact that a run has not is told as "".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hortus.engine.terminal import WHY
from hortus.errors import SettingError
from hortus.explain import metric_words
from hortus.explain.figures import count, number
from hortus.run.graph.words import TITLES
from hortus.run.images.result import ImageResult, is_image_run, open_image_run
from hortus.run.result import BUNDLE, Result, open_run
from hortus.run.setting_words import EVALUATOR_WORDS, PRUNER_WORDS, SPACE_WORDS, STRATEGY_WORDS

MOST = 8
# Settings by name, and in words.
_SETTINGS: Mapping[str, str] = {
    "time": "seconds given",
    "trials": "candidates asked for",
    "strategy": "search strategy",
    "space": "search space",
    "pruner": "early stopping",
    "folds": "folds asked for",
    "models": "models to choose from",
    "ignore": "columns left out by hand",
    "keep": "columns kept by hand",
    "weight": "weights",
    "group": "groups",
    "order": "order in time",
    "ensemble": "several models together",
    "evaluator": "candidates judged by",
    "epochs": "epochs",
    "seed": "seed",
}
# What a setting that is a name stands for.
_MEANT: Mapping[str, Mapping[str, str]] = {
    "strategy": STRATEGY_WORDS,
    "space": SPACE_WORDS,
    "pruner": PRUNER_WORDS,
    "evaluator": EVALUATOR_WORDS,
}


@dataclass(frozen=True)
class Fact:
    """A row of the comparison.

    Attributes:
        group: what it is a fact about: ``"Result"``, ``"Cost"``, ``"Model"``, ``"Data"``, ``"Settings"``.
        name: in words.
        values: of each run, in words.
        numbers: the same as numbers where they are, to be held against the first; None where they are none.
        better: 1 where more is better, -1 where less is, 0 where neither is.
        differs: whether the runs' values are not all alike.
    """

    group: str
    name: str
    values: tuple[str, ...]
    numbers: tuple[float | None, ...]
    better: int
    differs: bool


@dataclass(frozen=True)
class Beside:
    """Runs beside each other.

    Attributes:
        facts: every one that some run has.
        comparable: whether all runs predict the same by the same metric, so that their scores can be held together.
    """

    facts: tuple[Fact, ...]
    comparable: bool


_ENDED = {**WHY, "exhausted": "nothing was left to try", "interrupted": "it was stopped"}
_KINDS = {"binary": "one of two", "multiclass": "one of several", "regression": "how much"}

Cell = tuple[str, float | None]
AnyResult = Result | ImageResult


def open_any(folder: Path) -> AnyResult:
    """A run of a table or of images.

    Raises:
        RunError: the folder holds no run, or no trial of it has finished.
    """
    return open_image_run(folder) if is_image_run(folder) else open_run(folder)


def beside(results: Sequence[AnyResult]) -> Beside:
    """Hold runs beside each other; the first is the one that others are held against.

    Raises:
        SettingError: there are none, or too many to be read.
    """
    if not 1 <= len(results) <= MOST:
        raise SettingError(
            f"{count(len(results), 'run')} cannot be compared.", mend=f"Choose 2 to {MOST}.", code="compare-count"
        )
    tasks = [result.model.task for result in results]
    comparable = len({(task.target, task.kind, task.metric) for task in tasks}) == 1
    better = -1 if metric_words.is_loss(tasks[0].metric) else 1
    facts = [
        *(_fact("Result", name, results, read, better if comparable else 0) for name, read in _RESULT.items()),
        _fact("Cost", "candidates tried", results, _tried, 0),
        *(_fact("Cost", name, results, read, -1) for name, read in _COST.items()),
        *(_fact("Model", name, results, read, 0) for name, read in _MODEL.items()),
        *(_fact("Data", name, results, read, 0) for name, read in _DATA.items()),
        *(_fact("Settings", name, results, _setting(key), 0) for key, name in _SETTINGS.items()),
    ]
    return Beside(tuple(fact for fact in facts if any(fact.values)), comparable)


def _fact(group: str, name: str, results: Sequence[AnyResult], read: Callable[[Any], Cell], better: int) -> Fact:
    cells = [read(result) for result in results]
    values = tuple(value for value, _ in cells)
    return Fact(group, name, values, tuple(figure for _, figure in cells), better, len(set(values)) > 1)


def _score(result: AnyResult, value: float) -> Cell:
    metric = result.model.task.metric
    return metric_words.written(metric, value), metric_words.shown(metric, value)


def _interval(result: AnyResult) -> Cell:
    metric, found = result.model.task.metric, result.estimate
    ends = sorted((found.low, found.high), key=lambda end: metric_words.shown(metric, end))
    return " to ".join(metric_words.written(metric, end) for end in ends), None


def _tried(result: AnyResult) -> Cell:
    # What a search was stopped in the middle of came to nothing.
    found = sum(row.state.is_finished() for row in result.rows)
    return f"{found}", float(found)


def _amount(value: float, unit: str = "") -> Cell:
    return (f"{number(value)} {unit}".strip(), value) if value == value else ("", None)


def _members(result: AnyResult) -> Cell:
    weights = result.chosen.get("weights")
    members = 1 if weights is None else sum(weight > 0 for weight in weights.values())
    return f"{members}", float(members)


def _kinds(result: AnyResult) -> Cell:
    if isinstance(result, ImageResult):
        space = result.settings.space
        return f"network {result.chosen['number']}: {SPACE_WORDS.get(space, space)}", None
    board = result.leaderboard()
    names = dict.fromkeys(board[board["weight"] > 0]["model"]) or ["baseline"]
    return _titles(names), None


def _titles(models: Iterable[str]) -> str:
    """Models as they are called in the Designer."""
    return ", ".join(TITLES[name][0] if name in TITLES else name for name in models)


def _rows(result: AnyResult) -> Cell:
    found = result.model.facts.get("rows")
    return (f"{found:,}", float(found)) if isinstance(found, int) else ("", None)


def _columns(result: AnyResult) -> Cell:
    if isinstance(result, ImageResult):
        return "", None
    used = len(result.model.schema.features)
    return f"{used}", float(used)


def _image_size(result: AnyResult) -> Cell:
    if not isinstance(result, ImageResult):
        return "", None
    channels, height, width = result.model.shape
    colours = {1: "without colours", 3: "in colours"}.get(channels, count(channels, "channel"))
    return f"{width} by {height} pixels, {colours}", None


def _target(result: AnyResult) -> Cell:
    return "the class of an image" if isinstance(result, ImageResult) else result.model.task.target, None


def _left_out(result: AnyResult) -> Cell:
    if isinstance(result, ImageResult):
        return "", None
    return ", ".join(column.name for column in result.model.schema.columns if column.role == "ignored"), None


def _findings(result: AnyResult) -> Cell:
    if isinstance(result, ImageResult):
        return "", None
    found = sum(finding.severity != "info" for finding in result.findings)
    return f"{found}", float(found)


def _threshold(result: AnyResult) -> Cell:
    found = getattr(result.model, "threshold", None)
    return ("", None) if found is None or found.value is None else (f"{found.value:.3g}", found.value)


def _setting(name: str) -> Callable[[AnyResult], Cell]:
    def read(result: AnyResult) -> Cell:
        value = getattr(result.settings, name, None)
        if value is None or value == ():
            return "", None
        if isinstance(value, tuple):
            return _titles(value) if name == "models" else ", ".join(value), None
        if isinstance(value, bool):
            return "yes" if value else "no", None
        if isinstance(value, float):
            return f"{value:g}", None
        return _MEANT.get(name, {}).get(str(value), str(value)), None

    return read


_RESULT: Mapping[str, Callable[[AnyResult], Cell]] = {
    "metric": lambda r: (metric_words.words(r.model.task.metric).name, None),
    "expected on new rows": lambda r: _score(r, r.estimate.score),
    "19 times in 20 within": _interval,
    "before correcting for the choice": lambda r: _score(r, r.estimate.naive),
}
_COST: Mapping[str, Callable[[AnyResult], Cell]] = {
    "training, all candidates": lambda r: _amount(float(r.leaderboard()["fit_seconds"].sum()), "s"),
    "size of the model": lambda r: _amount((r.folder / BUNDLE).stat().st_size / 1e6, "MB"),
}
_MODEL: Mapping[str, Callable[[AnyResult], Cell]] = {
    "models in it": _members,
    "kinds of model": _kinds,
    "calls it from a probability of": _threshold,
    "why the search ended": lambda r: (_ENDED.get(r.why, r.why), None),
}
_DATA: Mapping[str, Callable[[AnyResult], Cell]] = {
    "to predict": _target,
    "kind of question": lambda r: (_KINDS.get(r.model.task.kind, r.model.task.kind), None),
    "rows": _rows,
    "columns used": _columns,
    "size of an image": _image_size,
    "columns left out": _left_out,
    "warnings about the data": _findings,
}
