"""A page that is open while a worker is killed, while its server is away, and while its run is killed."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# What conftest.py's fixtures give.
Served = Any
Window = Any
LONG = 180_000


def begun_by(pid: int) -> list[int]:
    """The processes that a process began and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            # It ended meanwhile.
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.ui
@pytest.mark.rotated
def test_workers_the_server_and_the_run_are_killed_and_nothing_is_lost(
    own_server: Served, window: Callable[..., Window]
) -> None:
    client = own_server.client()
    table = client.post("/api/data/samples/tumours.csv").json()["id"]
    wanted = {"table": table, "target": "diagnosis", "seconds": 600}
    run = client.post("/api/train/runs", json=wanted).json()["id"]
    found = window(own_server, f"/train/{run}", theme="dark")
    page = found.page
    page.locator(".leaders .is-best").wait_for(timeout=LONG)
    note = json.loads((own_server.home / "runs" / run / "run.json").read_text(encoding="utf-8"))

    # Its workers: the run begins others and tries again what they were at, and its line says so.
    workers = begun_by(note["pid"])
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    page.locator(".leader-pipeline", has_text="run again after: crash").first.wait_for(timeout=LONG)
    assert page.get_by_role("alert").count() == 0
    assert page.get_by_text("You can close this tab").is_visible()
    assert found.grave() == []

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    own_server.kill()
    # The page says so above what it shows, which stays.
    page.locator(".away").get_by_text("The studio does not answer.").wait_for(timeout=LONG)
    assert page.locator(".leaders .is-best").is_visible()
    assert page.get_by_role("alert").count() == 1
    own_server.start()
    # Nobody loads the page again: it goes on behind what it has heard.
    end = time.monotonic() + LONG / 1000
    while not any(url.endswith("/events") for url in asked) and time.monotonic() < end:
        page.wait_for_timeout(200)
    assert any(url.endswith("/events") for url in asked)
    page.get_by_text("You can close this tab").wait_for(timeout=LONG)
    page.locator("[role=alert]").wait_for(state="detached", timeout=LONG)

    os.kill(note["pid"], signal.SIGKILL)
    page.get_by_text("Interrupted: the run's process ended before its time.").wait_for(timeout=LONG)
    assert found.grave() == []
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("You can close this tab").wait_for(timeout=LONG)
    page.get_by_role("button", name="Stop and keep best").click()
    page.get_by_role("link", name="Understand it").wait_for(timeout=LONG)
    lines = (own_server.home / "runs" / run / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    ended = Counter(said["data"]["number"] for said in map(json.loads, lines) if said["kind"] == "trial_finished")
    assert set(ended.values()) == {1}
    assert page.get_by_text(f"{len(ended)} models tried.").is_visible()
    # While there was no server, the browser noted that it could not reach one.
    found.troubles.clear()


@pytest.mark.ui
@pytest.mark.rotated
def test_what_is_drawn_while_the_studio_is_away_is_kept_once_it_is_back(
    own_server: Served, window: Callable[..., Window]
) -> None:
    client = own_server.client()
    address = f"/api/designer/graphs/{client.post('/api/designer/graphs', json={'template': ''}).json()['id']}"
    found = window(own_server, address.removeprefix("/api").replace("/graphs", ""))
    page = found.page
    page.get_by_role("button", name="Load data").click()
    page.locator('.react-flow__node[data-id="load"]').wait_for()
    own_server.kill()
    page.get_by_role("button", name="Split", exact=True).click()
    page.locator('.react-flow__node[data-id="split"]').wait_for()
    page.locator(".away").wait_for(timeout=LONG)
    own_server.start()
    page.locator("[role=alert]").wait_for(state="detached", timeout=LONG)
    page.get_by_role("button", name="Versions").click()
    page.get_by_text("Added Split").wait_for(timeout=LONG)
    assert [node["id"] for node in client.get(address).json()["graph"]["nodes"]] == ["load", "split"]
    # While there was no server, the browser noted that it could not reach one.
    found.troubles.clear()
