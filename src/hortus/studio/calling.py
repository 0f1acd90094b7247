"""The studio as a client of the models that it has switched on: on this computer, and through no proxy."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from hortus.errors import RunError, SettingError

SECONDS = 30.0
JSON = "application/json"


def ask(address: str, path: str, body: Any = None, *, kind: str = JSON) -> Any:
    """What a model's server answers.

    Args:
        address: of a deployment.
        path: that is asked for.
        body: sent as JSON, or as it is where it is of another kind; None to ask without one.
        kind: of the body.

    Raises:
        SettingError: it refuses the body; its own words are told.
        RunError: it does not answer.
    """
    data = body if body is None or kind != JSON else json.dumps(body).encode()
    request = Request(address + path, data=data, headers={"Content-Type": kind})  # noqa: S310 -- ours
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except HTTPError as error:
        with error:
            said = _read(error.read())
        raise SettingError(
            str(said.get("what") or f"The model's server answers {error.code}."),
            mend=str(said.get("mend") or "Switch it off and on again."),
            code=str(said.get("code") or "deployment-refused"),
        ) from error
    except (OSError, ValueError) as error:
        what = f"The model's server does not answer: {error}."
        raise RunError(what, mend="Switch it off and on again.", code="deployment-silent") from error


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
