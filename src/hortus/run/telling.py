"""What runs of images and of scenes tell alike."""

from __future__ import annotations

from hortus.budget import Ledger
from hortus.data.notes import Note
from hortus.engine.progress import Listener, ProgressEvent

# What a run may be late by, in seconds and as a share of its time, before anything is said.
SECONDS, SHARE = 2.0, 0.05


def late_note(ledger: Ledger) -> Note | None:
    """Tell by how much a run that searches networks was late, and why; None where it was not."""
    time = ledger.budget.time
    if time is None or -ledger.remaining <= max(SECONDS, SHARE * time):
        return None
    return Note(
        "time-short",
        f"The run took {ledger.elapsed:.0f} s and not {time:.3g} s: loading PyTorch and training a first network, "
        "without which there is no model, took longer.",
        mend="Give more time: the network is one that was hardly trained.",
        warning=True,
    )


def failed_note(failed: str, what: str) -> Note:
    """Tell that the training on all of ``what`` (images, scenes) did not end well, and why."""
    return Note(
        "final-failed",
        f"The training on all {what} did not end well: {failed}.",
        mend="The network is handed over as it was judged.",
        warning=True,
    )


def without_best(emit: Listener) -> Listener:
    """A cheap score is not on the metric's scale: the best of them is not told as if it were."""

    def tell(event: ProgressEvent) -> None:
        if event.kind != "best":
            emit(event)

    return tell
