"""Kill a driver 20 times at random instants; each time the next one takes the run up.

Everything is imported once here, and each driver is a fork that starts within milliseconds: so the kills fall on
the work and not on imports. This process runs no threads.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from hortus.engine.executors.base import Job
from hortus.engine.executors.local import LocalExecutor
from hortus.engine.journal import FILE, Journal
from hortus.engine.lock import RunLock
from hortus.evaluation.base import Evaluation


def drive(folder, acknowledged, workers):
    with (
        RunLock(folder),
        LocalExecutor(2, 1, entry="light_entries:run", warm=()) as executor,
        Journal.open(folder) if (folder / FILE).exists() else Journal.create(folder) as journal,
    ):
        rows = journal.trials()
        again = [row.number for row in rows if not row.finished]
        number = len(rows)
        running = set()
        while True:
            while len(running) < executor.capacity:
                if again:
                    next_one = again.pop(0)
                else:
                    next_one = number
                    number += 1
                    trial = create_trial(
                        state=TrialState.RUNNING,
                        params={"x": next_one / 10},
                        distributions={"x": FloatDistribution(0, 1e6)},
                    )
                    trial.number = next_one
                    journal.asked(trial)
                running.add(next_one)
                executor.submit(Job(next_one, {"number": next_one, "folder": str(folder)}, seconds=10))
            for event in executor.poll(1.0):
                running.discard(event.number)
                if event.kind != "done":
                    os.write(acknowledged, f"failed {event}\n".encode())
                    continue
                evaluation = Evaluation.from_json(event.data)
                journal.finished(event.number, TrialState.COMPLETE, evaluation.score, evaluation=evaluation)
                os.write(acknowledged, f"{event.number}\n".encode())
            os.write(workers, "".join(f"{pid}\n" for pid in executor.pids()).encode())


def main():
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    acknowledged = os.open(folder.with_suffix(".acknowledged"), flags)
    workers = os.open(folder.with_suffix(".workers"), flags)
    for kill in range(kills):
        size = os.fstat(acknowledged).st_size
        pid = os.fork()
        if not pid:
            try:
                drive(folder, acknowledged, workers)
            except BaseException as error:
                os.write(acknowledged, f"raised {type(error).__name__}: {error}\n".encode())
            finally:
                os._exit(1)
        if kill % 2:
            # In the middle of its work, however long this machine takes to get there.
            until = time.monotonic() + 10
            while os.fstat(acknowledged).st_size == size and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.08))
        else:
            time.sleep(chance.uniform(0.0, 0.3))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
