"""One row through the server: how long a client waits.

    make demo && make bench-serving

The demo's model is served by ``hortus serve`` in a process of its own; a client asks for one row after another over one
connection, as a program does that scores what comes in. Beside it: how long the model alone takes for the same rows,
how many requests a second four clients get, and how long one of 1,000 rows takes. All of it is written to
benchmarks/results/serving.json.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.about import about
from hortus.deploy.bundle import load_bundle

RESULTS = Path(__file__).resolve().parent / "results" / "serving.json"
DEMO = Path("build/demo")
WARM, ASKED, CLIENTS, MANY = 50, 1000, 4, 1000


@contextmanager
def served(model: Path) -> Iterator[int]:
    """The port of a server of ``model``, once it is ready."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    hortus = str(Path(sys.executable).with_name("hortus"))
    process = subprocess.Popen([hortus, "serve", str(model), "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def asked(port: int, rows: list[dict[str, Any]], times: int, *, at_once: int = 1) -> list[float]:
    """Milliseconds of each of ``times`` requests over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    taken = []
    for number in range(times):
        part = [rows[(number * at_once + i) % len(rows)] for i in range(at_once)]
        body = json.dumps({"rows": part})
        begin = time.perf_counter()
        connection.request("POST", "/v1/predict", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        taken.append(1000 * (time.perf_counter() - begin))
        if answer.status != 200:
            raise SystemExit(f"The server answered {answer.status}.")
    connection.close()
    return taken


def alone(model: Path, rows: list[dict[str, Any]], times: int) -> list[float]:
    """Milliseconds of the model itself, row by row."""
    predictor = load_bundle(model)
    taken = []
    for number in range(WARM + times):
        frame = pd.DataFrame([rows[number % len(rows)]])
        begin = time.perf_counter()
        predictor.raw(frame)
        taken.append(1000 * (time.perf_counter() - begin))
    return taken[WARM:]


def together(port: int, rows: list[dict[str, Any]]) -> float:
    """Requests of one row a second, from several clients at once."""
    clients = [threading.Thread(target=asked, args=(port, rows, ASKED // CLIENTS)) for _ in range(CLIENTS)]
    begin = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return CLIENTS * (ASKED // CLIENTS) / (time.perf_counter() - begin)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=DEMO, help="the folder that make demo writes")
    demo = parser.parse_args().demo
    model = demo / "run" / "model.hortus"
    table = pd.read_csv(demo / "new.csv").head(2000)
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    with served(model) as port:
        asked(port, rows, WARM)
        one = asked(port, rows, ASKED)
        many = asked(port, rows, 10, at_once=MANY)
        figures = {
            "one_row_p50_ms": float(np.percentile(one, 50)),
            "one_row_p95_ms": float(np.percentile(one, 95)),
            "one_row_p99_ms": float(np.percentile(one, 99)),
            "four_clients_requests_a_second": together(port, rows),
            "thousand_rows_p50_ms": float(np.median(many)),
        }
    figures["model_alone_p50_ms"] = float(np.median(alone(model, rows, 300)))
    predictor = load_bundle(model)
    found = {
        "machine": about("hortus", "fastapi", "uvicorn", "lightgbm", "scikit-learn"),
        "model": [f"{len(member.folds)} x {member.name}" for member in predictor.members],
        "requests": ASKED,
        "figures": {name: round(value, 3) for name, value in figures.items()},
    }
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
