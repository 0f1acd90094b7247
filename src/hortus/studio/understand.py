"""Understand: what a model is worth, why it says what it says, where it is weak.

What is counted from predictions is there at once. What has to be found out by changing columns takes a while: a process
of its own finds it, once for each run, and keeps it in the run's folder.
"""

from __future__ import annotations

import io
import math
from typing import Annotated, Any

import numpy as np
import pandas as pd
from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from starlette.responses import FileResponse, Response

from hortus.data.images import ImageData
from hortus.data.pillow import pillow
from hortus.errors import RunError, SettingError
from hortus.run.explained import CARD, FOLDER, PAGE, Explained, explained, read_report
from hortus.run.images.judged import shown
from hortus.studio.explaining import Explainers
from hortus.studio.kept import kept
from hortus.studio.opened import AnyRun, ImageRun, OpenImages, OpenRun, TableRun
from hortus.studio.understand_bodies import (
    Asked,
    Decision,
    Driver,
    Effect,
    Explanation,
    Foretold,
    Input,
    Strip,
    WeakSpot,
)
from hortus.studio.verdicts import Standing, image_standing, standing

router = APIRouter(prefix="/api/understand", tags=["understand"])

SECONDS = 30.0
# Inputs of the what-if strip.
INPUTS = 6
# Rows whose own curves are drawn behind the mean, and seconds that one curve may take.
CURVES, CURVE_SECONDS = 30, 1.5


@router.get("/{run}")
def verdict(found: AnyRun) -> Standing:
    """What the model is worth, from what it said of rows or images that it had not learned from."""
    if isinstance(found, OpenImages):
        return image_standing(found.run, found.result, found.judged)
    return standing(found.run, found.result)


@router.get("/{run}/images/{place}.png", response_class=Response)
def image(found: ImageRun, place: Annotated[int, PathParameter(ge=0, le=100_000_000)]) -> Response:
    """An image of a run, as the network was given it."""
    data = ImageData.load(found.run.folder / "data")
    if place >= len(data):
        raise SettingError(f"There is no image {place}.", mend=f"There are {len(data)}.", code="unknown-image")
    made = io.BytesIO()
    pillow().fromarray(shown(data.pixels[place])).save(made, "PNG")
    headers = {"cache-control": "private, max-age=3600"}
    return Response(made.getvalue(), media_type="image/png", headers=headers)


@router.get("/{run}/explanation")
def explanation(request: Request, found: TableRun) -> Explanation:
    """How far it is."""
    folder = found.run.folder
    state = explained(folder)
    if state.state in ("none", "failed") and kept(request, Explainers).under_way(found.run):
        state = Explained("working", "opening")
    return _explanation(state, read_report(folder))


@router.post("/{run}/explanation")
def explain(request: Request, found: TableRun, seconds: Annotated[float, Query(ge=1, le=600)] = SECONDS) -> Explanation:
    """Begin to find it out, unless that is done or under way."""
    kept(request, Explainers).start(found.run, seconds)
    return explanation(request, found)


@router.delete("/{run}/explanation")
def stop_explaining(request: Request, found: TableRun) -> Explanation:
    """End the process that explains a run; what is there already stays."""
    kept(request, Explainers).stop(found.run)
    return explanation(request, found)


def _explanation(state: Explained, report: dict[str, Any] | None) -> Explanation:
    from hortus.explain import metric_words

    report = report if state.state == "ready" and report is not None else {}
    weak = report.get("segments") or []
    metric = weak[0]["metric"] if weak else None

    def shown(score: float) -> float:
        return metric_words.shown(str(metric), score)

    return Explanation(
        state=state.state,
        step=state.step,
        done=state.done,
        what=state.what,
        current=state.current,
        drivers=[Driver(**driver) for driver in report.get("drivers") or ()],
        weak=[WeakSpot(**{**spot, "score": shown(spot["score"]), "overall": shown(spot["overall"])}) for spot in weak],
        weak_metric=None if metric is None else metric_words.words(metric).name,
    )


@router.get("/{run}/effect")
def effect(
    found: TableRun, column: Annotated[str, Query(max_length=1000)], label: Annotated[int, Query(ge=0)] = 1
) -> Effect:
    """The curve of a column; of the class with the number ``label`` where there are classes."""
    from hortus.explain.dependence import partial_dependence
    from hortus.explain.drivers import effect_sentence

    evidence = found.result.evidence
    classes = evidence.task.classes
    if classes and label >= len(classes):
        raise SettingError(f"There is no class {label}.", mend=f"There are {len(classes)}.", code="unknown-class")
    class_ = classes[label] if classes else None
    made = partial_dependence(evidence, column, class_=class_, seconds=CURVE_SECONDS)
    grid: list[float | str | None] = (
        [str(moment)[:10] for moment in made.grid]
        if made.kind == "date"
        else [None if value is None or value != value else value for value in made.grid.tolist()]
    )
    shown = np.linspace(0, max(0, len(made.ice) - 1), min(CURVES, len(made.ice))).round().astype(int)
    return Effect(
        column=column,
        kind=made.kind,
        label=None if class_ is None else str(class_),
        grid=grid,
        mean=made.mean.tolist(),
        curves=made.ice[shown].tolist(),
        rows=made.histogram.tolist(),
        sentence=effect_sentence(evidence.task, made) if evidence.task.kind != "multiclass" else "",
    )


@router.get("/{run}/what-if")
def strip(found: TableRun, at: Annotated[int, Query(ge=0)] = 0) -> Strip:
    """The most important inputs, and the row at the place ``at`` of those that the run kept to begin with."""
    evidence, desk = found.result.evidence, found.desk
    at %= len(evidence.frame)
    report = read_report(found.run.folder)
    important = [driver["column"] for driver in (report or {}).get("drivers") or ()]
    wanted = {one.column.name: one.column for one in desk.reader.wanted}
    names = [name for name in dict.fromkeys([*important, *wanted]) if name in wanted and wanted[name].kind != "text"]
    cells = evidence.frame.iloc[at]
    inputs = []
    for name in names[:INPUTS]:
        known = desk.ranges.get(name, {})
        values = evidence.frame[name].to_numpy()
        whole = values.dtype.kind == "f" and bool(np.all(values[np.isfinite(values)] % 1 == 0))
        inputs.append(
            Input(
                name=name,
                kind=wanted[name].kind,  # type: ignore[arg-type]  # a model of sparse matrices has no desk
                low=known.get("low"),
                high=known.get("high"),
                categories=known.get("categories", [])[:200],
                whole=whole,
            )
        )
    truth = (
        evidence.task.decode(evidence.y[evidence.rows[[at]]])[0]
        if evidence.task.classes
        else evidence.y[evidence.rows[at]]
    )
    return Strip(
        inputs=inputs,
        row={name: _cell(cells[name], column.kind) for name, column in wanted.items()},
        at=at,
        of=len(evidence.frame),
        truth=float(truth) if not evidence.task.classes else str(truth),
    )


@router.post("/{run}/what-if")
async def what_if(found: TableRun, asked: Asked) -> Foretold:
    """Predict one row, within this process."""
    from hortus.deploy.serve.body import RefusedError

    try:
        said = await found.desk.predict([asked.row])
    except RefusedError as error:
        refusal = error.refusal
        raise SettingError(refusal.what, mend=refusal.mend, code=refusal.code) from error
    return Foretold(**said["predictions"][0])


@router.put("/{run}/decision")
def decide(found: TableRun, decision: Decision) -> Decision:
    """Let the model decide so from now on, wherever it is used."""
    from hortus.run.decision import keep_decision

    keep_decision(found.result, decision.threshold, false_alarm=decision.false_alarm, miss=decision.miss)
    return decision


@router.get("/{run}/report.html", response_class=Response)
def report(found: TableRun) -> Response:
    """The report as one page, to keep."""
    return _kept(found, PAGE, "text/html; charset=utf-8", "report.html")


@router.get("/{run}/card.md", response_class=Response)
def card(found: TableRun) -> Response:
    """The model card, to keep."""
    return _kept(found, CARD, "text/markdown; charset=utf-8", "model-card.md")


def _kept(found: OpenRun, name: str, kind: str, call: str) -> Response:
    path = found.run.folder / FOLDER / name
    if not path.exists():
        raise RunError("The report is not made yet.", mend="Wait until the columns are looked at.", code="no-report")
    # The page has a script of its own: it is for the disk, not for this origin.
    return FileResponse(path, media_type=kind, filename=call, content_disposition_type="attachment")


def _cell(value: Any, kind: str) -> Any:
    """A canonical cell as JSON has it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "date":
        return pd.Timestamp(value).isoformat().removesuffix("T00:00:00")
    # What a person types: a cell with seventeen digits helps nobody.
    return float(f"{value:.6g}") if kind == "numeric" else str(value)
