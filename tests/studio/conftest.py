"""The studio as its user has it: a server in a process of its own, a home of its own, a browser."""

import base64
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
import numpy as np
import pandas as pd
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

    def drop(self, name: str, content: bytes) -> None:
        """Drag a file from the desktop into the page, and let go of it there."""
        held = self.page.evaluate_handle(
            """([name, content]) => {
                const held = new DataTransfer();
                held.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], name));
                return held;
            }""",
            [name, base64.b64encode(content).decode()],
        )
        area = self.page.locator(".drop")
        for event in ("dragenter", "dragover", "drop"):
            area.dispatch_event(event, {"dataTransfer": held})

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


# Rows of the tables that findings are provoked with.
ROWS = 420


def base(rng: np.random.Generator) -> pd.DataFrame:
    x = rng.normal(size=(ROWS, 3)).round(3)
    y = np.where(x[:, 0] + rng.normal(size=ROWS) > 0, "yes", "no")
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y})


def values(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return (100 + 20 * frame["a"] + rng.normal(size=len(frame)) * 5).round(2)


def in_time(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    wave = np.sin(np.arange(ROWS) / 40)
    y = np.where(wave + 0.3 * rng.normal(size=ROWS) > 0, "yes", "no")
    return frame.assign(when=pd.date_range("2024", periods=ROWS).strftime("%Y-%m-%d"), y=y)


def in_groups(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    customer = np.arange(ROWS) % 140
    y = np.where(rng.normal(size=140)[customer] + 0.3 * rng.normal(size=ROWS) > 0, "yes", "no")
    return frame.assign(customer_id=[f"K{number}" for number in customer], y=y)


def conflicting(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    coarse = frame[["a", "b"]].round(0)
    return coarse.assign(y=np.where(rng.random(ROWS) < 0.4, "yes", "no"))


# A code -> what is done to a good table so that it is found.
SPOILS: dict[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]] = {
    "column-id": lambda f, rng: f.assign(customer_id=[f"C{n:05d}" for n in rng.permutation(ROWS)]),
    "column-constant": lambda f, rng: f.assign(country="Italy"),
    "column-empty": lambda f, rng: f.assign(remark=np.nan),
    "column-is-target": lambda f, rng: f.assign(answer=np.where(f["y"] == "yes", "1 yes", "2 no")),
    "column-leaks": lambda f, rng: f.assign(after=np.where(f["y"] == "yes", 5.0, 0.0) + rng.random(ROWS).round(3)),
    "column-dominates": lambda f, rng: f.assign(
        score=(np.where(f["y"] == "yes", 1.0, -1.0) + 0.9 * rng.normal(size=ROWS)).round(3), a=rng.normal(size=ROWS)
    ),
    "column-mostly-missing": lambda f, rng: f.assign(
        rare=np.where(rng.random(ROWS) < 0.02, 1.5 + rng.random(ROWS), np.nan)
    ),
    "missing-tells-target": lambda f, rng: f.assign(b=f["b"].where((f["y"] == "no") | (rng.random(ROWS) < 0.2))),
    "columns-equal": lambda f, rng: f.assign(again=f["a"]),
    "rows-repeated": lambda f, rng: pd.concat([f, f.sample(150, random_state=0)], ignore_index=True),
    "rows-conflict": conflicting,
    "rows-ordered": in_time,
    "rows-grouped": in_groups,
    "target-class-once": lambda f, rng: f.assign(y=[*f["y"][:-1], "maybe"]),
    "target-imbalanced": lambda f, rng: f.assign(y=np.where(np.arange(ROWS) % 60 == 0, "yes", "no")),
    "target-labels-alike": lambda f, rng: f.assign(y=f["y"].where((f["y"] == "no") | (rng.random(ROWS) < 0.8), "Yes.")),
    "target-outliers": lambda f, rng: f.assign(y=values(f, rng).where(np.arange(ROWS) != 7, 99999.0)),
    "target-capped": lambda f, rng: f.assign(y=values(f, rng).clip(upper=110.0)),
    "target-rounded": lambda f, rng: f.assign(y=(values(f, rng) / 10).round() * 10),
}


@pytest.fixture(scope="session")
def spoilt(client: httpx.Client) -> Callable[[str], str]:
    """Brings a table of which a finding will be told, by the finding's code, and chooses what to predict."""

    def bring(code: str) -> str:
        rng = np.random.default_rng(3)
        body = SPOILS[code](base(rng), rng).to_csv(index=False).encode()
        answer = client.post("/api/data/tables", params={"name": f"{code}.csv"}, content=body)
        assert answer.status_code == 200, answer.text
        identity = str(answer.json()["id"])
        assert client.put(f"/api/data/tables/{identity}/target", json={"target": "y"}).status_code == 200
        return identity

    return bring
