"""Run beside a cluster by ``test_ray.py``: what its slots do, told as one JSON object."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from hortus.engine.executors.base import Event, Job
from hortus.engine.executors.parcels import digest_of
from hortus.engine.executors.ray import RayExecutor

MIB = 2**20


def ended(executor, *jobs):
    for one in jobs:
        executor.submit(one)
    found = {}
    while len(found) < len(jobs):
        for event in executor.poll(1.0):
            if event.kind == "question":
                refused = "not again" if event.data["name"] == "y" else ""
                executor.reply(event.number, 0.25, refused=refused)
            elif event.kind == "report":
                executor.answer(event.number, go_on=event.data["step"] < 3)
            else:
                found[event.number] = asdict(event)
    return found


def main(url, place):
    data, out = place / "data", place / "run"
    data.mkdir()
    out.mkdir()
    (data / "a.bin").write_bytes(b"a" * 5 * MIB)
    (data / "b.bin").write_bytes(b"b")
    (out / "needed.txt").write_text("needed")
    needed = {"path": "needed.txt", "sha256": digest_of(out / "needed.txt"), "size": 6}

    def job(number, what, *, seconds=30.0, memory=None, **payload):
        told = {"what": what, "number": number, "data": str(data), "out": str(out), **payload}
        return Job(number, told, seconds, memory)

    told = {}
    with RayExecutor(2, cluster=url, gpus=1.0, entry="cluster_entries:run", warm=()) as executor:
        told["capacity"] = executor.capacity, executor.on_one_machine
        # Longer than a start takes, so that both slots have their share.
        first = ended(executor, *(job(number, "quick", nap=1.0) for number in range(4)))
        begin = time.monotonic()
        rest = ended(executor, *(job(number, "quick") for number in range(4, 200)))
        told["seconds"] = time.monotonic() - begin
        told["quick"] = {**first, **rest}
        told["left"] = ended(executor, job(200, "quick", deadline=time.monotonic() + 7.0))[200]
        told["rungs"] = ended(executor, job(201, "rungs", reports=True))[201]
        told["asks"] = ended(executor, job(207, "asks", asks=True))[207]
        told["needy"] = ended(executor, job(202, "needy", needs=[needed]))[202]
        told["timeout"] = ended(executor, job(203, "hang", seconds=0.5))[203]
        told["memory"] = ended(executor, job(204, "gulp", bytes=3 * 10**9, memory=250 * MIB))[204]
        told["crash"] = ended(executor, job(205, "segfault"))[205]
        executor.submit(job(206, "hang"))
        while not any(post.job is not None for post in executor._fleet.posts):
            time.sleep(0.01)
        executor.cancel(206)
        ends: list[Event] = []
        while not ends:
            ends = executor.poll(10.0)
        told["cancelled"] = asdict(ends[0])
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
