"""A run's progress in a notebook: one line that changes, without ipywidgets."""

from types import SimpleNamespace

import IPython.display
import pytest
from rich.console import Console

from hortus.engine import notebook_line
from hortus.engine.progress import ProgressEvent
from hortus.engine.terminal import Terminal

STARTED = {"target": "late", "kind": "binary", "rows": 100, "columns": 3, "metric": "roc_auc", "trials": 2, "folds": 5}
FINISHED = {"score": 0.9, "trials": 2, "seconds": 3.0, "why": "trials"}


class Cell:
    """What a notebook shows: things by their place, each as it was last."""

    def __init__(self):
        self.places = []

    def display(self, *said, raw=False, display_id=None, **_):
        self.places.append(said[0])
        place = len(self.places) - 1

        def update(again, raw=False):
            self.places[place] = again

        return SimpleNamespace(update=update) if display_id else None


@pytest.fixture
def cell(monkeypatch):
    found = Cell()
    monkeypatch.setattr(IPython.display, "display", found.display)
    monkeypatch.setattr(notebook_line, "EVERY", 0.0)
    return found


def test_one_line_changes_and_goes_in_the_end(cell):
    terminal = Terminal(1, console=Console(force_jupyter=True, force_terminal=False))
    terminal(ProgressEvent("run_started", 0.1, STARTED))
    terminal(ProgressEvent("trial_started", 0.2, {"number": 0, "name": "<b>linear</b>"}))
    (line,) = [place for place in cell.places if isinstance(place, dict) and "<progress" in place["text/html"]]
    assert 'value="0.000"' in line["text/html"]
    assert "&lt;b&gt;linear&lt;/b&gt;" in line["text/html"]
    terminal(ProgressEvent("trial_finished", 1.0, {"number": 0, "name": "linear", "state": "complete", "score": 0.9}))
    terminal(ProgressEvent("best", 1.0, {"score": 0.9, "name": "linear", "members": 1}))
    (line,) = [place for place in cell.places if isinstance(place, dict) and "<progress" in place["text/html"]]
    assert line["text/plain"] == "searching  1/2 pipelines  about 0:01 left  best roc_auc 0.9000"
    assert 'value="0.500"' in line["text/html"]
    terminal(ProgressEvent("run_finished", 3.0, FINISHED))
    assert not any(isinstance(place, dict) and "<progress" in place["text/html"] for place in cell.places)
