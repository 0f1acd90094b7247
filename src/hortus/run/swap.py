"""Which model is the run's: that of its search, or one that has learned from all rows; and the change between them.

The journal decides: until it names the new model the old one is the run's, and from then on the new one, which is moved
to its place at once, or when the run is opened next.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hortus.data.artifacts import UNFINISHED
from hortus.engine.journal import Journal
from hortus.run.evidence import STREAMED
from hortus.run.result import BUNDLE, LEARNED, SEARCHED, settle

# Where a model of all rows waits while another is made, with what it is judged by.
HELD = f"{UNFINISHED}before"


def take_place(journal: Journal, folder: Path, told: Mapping[str, Any]) -> None:
    """Make the model that lies ready the run's, and put the sample's beside it."""
    beside = folder / SEARCHED
    beside.mkdir(exist_ok=True)
    _link(folder / BUNDLE, beside / BUNDLE)
    journal.set("chosen", {**journal.get("chosen"), **told})
    settle(folder, streamed=True)


def _link(old: Path, new: Path) -> None:
    """Have a file at another place too."""
    new.unlink(missing_ok=True)
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)


@dataclass(frozen=True)
class Held:
    """A model of all rows that an earlier sitting made, kept until there is another.

    Attributes:
        chosen: what the journal says of it.
        learned: the note on it, as JSON.
    """

    chosen: Mapping[str, Any]
    learned: Mapping[str, Any] | None


def hold_streamed(journal: Journal, folder: Path) -> Held | None:
    """Keep a run's model of all rows while the search's is chosen again; None where it has no such model.

    What such a model was judged by belongs to it: where somebody has removed that, the search's is the run's again.
    """
    chosen: dict[str, Any] = journal.get("chosen") or {}
    if not chosen.get("streamed") or not (folder / STREAMED).is_dir():
        return None
    settle(folder, streamed=True)
    place = folder / HELD
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for path in (*(folder / STREAMED).iterdir(), folder / BUNDLE):
        _link(path, place / path.name)
    told = {name: chosen[name] for name in ("score", "bounds", "estimate", "weights", "streamed")}
    return Held(told, journal.get(LEARNED))


def put_back(journal: Journal, folder: Path, held: Held) -> None:
    """Make a model that was held the run's again, unless a new one is; the sample's, chosen since, goes beside it."""
    if journal.get("chosen").get("streamed"):
        return
    shutil.rmtree(folder / STREAMED, ignore_errors=True)
    (folder / HELD).rename(folder / STREAMED)
    journal.set(LEARNED, held.learned)
    take_place(journal, folder, held.chosen)
