"""JupyterLab beside the studio, where it is installed: one process with a token of its own, known to a later server.

`make test-lab` installs it in an environment beside the usual one and runs these there.
"""

import os
import re
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from hortus.libraries import installed
from hortus.studio.home import Home, read_note
from hortus.studio.laboratory import Laboratory, notebooks

LONG = 120_000
pytestmark = [
    pytest.mark.rotated,
    pytest.mark.skipif(not installed("jupyterlab"), reason="JupyterLab is not here (pip install 'hortus[lab]')"),
]


@pytest.fixture
def home(tmp_path: Path):
    found = Home.open(tmp_path / "home")
    yield found
    end_lab(found)


def end_lab(home: Home) -> None:
    note = read_note(notebooks(home) / "lab.json")
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
    for asked in ("update", "news"):
        found = httpx.get(f"{base}/lab/api/{asked}", headers={"authorization": f"token {token}"}).json()
        assert not any(found.values()), asked
    from jupyterlab.labapp import LabApp

    settings = (notebooks(home) / "lab_config.py").read_text(encoding="utf-8")
    assert set(re.findall(r"c\.LabApp\.(\w+)", settings)) <= set(LabApp.class_trait_names())
    assert "NeverCheckForUpdate" in settings
    # Nothing above the studio's notebooks is seen.
    assert httpx.get(f"{base}/api/contents/..%2F", headers={"authorization": f"token {token}"}).status_code == 404
    # A studio that was started again knows it; its token is told to nobody else of this computer.
    assert str(Laboratory().address(home, notebook)) == str(address)
    root = notebooks(home)
    assert token not in Path(f"/proc/{read_note(root / 'lab.json')['pid']}/cmdline").read_text(encoding="utf-8")
    for name in ("lab.json", "lab_config.py"):
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o600


@pytest.mark.ui
def test_a_sample_opens_in_a_tab_of_its_own_with_a_kernel(own_server: Any, window: Callable[..., Any]) -> None:
    page = window(own_server, "/notebooks").page
    card = page.locator(".notebook-card", has=page.get_by_role("heading", name="First steps with Hortus"))
    try:
        with page.expect_popup(timeout=LONG) as opened:
            card.get_by_role("button", name="Open in JupyterLab").click()
        lab = opened.value
        lab.set_default_timeout(LONG)
        lab.locator(".jp-Notebook").get_by_role("heading", name="First steps with Hortus").wait_for()
        lab.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        # What is typed there runs, with this installation of Hortus.
        lab.locator(".jp-CodeCell .cm-content").first.click()
        lab.keyboard.press("ControlOrMeta+a")
        lab.keyboard.type("import hortus; print('grown by', hortus.__name__)")
        lab.keyboard.press("Shift+Enter")
        lab.locator(".jp-OutputArea-output", has_text="grown by hortus").wait_for()
        # The studio stays where it was, and has no hand in the other tab.
        assert page.url.endswith("/notebooks")
        assert lab.evaluate("window.opener") is None
    finally:
        end_lab(Home.open(own_server.home))
