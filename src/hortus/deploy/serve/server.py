"""A bundle on a port."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hortus.deploy.bundle import load_bundle
from hortus.deploy.serve.door import check, is_loopback, own_names
from hortus.models.libraries import require

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
        SettingError: the address is not the machine's own and there is no token, or the token is weak.
        ArtifactError: the file is no model, or is damaged.
        MissingExtraError: FastAPI or uvicorn is not installed.
    """
    check(host, token)
    require("fastapi", "serve")
    uvicorn = require("uvicorn", "serve")
    from hortus.deploy.serve.app import make_app

    app = make_app(load_bundle(bundle), token=token, hosts=own_names(host) if is_loopback(host) else None)
    told(f"Serving {bundle.name} on http://{f'[{host}]' if ':' in host else host}:{port}; Ctrl-C ends it.")
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=30,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
