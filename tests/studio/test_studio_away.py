"""A page that is open while its server is away, and while its run is killed."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

# What conftest.py's fixtures give.
Served = Any
Window = Any
LONG = 180_000


@pytest.mark.ui
@pytest.mark.rotated
def test_the_server_comes_back_the_run_is_killed_and_is_continued(
    own_server: Served, window: Callable[..., Window]
) -> None:
    client = own_server.client()
    table = client.post("/api/data/samples/tumours.csv").json()["id"]
    wanted = {"table": table, "target": "diagnosis", "seconds": 600}
    run = client.post("/api/train/runs", json=wanted).json()["id"]
    found = window(own_server, f"/train/{run}")
    page = found.page
    page.locator(".leaders .is-best").wait_for(timeout=LONG)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    own_server.kill()
    own_server.start()
    # Nobody loads the page again: it goes on behind what it has heard.
    end = time.monotonic() + LONG / 1000
    while not any(url.endswith("/events") for url in asked) and time.monotonic() < end:
        page.wait_for_timeout(200)
    assert any(url.endswith("/events") for url in asked)
    page.get_by_text("You can close this tab").wait_for(timeout=LONG)
    page.locator("[role=alert]").wait_for(state="detached", timeout=LONG)

    note = json.loads((own_server.home / "runs" / run / "run.json").read_text(encoding="utf-8"))
    os.kill(note["pid"], signal.SIGKILL)
    page.get_by_text("Interrupted: the run's process ended before its time.").wait_for(timeout=LONG)
    assert found.grave() == []
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("You can close this tab").wait_for(timeout=LONG)
    own_server.client().post(f"/api/train/runs/{run}/stop")
    # While there was no server, the browser noted that it could not reach one.
    found.troubles.clear()
