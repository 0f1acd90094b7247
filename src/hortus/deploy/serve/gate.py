"""What every request passes before it is looked at: whom it was sent to, and whether it may come in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hortus.deploy.serve.answer import Answer
from hortus.deploy.serve.replies import Refusal

# The page holds nothing of the model, and a health check has no token.
OPEN = frozenset({"/", "/healthz", "/readyz"})
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


class Gate:
    """An ASGI layer around the whole application.

    Args:
        app: what stands behind it.
        hosts: names that the ``Host`` header may have, without port; None for any. A page of somebody else's whose
            name was made to lead to this machine is kept out by it.
        token: what ``Authorization: Bearer`` must hold; None for no token.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] | None = None, token: str | None = None) -> None:
        self.app = app
        self.hosts = None if hosts is None else frozenset(hosts)
        self.digest = None if token is None else _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or answer in its stead."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        refusal = self._refused(scope)
        await (self.app if refusal is None else refusal)(scope, receive, send_with_headers)

    def _refused(self, scope: Scope) -> Answer | None:
        headers = scope["headers"]
        if self.hosts is not None:
            hosts = [value for name, value in headers if name == b"host"]
            if len(hosts) != 1 or _name(hosts[0]) not in self.hosts:
                return _answer(
                    421,
                    "host-unknown",
                    "The request was sent to another name than this server's.",
                    f"Use http://{min(self.hosts, key=len)} or bind another address, with a token.",
                )
        if self.digest is not None and scope["path"] not in OPEN:
            given = [value for name, value in headers if name == b"authorization"]
            kind, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
            if kind.lower() != b"bearer" or not hmac.compare_digest(_digest(token.strip()), self.digest):
                return _answer(
                    401,
                    "token",
                    "The request has no token, or another one.",
                    "Send the header Authorization: Bearer TOKEN.",
                    {"www-authenticate": "Bearer"},
                )
        return None


def _digest(token: bytes) -> bytes:
    # Compared by their digests, tokens of any length take the same time.
    return hashlib.sha256(token).digest()


def _name(host: bytes) -> str:
    """The header's name without its port: ``localhost``, ``127.0.0.1``, ``[::1]``."""
    text = host.decode("latin-1").lower()
    end = text.find("]") + 1 if text.startswith("[") else text.find(":")
    return text[:end] if end > 0 else text


def _answer(status: int, code: str, what: str, mend: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(Refusal(code=code, what=what, mend=mend, problems=[]).model_dump(), status, headers)
