"""The executor in every place that a person may call it from; multiprocessing fails in half of them."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).parent

BODY = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
print("imported")
from hortus.engine.executors.base import Job
from hortus.engine.executors.local import LocalExecutor

executor = LocalExecutor(1, 1, entry="trial_entries:run", warm=())
executor.submit(Job(7, {{"what": "echo", "number": 3}}, seconds=20))
events = []
while not events:
    events = executor.poll(5)
print(events[0].kind, events[0].data["number"], executor.pids())
"""


def check(done, all_gone):
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    # Once: a worker never runs the caller's script again.
    assert lines.count("imported") == 1
    assert lines[1].startswith("done 3 [")
    assert done.stderr == ""
    # The script forgot to close: leaving Python does it.
    assert all_gone([int(pid) for pid in lines[1].partition("[")[2].rstrip("]").split(",")])


def python(*arguments, cwd, **settings):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False, **settings
    )


def test_a_script_without_a_main_guard(tmp_path, all_gone):
    (tmp_path / "script.py").write_text(BODY)
    check(python("script.py", cwd=tmp_path), all_gone)


def test_a_script_beside_files_named_like_libraries(tmp_path, all_gone):
    for name in ("json", "numpy", "optuna", "random"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('shadowed')")
    # The driver itself is protected with -P; the workers always are.
    (tmp_path / "script.py").write_text(BODY)
    check(python("-P", "script.py", cwd=tmp_path), all_gone)


def test_a_command_line(tmp_path, all_gone):
    check(python("-c", BODY, cwd=tmp_path), all_gone)


def test_standard_input(tmp_path, all_gone):
    check(python("-", cwd=tmp_path, input=BODY), all_gone)


def test_a_module_of_the_users_own_beside_the_script(tmp_path):
    (tmp_path / "mine.py").write_text("def run(payload, report):\n    return {'mine': True}\n")
    (tmp_path / "script.py").write_text(
        "from hortus.engine.executors.base import Job\nfrom hortus.engine.executors.local import LocalExecutor\n"
        "with LocalExecutor(1, 1, entry='mine:run', warm=()) as e:\n"
        "    e.submit(Job(1, {}))\n    print(e.poll(20)[0].data)\n"
    )
    done = python(str(tmp_path / "script.py"), cwd="/")
    assert done.stdout == "{'mine': True}\n"


def test_a_cell_of_a_notebook(tmp_path, all_gone):
    # What a kernel does: a main module without a file, cells compiled one by one, in a thread, inside a running loop.
    kernel = (
        "import asyncio, json, sys\n"
        "sys.argv = ['kernel']\n"
        "cell = compile(json.loads(sys.stdin.readline()), '<cell 1>', 'exec')\n"
        "async def main():\n    exec(cell, vars(sys.modules['__main__']))\n"
        "asyncio.run(main())\n"
    )
    import json

    check(python("-c", kernel, cwd=tmp_path, input=json.dumps(BODY) + "\n"), all_gone)


def test_a_thread_that_ends_before_the_executor(make_bench):
    made = []
    thread = threading.Thread(target=lambda: made.append(make_bench()))
    thread.start()
    thread.join()
    assert made[0].run("nap", nap=0.05).kind == "done"


def test_jobs_from_several_threads(make_bench):
    bench = make_bench(slots=2)
    threads = [threading.Thread(target=bench.start, args=("nap",), kwargs={"nap": 0.01}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = [bench.end() for _ in threads]
    assert {event.kind for event in ended} == {"done"}


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONWARNINGS", "PYTHONSTARTUP"])
def test_the_users_own_python_variables(tmp_path, all_gone, monkeypatch, variable):
    value = {"PYTHONPATH": str(HERE), "PYTHONWARNINGS": "error", "PYTHONSTARTUP": str(tmp_path / "none.py")}[variable]
    monkeypatch.setenv(variable, value)
    check(python("-c", BODY, cwd=tmp_path), all_gone)
