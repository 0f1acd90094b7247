"""Kill a whole run at each of its write steps in turn, and take it up again: told as one JSON object.

    python killed_at_steps.py FOLDER FIRST EVERY

A write step is whatever changes the run's folder: a file opened to be written, moved into place or removed, a commit of
the journal. The first run only counts and names them. For each that is taken (every EVERY-th from FIRST on), a run is
killed just before that step, and another goes on. Everything is imported once here; each run is a fork. This process
runs no threads.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from sklearn.datasets import load_iris

from hortus.deploy.bundle import load_bundle
from hortus.engine import database
from hortus.run import Settings, fit, open_run

SETTINGS = Settings(trials=2, folds=2, models=("tree",), executor="inline", slots=1, seed=1)


def in_a_fork(what, *arguments):
    """Do it in a process of its own; return how that ended."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            what(*arguments)
            status = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def count_steps(folder, at, names, counts=lambda: True):
    """Have this process killed before write step number ``at``; with None only name the steps.

    Args:
        folder: of the run.
        at: the step's number.
        names: where to write the names; None for nowhere.
        counts: whether what happens now is counted.
    """
    steps = []

    def step(name):
        if not counts():
            return
        steps.append(name)
        if names is not None:
            names.write_text(json.dumps(steps))
        if len(steps) - 1 == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def inside(path):
        return isinstance(path, str) and path.startswith(f"{folder}/")

    def place(path):
        return Path(path).name.split("-")[0] if ".unfinished" in path else str(Path(path).relative_to(folder))

    def hook(event, arguments):
        if event == "open" and inside(str(arguments[0])) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            step(f"write {place(str(arguments[0]))}")
        elif event == "os.rename" and inside(str(arguments[1])):
            step(f"move into {place(str(arguments[1]))}")
        elif event == "os.remove" and inside(str(arguments[0])):
            step(f"remove {place(str(arguments[0]))}")

    commit = database.transaction

    def transaction(*given):
        step("commit")
        return commit(*given)

    database.transaction = transaction
    sys.addaudithook(hook)


def run(folder, at, names):
    """Make the run, killed before write step number ``at``; with None only name the steps."""
    count_steps(folder, at, names)
    frame = load_iris(as_frame=True).frame
    fit(frame, "target", SETTINGS, folder=folder)


def look(folder, told):
    """What the finished run says, and whether its model is whole."""
    found = open_run(folder)
    board = found.leaderboard()[["trial", "pipeline", "score", "state", "weight"]]
    model = load_bundle(folder / "model.hortus")
    frame = load_iris(as_frame=True).frame.drop(columns="target")
    told.write_text(json.dumps([board.to_dict("records"), model.predict(frame).tolist(), found.score]))


def main():
    folder, first, every = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    names, told = folder.with_suffix(".steps"), folder.with_suffix(".told")
    assert in_a_fork(run, folder, None, names) == 0
    steps = json.loads(names.read_text())
    assert in_a_fork(look, folder, told) == 0
    wanted = told.read_text()
    failures, killed = [], 0
    for at in range(first % every, len(steps), every):
        shutil.rmtree(folder)
        killed += os.WIFSIGNALED(in_a_fork(run, folder, at, None))
        told.unlink()
        if in_a_fork(run, folder, None, None) != 0 or in_a_fork(look, folder, told) != 0:
            failures.append([at, steps[at], "it did not go on"])
        elif told.read_text() != wanted:
            failures.append([at, steps[at], "it ended otherwise"])
        folder.mkdir(exist_ok=True)
        told.touch()
    print(json.dumps({"steps": steps, "killed": killed, "failures": failures}))


if __name__ == "__main__":
    main()
