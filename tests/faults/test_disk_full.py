"""A disk that is really full: a small file system in memory, in a name space of the test's own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
from optuna.trial import TrialState, create_trial
from hortus.data.artifacts import sweep, verify, write_archive, write_artifact
from hortus.engine.journal import Journal
from hortus.engine.lock import RunLock
from hortus.errors import RunError

folder = Path(sys.argv[1]) / "run"

def overflow(path):
    (path / "part" if path.is_dir() else path).write_bytes(bytes(9000))

def ask(journal, number):
    trial = create_trial(state=TrialState.RUNNING, params={}, distributions={}, user_attrs={"filler": "x" * 2000})
    trial.number = number
    journal.asked(trial)

ballast = folder / "ballast"

def top_up():
    try:
        with ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError:
        pass

with RunLock(folder), Journal.create(folder) as journal:
    stored = write_artifact(folder, "first.bin", lambda path: path.write_bytes(b"x" * 1000))
    for number in range(5):
        ask(journal, number)
        journal.finished(number, TrialState.COMPLETE, 0.5)
    top_up()
    for write in (write_artifact, write_archive):
        try:
            write(folder, "second.bin", overflow)
        except RunError as error:
            print(write.__name__, error.code)
    sweep(folder)
    try:
        for number in range(5, 1000):
            ask(journal, number)
            journal.finished(number, TrialState.COMPLETE, 0.5)
    except RunError as error:
        print("journal", error.code)
    kept = sum(row.finished for row in journal.trials())
    print("kept", kept >= 5, sorted(path.name for path in folder.iterdir()))
    verify(folder, stored)

# The journal, closed, gave some room back.
top_up()
try:
    RunLock(Path(sys.argv[1]) / "other").acquire()
except RunError as error:
    print("lock", error.code)

ballast.unlink()
with RunLock(folder), Journal.open(folder) as journal:
    rows = journal.trials()
    assert sum(row.finished for row in rows) == kept
    ask(journal, len(rows))
    journal.finished(len(rows), TrialState.COMPLETE, 0.5)
    print("resumed", len(journal.trials()) == len(rows) + 1, journal.notes)
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs name spaces of Linux")
def test_a_full_disk_is_told_and_costs_nothing_that_was_finished(tmp_path):
    code = tmp_path / "script.py"
    code.write_text(SCRIPT)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" || exit 77; exec "$2" "$3" "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", str(disk), sys.executable, str(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount here")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == ["write_artifact disk-full", "write_archive disk-full", "journal disk-full"]
    assert lines[3].startswith("kept True ['ballast', 'first.bin', 'journal.sqlite'")
    assert "unfinished" not in lines[3]
    assert lines[-2:] == ["lock disk-full", "resumed True []"]
    assert list(Path(disk).iterdir()) == []
