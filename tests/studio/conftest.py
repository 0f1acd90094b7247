"""The studio as its user has it: a server in a process of its own, a home of its own, a browser."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = Path(__file__).parents[2] / "studio-ui" / "node_modules" / "axe-core" / "axe.min.js"
# Rules whose breach keeps somebody out.
GRAVE = ("serious", "critical")


@dataclass
class Served:
    """A studio's server; it can be killed and started again in the same home, on the same port."""

    home: Path
    port: int
    process: subprocess.Popen[str] | None = None
    opened: tuple[Path, ...] = ()
    address: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Served":
        command = [sys.executable, "-m", "hortus.cli", "studio", "--no-browser", "--home", str(self.home)]
        command += ["--port", str(self.port), *(part for run in self.opened for part in ("--open", str(run)))]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"(http://\S+)", line)
        assert found, line + self.process.stdout.read()
        self.address = found[1]
        for _ in range(600):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def client(self) -> httpx.Client:
        """One that came in by the address that was printed, and sends the studio's header."""
        client = httpx.Client(base_url=self.base, headers={"x-hortus": "1"}, timeout=60)
        answer = client.get(self.address)
        if answer.status_code == 303:
            return client
        # The address was used before: what a browser with the cookie has.
        client.cookies.set(f"hortus-{self.port}", (self.home / "secret").read_text(), domain="127.0.0.1")
        return client


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that do not hurt it."""
    pytest.importorskip("fastapi")
    found = Served(tmp_path_factory.mktemp("studio") / "home", free_port()).start()
    yield found
    found.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Served]:
    """A server that a test may kill."""
    pytest.importorskip("fastapi")
    found = Served(tmp_path / "home", free_port()).start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def client(served: Served) -> Iterator[httpx.Client]:
    found = served.client()
    yield found
    found.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("there is no Chromium here (apt-get install chromium)")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@dataclass
class Window:
    """A browser's page that came in, with what it asked of whom and what went wrong in it."""

    page: Any
    foreign: list[str]
    troubles: list[str]

    def grave(self) -> list[str]:
        """What axe finds that keeps somebody out."""
        assert AXE.exists(), "npm ci in studio-ui brings axe-core"
        # Not by a script tag: the policy of the page allows none but the studio's own.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{breach['id']}: {breach['nodes'][0]['html'][:160]}"
            for breach in found["violations"]
            if breach["impact"] in GRAVE
        ]


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[..., Window]]:
    """Open a page of a server; nothing it asks may leave the host, and nothing may go wrong in it."""
    opened: list[tuple[Any, Window]] = []

    def open_window(server: Served, path: str = "/", *, theme: str = "light", width: int = 1440) -> Window:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        secret = (server.home / "secret").read_text()
        context.add_cookies([{"name": f"hortus-{server.port}", "value": secret, "url": server.base}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        found = Window(page, [], [])
        own = (server.base, "data:", "blob:")
        page.on("request", lambda asked: None if asked.url.startswith(own) else found.foreign.append(asked.url))
        page.on("pageerror", lambda error: found.troubles.append(str(error)))
        page.on("console", lambda said: found.troubles.append(said.text) if said.type == "error" else None)
        page.goto(server.base + path)
        opened.append((context, found))
        return found

    yield open_window
    for context, found in opened:
        context.close()
        assert found.foreign == []
        assert found.troubles == []
