"""A run killed just before any of its write steps: the next one ends as if nothing had been."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# In one commit's slice, one step of so many.
EVERY = 9


def test_killed_at_each_write_step(tmp_path, long, slice_number, figure):
    every = 1 if long else EVERY
    done = subprocess.run(
        [sys.executable, str(HERE / "killed_at_steps.py"), str(tmp_path / "run"), str(slice_number), str(every)],
        capture_output=True,
        text=True,
        timeout=1800 if long else 180,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["failures"] == []
    named = " ".join(told["steps"])
    # The steps that a run is known by; should one change its name here, a step is no longer watched.
    for step in (
        "write run.lock",
        "write data/dense.npy",
        "move into journal.sqlite",
        "move into artifacts/000000.models.zip",
        "move into predictions.npy",
        "move into model.hortus",
        "commit",
    ):
        assert step in named
    tried = len(range(slice_number % every, len(told["steps"]), every))
    assert told["killed"] == tried >= 5
    figure("write steps of a run", len(told["steps"]))
    figure("killed before a write step, and gone on with to the same end", told["killed"])


@pytest.mark.rotated
def test_killed_at_write_steps_while_it_learns_from_all_rows(tmp_path, long, slice_number, figure):
    every = 1 if long else EVERY
    script = HERE / "killed_while_streaming.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run"), str(slice_number), str(every)],
        capture_output=True,
        text=True,
        timeout=1800 if long else 300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["failures"] == []
    named = " ".join(told["steps"])
    for step in ("move into artifacts/streamed-000000.models.zip", "move into model.hortus", "commit"):
        assert step in named
    assert told["killed"] == len(range(slice_number % every, len(told["steps"]), every)) >= 3
    figure("killed before a write step of streaming, and gone on with to the same end", told["killed"])
