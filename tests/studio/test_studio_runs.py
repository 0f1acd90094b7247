"""Runs outlive whatever happens to the server, and what happens to them is told and mended."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

# What conftest.py's fixtures give.
Served = Any
PATIENCE = 180.0


def wait_for(what: Callable[[], Any], why: str) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"after {PATIENCE:.0f} s there is still no {why}")


def begin(client: httpx.Client, seconds: float, sample: str = "tumours.csv", target: str = "diagnosis") -> str:
    table = client.post(f"/api/data/samples/{sample}").json()["id"]
    answer = client.post("/api/train/runs", json={"table": table, "target": target, "seconds": seconds})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def state(client: httpx.Client, run: str) -> str:
    return str(client.get(f"/api/train/runs/{run}").json()["state"])


def finished(client: httpx.Client, run: str, least: int) -> bool:
    return int(client.get(f"/api/train/runs/{run}").json()["trials"]) >= least


def events(served: Served, run: str) -> list[dict[str, Any]]:
    path: Path = served.home / "runs" / run / "run" / "events.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def heard(client: httpx.Client, run: str, last: str | None = None, most: int = 10**6) -> list[tuple[str, str]]:
    """The stream's events as (id, data), until it ends or there are so many."""
    found: list[tuple[str, str]] = []
    name = ""
    headers = {} if last is None else {"last-event-id": last}
    with client.stream("GET", f"/api/train/runs/{run}/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("id: "):
                name = line[4:]
            elif line.startswith("data: ") and name:
                found.append((name, line[6:]))
                name = ""
                if len(found) >= most:
                    break
    return found


def test_a_killed_server_costs_nothing_and_doubles_nothing(own_server: Served) -> None:
    client = own_server.client()
    run = begin(client, 20)
    wait_for(lambda: finished(client, run, 1), "first model")
    seen = heard(client, run, most=4)
    own_server.kill()
    before = len(events(own_server, run))
    wait_for(lambda: len(events(own_server, run)) > before, "event while there is no server")

    own_server.start()
    client = own_server.client()
    assert [line["id"] for line in client.get("/api/train/runs").json()] == [run]
    rest = heard(client, run, last=seen[-1][0])
    assert state(client, run) == "finished"
    told = [json.loads(data) for _, data in [*seen, *rest]]
    assert told == events(own_server, run)
    ended = Counter(event["data"]["number"] for event in told if event["kind"] == "trial_finished")
    assert set(ended.values()) == {1}
    assert told[-1]["kind"] == "run_finished"
    board = client.get(f"/api/train/runs/{run}/board").json()
    assert board["chosen"]
    assert board["guess"] == 0.5
    best = board["lines"][0]
    assert best["low"] <= best["score"] <= best["high"]
    assert abs(sum(line["weight"] for line in board["lines"]) - 1) < 1e-6 or board["lines"][0]["score"] < board["first"]

    # The run is an ordinary one: the command line and Python read it, and so does another studio.
    from hortus.run import open_run

    assert (
        open_run(own_server.home / "runs" / run / "run").estimate.score
        == client.get(f"/api/train/runs/{run}").json()["score"]
    )


def test_a_killed_run_is_interrupted_and_goes_on_from_there(own_server: Served) -> None:
    client = own_server.client()
    run = begin(client, 300)
    wait_for(lambda: finished(client, run, 1), "first model")
    note = json.loads((own_server.home / "runs" / run / "run.json").read_text())
    # The run and all it began: each of its slots is a session of its own, which ends with it.
    os.kill(note["pid"], signal.SIGKILL)
    wait_for(lambda: state(client, run) == "interrupted", "interruption")
    done = client.get(f"/api/train/runs/{run}").json()["trials"]

    answer = client.post(f"/api/train/runs/{run}/resume", json={"seconds": 6})
    assert answer.json()["state"] == "running"
    refused = client.post(f"/api/train/runs/{run}/resume", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "run-in-use")
    # Asked to stop before its process has so much as begun, it keeps the best all the same.
    assert client.post(f"/api/train/runs/{run}/stop").status_code == 200
    wait_for(lambda: state(client, run) != "running", "end")
    assert state(client, run) == "stopped"
    assert (own_server.home / "runs" / run / "run" / "model.hortus").exists()
    told = client.get(f"/api/train/runs/{run}").json()
    assert told["trials"] >= done
    ended = Counter(event["data"]["number"] for event in events(own_server, run) if event["kind"] == "trial_finished")
    assert set(ended.values()) == {1}


def test_a_run_is_stopped_and_the_best_is_kept(served: Served, client: httpx.Client) -> None:
    run = begin(client, 300, "diabetes.csv", "progression")
    wait_for(lambda: finished(client, run, 1), "first model")
    assert client.post(f"/api/train/runs/{run}/stop").status_code == 200
    wait_for(lambda: state(client, run) == "stopped", "stop")
    told = client.get(f"/api/train/runs/{run}").json()
    assert told["loss"]
    assert told["low"] <= told["score"] <= told["high"]
    assert (served.home / "runs" / run / "run" / "model.hortus").exists()
    assert told["matter"] == "No large errors"


def test_a_run_that_cannot_begin_says_why(client: httpx.Client) -> None:
    table = "\n".join(["x,y", *(f"{n},{n % 2}" for n in range(40))]).encode()
    identity = client.post("/api/data/tables", params={"name": "small.csv"}, content=table).json()["id"]
    wanted = {"table": identity, "target": "y", "seconds": 5, "metric": "r2"}
    run = client.post("/api/train/runs", json=wanted).json()["id"]
    told = wait_for(
        lambda: (line := client.get(f"/api/train/runs/{run}").json())["state"] == "failed" and line, "failure"
    )
    assert "r2" in told["trouble"]["what"]
    assert told["trouble"]["mend"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"target": None}, "target-not-given"),
        ({"target": "nothing"}, "column-missing"),
        ({"target": "diagnosis", "use": "later"}, "use-column"),
        ({"target": "diagnosis", "use": "groups", "column": "diagnosis"}, "use-column"),
        ({"target": "diagnosis", "use": "groups", "column": "nothing"}, "column-missing"),
        ({"target": "diagnosis", "seconds": 1}, "request"),
        ({"target": "diagnosis", "table": "../etc"}, "request"),
        ({"target": "diagnosis", "table": "0" * 12}, "table-absent"),
    ],
)
def test_answers_that_cannot_be_are_refused(client: httpx.Client, wanted: dict[str, Any], code: str) -> None:
    table = client.post("/api/data/samples/tumours.csv").json()["id"]
    answer = client.post("/api/train/runs", json={"table": table, **wanted})
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] == code


def test_a_run_made_elsewhere_is_shown(tmp_path: Path) -> None:
    from sklearn.datasets import load_iris

    from hortus.errors import RunError
    from hortus.run import Settings, fit
    from hortus.studio.board import board
    from hortus.studio.home import Home
    from hortus.studio.runs import Runs
    from hortus.studio.tables import Tables

    settings = Settings(trials=2, folds=2, models=("linear",), executor="inline", slots=1)
    fit(load_iris(as_frame=True).frame, "target", settings, folder=tmp_path / "mine")
    home = Home.open(tmp_path / "home")
    runs = Runs(home, Tables(home))
    found = runs.open(tmp_path / "mine")
    assert [run.id for run in runs.all()] == [found.id]
    assert runs.state(found) == "finished"
    # Another server of the same folder remembers it.
    assert Runs(home, Tables(home)).get(found.id).folder == tmp_path / "mine"
    assert [line.model for line in board(found.folder).lines] == ["linear", "linear"]
    with pytest.raises(RunError, match="no run in"):
        runs.open(tmp_path)
