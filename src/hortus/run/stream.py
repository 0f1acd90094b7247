"""After a search on a sample of a file: its best candidates fitted on all rows, and the better model kept.

The sample's model is there before this begins and stays wherever this comes to nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hortus.data.artifacts import UNFINISHED
from hortus.data.notes import Note
from hortus.data.within_memory import Sampled
from hortus.engine.journal import Journal
from hortus.errors import HortusError
from hortus.explain import metric_words
from hortus.models import MODELS
from hortus.models.base import Streams
from hortus.run.pass_over import Division, Passed, pass_over
from hortus.run.prepare import Prepared
from hortus.run.result import LEARNED, settle
from hortus.run.settings import Settings
from hortus.run.stream_fits import NO_MODEL, Declined, Phase, chosen, fitted, in_time, room, while_there_is_time
from hortus.run.streamed import Judgement, clear_streamed, judge_streamed, keep_streamed
from hortus.run.swap import HELD, Held, put_back

# Of the time, what is kept back for all this; and of that, what the pass over the file may take. Where that pass wants
# more, as much as it wants, up to MOST_TIME.
TIME_SHARE, MOST_TIME, PASS_SHARE = 1 / 3, 1 / 2, 0.7
# With fewer rows kept aside, no model can be told from another.
LEAST_JUDGED = 100


def stream_seconds(prepared: Prepared, settings: Settings, folder: Path, reading: float) -> float:
    """Seconds of the time budget that a run keeps back for streaming: none where there will be none.

    Args:
        prepared: the run's data.
        settings: of it.
        folder: its own.
        reading: seconds that reading the table took; 0 where it was not read now.
    """
    whole, sampled = settings.budget.time, Sampled.load(folder)
    if whole is None or sampled is None:
        return 0.0
    try:
        _refuse(prepared, settings, sampled)
    except Declined:
        return 0.0
    # A pass over the file takes about as long as reading it did. Where there is no time for it, the search has it all.
    needed = reading / PASS_SHARE
    return max(TIME_SHARE * whole, needed) if needed <= MOST_TIME * whole else 0.0


def stays(journal: Journal, prepared: Prepared, settings: Settings, folder: Path, why: str) -> Note | None:
    """What to say where a model of all rows, made in an earlier sitting, stays the run's; None where there is none, or
    where it can be made anew of what was found since.

    Args:
        journal: the run's.
        prepared: its data.
        settings: of it.
        folder: its own.
        why: the search ended.
    """
    before = (journal.get("chosen") or {}).get("streamed")
    sampled = Sampled.load(folder)
    if not before or sampled is None:
        return None
    reason = ""
    if why == "interrupted":
        reason = "the run was stopped"
    elif before == _standing(journal, settings):
        reason = "nothing was found since"
    else:
        try:
            _refuse(prepared, settings, sampled)
        except Declined as error:
            reason = str(error)
    if not reason:
        return None
    settle(folder, streamed=True)
    return _as_before(reason)


def _as_before(why: str) -> Note:
    return Note("table-streamed-before", f"The model that had learned from all rows before stays: {why}.")


def _standing(journal: Journal, settings: Settings) -> dict[str, Any]:
    """What a model of all rows hangs on, beside the file."""
    return {"trials": len(journal.trials()), "memory": settings.memory}


def stream(phase: Phase, say: Callable[[Note], None], held: Held | None = None) -> Note | None:
    """Fit the best candidates on all rows, and keep the model that they make where it is better.

    Args:
        phase: what it has to do with.
        say: told what came of it.
        held: a model of all rows from an earlier sitting, which is the run's again where this comes to nothing; None
            where there is none.

    Returns:
        What came of it; None where the run's table was no sample.
    """
    sampled = Sampled.load(phase.folder)
    if sampled is None:
        return None
    place = phase.folder / f"{UNFINISHED}streaming"
    try:
        note = _streamed(phase, sampled, place)
    except Declined as error:
        note = _came_to_nothing(phase, held, str(error))
    except HortusError as error:
        note = _came_to_nothing(phase, held, error.what.rstrip("."))
    except BaseException:
        if held is not None:
            put_back(phase.journal, phase.folder, held)
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(phase.folder / HELD, ignore_errors=True)
        clear_streamed(phase.folder)
    phase.journal.set(LEARNED, note.to_json())
    say(note)
    return note


def _streamed(phase: Phase, sampled: Sampled, place: Path) -> Note:
    began = time.monotonic()
    prepared, settings = phase.prepared, phase.settings
    _refuse(prepared, settings, sampled)
    rows = chosen(phase)
    most = in_time(phase, rows, min(sampled.rows, room(phase, rows, sampled)))
    division = Division(sampled, most, settings.seed)
    if division.judged < LEAST_JUDGED:
        raise Declined("too few rows are left beside the sample to judge by")
    shutil.rmtree(place, ignore_errors=True)
    deadline = None if phase.seconds is None else began + PASS_SHARE * phase.seconds
    passed = pass_over(division, prepared, place, weight=settings.weight, deadline=deadline)
    if passed is None:
        raise Declined("there was no time to read all rows again; a longer --time gives more")
    if passed.judged < LEAST_JUDGED or not passed.learned:
        raise Declined("too few rows have a target that the sample knows")
    end = None if phase.seconds is None else began + phase.seconds
    rows = while_there_is_time(phase, rows, passed.learned, None if end is None else end - time.monotonic())
    found = fitted(phase, rows, place, end)
    if not any(one.fitted for one in found.values()):
        reasons = "; ".join(dict.fromkeys(one.failed for one in found.values() if one.failed))
        raise Declined(f"no candidate could be fitted on all rows ({reasons})")
    judged = judge_streamed(phase.ensemble, found, prepared, place, phase.folder)
    learned = max(one.rows for one in found.values())
    told = _told(judged, prepared.metric.name, learned, passed, sampled)
    if not judged.better:
        return Note("table-streamed", f"{told} The sample's model is kept.")
    keep_streamed(
        phase.journal,
        judged,
        prepared,
        phase.folder,
        frame=passed.frame,
        rows=(learned, sampled.rows),
        seed=settings.seed,
        standing=_standing(phase.journal, settings),
    )
    return Note("table-streamed", told)


def _refuse(prepared: Prepared, settings: Settings, sampled: Sampled) -> None:
    """Say why this run's table cannot be streamed."""
    if prepared.data.X.text is not None:
        raise Declined("text and sparse columns are not streamed")
    if settings.group is not None:
        raise Declined("rows that belong together cannot be kept aside one by one")
    if settings.order is not None:
        raise Declined("rows that follow each other in time cannot be kept aside at random")
    if sampled.gone:
        raise Declined(sampled.gone)
    if not any(issubclass(MODELS[name], Streams) for name in settings.models or MODELS):
        raise Declined(NO_MODEL)


def _told(judged: Judgement, metric: str, rows: int, passed: Passed, sampled: Sampled) -> str:
    whole = passed.learned + passed.watched + passed.judged + passed.left_out >= sampled.rows
    learned = f"all {sampled.rows:,} rows" if whole else f"{rows:,} of the {sampled.rows:,} rows"
    before, after = (metric_words.written(metric, score, lined_up=True) for score in (judged.before, judged.after))
    text = (
        f"Learned from {learned}: on {passed.judged:,} rows kept aside {metric_words.words(metric).name} {after}, "
        f"against {before} by the sample's model."
    )
    out = f" {passed.left_out:,} rows without a target that the sample knows were left out." if passed.left_out else ""
    return text + out


def _came_to_nothing(phase: Phase, held: Held | None, why: str) -> Note:
    """What to say where nothing was learned from all rows; the model that had been before is the run's again."""
    if held is not None:
        put_back(phase.journal, phase.folder, held)
        return _as_before(why)
    return Note(
        "table-not-streamed",
        f"Only the sample was learned from: {why}.",
        mend="The model is the one of the sample.",
    )
