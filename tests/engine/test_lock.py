import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hortus.engine import lock
from hortus.engine.lock import FILE, RunLock, started
from hortus.errors import RunError, RunInUseError

HOLDER = """
import sys, time
from pathlib import Path
from hortus.engine.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def note(folder, **changes):
    owner = {"pid": os.getpid(), "started": started(os.getpid()), "host": socket.gethostname(), **changes}
    (folder / FILE).write_text(json.dumps(owner))


def test_the_folder_is_made_and_the_lock_given_back(tmp_path):
    folder = tmp_path / "a" / "b"
    with RunLock(folder) as held:
        assert json.loads((folder / FILE).read_text())["pid"] == os.getpid()
    assert (folder / FILE).read_text() == ""
    held.release()
    with RunLock(folder):
        pass


def test_another_live_process_is_named(tmp_path, holder):
    with pytest.raises(RunInUseError, match=f"Process {holder.pid} works") as caught:
        RunLock(tmp_path).acquire()
    assert caught.value.mend
    assert caught.value.code == "run-in-use"


def test_this_process_cannot_take_it_twice(tmp_path):
    with RunLock(tmp_path), pytest.raises(RunInUseError, match=f"Process {os.getpid()} "):
        RunLock(tmp_path).acquire()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, holder, how):
    holder.send_signal(how)
    holder.wait()
    assert json.loads((tmp_path / FILE).read_text())["pid"] == holder.pid
    with RunLock(tmp_path):
        assert json.loads((tmp_path / FILE).read_text())["pid"] == os.getpid()


def test_a_fork_of_a_dead_owner_does_not_hold_it(tmp_path):
    code = HOLDER.replace(
        "    print", "    import os\n    if not os.fork():\n        time.sleep(3); os._exit(0)\n    print"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    with pytest.raises(RunInUseError, match=str(process.pid)):
        RunLock(tmp_path).acquire()
    process.kill()
    process.wait()
    process.stdout.close()
    with RunLock(tmp_path), pytest.raises(RunInUseError, match=str(os.getpid())):
        RunLock(tmp_path).acquire()


def test_what_the_file_says_alone_decides_nothing_where_there_are_locks(tmp_path):
    note(tmp_path)
    with RunLock(tmp_path):
        pass
    (tmp_path / FILE).write_bytes(b"\xff\x00 no JSON")
    with RunLock(tmp_path):
        pass


def test_without_locks_the_file_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_flock", lambda _: None)
    note(tmp_path)
    with pytest.raises(RunInUseError):
        RunLock(tmp_path).acquire()
    # A process id that was given to another process since.
    note(tmp_path, started="1")
    with RunLock(tmp_path):
        pass
    note(tmp_path, host="another-machine")
    with pytest.raises(RunInUseError, match="on another-machine"):
        RunLock(tmp_path).acquire()
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    note(tmp_path, pid=gone.pid, started="1")
    with RunLock(tmp_path):
        pass


def test_start_times_tell_processes_apart():
    assert started(os.getpid()) == started(os.getpid()) != ""
    time.sleep(0.02)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert started(other.pid) not in ("", started(os.getpid()))
        other.kill()


@pytest.mark.parametrize("place", ["/proc/self/run", "/sys/run"])
def test_a_folder_that_cannot_be_written_is_told_at_the_start(place):
    if not Path(place).parent.is_dir():
        pytest.skip("Linux alone has a folder that even root cannot write")
    with pytest.raises(RunError, match="cannot be written") as caught:
        RunLock(Path(place)).acquire()
    assert caught.value.mend


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot be written"):
        RunLock(tmp_path).acquire()


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError):
        RunLock(tmp_path / "run").acquire()


def test_who_works_on_a_run_is_told_without_locking(tmp_path, holder):
    assert lock.held(tmp_path) == holder.pid
    os.kill(holder.pid, signal.SIGKILL)
    # Until it is collected it is a zombie, which works on nothing.
    for _ in range(200):
        if lock.held(tmp_path) is None:
            break
        time.sleep(0.05)
    assert lock.held(tmp_path) is None
    assert not lock.alive(holder.pid, "")


def test_nobody_works_on_a_run_that_was_let_go_or_never_was(tmp_path):
    assert lock.held(tmp_path) is None
    with RunLock(tmp_path):
        assert lock.held(tmp_path) == os.getpid()
    assert lock.held(tmp_path) is None


def test_a_process_of_another_start_is_another(tmp_path):
    assert lock.alive(os.getpid(), started(os.getpid()))
    assert not lock.alive(os.getpid(), "1")
