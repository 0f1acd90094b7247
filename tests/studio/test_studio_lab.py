"""JupyterLab beside the studio, where it is installed: one process with a token of its own, known to a later server."""

import os
import signal
import stat
import time
from pathlib import Path

import httpx
import pytest

from hortus.models.libraries import installed
from hortus.studio.home import Home, read_note
from hortus.studio.laboratory import Laboratory, notebooks

pytestmark = [
    pytest.mark.rotated,
    pytest.mark.skipif(not installed("jupyterlab"), reason="JupyterLab is not here (pip install 'hortus[lab]')"),
]


@pytest.fixture
def home(tmp_path: Path):
    found = Home.open(tmp_path / "home")
    yield found
    note = read_note(notebooks(found) / "lab.json")
    if note:
        os.kill(note["pid"], signal.SIGTERM)
        for _ in range(100):
            if not Path(f"/proc/{note['pid']}").exists():
                break
            time.sleep(0.1)


def test_it_is_started_once_and_lets_in_by_its_token_alone(home: Home) -> None:
    notebook = notebooks(home) / "samples" / "a b.ipynb"
    notebook.parent.mkdir()
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', encoding="utf-8")
    address = httpx.URL(Laboratory().address(home, notebook))
    assert address.host == "127.0.0.1"
    assert address.path == "/lab/tree/samples/a b.ipynb"
    base, token = f"http://127.0.0.1:{address.port}", address.params["token"]
    contents = f"{base}/api/contents/samples/a%20b.ipynb"
    assert httpx.get(contents).status_code == 403
    told = httpx.get(contents, headers={"authorization": f"token {token}"})
    assert told.json()["name"] == "a b.ipynb"
    # Nothing above the studio's notebooks is seen.
    assert httpx.get(f"{base}/api/contents/..%2F", headers={"authorization": f"token {token}"}).status_code == 404
    # A studio that was started again knows it; its token is told to nobody else of this computer.
    assert str(Laboratory().address(home, notebook)) == str(address)
    root = notebooks(home)
    assert token not in Path(f"/proc/{read_note(root / 'lab.json')['pid']}/cmdline").read_text(encoding="utf-8")
    for name in ("lab.json", "lab_config.py"):
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o600
