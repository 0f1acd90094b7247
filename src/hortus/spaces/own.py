"""A space of one's own: one function in PyTorch that asks a trial and returns a network.

    def net(trial):
        width = trial.suggest_int("width", 8, 64)
        return nn.Sequential(nn.Conv2d(1, width, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))

The function may take the images' facts as a second argument (`hortus.data.image_facts.ImageFacts`). A space is rebuilt
from JSON in every worker, and JSON holds a name. So a function is looked up in `offered`, the functions that this
process was handed; nothing is ever imported because a file names it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from optuna.trial import BaseTrial, FixedTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError
from hortus.spaces.base import Space

if TYPE_CHECKING:
    from torch import nn

    from hortus.nets.limits import Cost

Function = Callable[..., "nn.Module"]

# What this process was handed, by name. It is the one thing here that is not passed along: a name is all that JSON
# can hold of a function.
_OFFERED: dict[str, Function] = {}


def name_of(function: Function) -> str:
    """``"module:function"``, under which workers import it; its own name where they cannot.

    >>> import json
    >>> name_of(json.dumps), name_of(lambda trial: None)
    ('json:dumps', '<lambda>')
    """
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__name__)
    return f"{module}:{name}" if unreachable(function) == "" else name


def unreachable(function: Function) -> str:
    """Why a worker process cannot import the function; "" where it can."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module is None or not name:
        return "it has no name to import it by"
    if "<" in name:
        return "it is a lambda or was made inside another function"
    if module == "__main__":
        return "it stands in the script or notebook itself, and not in a module"
    try:
        found: Any = import_module(module)
    except ImportError:
        return f"there is no module {module!r} to import it from"
    for part in name.split("."):
        found = getattr(found, part, None)
    return "" if found is function else f"{module}.{name} is not it, but something else"


@contextmanager
def offered(function: Function, name: str | None = None) -> Iterator[str]:
    """Inside the block the function is known to spaces of its name; yields the name.

    Args:
        function: the user's.
        name: by which it was imported; None for `name_of` it.
    """
    name = name or name_of(function)
    before = _OFFERED.get(name)
    _OFFERED[name] = function
    try:
        yield name
    finally:
        if before is None:
            _OFFERED.pop(name, None)
        else:
            _OFFERED[name] = before


def offer_by_name(name: str, load: Callable[[str], Function]) -> None:
    """Import a function and have it known from here on; for workers, whose driver says what to run.

    What is known already, as where trials run in the driver's own process, is left as it is.

    Args:
        name: ``"module:function"`` or ``"/path/script.py:function"``.
        load: imports what has such a name.
    """
    if name not in _OFFERED:
        _OFFERED[name] = load(name)


@dataclass(frozen=True)
class OwnNetwork:
    """A network of the user's own function.

    Attributes:
        params: what the trial answered.
        function: the user's.
        facts: of the images.
        flat: whether it sees (b, d) rows in the place of (b, 1, d, 1) images.
    """

    params: Mapping[str, Any]
    function: Function = field(compare=False)
    facts: ImageFacts
    flat: bool = False

    def describe(self) -> str:
        """The answers."""
        return ", ".join(f"{name}={_short(value)}" for name, value in self.params.items()) or "no question was asked"

    def cost(self, input_shape: tuple[int, int, int], classes: int) -> Cost | None:  # noqa: ARG002 - as the function has it
        """What its network would cost, made without memory; None where the function cannot do without."""
        import torch

        from hortus.nets.limits import measured
        from hortus.nets.randomness import own_randomness

        def make() -> nn.Module:
            made = self.function(*_arguments(self.function, FixedTrial(dict(self.params)), self.facts))
            return torch.nn.Sequential(torch.nn.Flatten(), made) if self.flat else made

        with own_randomness(0), suppress(Exception):
            return measured(make, input_shape)
        return None

    def build(self, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """The untrained network, from (b, c, h, w) to (b, classes) logits; lazy layers get their sizes.

        Raises:
            SettingError: what the function returns is no network, or gives no (b, classes) logits.
        """
        import torch
        from torch import nn

        made = self.function(*_arguments(self.function, FixedTrial(dict(self.params)), self.facts))
        if not isinstance(made, nn.Module):
            raise SettingError(
                f"The function returned {type(made).__name__}, and a network is wanted.",
                mend="Return an nn.Module, such as nn.Sequential(...).",
                code="own-no-network",
            )
        if self.flat:
            # Each column on its own scale, by the moments that training sees.
            scale = nn.BatchNorm1d(input_shape[1], affine=False, momentum=None)
            made = nn.Sequential(nn.Flatten(), scale, made)
        training = made.training
        with torch.no_grad():
            # Two images, since a normalization in training mode needs more than one.
            found = made.eval()(torch.zeros(2, *input_shape))
        made.train(training)
        shape = tuple(getattr(found, "shape", ()))
        if shape != (2, classes):
            raise SettingError(
                f"For 2 images of the shape {tuple(input_shape)} the network gave the shape {shape}; (2, {classes}), a "
                "logit for each class, is wanted.",
                mend=f"End it with nn.Flatten() and nn.LazyLinear({classes}).",
                code="own-shape",
            )
        return made


class OwnSpace(Space):
    """The networks of a function that was handed to this process.

    Args:
        facts: of the images.
        function: its name, as `name_of` gives it.
        flat: whether its networks see (b, d) rows in the place of (b, 1, d, 1) images; the facts then have d channels.

    Raises:
        SettingError: this process was not handed the function.
    """

    name: ClassVar[str] = "own"

    def __init__(self, facts: ImageFacts, *, function: str, flat: bool = False) -> None:
        self.facts = replace(facts, channels=facts.height, height=1, width=1) if flat else facts
        self.flat = flat
        self.function = function
        if function not in _OFFERED:
            raise SettingError(
                f"The space is the function {function!r}, which was not given here.",
                mend="Open the run with hortus.searching.open_search(folder, net), net being that function, or predict "
                "with `hortus predict … --net script.py:function`: what a run names is not run unasked.",
                code="own-unknown",
            )
        self._call = _OFFERED[function]

    def __call__(self, trial: BaseTrial) -> OwnNetwork:
        """Ask what the function asks. A function that raises is not stopped for: it raises again where it is built."""
        import torch

        from hortus.nets.randomness import own_randomness

        def ask() -> None:
            self._call(*_arguments(self._call, trial, self.facts))

        with own_randomness(0), suppress(Exception):
            try:
                # Shapes without memory: the network itself is wanted in the worker alone.
                with torch.device("meta"):
                    ask()
            except Exception:  # what looks into its numbers cannot be made without them
                ask()
        return OwnNetwork(dict(trial.params), self._call, self.facts, self.flat)

    def to_json(self) -> dict[str, Any]:
        """Its name, and the function's."""
        return {"name": self.name, "function": self.function, "flat": self.flat}


def _arguments(function: Function, trial: BaseTrial, facts: ImageFacts) -> tuple[Any, ...]:
    wanted = [
        one
        for one in inspect.signature(function).parameters.values()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) and one.default is one.empty
    ]
    return (trial, facts) if len(wanted) > 1 else (trial,)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
