"""Progress as a person reads it."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hortus.engine.events_file import EventsFile
from hortus.engine.progress import ProgressEvent
from hortus.engine.terminal import Terminal, listening, progress_listeners

STARTED: dict[str, Any] = {
    "folder": "run",
    "rows": 1347,
    "columns": 64,
    "kind": "multiclass",
    "target": "digit",
    "metric": "accuracy",
    "time": None,
    "trials": 300,
    "strategy": "evolution",
    "slots": 2,
    "folds": 5,
}


def play(terminal: Terminal, *, trials: int, first: int = 0, started: dict[str, Any] = STARTED) -> None:
    terminal(ProgressEvent("run_started", 0.1, started))
    for number in range(first, first + trials):
        state = "failed" if number == 3 else "complete"
        terminal(ProgressEvent("trial_started", number / 10, {"number": number, "name": "svm"}))
        ended = {"number": number, "name": "svm", "state": state, "score": 0.9, "seconds": 0.1, "reason": "timeout"}
        terminal(ProgressEvent("trial_finished", number / 10, ended))
        if number % 100 == 0:
            best = {"score": 0.9 + number / 10_000, "name": "svm", "members": 1}
            terminal(ProgressEvent("best", number / 10, best))


def finish(terminal: Terminal) -> None:
    data = {"score": 0.987, "seconds": 30.0, "trials": 300, "why": "trials", "folder": "run"}
    terminal(ProgressEvent("run_finished", 30.0, data))


@pytest.fixture
def lines() -> Console:
    return Console(file=io.StringIO(), width=120)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_where_lines_are_only_printed_each_tenth_is_one(lines: Console) -> None:
    terminal = Terminal(1, console=lines)
    play(terminal, trials=300)
    finish(terminal)
    printed = text(lines).splitlines()
    assert printed[0] == "digit: multiclass, 1,347 rows, 64 columns; accuracy on 5 folds"
    assert sum("/300 pipelines" in line for line in printed) == 10
    assert "300/300 pipelines" in printed[-2]
    assert printed[-1] == "accuracy 0.9870 after 300 trials (1 failed) in 30.0 s; all trials are done"
    assert "\x1b" not in text(lines)


def test_the_bar_counts_300_pipelines(screen: Console) -> None:
    terminal = Terminal(1, console=screen)
    play(terminal, trials=120)
    shown = Console(file=io.StringIO(), width=120)
    shown.print(terminal._line())
    assert "120/300 pipelines" in text(shown)
    assert "best accuracy 0.9100" in text(shown)
    finish(terminal)
    assert terminal._live is None
    assert "accuracy 0.9870 after 300 trials" in text(screen)


def test_a_resumed_run_counts_from_where_it_stopped(lines: Console) -> None:
    terminal = Terminal(1, console=lines)
    play(terminal, trials=30, first=200)
    assert terminal._done == 230


def test_with_time_as_the_budget_the_bar_goes_by_the_clock(lines: Console) -> None:
    terminal = Terminal(1, console=lines)
    terminal(ProgressEvent("run_started", 0.1, {**STARTED, "time": 60.0, "trials": None}))
    terminal(ProgressEvent("trial_started", 45.0, {"number": 0, "name": "svm"}))
    assert terminal._share == pytest.approx(0.75, abs=0.01)
    assert "0 pipelines  0:15 left" in text(lines)


def test_more_is_said_at_verbosity_two(lines: Console) -> None:
    quiet, loud = Console(file=io.StringIO(), width=120), lines
    for terminal in (Terminal(1, console=quiet), Terminal(2, console=loud)):
        play(terminal, trials=5)
        remark = {"code": "x", "what": "Column 'a' is constant.", "mend": "It is left out.", "place": "a"}
        terminal(ProgressEvent("note", 1.0, {**remark, "warning": False}))
        warned = {**remark, "what": "Column 'id' is an id.", "warning": True}
        terminal(ProgressEvent("note", 1.0, warned))
    assert "warning: Column 'id' is an id. It is left out." in text(quiet)
    assert "constant" not in text(quiet)
    assert "failed" not in text(quiet)
    assert "note: Column 'a' is constant." in text(loud)
    assert "trial 3 (svm) failed: timeout" in text(loud)
    assert "best accuracy 0.9000" in text(loud)


def test_markup_and_control_characters_of_a_column_are_shown_as_they_are(lines: Console) -> None:
    note = {"what": "Column '[bold]\x1b[2J' is odd.", "mend": "", "warning": True}
    Terminal(1, console=lines)(ProgressEvent("note", 0.0, note))
    assert text(lines) == "warning: Column '[bold]·[2J' is odd.\n"


def test_nothing_listens_at_verbosity_zero() -> None:
    assert progress_listeners(0) == []


def test_the_bar_is_gone_when_the_run_raises(screen: Console) -> None:
    terminal = Terminal(1, console=screen)

    def run() -> None:
        with listening(0, terminal) as heard:
            play(heard[0], trials=2)
            assert terminal._live is not None
            raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        run()
    assert terminal._live is None
    assert text(screen).count("\x1b[?25h") >= 1


def test_a_narrow_terminal_keeps_the_count_and_the_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    console = Console(file=io.StringIO(), width=70)
    terminal = Terminal(1, console=console)
    play(terminal, trials=20)
    shown = Console(file=io.StringIO(), width=70)
    shown.print(terminal._line())
    assert "20/300 pipelines" in text(shown)
    assert "0.9" in text(shown)


def test_events_are_lines_of_strict_json(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "events.jsonl"
    events = EventsFile(path)
    events(ProgressEvent("phase", 0.1, {"name": "reading"}))
    events(ProgressEvent("trial_finished", 0.2, {"score": float("nan"), "name": "été"}))
    seen = path.read_text(encoding="utf-8").splitlines()
    events.close()
    events.close()
    assert json.loads(seen[0]) == {"kind": "phase", "elapsed": 0.1, "data": {"name": "reading"}}
    assert json.loads(seen[1], parse_constant=pytest.fail)["data"] == {"score": None, "name": "été"}
    again = EventsFile(path)
    again(ProgressEvent("phase", time.monotonic(), {"name": "resumed"}))
    again.close()
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3
