"""The runs that the studio shows, and how one is begun, stopped and gone on with.

A run is the command line's: its own process, its ordinary folder. What the studio adds is a note beside it, of what
was asked and which process works on it, by id and start time; so a server that was killed knows its runs again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hortus.engine.lock import held
from hortus.errors import RunError
from hortus.run.images.result import is_image_run
from hortus.studio.events import Told, told
from hortus.studio.home import Home, absent, id_of, read_note, write_note
from hortus.studio.process import Children, ask_to_stop
from hortus.studio.tables import Tables

State = Literal["running", "finished", "stopped", "interrupted", "failed"]
NOTE, LOG, FOLDER, OPENED = "run.json", "log.txt", "run", "opened.json"
COMMAND = "hortus.cli"
# Seconds between looks at a process that is to be stopped and only begins.
PAUSE = 0.1


@dataclass(frozen=True)
class Run:
    """A run that the studio knows.

    Attributes:
        id: its name in addresses.
        folder: what `hortus.run.open_run` takes.
        note: what was asked: name, kind ("table" or "image"), table (its id), target, created, and the process.
        shelf: the folder of the note and the log; None for a run that was made elsewhere.
    """

    id: str
    folder: Path
    note: Mapping[str, Any]
    shelf: Path | None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return str(self.note.get("name") or self.folder.name)

    @property
    def kind(self) -> Literal["table", "image"]:
        """What it learns from."""
        if self.note.get("kind") in ("table", "image"):
            return "image" if self.note["kind"] == "image" else "table"
        return "image" if is_image_run(self.folder) else "table"


class Runs:
    """All runs of a studio.

    Args:
        home: the studio's folder.
        tables: that runs are made from.
    """

    def __init__(self, home: Home, tables: Tables) -> None:
        self.home = home
        self.tables = tables
        self._children = Children()
        self._facts: dict[tuple[str, str], Any] = {}

    def all(self) -> list[Run]:
        """Every run, the newest first."""
        here = [self.get(name) for name in self.home.ids("runs")]
        found = [*here, *(self._elsewhere(Path(path)) for path in self._opened() if Path(path).is_dir())]
        return sorted(found, key=lambda run: -float(run.note.get("created") or 0.0))

    def get(self, name: str) -> Run:
        """The run of an id.

        Raises:
            AbsentError: there is none.
        """
        for path in self._opened():
            if id_of(Path(path)) == name and Path(path).is_dir():
                return self._elsewhere(Path(path))
        shelf = self.home.folder("runs", name)
        return Run(name, shelf / FOLDER, read_note(shelf / NOTE), shelf)

    def begin(self, arguments: Sequence[str], note: Mapping[str, Any]) -> Run:
        """Start a run in a process of its own.

        Args:
            arguments: of the command line, without ``--out``: ``["fit", "table.csv", "--target", "y"]``.
            note: what is to be known about it; `Run` says what.
        """
        name, shelf = self.home.new("runs")
        asked = {**note, "created": time.time(), "arguments": list(arguments)}
        write_note(shelf / NOTE, asked)
        (shelf / FOLDER).mkdir()
        line = [COMMAND, *arguments, "--out", str(shelf / FOLDER), "--quiet"]
        write_note(shelf / NOTE, asked | self._children.begin(line, log=shelf / LOG, folder=shelf))
        return self.get(name)

    def resume(self, name: str, *, seconds: float | None = None) -> Run:
        """Go on with a run.

        Args:
            name: its id.
            seconds: more; None for as long as it was given at first.

        Raises:
            RunError: it is at work.
        """
        run = self.get(name)
        if self.state(run) == "running":
            raise RunError(f"{run.name} is at work.", mend="Stop it first, or wait for it.", code="run-in-use")
        shelf = run.shelf or self._beside(run)
        if run.shelf is not None and not (run.folder / "journal.sqlite").exists():
            # It ended before there was anything to go on from: the same again.
            line = [COMMAND, *run.note.get("arguments", ()), "--out", str(run.folder), "--quiet"]
        else:
            more = () if seconds is None else ("--time", str(seconds))
            line = [COMMAND, "resume", str(run.folder), *more, "--quiet"]
        (shelf / LOG).unlink(missing_ok=True)
        note = read_note(shelf / NOTE) | self._children.begin(line, log=shelf / LOG, folder=shelf)
        write_note(shelf / NOTE, note)
        return self.get(name)

    def stop(self, name: str) -> None:
        """Ask a run to end now; the best so far is kept."""
        run = self.get(name)
        pid = held(run.folder)
        if pid is not None:
            ask_to_stop(pid)
        elif self._children.lives(run.note):
            # Asked while it is only beginning, a process would end at once and keep nothing.
            threading.Thread(target=self._stop_begun, args=(run,), daemon=True).start()

    def _stop_begun(self, run: Run) -> None:
        """Ask a run to end as soon as it has taken its folder; from then on it keeps its best."""
        while self._children.lives(run.note):
            pid = held(run.folder)
            if pid is not None:
                ask_to_stop(pid)
                return
            time.sleep(PAUSE)

    def open(self, folder: Path) -> Run:
        """Show a run that was made elsewhere, now and later.

        Raises:
            RunError: the folder holds none.
        """
        folder = Path(folder).absolute()
        if not (folder / "journal.sqlite").exists():
            raise RunError(
                f"There is no run in {str(folder)!r}.",
                mend="Give the folder that `hortus fit` named at its end.",
                code="run-missing",
            )
        opened = self._opened()
        if str(folder) not in opened:
            write_note(self.home.path / OPENED, {"folders": [*opened, str(folder)]})
        return self._elsewhere(folder)

    def state(self, run: Run, said: Told | None = None) -> State:
        """What has become of a run.

        Args:
            run: the run.
            said: what its events add up to, where that is known.
        """
        if held(run.folder) is not None or self._children.lives(run.note):
            return "running"
        said = said or told(run.folder)
        if said.finished:
            return "stopped" if said.finished.get("why") == "interrupted" else "finished"
        if (run.folder / "journal.sqlite").exists():
            # One that was made without a file of events has its model, or was cut off before it.
            whole = not said.begun and (run.folder / "model.hortus").exists()
            return "finished" if whole else "interrupted"
        return "failed"

    def trouble(self, run: Run) -> tuple[str, str, str] | None:
        """What a run that failed said last: what, mend and code; None where it said nothing."""
        if run.shelf is None:
            return None
        try:
            lines = (run.shelf / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return None
        places = [number for number, line in enumerate(lines) if line.startswith("Error: ")]
        if not places:
            return None
        what, *rest = lines[places[-1] :]
        code = next((line[1:-1] for line in rest if line.startswith("[") and line.endswith("]")), "")
        mend = " ".join(line for line in rest if line != f"[{code}]")
        return what.removeprefix("Error: "), mend, code

    def remembered(self, name: str, what: str, make: Callable[[], Any]) -> Any:
        """A fact about a run that never changes, found once; what is None is asked for again."""
        if self._facts.get((name, what)) is None:
            self._facts[name, what] = make()
        return self._facts[name, what]

    def _opened(self) -> list[str]:
        found = read_note(self.home.path / OPENED).get("folders", [])
        return [str(path) for path in found] if isinstance(found, list) else []

    def _elsewhere(self, folder: Path) -> Run:
        name = id_of(folder)
        beside = self.home.path / "elsewhere" / name
        created = (folder / "journal.sqlite").stat().st_ctime if (folder / "journal.sqlite").exists() else 0.0
        note = {"created": created, **read_note(beside / NOTE)}
        return Run(name, folder, note, beside if beside.is_dir() else None)

    def _beside(self, run: Run) -> Path:
        """Where the note of a run elsewhere is kept."""
        beside = self.home.path / "elsewhere" / run.id
        beside.mkdir(parents=True, exist_ok=True)
        return beside


def require_over(run: Run, state: State) -> None:
    """Refuse what can only be done with a run that is over.

    Raises:
        RunError: it is at work, or never came to anything.
    """
    if state == "running":
        raise RunError(
            f"{run.name} is still at work.", mend="Wait for it, or stop it and keep the best.", code="run-in-use"
        )
    if state == "failed":
        raise absent("runs", run.id)
