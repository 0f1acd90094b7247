"""Who may come in: every request passes here before it is looked at, streams too.

In order: the ``Host`` it was sent to (a page of somebody else's whose name was made to lead here is kept out), the
``Origin`` and ``Sec-Fetch-Site`` that a browser says it comes from, the cookie, our own header on writes, and the
size of the body. The first address that ``hortus studio`` prints holds a token that is good once, for the cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hortus.deploy.serve.door import is_loopback, own_names

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What the screens send with every write; no form and no page of another origin can.
HEADER = b"x-hortus"
BODY = 2**20
UPLOAD = 2**30
PICTURE = 16 * 2**20
PICTURES = "/api/deploy/image/"
UPLOADS = ("/api/data/tables", "/api/data/images", "/api/deploy/score")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data: "
    "blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_CLOSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hortus Studio</title>
<h1>This window has no key</h1>
<p>An address with a key is good once. Type <code>hortus studio</code> again: it prints a new one.</p></html>"""


class Keys:
    """The tokens and the secret of one studio, in files that only its owner reads; they outlive the server.

    Args:
        folder: the studio's.
    """

    def __init__(self, folder: Path) -> None:
        self._tokens = folder / "tokens"
        self._tokens.mkdir(mode=0o700, exist_ok=True)
        self._secret = folder / "secret"
        if not self._secret.exists():
            beside = self._secret.with_name(f".secret.{secrets.token_hex(4)}")
            beside.touch(mode=0o600)
            beside.write_text(secrets.token_urlsafe(32), encoding="ascii")
            beside.replace(self._secret)

    @property
    def secret(self) -> str:
        """What the cookie holds."""
        return self._secret.read_text(encoding="ascii")

    def mint(self) -> str:
        """A token that is good once."""
        token = secrets.token_urlsafe(24)
        (self._tokens / _digest(token)).touch(mode=0o600)
        return token

    def redeem(self, token: str) -> bool:
        """Whether the token was good; it is not any more."""
        try:
            (self._tokens / _digest(token)).unlink()
        except FileNotFoundError:
            return False
        return True


class Door:
    """An ASGI layer around the whole application.

    Args:
        app: what stands behind it.
        keys: of the studio.
        host: the address that is listened on.
        port: likewise; the cookie bears its number, so that two studios keep apart.
    """

    def __init__(self, app: ASGIApp, *, keys: Keys, host: str, port: int) -> None:
        self.app = app
        self.keys = keys
        self.port = port
        self.cookie = f"hortus-{port}"
        self._names = frozenset(own_names(host) if is_loopback(host) else (host.lower(),))
        self._any_number = not is_loopback(host)
        self._secret = keys.secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or answer in its stead."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        send = _with_headers(send)
        refusal = self._refused(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await _within(self.app, most(scope["path"]), scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope["headers"])
        host = headers.one(b"host")
        if host is None or not self._is_ours(host):
            return _trouble(421, "host", "The request was sent to another name than this studio's.")
        write = scope["method"] not in SAFE
        origin = headers.one(b"origin") if headers.has(b"origin") else f"http://{host}"
        if origin != f"http://{host}":
            return _trouble(403, "origin", "The request comes from a page of another origin.")
        site = headers.one(b"sec-fetch-site") if headers.has(b"sec-fetch-site") else "none"
        page = not scope["path"].startswith("/api/")
        if site not in ("same-origin", "none") and (write or not page):
            return _trouble(403, "cross-site", "The request comes from a page of another site.")
        if page and not write:
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
            if len(token) == 1 and self.keys.redeem(token[0]):
                return self._welcome()
            if scope["path"].startswith("/assets/"):
                return None
        if not self._knows(headers):
            return _trouble(401, "no-key", "This window has no key.") if not page else HTMLResponse(_CLOSED, 401)
        if write and headers.one(HEADER) != "1":
            return _trouble(403, "header", "A write without the studio's own header.")
        return None

    def _welcome(self) -> Response:
        # A redirect, so that the token does not stay in the address bar.
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self.cookie, self._secret, httponly=True, samesite="strict", path="/", max_age=30 * 86400)
        return answer

    def _knows(self, headers: Headers) -> bool:
        try:
            found = SimpleCookie(headers.one(b"cookie") or "").get(self.cookie)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(_digest(found.value), _digest(self._secret))

    def _is_ours(self, host: str) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or port != str(self.port):
            return False
        if name in self._names:
            return True
        if not self._any_number:
            return False
        # No name leads to a number, so a number cannot have been made to lead here.
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


class Headers:
    """A request's headers; one that is there twice is there never."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)

    def has(self, name: bytes) -> bool:
        """Whether it was sent at all."""
        return any(found == name for found, _ in self._raw)

    def one(self, name: bytes) -> str | None:
        """Its value; None where it is missing or was sent twice."""
        values = [value for found, value in self._raw if found == name]
        return values[0].decode("latin-1") if len(values) == 1 else None


def most(path: str) -> int:
    """Bytes that a body sent to ``path`` may have.

    >>> most("/api/train/runs") < most("/api/data/tables")
    True
    """
    return UPLOAD if path.startswith(UPLOADS) else PICTURE if path.startswith(PICTURES) else BODY


async def _within(app: ASGIApp, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application; a body beyond ``limit``, announced or not, is cut off and answered with 413."""
    told = Headers(scope["headers"]).one(b"content-length")
    over = told is not None and (not told.isdigit() or int(told) > limit)
    seen, begun = 0, False

    async def counted() -> Message:
        nonlocal seen, over
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                over = True
                return {"type": "http.disconnect"}
        return message

    async def watched(message: Message) -> None:
        nonlocal begun
        if over and not begun:
            return
        begun = True
        await send(message)

    if not over:
        try:
            await app(scope, counted, watched)
        except Exception:
            if not over:
                raise
    if over and not begun:
        what = f"More was sent than the {limit // 2**20} MiB that are taken."
        answer = _trouble(413, "too-large", what, {"connection": "close"})
        await answer(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers}
            headers += _HEADERS
            # A page that is not ours to write, such as an exported report, brings a policy of its own.
            if b"content-security-policy" not in there:
                headers.append((b"content-security-policy", POLICY.encode()))
            if b"cache-control" not in there:
                headers.append((b"cache-control", b"no-store"))
            message["headers"] = headers
        await send(message)

    return sending


def _trouble(status: int, code: str, what: str, headers: Mapping[str, str] | None = None) -> Response:
    mend = {
        "no-key": "Type hortus studio again: it prints an address with a new key.",
        "too-large": "Send less at once.",
    }.get(code, "Use the studio's own pages, at the address that hortus studio prints.")
    return JSONResponse({"code": code, "what": what, "mend": mend}, status, dict(headers or {}))


def _digest(text: str) -> str:
    # Compared by their digests, tokens of any length take the same time; and a file's name tells no token.
    return hashlib.sha256(text.encode()).hexdigest()
