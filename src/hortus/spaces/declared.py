"""A space that is written down: names, and what each may be.

    {"rate": Float(1e-5, 1.0, log=True), "layers": Int(1, 4), "kind": Choice(["relu", "tanh"])}

A choice may bring questions of its own, which are asked only where it is taken:

    {"model": Choice({"svm": {"C": Float(1e-3, 1e3, log=True)}, "forest": {"depth": Int(2, 20)}})}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)
from optuna.trial import BaseTrial

from hortus.errors import SettingError
from hortus.spaces.base import Space
from hortus.spaces.live import Asked

Scalar = None | bool | int | float | str
PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class Float:
    """A number from ``low`` to ``high``, both included.

    Args:
        low, high: the ends.
        log: drawn evenly over its logarithm.
        step: between neighbouring values; None for any.
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)

    def distribution(self) -> BaseDistribution:
        """As Optuna has it. Raises ValueError where the ends do not fit."""
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)


@dataclass(frozen=True)
class Int:
    """A whole number from ``low`` to ``high``, both included.

    Args:
        low, high: the ends.
        log: drawn evenly over its logarithm.
        step: between neighbouring values.
    """

    low: int
    high: int
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)

    def distribution(self) -> BaseDistribution:
        """As Optuna has it. Raises ValueError where the ends do not fit."""
        return IntDistribution(self.low, self.high, log=self.log, step=self.step)


@dataclass(frozen=True)
class Choice:
    """One of several values, without an order.

    Args:
        options: texts, numbers, truth values or None; or a mapping from each to the space that is asked where it is
            taken.
    """

    options: Sequence[Scalar] | Mapping[Scalar, Mapping[str, Any]]

    def distribution(self) -> BaseDistribution:
        """As Optuna has it. Raises ValueError or TypeError where an option cannot be one."""
        if isinstance(self.options, str):
            raise TypeError(f"{self.options!r} is one text and no list of options")
        strange = [option for option in self.options if not isinstance(option, PLAIN)]
        if strange:
            raise ValueError(f"the option {strange[0]!r} is no text, number, truth value or None")
        return CategoricalDistribution(tuple(self.options))


@dataclass(frozen=True)
class Question:
    """One question of a declared space.

    Attributes:
        name: as the function takes the answer.
        place: the parameter's name in the study: its path, so that two branches may use one name.
        distribution: what may be answered.
        inside: the questions of an option, by the option's place among the choices.
    """

    name: str
    place: str
    distribution: BaseDistribution
    inside: Mapping[int, tuple[Question, ...]]

    def ask(self, trial: BaseTrial, answers: dict[str, Any]) -> None:
        """Ask it, and what its answer brings."""
        found = _suggest(trial, self.place, self.distribution)
        answers[self.name] = found
        if self.inside and isinstance(self.distribution, CategoricalDistribution):
            options = self.distribution.choices
            place = next(i for i, option in enumerate(options) if type(option) is type(found) and option == found)
            for question in self.inside.get(place, ()):
                question.ask(trial, answers)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        inside = {str(place): [question.to_json() for question in some] for place, some in self.inside.items()}
        told = distribution_to_json(self.distribution)
        return {"name": self.name, "place": self.place, "distribution": told, "inside": inside}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Question:
        """The inverse of ``to_json``."""
        inside = {int(place): tuple(map(cls.from_json, some)) for place, some in found["inside"].items()}
        return cls(found["name"], found["place"], json_to_distribution(found["distribution"]), inside)


class DeclaredSpace(Space):
    """A space of written-down questions.

    Args:
        facts: taken for the sake of one signature for all spaces; there is no table.
        questions: as `to_json` gives them.
        fixed: values that are no question, by name.

    >>> from optuna.trial import FixedTrial
    >>> space = declared({"x": Float(0, 1), "kind": Choice({"a": {}, "b": {"k": Int(1, 9)}}), "epochs": 5})
    >>> space(FixedTrial({"x": 0.5, "kind": "b", "b.k": 3})).params
    {'epochs': 5, 'x': 0.5, 'kind': 'b', 'k': 3}
    """

    name: ClassVar[str] = "declared"
    provides: ClassVar[frozenset[str]] = frozenset({"sample", "mutate", "encode"})

    def __init__(
        self,
        facts: object = None,
        *,
        questions: Sequence[Mapping[str, Any]] = (),
        fixed: Mapping[str, Any] | None = None,
    ) -> None:
        del facts
        self.questions = tuple(map(Question.from_json, questions))
        self.fixed = dict(fixed or {})

    def __call__(self, trial: BaseTrial) -> Asked:
        """Ask every question whose turn comes."""
        answers = dict(self.fixed)
        for question in self.questions:
            question.ask(trial, answers)
        return Asked(answers)

    def to_json(self) -> dict[str, Any]:
        """Its settings, so that a worker can build the same space."""
        questions = [question.to_json() for question in self.questions]
        return {"name": self.name, "questions": questions, "fixed": self.fixed}


def declared(space: Mapping[str, Any]) -> DeclaredSpace:
    """The space that was written down.

    Args:
        space: name -> `Float`, `Int`, `Choice`, a list (a choice), a distribution of Optuna's, or one plain value.

    Raises:
        SettingError: a name or what stands under it cannot be used.
    """
    if not isinstance(space, Mapping) or not space:
        raise SettingError(
            f"The space is {space!r}.",
            mend="Give names and what each may be, such as {'x': Float(0, 1)}; or no space, and ask the trial.",
            code="space-empty",
        )
    made = DeclaredSpace()
    made.questions, made.fixed = _read(space, "")
    if not made.questions:
        raise SettingError(
            "The space holds fixed values alone.", mend="Give at least one Float, Int or Choice.", code="space-empty"
        )
    return made


def _read(space: Mapping[str, Any], path: str) -> tuple[tuple[Question, ...], dict[str, Any]]:
    questions: list[Question] = []
    fixed: dict[str, Any] = {}
    for name, what in space.items():
        if not isinstance(name, str) or not name:
            raise SettingError(f"{name!r} is no name.", mend="Name each question by a text.", code="space-name")
        if isinstance(what, list | tuple):
            what = Choice(list(what))
        if isinstance(what, PLAIN) and not path:
            fixed[name] = what
            continue
        questions.append(_question(name, what, path))
    return tuple(questions), fixed


def _question(name: str, what: Any, path: str) -> Question:
    try:
        distribution = what if isinstance(what, BaseDistribution) else what.distribution()
    except (ValueError, TypeError, AttributeError) as error:
        told = "it is no Float, Int or Choice" if isinstance(error, AttributeError) else str(error)
        raise SettingError(
            f"{name!r} in the space is {what!r}: {told}.",
            mend="Give Float(low, high), Int(low, high), Choice([...]), a list, or one plain value.",
            code="space-question",
        ) from error
    inside = {}
    if isinstance(what, Choice) and isinstance(what.options, Mapping):
        for place, (option, below) in enumerate(what.options.items()):
            inside[place] = _read(below, f"{path}{option}.")[0]
    return Question(name, f"{path}{name}", distribution, inside)


def _suggest(trial: BaseTrial, name: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    raise TypeError(f"{distribution!r} is no distribution that a trial can be asked.")
