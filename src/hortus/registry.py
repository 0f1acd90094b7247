"""Tables from a name to what it stands for, imported only when asked for.

Each package that others may add to (models, features, spaces, strategies, evaluators) has one such table in its
``__init__``. A distribution of somebody else's adds rows through an entry point of the table's group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from hortus.errors import SettingError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """A table from name to ``"module:attribute"``.

    Args:
        kind: what the rows are, in the singular, for messages: ``"model"``.
        rows: the table itself.
        group: the entry point group through which others add rows.
    """

    def __init__(self, kind: str, rows: Mapping[str, str], *, group: str = "") -> None:
        self.kind = kind
        self._rows = dict(rows)
        self._group = group
        self._outside: dict[str, str] | None = None

    def _all(self) -> dict[str, str]:
        if self._outside is None:
            found = entry_points(group=self._group) if self._group else ()
            self._outside = {point.name: point.value for point in found}
        return {**self._outside, **self._rows}

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __getitem__(self, name: str) -> T:
        """Import and return what ``name`` stands for.

        Raises:
            SettingError: there is no such row; the message names the nearest.
        """
        rows = self._all()
        if name not in rows:
            raise SettingError(
                f"There is no {self.kind} called {name!r}.",
                mend=nearest(name, rows),
                code=f"unknown-{self.kind}",
            )
        module, _, attribute = rows[name].partition(":")
        found: T = getattr(import_module(module), attribute)
        return found
