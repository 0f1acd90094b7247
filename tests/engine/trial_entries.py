"""Trials that behave and trials that do not; worker processes import this file by its path on ``sys.path``."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from optuna.exceptions import TrialPruned

from hortus.data.artifacts import write_artifact


def run(payload, report):
    return globals()[payload["what"]](payload, report)


def echo(payload, report):
    return {"number": payload.get("number"), "pid": os.getpid()}


def nap(payload, report):
    time.sleep(payload["nap"])
    return {"slept": payload["nap"]}


def repeat(payload, report):
    return {"text": payload["text"]}


def full_disk(payload, report):
    def write(path):
        with Path("/dev/full").open("wb", buffering=0) as device:
            device.write(b"x")

    write_artifact(Path(payload["folder"]), "full.bin", write)


def hang(payload, report):
    while True:
        time.sleep(60)


def blas_loop(payload, report):
    a = np.ones((1500, 1500))
    while True:
        a = a @ a
        a /= a.max()


def lock_held(payload, report):
    # PyDLL keeps the interpreter's lock: no other thread of the worker runs meanwhile.
    ctypes.PyDLL(None).sleep(60)


def segfault(payload, report):
    ctypes.string_at(0)


def abort(payload, report):
    os.abort()


def leave(payload, report):
    os._exit(7)


def system_exit(payload, report):
    sys.exit(3)


def eat(payload, report):
    held = []
    while True:
        held.append(np.ones(2**20))
        time.sleep(0.001)


def gulp(payload, report):
    return {"sum": float(np.ones(payload["bytes"] // 8).sum())}


def gulp_by_child(payload, report):
    code = "import time; held = b'x' * 400_000_000; time.sleep(60)"
    subprocess.run([sys.executable, "-c", code], check=True)
    return {}


def children(payload, report):
    """Start a child and a grandchild, write their ids, then end as told."""
    code = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)']); "
        "print(p.pid, flush=True); time.sleep(100)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    grandchild = int(child.stdout.readline())
    target = Path(payload["file"])
    target.with_suffix(".tmp").write_text(f"{child.pid} {grandchild}")
    target.with_suffix(".tmp").rename(target)
    if payload["then"] == "hang":
        time.sleep(100)
    if payload["then"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def raises(payload, report):
    raise ValueError("no good\nat all")


def says(payload, report):
    print("hello", flush=True)
    print("last words", file=sys.stderr, flush=True)
    os._exit(1)


def floods(payload, report):
    for _ in range(200):
        sys.stderr.write("x" * 10_000)
    return {"ok": True}


def rungs(payload, report):
    for step in range(payload["steps"]):
        if not report(step, step / 10):
            raise TrialPruned(f"stopped after {step}")
    return {"steps": payload["steps"]}


def unserializable(payload, report):
    return {"value": {1, 2}}


def environment(payload, report):
    return {
        "threads": os.environ["OMP_NUM_THREADS"],
        "stdin": sys.stdin.read(),
        "path": sys.path,
        "session": os.getsid(0) == os.getpid(),
        "blas": _blas_threads(),
    }


def _blas_threads():
    from threadpoolctl import threadpool_info

    return [pool["num_threads"] for pool in threadpool_info()]


def kill_itself(payload, report):
    os.kill(os.getpid(), signal.SIGKILL)


def bad_alloc(payload, report):
    sys.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    sys.stderr.flush()
    os.abort()


def child_with_its_own_session(payload, report):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
    Path(payload["file"]).write_text(str(child.pid))
    time.sleep(100)


def loaded(payload, report):
    return {"loaded": payload["module"] in sys.modules}


def surroundings(payload, report):
    return {"folder": str(Path.cwd()), "value": os.environ.get(payload["name"]), "path": sys.path}


def interrupted(payload, report):
    raise KeyboardInterrupt
