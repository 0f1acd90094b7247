"""A run explained once, and the explanation kept in its folder: numbers, page and card.

    explained/report.json     `hortus.explain.report.Report.to_json` with ``drivers``, and the model that it is of
    explained/report.html     the page
    explained/card.md         the model card
    explained/progress.json   while it is made: what is being looked at; after a failure: why

`python -m hortus.run.explained RUN [SECONDS]` makes it in a process of its own; whoever waits can do other things.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from hortus.data.artifacts import write_artifact
from hortus.deploy.sealed import MANIFEST
from hortus.engine.events_file import finite
from hortus.engine.lock import RunLock, held
from hortus.errors import HortusError
from hortus.explain.drivers import drivers
from hortus.explain.report import Report
from hortus.run.result import BUNDLE, open_run

FOLDER = "explained"
REPORT, PAGE, CARD, PROGRESS = "report.json", "report.html", "card.md", "progress.json"
SECONDS = 30.0
# What `build_report` looks at, in this order, and the writing of it.
STEPS = ("opening", "predictions", "columns", "pushes", "effects", "weak spots", "writing")

State = Literal["none", "working", "ready", "failed"]


@dataclass(frozen=True)
class Explained:
    """How far a run's explanation is.

    Attributes:
        state: none was asked for, it is being made, it is there, or it failed.
        step: one of `STEPS` while it is being made; "" otherwise.
        done: how many of the steps are done, as a share.
        what: why it failed; "" otherwise.
        current: whether page and card are of the threshold that the model decides by now; numbers do not go by it.
    """

    state: State
    step: str = ""
    done: float = 0.0
    what: str = ""
    current: bool = True


def explained(folder: Path) -> Explained:
    """Look at the files alone. An explanation of a model that was replaced since counts as none."""
    place = Path(folder) / FOLDER
    said = _read(place / PROGRESS)
    if said is not None and said.get("step") in STEPS and held(place) is not None:
        return Explained("working", said["step"], STEPS.index(said["step"]) / len(STEPS))
    found, model = _read(place / REPORT), model_mark(folder)
    if found is not None and model and found.get("model") == model[0]:
        return Explained("ready", done=1.0, current=found.get("threshold") == model[1])
    if said is not None and model and said.get("model") == model[0]:
        return Explained("failed", what=str(said.get("what") or "It was interrupted."))
    return Explained("none")


def read_report(folder: Path) -> dict[str, Any] | None:
    """The numbers of a finished explanation; None where there is none of the model as it is now."""
    found, model = _read(Path(folder) / FOLDER / REPORT), model_mark(folder)
    return dict(found["report"]) if found is not None and model and found.get("model") == model[0] else None


def model_mark(folder: Path) -> tuple[str, Any] | None:
    """What tells a run's model from another: its parts' digest, and the threshold; None where there is no model."""
    try:
        with zipfile.ZipFile(Path(folder) / BUNDLE) as bundle:
            manifest = json.loads(bundle.read(MANIFEST))
        parts = json.dumps(manifest["parts"], sort_keys=True)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
    return hashlib.sha256(parts.encode()).hexdigest(), manifest.get("threshold")


def explain_run(folder: Path, *, seconds: float = SECONDS, told: Callable[[str], None] | None = None) -> None:
    """Make the explanation, unless it is there or being made by another process.

    Args:
        folder: the run's.
        seconds: about how long it may take.
        told: given each of `STEPS` as it begins.

    Raises:
        HortusError: the run cannot be opened; `explained` then says why.
        RunInUseError: another process makes it.
    """
    from hortus.explain.report import build_report, write_card, write_html

    folder = Path(folder)
    known = explained(folder)
    if known.state == "ready" and known.current:
        return
    with RunLock(folder / FOLDER):

        def say(step: str) -> None:
            _note(folder, step=step)
            if told is not None:
                told(step)

        try:
            say("opening")
            result = open_run(folder)
            mark = model_mark(folder) or ("", None)
            report = build_report(result.evidence, seconds=seconds, made=result.made, progress=say)
            say("writing")
            place = folder / FOLDER
            write_html(report, place / PAGE)
            write_card(report, place / CARD)
            numbers = {**report.to_json(), "drivers": _drivers(report)}
            found = json.dumps({"model": mark[0], "threshold": mark[1], "report": numbers}, ensure_ascii=False)
            write_artifact(folder, f"{FOLDER}/{REPORT}", lambda path: _write(path, found))
            (place / PROGRESS).unlink(missing_ok=True)
        except Exception as error:
            what = str(error) if isinstance(error, HortusError) else f"{type(error).__name__}: {error}"
            _note(folder, step="", what=what)
            raise


def note_stopped(folder: Path) -> None:
    """Note that the explanation was given up on purpose, unless it is there."""
    if explained(folder).state != "ready":
        _note(Path(folder), step="", what="It was stopped.")


def _drivers(report: Report) -> list[dict[str, Any]]:
    if report.importance is None:
        return []
    return [finite(asdict(driver)) for driver in drivers(report.task, report.importance, report.dependence)]


def _note(folder: Path, *, step: str, what: str = "") -> None:
    mark = model_mark(folder)
    said = {"step": step, "what": what, "model": None if mark is None else mark[0]}
    write_artifact(folder, f"{FOLDER}/{PROGRESS}", lambda path: _write(path, json.dumps(said)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


if __name__ == "__main__":
    try:
        explain_run(Path(sys.argv[1]), seconds=float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
    except HortusError as error:
        sys.exit(f"Error: {error}")
