"""The way into a Ray cluster: its address, its token and its version are looked at before anything is sent.

Whoever reaches a Ray cluster without a token runs code on it. So one that lets a caller in without a token is refused
here; and since Ray's own client asks again for half a minute when its token is wrong, the question is first put once,
by hand.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hortus.errors import RunError, SettingError
from hortus.libraries import require

SCHEME = "ray://"
EXTRA = "ray"
# Of one question at the door, and of the head's answers later: longer than that and it is gone (seconds).
ASK_SECONDS = 5.0
GONE_SECONDS = 10
# The head forks a server for each client while its own threads run; now and then that server dies at its birth.
ATTEMPTS = 3
# Under this name Ray's client looks up how long a lost head is waited for.
GRACE = "RAY_CLIENT_RECONNECT_GRACE_PERIOD"


def address_of(cluster: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """HOST:PORT of the cluster's client port.

    Args:
        cluster: ``"ray://HOST:PORT"``; None for what RAY_ADDRESS says.
        environment: where that is looked up.

    Raises:
        SettingError: no address is known, or it is none of Ray's client port.

    >>> address_of("ray://head.example:10001")
    'head.example:10001'
    """
    wanted = cluster or environment.get("RAY_ADDRESS", "")
    host, _, port = wanted.removeprefix(SCHEME).rpartition(":")
    if wanted.startswith(SCHEME) and host and port.isdigit():
        return f"{host}:{port}"
    what = f"{wanted!r} is no address of a cluster." if wanted else "No cluster is named."
    raise SettingError(
        what,
        mend="Give --cluster ray://HOST:PORT, or cluster='ray://HOST:PORT'; the port is the head's client port, 10001.",
        code="cluster-address",
    )


def connect(cluster: str | None) -> Any:
    """The module ``ray``, connected.

    Raises:
        SettingError: there is no address.
        MissingExtraError: Ray is not installed here.
        RunError: the cluster cannot be reached, lets anybody in, refuses the token, or is of another version.
    """
    address = address_of(cluster)
    os.environ.setdefault(GRACE, str(GONE_SECONDS))
    ray = require("ray", EXTRA)
    if ray.is_initialized():
        raise RunError(
            "This process is connected to a Ray cluster already.",
            mend="Call ray.shutdown() before, or start the run in a process of its own: hortus fit … --cluster …",
            code="cluster-connected",
        )
    _check_door(address)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(f"{SCHEME}{address}", log_to_driver=False, logging_level="ERROR")
            break
        except (ConnectionError, RuntimeError) as error:
            if attempt == ATTEMPTS:
                raise RunError(
                    f"The cluster at {address} does not take this program on: {error}",
                    mend="Install the same versions of Python, ray and hortus here and on every node.",
                    code="cluster-refused",
                ) from error
    return ray


def token() -> str:
    """The caller's token as Ray finds it (RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token); "" for none."""
    if found := os.environ.get("RAY_AUTH_TOKEN", "").strip():
        return found
    place = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    try:
        return place.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _check_door(address: str) -> None:
    """Ask without a token, which must be refused, then with it.

    Raises:
        RunError: it was not so.
    """
    if _answers(address, ""):
        raise RunError(
            f"The cluster at {address} lets anybody in who reaches it, and whoever is in runs code there.",
            mend="Start its head and its nodes with RAY_AUTH_MODE=token, "
            "and give them and this program the same RAY_AUTH_TOKEN.",
            code="cluster-without-token",
        )
    if os.environ.get("RAY_AUTH_MODE", "").lower() != "token" or not token():
        raise RunError(
            f"The cluster at {address} wants a token, and none is given here.",
            mend="Set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN to the cluster's token.",
            code="cluster-token-missing",
        )
    if not _answers(address, token()):
        raise RunError(
            f"The cluster at {address} does not know this token.",
            mend="Set RAY_AUTH_TOKEN to the token that its head was started with.",
            code="cluster-token-wrong",
        )


def _answers(address: str, held: str) -> bool:
    """Whether the head answers a caller who holds this token.

    Raises:
        RunError: nobody answers.
    """
    grpc = require("grpc", EXTRA)
    messages = require("ray.core.generated.ray_client_pb2", EXTRA)
    services = require("ray.core.generated.ray_client_pb2_grpc", EXTRA)
    question = messages.ClusterInfoRequest(type=messages.ClusterInfoType.PING)
    metadata = [("authorization", f"Bearer {held}")] if held else []
    with _channel(grpc, address) as channel:
        try:
            services.RayletDriverStub(channel).ClusterInfo(question, timeout=ASK_SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                return False
            raise RunError(
                f"No Ray head answers at {address}: {error.details() or error.code().name}.",
                mend="Look whether it runs, and whether its client port (10001) is open to this machine.",
                code="cluster-unreachable",
            ) from error
    return True


def _channel(grpc: Any, address: str) -> Any:
    """A channel without Ray's own interceptors, which would add the token."""
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return grpc.insecure_channel(address)
    certificate, key, root = require("ray._common.tls_utils", EXTRA).load_certs_from_env()
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(root, key, certificate))
