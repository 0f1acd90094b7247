"""Who may knock: an address that only this machine reaches, or a token. Needs no library, so it is checked first."""

from __future__ import annotations

import ipaddress
import string

from hortus.errors import SettingError

SHORTEST_TOKEN = 16
_TOKEN = frozenset(string.ascii_letters + string.digits + "-._~+/=")


def check(host: str, token: str | None) -> None:
    """Refuse an open door to a network, and a token that can be guessed.

    Raises:
        SettingError: the address is not the machine's own and there is no token, or the token is weak.
    """
    if token is not None and (len(token) < SHORTEST_TOKEN or not set(token) <= _TOKEN):
        raise SettingError(
            f"The token has {len(token)} characters, or some that a header cannot carry.",
            mend=f"Give {SHORTEST_TOKEN} or more letters, digits and -._~+/=, such as `openssl rand -hex 32` makes.",
            code="token-weak",
        )
    if token is None and not is_loopback(host):
        raise SettingError(
            f"{host!r} can be reached from other machines, and without a token anybody there could use the model.",
            mend="Give a token with HORTUS_TOKEN or --token-file, or keep to --host 127.0.0.1.",
            code="token-missing",
        )


def is_loopback(host: str) -> bool:
    """Whether an address leads to this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_names(host: str) -> tuple[str, ...]:
    """What the ``Host`` header of a request to a loopback address may say, without port."""
    own = f"[{host}]" if ":" in host else host.lower()
    return tuple(dict.fromkeys((own, "127.0.0.1", "localhost", "[::1]")))
