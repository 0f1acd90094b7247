"""The stream of a run's events while nothing happens."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hortus.studio import events


def test_a_silent_stream_says_that_it_lives_and_ends_with_its_run(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PAUSE", 0.001)
    monkeypatch.setattr(events, "SILENCE", 0.003)
    states = ["running"] * 30 + ["finished"]

    async def listen() -> list[bytes]:
        return [block async for block in events.stream(tmp_path, None, lambda: states.pop(0))]

    # Not in this thread, where a browser's own loop may be under way.
    with ThreadPoolExecutor(1) as elsewhere:
        said = elsewhere.submit(asyncio.run, listen()).result(timeout=60)
    assert said[0] == b'event: state\ndata: "running"\n\n'
    assert said.count(b": alive\n\n") >= 3
    assert said[-1] == b'event: state\ndata: "finished"\n\n'
