"""The settings of a kind of node: what a form shows, and what is checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hortus.errors import nearest

Type = Literal["number", "whole", "choice", "flag", "word", "column", "columns", "names", "numbers", "table", "stored"]


@dataclass(frozen=True)
class Choice:
    """One of a few values, and what it means."""

    value: Any
    label: str


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: as the node's function knows it.
        label: as a person reads it.
        type: what it holds. ``"table"``: where a table lies; ``"names"``: some of the choices; ``"stored"``: what a
            search left, shown and not edited.
        default: what it is where nothing is set; None for what the function finds by itself.
        help: one sentence.
        low: the least number it can be.
        high: the greatest.
        soft: whether less or more is possible too, and the bounds are what a search would look at.
        log: whether its orders of magnitude matter, as on a slider.
        choices: of a choice or of names.
        required: whether it must be set.
        advanced: whether it is shown only to somebody who asks.
        typical: what is found by itself for a table of a thousand rows.
        only: shown only where another setting has one of these values.
    """

    name: str
    label: str
    type: Type
    default: Any = None
    help: str = ""
    low: float | None = None
    high: float | None = None
    soft: bool = False
    log: bool = False
    choices: tuple[Choice, ...] = ()
    required: bool = False
    advanced: bool = False
    typical: Any = None
    only: tuple[str, tuple[Any, ...]] | None = None

    def fault(self, value: Any) -> str:
        """Why ``value`` cannot be this setting, in a sentence; "" where it can."""
        if value is None:
            return f"{self.label} is not set." if self.required else ""
        if self.required and value in ("", [], ()):
            return f"{self.label} is not set."
        if self.type in ("number", "whole"):
            return self._number_fault(value)
        if self.type == "flag" and not isinstance(value, bool):
            return f"{self.label} is yes or no, and not {value!r}."
        if self.type == "choice" and value not in [choice.value for choice in self.choices]:
            return f"{self.label} cannot be {value!r}. {nearest(str(value), [str(c.value) for c in self.choices])}"
        if self.type == "stored" and not isinstance(value, dict):
            return f"{self.label} is not as a search left it."
        if self.type in ("columns", "names", "numbers") and not isinstance(value, (list, tuple)):
            return f"{self.label} is a list, and not {value!r}."
        if self.type == "numbers" and any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in value):
            return f"{self.label} is a list of numbers, and not {value!r}."
        if self.type == "columns" and any(not isinstance(one, str) for one in value):
            return f"{self.label} is a list of columns, and not {value!r}."
        if self.type == "names":
            unknown = [one for one in value if one not in [choice.value for choice in self.choices]]
            if unknown:
                return f"{self.label} does not know {unknown[0]!r}."
        if self.type in ("word", "column", "table") and not isinstance(value, str):
            return f"{self.label} is a text, and not {value!r}."
        return ""

    def _number_fault(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            return f"{self.label} is a number, and not {value!r}."
        if self.type == "whole" and value != int(value):
            return f"{self.label} is a whole number, and not {value}."
        if self.soft:
            return f"{self.label} is {value:g}, and less than 0 is not possible." if value < 0 else ""
        if self.low is not None and value < self.low:
            return f"{self.label} is {value:g}, and at least {self.low:g} is possible."
        if self.high is not None and value > self.high:
            return f"{self.label} is {value:g}, and at most {self.high:g} is possible."
        return ""


def applies(setting: Setting, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Whether a setting means anything beside the others."""
    if setting.only is None:
        return True
    other, wanted = setting.only
    return values.get(other, defaults.get(other)) in wanted
