"""Progress as a person reads it: one line in a terminal or a notebook, plain lines elsewhere.

    searching ━━━━━━━━━━━━━━━━━━━━  120/300 pipelines  2:10 left  best accuracy 0.9874  now lightgbm, svm

The bar counts pipelines where trials are the budget, and seconds where time is.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hortus.engine.notebook_line import NotebookLine
from hortus.engine.progress import Listener, ProgressEvent

# Where lines are only printed: one after each tenth of the budget, and after this long (seconds) without one.
QUIET_SECONDS = 30.0
# Characters that the whole line needs; a narrower terminal gets the bar, the count and the score.
WIDE = 100
WHY = {
    "trials": "all trials are done",
    "time": "the time is used",
    "exhausted": "the space is exhausted",
    "interrupted": "interrupted",
}


class Terminal:
    """A listener that shows a run's progress on standard error, or in the notebook's cell.

    Args:
        verbosity: 1 shows a bar, warnings and a summary; 2 also every improvement, failure and remark.
        console: where to; None for standard error.
    """

    def __init__(self, verbosity: int = 1, *, console: Console | None = None) -> None:
        self.verbosity = verbosity
        self.console = console or Console(stderr=True)
        self._live: Live | None = None
        self._cell = NotebookLine() if self.console.is_jupyter else None
        self._run: dict[str, Any] = {}
        self._phase = "starting"
        self._running: dict[int, str] = {}
        self._before = 0
        self._finished = 0
        self._failed = 0
        self._remarks = 0
        self._best = ""
        self._zero = time.monotonic()
        self._last_line = self._zero
        self._tenth = 0

    def __call__(self, event: ProgressEvent) -> None:
        """Show one event."""
        self._zero = time.monotonic() - event.elapsed
        handle = getattr(self, f"_on_{event.kind}", None)
        if handle is not None:
            handle(event.data)
        if event.kind == "run_finished":
            self.close()
            self._summarize(event.data)
        elif self._cell is not None:
            self._cell.show(self._share, (self._phase, self._count, self._scored, self._now))
        elif self._moving:
            self._show_bar()
        else:
            self._pulse()

    def close(self) -> None:
        """Take the bar away. Safe to call twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._cell is not None:
            self._cell.close()

    # -- events ---------------------------------------------------------------------------------------------------

    def _on_run_started(self, data: dict[str, Any]) -> None:
        self._run = data
        self._phase = "searching"
        if data.get("objective"):
            space = "" if data["space"] == "declared" else ", asked while it runs"
            self._say(f"{data['objective']}: {data['kind']}{space}; {data['strategy']}, {data['slots']} at once")
            return
        rows = f"{data['rows']:,} {'images' if data.get('images') else 'rows'}"
        columns = f"{data['images']} pixels" if data.get("images") else f"{data['columns']:,} columns"
        folds = "a holdout" if data.get("folds") == 1 else f"{data['folds']} folds"
        self._say(f"{data['target']}: {data['kind']}, {rows}, {columns}; {data['metric']} on {folds}")

    def _on_phase(self, data: dict[str, Any]) -> None:
        self._phase = str(data["name"])

    def _on_trial_started(self, data: dict[str, Any]) -> None:
        # A run that is resumed starts where its numbers stopped: those before are done.
        if not self._finished and not self._running:
            self._before = int(data["number"])
        self._running[data["number"]] = str(data["name"])

    def _on_trial_finished(self, data: dict[str, Any]) -> None:
        self._running.pop(data["number"], None)
        self._finished += 1
        self._phase = "searching"
        if data["state"] == "failed":
            self._failed += 1
            if self.verbosity > 1:
                self._say(f"trial {data['number']} ({data['name']}) failed: {data['reason']}", style="yellow")

    def _on_best(self, data: dict[str, Any]) -> None:
        self._best = self._written(data["score"])
        if self.verbosity > 1:
            clock = f"{time.monotonic() - self._zero:.1f} s"
            self._say(f"{clock}  best {self._metric} {self._best}  {data['name']}")

    def _on_note(self, data: dict[str, Any]) -> None:
        if data.get("warning") or self.verbosity > 1:
            mark = "warning: " if data.get("warning") else "note: "
            parts = (str(data.get("what", "")), str(data.get("mend", "")))
            self._say(mark + " ".join(part for part in parts if part), style="yellow" if data.get("warning") else "dim")
        else:
            self._remarks += 1

    def _summarize(self, data: dict[str, Any]) -> None:
        score = data.get("score")
        nothing = "nothing found" if self._run.get("objective") else "no model"
        found = f"{self._metric} {self._written(score)}" if score is not None else nothing
        low, high = data.get("low"), data.get("high")
        if score is not None and low is not None and high is not None and math.isfinite(low + high):
            found += f" ({low:.4f} to {high:.4f} on new rows, 95 %)"
        failed = f" ({self._failed} failed)" if self._failed else ""
        why = WHY.get(str(data.get("why")), str(data.get("why")))
        self._say(f"{found} after {data['trials']} trials{failed} in {data['seconds']:.1f} s; {why}", style="bold")
        if data.get("learned"):
            self._say(str(data["learned"]))
        if self._remarks:
            kept = "1 remark is" if self._remarks == 1 else f"{self._remarks} remarks are"
            self._say(f"{kept} kept with the run", style="dim")

    # -- the bar ----------------------------------------------------------------------------------------------------

    @property
    def _moving(self) -> bool:
        """Whether the terminal shows a line that changes."""
        return self.console.is_terminal and not self.console.is_dumb_terminal and not os.environ.get("CI")

    def _show_bar(self) -> None:
        if self._live is None:
            self._live = Live(
                get_renderable=self._line, console=self.console, refresh_per_second=4, transient=True, auto_refresh=True
            )
            self._live.start()

    def _line(self) -> Table:
        share, wide = self._share, self.console.width >= WIDE
        bar = ProgressBar(total=1.0, completed=share or 0.0, width=24 if wide else 10, pulse=share is None)
        cells = (self._phase, bar, self._count, self._scored, self._now) if wide else (bar, self._count, self._scored)
        line = Table.grid(padding=(0, 2, 0, 0))
        for _ in cells:
            line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(*cells)
        return line

    def _written(self, score: float) -> str:
        """A metric has four decimals; what a function returns may be of any size."""
        return f"{score:.6g}" if self._run.get("objective") else f"{score:.4f}"

    @property
    def _metric(self) -> str:
        return str(self._run.get("metric") or "score")

    @property
    def _done(self) -> int:
        return self._before + self._finished

    @property
    def _share(self) -> float | None:
        """How much of the budget is used, 0 to 1; None while that is not known."""
        seconds, trials = self._run.get("time"), self._run.get("trials")
        shares = []
        if seconds:
            shares.append((time.monotonic() - self._zero) / seconds)
        if trials:
            shares.append(self._done / trials)
        return min(1.0, max(shares)) if shares else None

    @property
    def _count(self) -> str:
        seconds, trials = self._run.get("time"), self._run.get("trials")
        one = "network" if self._run.get("images") else "trial" if self._run.get("objective") else "pipeline"
        plural = one if self._done == 1 and not trials else f"{one}s"
        parts = [f"{min(self._done, trials)}/{trials} {plural}" if trials else f"{self._done} {plural}"]
        elapsed = time.monotonic() - self._zero
        if seconds:
            parts.append(f"{_clock(max(0.0, seconds - elapsed))} left")
        elif trials and self._finished:
            parts.append(f"about {_clock(elapsed / self._finished * max(0, trials - self._done))} left")
        return "  ".join(parts)

    @property
    def _scored(self) -> str:
        return self._best and f"best {self._metric} {self._best}"

    @property
    def _now(self) -> str:
        return f"now {', '.join(self._running.values())}" if self._running else ""

    # -- plain lines ------------------------------------------------------------------------------------------------

    def _pulse(self) -> None:
        share = self._share
        tenth = math.floor(10 * share) if share is not None else 0
        now = time.monotonic()
        if tenth > self._tenth or now - self._last_line > QUIET_SECONDS:
            self._tenth = tenth
            parts = (self._phase, self._count, self._scored)
            self._say("  ".join(part for part in parts if part))

    def _say(self, text: str, *, style: str = "") -> None:
        self._last_line = time.monotonic()
        # A terminal and a file wrap by themselves; a notebook would scroll sideways.
        wraps = self.console.is_jupyter
        self.console.print(Text(printable(text), style=style), soft_wrap=not wraps, highlight=False)


def printable(text: str) -> str:
    r"""``text`` without control characters: a column's name must not steer the terminal.

    >>> printable("price\x1b[2J")
    'price·[2J'
    """
    return "".join(character if character.isprintable() else "·" for character in text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def progress_listeners(verbosity: int) -> list[Listener]:
    """What shows progress at a verbosity: nothing at 0, a `Terminal` above."""
    return [Terminal(verbosity)] if verbosity > 0 else []


@contextmanager
def listening(verbosity: int, *others: Listener) -> Iterator[list[Listener]]:
    """The listeners of a verbosity and ``others``; closed at the end, also when the run raised."""
    heard = [*progress_listeners(verbosity), *others]
    try:
        yield heard
    finally:
        for listener in heard:
            close = getattr(listener, "close", None)
            if close is not None:
                close()
