"""Libraries that not everybody has: asked for when needed, and named with the command that brings them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from hortus.errors import MissingExtraError


def installed(*modules: str) -> bool:
    """Whether all can be imported; imports none.

    >>> installed("json"), installed("json", "no_such_library")
    (True, False)
    """
    return all(find_spec(module) is not None for module in modules)


def require(module: str, extra: str, *, name: str = "", purpose: str = "here") -> Any:
    """Import ``module``, which the extra named ``extra`` brings.

    Args:
        module: with dots.
        extra: of Hortus.
        name: of the library, where it is not that of the module.
        purpose: the end of the sentence "is needed".

    Raises:
        MissingExtraError: it is not installed; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"The library {name or module.partition('.')[0]!r} is needed {purpose} and is not installed.",
            mend=f"Install it with: pip install 'hortus[{extra}]'",
            code="extra-missing",
        ) from error
