"""How long a person waits for the studio: a csv of 100,000 rows and 20 columns, and the first score of a sample.

    make bench-studio

The server is a process of its own, as `hortus studio` starts it, and everything goes over HTTP: the file is sent and
looked over (rows counted, every column with its kind, gaps, histogram and question) and its first rows are asked for;
a run is begun on the customers' sample and watched until its first score. Each figure is the median of several; they
are written to benchmarks/results/studio.json with the machine, the versions and the date.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.about import about
from benchmarks.gate import ROWS, table

RESULTS = Path(__file__).resolve().parent / "results" / "studio.json"
RUNS = 5
SECONDS = 30
# What design asks of a quiet machine: seconds until the table is seen, and until the first score.
MOST_TABLE, MOST_SCORE = 2.0, 5.0


@contextmanager
def studio(home: Path) -> Iterator[httpx.Client]:
    """A server and a client that came in by the address it prints."""
    command = [sys.executable, "-m", "hortus.cli", "studio", "--no-browser", "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://\S+", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise SystemExit("the studio did not begin")
            with httpx.Client(base_url=found[0].split("/?")[0], headers={"x-hortus": "1"}, timeout=120) as client:
                client.get(found[0])
                yield client
        finally:
            process.terminate()


def table_seconds(client: httpx.Client, body: bytes) -> tuple[float, float]:
    """Seconds from the first byte sent to the first rows, and to every column's profile."""
    begin = time.perf_counter()
    identity = client.post("/api/data/tables", params={"name": "large.csv"}, content=body).json()["id"]
    seen = len(client.get(f"/api/data/tables/{identity}/rows").json()["cells"])
    preview = time.perf_counter() - begin
    told = client.get(f"/api/data/tables/{identity}").json()
    whole = time.perf_counter() - begin
    if (seen, told["rows"], len(told["columns_told"])) != (100, ROWS, 20):
        raise SystemExit("the studio did not show the table")
    client.delete(f"/api/data/tables/{identity}")
    return preview, whole


def score_seconds(client: httpx.Client) -> float:
    """Seconds from pressing Train to the first score on the leaderboard."""
    sample = client.post("/api/data/samples/customers.csv").json()["id"]
    begin = time.perf_counter()
    asked = {"table": sample, "target": "leaves", "seconds": SECONDS}
    run = client.post("/api/train/runs", json=asked).json()["id"]
    while True:
        board = client.get(f"/api/train/runs/{run}/board").json()
        if board["first"] is not None or board["lines"]:
            break
        time.sleep(0.05)
    seconds = time.perf_counter() - begin
    client.post(f"/api/train/runs/{run}/stop")
    while client.get(f"/api/train/runs/{run}").json()["state"] == "running":
        time.sleep(0.2)
    return seconds


def main() -> int:
    """Measure, print, write; 1 where a person waits too long."""
    body = table(ROWS, 1).iloc[:, :20].to_csv(index=False).encode()
    with tempfile.TemporaryDirectory() as place, studio(Path(place) / "home") as client:
        table_seconds(client, body)
        tables = [table_seconds(client, body) for _ in range(RUNS)]
        scores = [score_seconds(client) for _ in range(RUNS)]
    found = {
        "rows": ROWS,
        "columns": 20,
        "bytes": len(body),
        "preview_seconds": round(statistics.median(preview for preview, _ in tables), 2),
        "profile_seconds": round(statistics.median(whole for _, whole in tables), 2),
        "first_score_seconds": round(statistics.median(scores), 2),
        "runs": RUNS,
        "load_average": round(os.getloadavg()[0], 2),
        **about("hortus", "fastapi", "uvicorn", "pandas", "numpy"),
    }
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(found["profile_seconds"] > MOST_TABLE or found["first_score_seconds"] > MOST_SCORE)


if __name__ == "__main__":
    sys.exit(main())
