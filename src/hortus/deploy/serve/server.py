"""A bundle on a port."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hortus.deploy.serve.door import check, is_loopback, own_names
from hortus.errors import SettingError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from hortus.deploy.image_model import ImageModel
    from hortus.deploy.scene_model import SceneModel
    from hortus.ensemble.predictor import Predictor

# Each may hold a body of the largest size while it comes in.
MOST_CONNECTIONS = 256


def serve(
    bundle: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    told: Callable[[str], None] = print,
) -> None:
    """Serve a bundle until the process is asked to end.

    Args:
        bundle: the ``.hortus`` file.
        host: the address to bind.
        port: the port to bind.
        token: what requests must bear.
        told: is given the lines that a person should see.

    Raises:
        SettingError: the address is not the machine's own and there is no token, the token is weak, or the port is
            taken.
        ArtifactError: the file is no model, or is damaged.
        MissingExtraError: FastAPI, uvicorn or httptools is not installed.
    """
    check(host, token)
    # What follows takes a second to import, and is not needed to refuse.
    from hortus.libraries import require

    require("fastapi", "serve")
    uvicorn = require("uvicorn", "serve")
    require("httptools", "serve")
    from hortus.deploy.load import load
    from hortus.deploy.serve.protocol import BoundedProtocol

    model = load(bundle)
    for note in model.notes:
        if note.warning:
            told(f"warning: {note.what} {note.mend}")
    app = _app(model, token, own_names(host) if is_loopback(host) else None)
    opened = bound(host, port)
    told(f"Serving {bundle.name} on http://{f'[{host}]' if ':' in host else host}:{port}; Ctrl-C ends it.")
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=30,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
    with opened:
        uvicorn.Server(config).run(sockets=[opened])


def _app(model: Predictor | ImageModel | SceneModel, token: str | None, hosts: tuple[str, ...] | None) -> ASGIApp:
    """The application for a kind of model."""
    from hortus.deploy.image_model import ImageModel
    from hortus.ensemble.predictor import Predictor

    if isinstance(model, Predictor):
        from hortus.deploy.serve.app import make_app

        return make_app(model, token=token, hosts=hosts)
    if isinstance(model, ImageModel):
        from hortus.deploy.serve.image_app import make_image_app

        return make_image_app(model, token=token, hosts=hosts)
    from hortus.deploy.serve.scene_app import make_scene_app

    return make_scene_app(model, token=token, hosts=hosts)


def bound(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        SettingError: the port is taken, or the address is none of this machine's.
    """
    # asyncio answers without delay (40 ms, while each side waits for the other) only on sockets that say they are TCP.
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(1024)
    except OSError as error:
        opened.close()
        raise SettingError(
            f"{host} port {port} cannot be bound: {(error.strerror or str(error)).lower()}.",
            mend="End what listens there, or give another --host or --port.",
            code="port-taken",
        ) from error
    return opened
