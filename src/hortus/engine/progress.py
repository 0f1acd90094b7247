"""One stream of events about a run; the terminal, a notebook, a file and the studio all read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

EventKind = Literal["run_started", "phase", "trial_started", "trial_finished", "best", "note", "run_finished"]


@dataclass(frozen=True)
class ProgressEvent:
    """Something that happened in a run.

    Attributes:
        kind: what; the keys of ``data`` for each:
            run_started {folder, rows, columns, kind, target, metric, time, trials, strategy, slots, folds}, and images
                (height x width) where the rows are images
            phase {name}: reading, checking, baseline, searching, ensembling, refitting, streaming,
                saving
            trial_started {number, name}
            trial_finished {number, name, state ("complete", "failed", "pruned"), score, seconds, reason}
            best {score, name, members}: the best score so far (a trial's or the ensemble's)
            note {code, what, mend, place}: a finding or a warning that can be acted on
            run_finished {score (corrected for the choice), low, high (95 %), seconds, trials, why (it stopped), folder}
        elapsed: seconds since the run began.
        data: JSON values.
    """

    kind: EventKind
    elapsed: float
    data: dict[str, Any] = field(default_factory=dict)


Listener = Callable[[ProgressEvent], None]
