"""JupyterLab beside the studio: one process with a token of its own, for notebooks of runs and of the gallery."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from pathlib import Path
from urllib.parse import quote

from hortus.deploy.serve.server import bound
from hortus.errors import MissingExtraError, RunError, SettingError
from hortus.libraries import installed
from hortus.studio.home import Home, read_note, write_note
from hortus.studio.process import Children

COMMAND = "jupyterlab"
NOTE, LOG, CONFIG = "lab.json", "lab.log", "lab_config.py"
HOST = "127.0.0.1"
FIRST_PORT, PORTS = 8850, 100
STARTING = 60.0


class Laboratory:
    """The JupyterLab of a studio; one of an earlier server is known again."""

    def __init__(self) -> None:
        self._children = Children()
        self._guard = threading.Lock()

    @staticmethod
    def there() -> bool:
        """Whether JupyterLab is installed."""
        return installed(COMMAND)

    def address(self, home: Home, notebook: Path) -> str:
        """Where a notebook is open, once JupyterLab answers; it is started where it does not run.

        Args:
            home: of the studio.
            notebook: a file in the studio's folder of notebooks.

        Raises:
            MissingExtraError: it is not installed.
            RunError: it does not start.
        """
        if not self.there():
            raise MissingExtraError(
                "JupyterLab is not installed.",
                mend="Install it with: pip install 'hortus[lab]'. Or download the notebook and open it anywhere.",
                code="extra-missing",
            )
        root = notebooks(home)
        with self._guard:
            note = read_note(root / NOTE)
            if not self._children.lives(note):
                note = self._start(root)
        place = quote(notebook.relative_to(root).as_posix())
        return f"http://{HOST}:{note['port']}/lab/tree/{place}?token={note['token']}"

    def _start(self, root: Path) -> dict[str, object]:
        port, token = _free_port(), secrets.token_urlsafe(24)
        # In a file: other people of this computer can read the arguments of a process.
        config = root / CONFIG
        config.unlink(missing_ok=True)
        config.touch(mode=0o600)
        settings = {
            "c.IdentityProvider.token": token,
            "c.ServerApp.ip": HOST,
            "c.ServerApp.port": port,
            "c.ServerApp.port_retries": 0,
            "c.ServerApp.open_browser": False,
            "c.ServerApp.allow_root": True,
            "c.ServerApp.root_dir": str(root),
            # By itself it would ask elsewhere whether there is a newer one, and what is new.
            "c.LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "c.LabApp.news_url": None,
        }
        config.write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()), encoding="utf-8")
        (root / LOG).unlink(missing_ok=True)
        child = self._children.begin([COMMAND, f"--config={config}"], log=root / LOG, folder=root)
        end = time.monotonic() + STARTING
        while time.monotonic() < end and self._children.lives(child):
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=0.5):
                note = {**child, "port": port, "token": token}
                write_note(root / NOTE, note)
                (root / NOTE).chmod(0o600)
                return note
            time.sleep(0.1)
        raise RunError(
            "JupyterLab did not start.", mend="Try it by hand: jupyter lab. Its log says more.", code="lab-ended"
        )


def notebooks(home: Home) -> Path:
    """The studio's folder of notebooks."""
    root = home.path / "notebooks"
    root.mkdir(exist_ok=True)
    return root


def _free_port() -> int:
    port: int
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with contextlib.suppress(SettingError):
            bound(HOST, port).close()
            return port
    raise SettingError(
        f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free.",
        mend="End what listens there.",
        code="ports-taken",
    )
