"""What is said when a run took longer than it was given."""

from __future__ import annotations

from hortus.budget import Ledger
from hortus.data.notes import Note

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
