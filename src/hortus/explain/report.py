"""All that can be said of a model, gathered once: for the page, for the model card, and for any other face."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hortus.data.task import Task
from hortus.errors import HortusError, SettingError
from hortus.explain.columns import SHAPELESS
from hortus.explain.curves import Confusion, Curve, Reliability, confusion, precision_recall, reliability, roc
from hortus.explain.dependence import Dependence, partial_dependence
from hortus.explain.evidence import Evidence
from hortus.explain.fairness import Fairness, by_group
from hortus.explain.importance import Importance, permutation_importance
from hortus.explain.making import Making, describe_making
from hortus.explain.outcomes import Outcomes, count_outcomes
from hortus.explain.residuals import Residuals, residuals
from hortus.explain.score import Score, find_score
from hortus.explain.segments import Segment, worst_segments
from hortus.explain.shapley import Shapley, shap_values
from hortus.explain.verdict import Verdict, judge, ranked

# Columns whose effect is drawn.
DRAWN = 6
# Shares of the time left at the beginning of each; segments and the rest need little.
IMPORTANCE, SHAPLEY, DEPENDENCE = 0.4, 0.5, 0.7
# Rows whose pushes are worth showing.
PUSHED = 20

# Which rows a segment has: as many numbers as rows, and conditions say it better.
_ROWS_OF = ("positions",)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """Everything, as numbers.

    Attributes:
        task: what is predicted.
        rows: how many rows were judged, by what had not learned from them.
        sampled: how many of them the analyses by column used.
        score: the model's.
        verdict: what it comes to in words.
        outcomes: what became of the predictions.
        findings: of the data, as JSON, the worst first.
        confusion, roc, precision_recall, reliability: of a classification.
        residuals: of a regression.
        importance: of the columns.
        shapley: each row's pushes; None where it was left out.
        dependence: of the most important columns.
        segments: where the model is weakest, the worst first.
        fairness: by the sensitive column; None where none was named.
        making: how the model was made.
        left_out: what is not here, and why.
    """

    task: Task
    rows: int
    sampled: int
    score: Score
    verdict: Verdict
    outcomes: Outcomes
    findings: tuple[Mapping[str, Any], ...]
    confusion: Confusion | None
    roc: tuple[Curve, ...]
    precision_recall: tuple[Curve, ...]
    reliability: Reliability | None
    residuals: Residuals | None
    importance: Importance | None
    shapley: Shapley | None
    dependence: tuple[Dependence, ...]
    segments: tuple[Segment, ...]
    fairness: Fairness | None
    making: Making
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values: arrays as lists, tables as columns and rows, dates as ISO text, NaN as null."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def build_report(
    evidence: Evidence,
    *,
    seconds: float = 30,
    sensitive: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    made: Mapping[str, Any] | None = None,
) -> Report:
    """Look at a model from all sides.

    Args:
        evidence: the model and its judges.
        seconds: about how long it may take; fewer rows are looked at where it is short.
        sensitive: a column by whose groups the model is compared, for fairness.
        seed: of samples and shuffles; the same seed gives the same report where the time sufficed.
        progress: told what is being looked at.
        made: how the run was made, as JSON: ``settings`` and ``why`` it ended.

    Raises:
        SettingError: the seconds are not positive, or there is no such column.
    """
    if not seconds > 0:
        raise SettingError(f"A report cannot take {seconds} seconds.", mend="Give 5 or more.", code="report-seconds")
    say = progress or (lambda _: None)
    clock = _Clock(seconds)
    fair = None if sensitive is None else by_group(evidence, sensitive)
    say("predictions")
    regression = evidence.task.kind == "regression"
    outcomes, score = count_outcomes(evidence), find_score(evidence)
    findings = ranked(evidence.facts.get("findings") or ())
    left_out: list[str] = []
    say("columns")
    importance = permutation_importance(evidence, seed=seed, seconds=clock.share(IMPORTANCE))
    say("pushes")
    shapley = None
    try:
        found = shap_values(evidence, seed=seed, seconds=clock.share(SHAPLEY))
        shapley = found if found.rows >= min(PUSHED, len(evidence.rows)) else None
        if shapley is None:
            left_out.append("What moves single predictions (SHAP values): there was no time; give the report more.")
    except HortusError as error:
        left_out.append(f"What moves single predictions (SHAP values). {error}")
    say("effects")
    dependence = _dependence(evidence, importance, clock.share(DEPENDENCE), seed)
    say("weak spots")
    segments = tuple(worst_segments(evidence))
    return Report(
        task=evidence.task,
        rows=len(evidence.y),
        sampled=len(evidence.rows),
        score=score,
        verdict=judge(evidence.task, outcomes, score, findings),
        outcomes=outcomes,
        findings=findings,
        confusion=None if regression else confusion(evidence),
        roc=() if regression else roc(evidence),
        precision_recall=() if regression else precision_recall(evidence),
        reliability=None if regression else reliability(evidence),
        residuals=residuals(evidence, seed=seed) if regression else None,
        importance=importance,
        shapley=shapley,
        dependence=dependence,
        segments=segments,
        fairness=fair,
        making=describe_making(evidence, made or {}),
        left_out=tuple(left_out),
    )


def write_html(report: Report, path: str | Path) -> None:
    """Write the report as one page that loads nothing from anywhere; the file appears whole or not at all."""
    from hortus.explain.page.whole import page_of

    _write(Path(path), page_of(report))


def write_card(report: Report, path: str | Path) -> None:
    """Write the model card (Mitchell et al. 2019) as Markdown; the file appears whole or not at all."""
    from hortus.explain.card import as_markdown, card

    _write(Path(path), as_markdown(card(report)))


class _Clock:
    """What is left of the time."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def share(self, part: float) -> float:
        """A part of it; a little at least, so that nothing is left empty."""
        return max(0.5, part * (self.end - time.monotonic()))


def _dependence(evidence: Evidence, importance: Importance, seconds: float, seed: int) -> tuple[Dependence, ...]:
    kinds = {column.name: column.kind for column in evidence.predictor.schema.features}
    class_ = evidence.task.classes[1] if evidence.task.kind == "binary" else None
    wanted = [column for column in importance.columns if kinds.get(column, "text") not in SHAPELESS][:DRAWN]
    found = []
    for column in wanted:
        one = partial_dependence(evidence, column, class_=class_, seed=seed, seconds=seconds / len(wanted))
        if len(one.grid) > 1:
            found.append(one)
    return tuple(found)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.name not in _ROWS_OF)
        return {field: _plain(getattr(value, field)) for field in fields}
    if isinstance(value, pd.DataFrame):
        columns = [_plain(value.iloc[:, j].to_numpy()) for j in range(value.shape[1])]
        return {
            "columns": [str(name) for name in value.columns],
            "rows": [list(row) for row in zip(*columns, strict=True)],
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind == "M":
        return [None if text == "NaT" else text for text in np.datetime_as_string(value, unit="s").tolist()]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return None if value is pd.NaT else str(value)
