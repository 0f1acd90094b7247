"""Which space, strategy and evaluator fit each other, and why not where not: the one rule of it.

A space says what it provides, a strategy and an evaluator say what they require of it, in the words of `WORDS`. A
combination fits where everything that is required is provided. The table of `hortus search --list`, the refusal of a
run and the studio's greyed options all come from `judge`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hortus.errors import SettingError, nearest
from hortus.evaluation import EVALUATORS
from hortus.spaces import SPACES
from hortus.spaces.base import Space
from hortus.strategies import STRATEGIES

# How a requirement is called in a sentence that begins with "needs".
WORDS = {
    "sample": "candidates that can be drawn",
    "mutate": "candidates that can be changed",
    "encode": "candidates that can be encoded",
    "numbers": "a number among the answers of every candidate",
    "network": "networks",
    "dense": "networks that tell pixels apart",
    "dense_supernet": "a supernet that tells pixels apart",
    "pipeline": "pipelines",
    "function": "a function of one's own",
    "scale": "networks that can be made smaller",
    "canonical": "a name for equal networks",
    "supernet": "a supernet",
    "relaxable": "a supernet that can hold mixtures of operations",
    "morphs": "steps that keep what a network computes",
}


@dataclass(frozen=True)
class Combination:
    """A space, a strategy and an evaluator by name, and whether they fit.

    Attributes:
        space: a name in ``hortus.spaces.SPACES``.
        strategy: a name in ``hortus.strategies.STRATEGIES``.
        evaluator: a name in ``hortus.evaluation.EVALUATORS``.
        reason: why they do not fit; "" where they do.
        mend: what would fit instead; "" where they do.
    """

    space: str
    strategy: str
    evaluator: str
    reason: str = ""
    mend: str = ""

    @property
    def fits(self) -> bool:
        """Whether they can make a search."""
        return not self.reason

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "fits": self.fits}


def judge(space: str, strategy: str, evaluator: str) -> Combination:
    """Whether the three fit, and why not.

    Raises:
        SettingError: there is no space, strategy or evaluator of that name.

    >>> judge("cell", "evolution", "weight_sharing").fits
    True
    >>> judge("entire", "evolution", "weight_sharing").reason
    "The evaluator 'weight_sharing' needs a supernet, which the space 'entire' does not have."
    """
    offered = provided(space)
    if inner(evaluator):
        reason = f"The evaluator {evaluator!r} is a part of a run and judges no candidates."
        return Combination(space, strategy, evaluator, reason, nearest(evaluator, evaluators()))
    for kind, name, table in (("strategy", strategy, STRATEGIES), ("evaluator", evaluator, EVALUATORS)):
        asked = required(name, table)
        if not asked <= offered:
            reason = f"The {kind} {name!r} needs {_words(asked - offered)}, which the space {space!r} does not have."
            return Combination(space, strategy, evaluator, reason, _mend(kind, name, asked, offered))
    return Combination(space, strategy, evaluator)


def check(space: str, strategy: str, evaluator: str) -> None:
    """Refuse what does not fit.

    Raises:
        SettingError: there is no space, strategy or evaluator of that name, or they do not fit, with the reason that
            `judge` gives.
    """
    found = judge(space, strategy, evaluator)
    if not found.fits:
        raise SettingError(found.reason, mend=found.mend, code="combination-unfit")


def combinations() -> Iterator[Combination]:
    """Every space with every strategy and every evaluator that judges candidates."""
    for space in SPACES:
        for strategy in STRATEGIES:
            for evaluator in evaluators():
                yield judge(space, strategy, evaluator)


def needs(space: str) -> dict[str, str]:
    """What the strategies and evaluators that do not fit a space need and it does not have, by their names."""
    offered = provided(space)
    asked = {name: required(name, STRATEGIES) for name in STRATEGIES}
    asked |= {name: required(name, EVALUATORS) for name in evaluators()}
    return {name: _words(wanted - offered) for name, wanted in asked.items() if not wanted <= offered}


def evaluators() -> list[str]:
    """The names of those that judge candidates."""
    return [name for name in EVALUATORS if not inner(name)]


def inner(evaluator: str) -> bool:
    """Whether a run calls upon the evaluator by itself, so that nobody can choose it."""
    return bool(getattr(EVALUATORS[evaluator], "inner", False))


def provided(space: str) -> frozenset[str]:
    """What the space of a name provides."""
    return frozenset(getattr(SPACES[space], "provides", Space.provides))


def required(name: str, table: Any) -> frozenset[str]:
    """What a strategy or an evaluator, by its name in its table, requires of a space."""
    return frozenset(getattr(table[name], "requires", ()))


def _words(missing: frozenset[str]) -> str:
    return " and ".join(WORDS.get(word, word) for word in sorted(missing))


def _mend(kind: str, name: str, asked: frozenset[str], offered: frozenset[str]) -> str:
    spaces = [repr(space) for space in SPACES if asked <= provided(space)]
    table, names = (STRATEGIES, list(STRATEGIES)) if kind == "strategy" else (EVALUATORS, evaluators())
    others = [repr(other) for other in names if other != name and required(other, table) <= offered]
    parts = [f"take one of the spaces {', '.join(spaces)}"] if spaces else []
    parts += [f"the {kind} {' or '.join(others[:3])}"] if others else []
    text = ", or ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
