"""The studio on a port of this computer."""

from __future__ import annotations

import os
import socket
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hortus.deploy.serve.door import is_loopback
from hortus.deploy.serve.server import bound
from hortus.engine.lock import alive, started
from hortus.errors import SettingError
from hortus.libraries import require
from hortus.studio.home import Home, read_note, write_note

# Where it is looked for a free port, from here on, where none is asked for.
PORT, TRIED = 7860, 20
SERVER = "server.json"


def serve(
    home: Path,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    network: bool = False,
    opened: Sequence[Path] = (),
    browser: bool = True,
    told: Callable[[str], None] = print,
) -> None:
    """Serve the studio until the process is asked to end; where one serves this folder already, name its address.

    Args:
        home: the studio's folder.
        host: the address to bind.
        port: the port to bind; None for the first that is free.
        network: whether the address may be one that other machines reach.
        opened: run folders elsewhere that are shown too.
        browser: whether a browser is opened.
        told: is given the lines that a person should see.

    Raises:
        SettingError: the address is not this machine's own, or the port is taken.
        RunError: the folder cannot be used, or one of ``opened`` holds no run.
        MissingExtraError: FastAPI, uvicorn or httptools is not installed.
    """
    if not (network or is_loopback(host)):
        raise SettingError(
            f"{host!r} can be reached from other machines.",
            mend="Keep to --host 127.0.0.1, or say --network if that is wanted.",
            code="studio-network",
        )
    require("fastapi", "studio")
    uvicorn = require("uvicorn", "studio")
    require("httptools", "studio")
    from hortus.deploy.serve.protocol import BoundedProtocol
    from hortus.studio.app import create_app
    from hortus.studio.security import Keys

    place = Home.open(home)
    there = read_note(place.path / SERVER)
    if isinstance(there.get("pid"), int) and alive(there["pid"], str(there.get("since", ""))):
        address = f"{there['address']}/?token={Keys(place.path).mint()}"
        told(f"The studio of {place.path} is open already, on {address}")
        _show(address, browser)
        return
    listening = _bound(host, port)
    # From here on whoever follows the address waits until it is answered, and is not refused.
    listening.listen()
    port = int(listening.getsockname()[1])
    app = create_app(place.path, port=port, host=host, opened=tuple(opened))
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    address = f"{base}/?token={Keys(place.path).mint()}"
    write_note(place.path / SERVER, {"pid": os.getpid(), "since": started(os.getpid()), "address": base})
    told(f"Hortus Studio is on {address}")
    told("The address is good once. Ctrl-C ends the studio; runs go on without it.")
    _show(address, browser)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=30,
        # A stream of events stays open as long as its run; it must not keep the studio from ending.
        timeout_graceful_shutdown=1,
    )
    with listening:
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            (place.path / SERVER).unlink(missing_ok=True)


def _bound(host: str, port: int | None) -> socket.socket:
    if port is not None:
        return bound(host, port)
    for wanted in range(PORT, PORT + TRIED):
        with suppress(SettingError):
            return bound(host, wanted)
    return bound(host, 0)


def _show(address: str, browser: bool) -> None:
    if browser:
        # Where there is no browser, the printed address is all there is.
        with suppress(webbrowser.Error):
            webbrowser.open(address)
