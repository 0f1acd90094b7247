"""A request's body as JSON, without ever holding more of it than is allowed, and read as the standard says.

Python's own reader takes NaN, Infinity and 1e999, and silently drops all but the last of repeated names. Here the first
three come out as floats that are not finite, for the row's reader to name their column; the last is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request

from hortus.deploy.serve.replies import Refusal

JSON = "application/json"
# After a body was found too large, so much of the rest is let run by (and thrown away) that the client, which is
# still sending, comes to read the answer; a connection closed at once would be an error without a word.
_DRAIN_BYTES = 256 * 2**20
_DRAIN_SECONDS = 10.0


class RefusedError(Exception):
    """Ends a request with an answer that says why.

    Args:
        status: of HTTP.
        refusal: the answer.
    """

    def __init__(self, status: int, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.status = status
        self.refusal = refusal


def refused(status: int, code: str, what: str, mend: str) -> RefusedError:
    """An answer without cells."""
    return RefusedError(status, Refusal(code=code, what=what, mend=mend, problems=[]))


async def read_json(request: Request, *, most_bytes: int, seconds: float) -> Any:
    """The body's value.

    Args:
        request: whose body nobody has read.
        most_bytes: of the body.
        seconds: until its last byte.

    Raises:
        RefusedError: 415 it is no JSON by its own word, 413 too large, 408 too slow, 400 not JSON.
    """
    check_type(request, (JSON,), "Send JSON, with the header Content-Type: application/json.")
    return parsed(await read_body(request, most_bytes=most_bytes, seconds=seconds, things="rows"))


def parsed(body: bytes) -> Any:
    """The value that a body of JSON holds.

    Raises:
        RefusedError: 400 it is not JSON.
    """
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=float)
    except _RepeatedError as error:
        raise refused(
            400, "json-repeated-name", f"An object has the name {error} twice.", "Send each name once."
        ) from None
    except UnicodeDecodeError as error:
        raise refused(400, "json-encoding", f"Byte {error.start} is not UTF-8.", "Send JSON in UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise refused(400, "json-malformed", f"The body is not JSON: {error.msg} in {where}.", "Correct it.") from None
    except RecursionError:
        raise refused(400, "json-nested", "The body is nested too deep.", "A row is a flat object.") from None
    except ValueError:  # Python reads no whole number of more than 4300 digits
        raise refused(400, "json-number", "A number has too many digits.", "Send numbers of 64 bits.") from None


def listed(value: Any, things: str, *, most: int, mend: str) -> list[Any]:
    """The list that a body's value holds under one name, and nothing beside it.

    Args:
        value: of the body.
        things: that are sent, and the name: rows, images.
        most: that there may be.
        mend: what to send.

    Raises:
        RefusedError: 422 there is none, or another name beside it; 413 it is too long.
    """
    if not isinstance(value, dict) or not isinstance(value.get(things), list):
        raise refused(422, "request-shape", f"The body has no list of {things}.", mend)
    other = sorted(value.keys() - {things})
    if other:
        what = f"The body has the name {other[0][:60]!r}."
        raise refused(422, "request-name", what, f'Send {{"{things}": [...]}} alone.')
    found: list[Any] = value[things]
    if len(found) > most:
        what = f"The body has {len(found)} {things}, and {most} are the most."
        raise refused(413, f"{things}-too-many", what, f"Send the {things} in several requests.")
    return found


class _RepeatedError(Exception):
    """Says its name."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _RepeatedError(json.dumps(twice[:60]))
    return found


def check_type(request: Request, kinds: Sequence[str], mend: str) -> str:
    """Which of ``kinds`` the body is, by its own word.

    Raises:
        RefusedError: 415 another, or it is packed.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        what = f"The body comes as {kind[:60]!r}." if kind else "The body has no content type."
        raise refused(415, "content-type", what, mend)
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise refused(415, "content-encoding", f"The body is packed as {coding[:60]!r}.", "Send it as it is.")
    return kind


async def read_body(request: Request, *, most_bytes: int, seconds: float, things: str) -> bytes:
    """The body, which is never held beyond ``most_bytes``.

    Args:
        request: whose body nobody has read.
        most_bytes: of the body.
        seconds: until its last byte.
        things: that are sent: rows, images.

    Raises:
        RefusedError: 413 too large, 408 too slow, 400 cut off.
    """
    too_large = refused(
        413, "body-too-large", f"The body has more than {most_bytes} bytes.", f"Send the {things} in several requests."
    )
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said[:30]) > most_bytes:
        if request.headers.get("expect", "").lower() != "100-continue":
            await _drain(request)
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        with anyio.fail_after(seconds):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    parts.clear()
                    break
                parts.append(part)
    except TimeoutError:
        raise refused(
            408, "body-slow", f"The body was not there after {seconds:g} s.", f"Send fewer {things} at once."
        ) from None
    except ClientDisconnect:
        raise refused(400, "body-cut-off", "The body ended before its end.", "Send it again.") from None
    if size > most_bytes:
        await _drain(request)
        raise too_large
    return b"".join(parts)


async def _drain(request: Request) -> None:
    left = _DRAIN_BYTES
    with anyio.move_on_after(_DRAIN_SECONDS):
        while left > 0:
            message = await request.receive()
            left -= len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                return
