"""Growth as a search space: a small network and a sequence of function-preserving steps.

Jin, Song and Hu 2019, "Auto-Keras: An Efficient Neural Architecture Search System" (KDD); Elsken, Metzen and Hutter
2017, "Simple and Efficient Architecture Search for CNNs". The params are the steps, so that a candidate's parent is
the candidate without its last step, whose weights it can begin from: `Grown.inherit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError
from hortus.nets.graph import Graph, Panel, Point
from hortus.nets.grown import STEPS, Body, Step
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Plan, Shape, channels
from hortus.seeds import derive
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions, within

if TYPE_CHECKING:
    from torch import Tensor

    from hortus.nets.build import PlanNetwork


@dataclass(frozen=True)
class Grown(NetworkCandidate):
    """A network, by how it grew.

    Attributes:
        growth: of each step, its kind and where it is made: a share of the places that there are for it then.
        answers: that it was asked for by.
        width: channels of the first unit, before any step.
        most: units that it may have.
    """

    space: ClassVar[str] = "morphism"
    growth: tuple[tuple[str, float], ...]
    answers: Mapping[str, Any] = field(compare=False)
    width: int = 16
    most: int = 12

    @property
    def params(self) -> Mapping[str, Any]:
        """The answers."""
        return self.answers

    @property
    def scale(self) -> tuple[int, ...]:
        """Channels of the first unit."""
        return (self.width,)

    @property
    def history(self) -> tuple[tuple[Body, Step | None], ...]:
        """Each body with the step that is made of it; None where there is no place for the step, and at the end."""
        body, found = Body.small(self.width), []
        for kind, share in self.growth:
            sites = body.sites(kind, most=self.most)
            step = sites[min(int(share * len(sites)), len(sites) - 1)] if sites else None
            found.append((body, step))
            body = body.after(step) if step else body
        return (*found, (body, None))

    @property
    def body(self) -> Body:
        """What it has grown to."""
        return self.history[-1][0]

    @property
    def canonical(self) -> str:
        """Unit by unit, whatever the order in which they came."""
        body = self.body
        found = []
        for place, unit in enumerate(body.units):
            skips = sorted(body.place(origin) for origin, target in body.skips if target == unit.number)
            skipped = f" (+{','.join(map(str, skips))})" if skips else ""
            found.append(f"{place}: {unit.kernel}x{unit.kernel} w{unit.width}{' /2' * (unit.stride - 1)}{skipped}")
        return " > ".join(found)

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers."""
        return self.body.plan(shape, classes)

    def graph(self) -> Graph:
        """Every unit and every skip connection."""
        body = self.body
        points = [Point("images", "images", "map")]
        for unit in body.units:
            halved = " /2" if unit.stride == 2 else ""
            points.append(Point(str(unit.number), f"conv {unit.kernel}x{unit.kernel} {unit.width}{halved}"))
        names = [point.name for point in points]
        edges = [*zip(names, [*names[1:], "out"], strict=True), *((str(a), str(b)) for a, b in body.skips)]
        panel = Panel("Network", (*points, Point("out", "classes", "map")), tuple(edges))
        return Graph(f"Grown in {len(self.growth)} steps", (panel,))

    def describe(self) -> str:
        """Unit by unit."""
        return self.canonical

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:  # noqa: ARG002 - depth is decided on
        """The same steps from a narrower or wider beginning; its depth was decided on and stays."""
        return replace(self, width=channels(self.width, width))

    def ancestor(self, steps: int) -> Self:
        """What it was after so many of its steps."""
        return replace(self, growth=self.growth[:steps])

    def inherit(
        self, parent: Grown, network: PlanNetwork, *, seed: int = 0, images: Tensor | None = None
    ) -> PlanNetwork:
        """The network of this candidate with the weights, and so the outputs, of an ancestor's.

        Args:
            parent: an ancestor: its steps are the first of this one's.
            network: the ancestor's, trained or not; it is left as it is.
            seed: of the steps' draws.
            images: see `hortus.nets.morphisms.grow`.

        Raises:
            SettingError: it is no ancestor.
        """
        from hortus.nets.morphisms import grow

        begin = len(parent.growth)
        if self.growth[:begin] != parent.growth or (self.width, self.most) != (parent.width, parent.most):
            raise SettingError(
                "A network can begin from the weights of its own ancestors only, and this is none of them.",
                mend="Take the candidate without its last step as the parent.",
                code="no-ancestor",
            )
        for number, (body, step) in enumerate(self.history[begin:], start=begin):
            if step is not None:
                network = grow(network, body, step, seed=derive(seed, "step", number), images=images)
        return network


class MorphismSpace(Space):
    """Small networks that grow step by step.

    Args:
        facts: of the images; the decisions are the same for all.
        steps: most steps.
        width: channels of the first unit; the second and third have two and four times as many.
        units: most units.

    Raises:
        SettingError: a number is out of its range.
    """

    name: ClassVar[str] = "morphism"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"sample", "mutate", "encode", "numbers", "network", "scale", "canonical", "morphs"}
    )

    def __init__(self, facts: ImageFacts | None = None, *, steps: int = 12, width: int = 16, units: int = 12) -> None:
        self.facts = facts
        self.steps = within("The number of steps", steps, 1, 200)
        self.width = within("The number of channels", width, 1, 4096)
        self.units = within("The number of units", units, 3, 100)

    def __call__(self, trial: BaseTrial) -> Grown:
        """Ask how many steps there are, and for each its kind and its place."""
        asked = Questions(trial)
        growth = [
            (asked.choose(f"step{number}.kind", STEPS), asked.share(f"step{number}.place"))
            for number in range(asked.whole("steps", 0, self.steps))
        ]
        return Grown(tuple(growth), asked.answers, self.width, self.units)

    def parent(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """The params of the candidate without its last step; None for the one without steps.

        >>> MorphismSpace().parent({"steps": 1, "step0.kind": "wider", "step0.place": 0.5})
        {'steps': 0}
        """
        last = int(params["steps"]) - 1
        if last < 0:
            return None
        kept = {name: value for name, value in params.items() if not name.startswith(f"step{last}.")}
        return kept | {"steps": last}

    def child(self, params: Mapping[str, Any], kind: str, place: float) -> dict[str, Any] | None:
        """The params of the candidate with one step more; None where it has the most already.

        >>> MorphismSpace().child({"steps": 0}, "wider", 0.5)
        {'steps': 1, 'step0.kind': 'wider', 'step0.place': 0.5}
        """
        count = int(params["steps"])
        if count >= self.steps:
            return None
        return dict(params) | {"steps": count + 1, f"step{count}.kind": kind, f"step{count}.place": place}

    def canonical(self, params: Mapping[str, Any]) -> str:
        """The same for all params that grow to the same network."""
        growth = [(params[f"step{i}.kind"], params[f"step{i}.place"]) for i in range(int(params["steps"]))]
        return Grown(tuple(growth), params, self.width, self.units).canonical

    @property
    def size(self) -> int:
        """How many params there are; many of them grow to the same network."""
        return int(sum((len(STEPS) * 65) ** count for count in range(self.steps + 1)))

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"name": self.name, "steps": self.steps, "width": self.width, "units": self.units}
