"""Kill a run at write steps of its streaming, look at it, and take it up again: told as one JSON object.

    python killed_while_streaming.py FOLDER FIRST EVERY

As `killed_at_steps`, for a run whose table is a sample of a file: counted are the steps after its search alone. Whoever
opens a run that was killed there must find one model, whole, and its own score.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import lightgbm  # noqa: F401 - once, for all forks
import numpy as np
import pandas as pd

import hortus.data.within_memory as within_memory
import hortus.models.lightgbm as boosting
from hortus.run import Settings, fit, open_run

SETTINGS = Settings(trials=1, folds=2, models=("lightgbm",), executor="inline", slots=1, seed=1, memory=10**9)


def run(table, folder, at, names):
    from killed_at_steps import count_steps

    streaming = []
    count_steps(folder, at, names, lambda: bool(streaming))

    def listen(event):
        if event.kind == "phase" and event.data["name"] == "streaming":
            streaming.append(event)

    fit(table, "y", SETTINGS, folder=folder, listeners=[listen])


def look(table, folder, told):
    """Which model the run has, and that it is the one its score is of."""
    found = open_run(folder)
    assert found.model.facts["score"] == found.score
    assert found.model.apart == bool(found.chosen.get("streamed"))
    evidence = found.evidence
    assert np.isclose(evidence.metric(evidence.y, evidence.predictions), found.score) or not found.model.apart
    rows = pd.read_csv(table).head(50)
    told.write_text(json.dumps([found.score, found.model.apart, found.model.raw(rows).tolist()]))


def main():
    from killed_at_steps import in_a_fork

    within_memory.SHARE, within_memory.CLEAR, boosting.ROUNDS = 3e-5, 10**9, 60
    folder, first, every = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    table, names, told = (folder.with_suffix(suffix) for suffix in (".csv", ".steps", ".told"))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(5_000, 4)).round(3), columns=list("abcd"))
    frame["y"] = (frame["a"] * frame["b"] + 0.3 * rng.normal(size=len(frame)) > 0).astype(int)
    frame.to_csv(table, index=False)
    searched = folder.with_suffix(".searched")
    assert os.WIFSIGNALED(in_a_fork(run, table, folder, 0, None))
    shutil.copytree(folder, searched)
    assert in_a_fork(run, table, folder, None, names) == 0
    steps = json.loads(names.read_text())
    assert in_a_fork(look, table, folder, told) == 0
    wanted = told.read_text()
    assert json.loads(wanted)[1], "nothing was streamed"
    failures, killed = [], 0
    for at in range(first % every, len(steps), every):
        shutil.rmtree(folder)
        shutil.copytree(searched, folder)
        killed += os.WIFSIGNALED(in_a_fork(run, table, folder, at, None))
        told.unlink()
        if in_a_fork(look, table, folder, told) != 0:
            failures.append([at, steps[at], "it was not whole"])
        elif in_a_fork(run, table, folder, None, None) != 0 or in_a_fork(look, table, folder, told) != 0:
            failures.append([at, steps[at], "it did not go on"])
        elif told.read_text() != wanted:
            failures.append([at, steps[at], "it ended otherwise"])
        told.touch()
    print(json.dumps({"steps": steps, "killed": killed, "failures": failures}))


if __name__ == "__main__":
    main()
