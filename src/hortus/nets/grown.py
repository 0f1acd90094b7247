"""Networks that grow: a small body of convolutions, and the steps that make it deeper, wider or better connected.

A unit is a convolution, a batch normalization and a ReLU; skip connections are added before the ReLU, so that what a
unit returns is never negative, which a deeper body relies on. `hortus.nets.morphisms` has what a step does to weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hortus.nets.plan import Draft, Plan, Shape

STEPS = ("deeper", "wider", "kernel", "skip")
LARGEST_KERNEL = 7
# A unit is made half as wide again up to so many times: five and a half times its first width.
MOST_WIDENED = 4


@dataclass(frozen=True)
class Unit:
    """One convolution with its normalization and ReLU.

    Attributes:
        number: its name; it stays when units are put before it.
        width: channels.
        kernel: side of the window.
        stride: 2 where it halves the map.
        widened: how often it was made wider.
    """

    number: int
    width: int
    kernel: int = 3
    stride: int = 1
    widened: int = 0


@dataclass(frozen=True)
class Step:
    """One step, with where it is made.

    Attributes:
        kind: one of ``STEPS``.
        unit: the number of the unit that is widened, enlarged, followed by a new one, or where a skip connection ends.
        source: the number of the unit that a skip connection begins at.
    """

    kind: str
    unit: int
    source: int = -1


@dataclass(frozen=True)
class Body:
    """The units in order, and the skip connections between them.

    Attributes:
        units: from the first to the last.
        skips: (from, to) by the units' numbers.
    """

    units: tuple[Unit, ...]
    skips: tuple[tuple[int, int], ...] = ()

    @classmethod
    def small(cls, width: int) -> Body:
        """Where growth begins: three units, the second and third of which halve the map."""
        return cls((Unit(0, width), Unit(1, 2 * width, stride=2), Unit(2, 4 * width, stride=2)))

    def place(self, number: int) -> int:
        """Where the unit called ``number`` stands, from 0."""
        return [unit.number for unit in self.units].index(number)

    def sites(self, kind: str, *, most: int) -> tuple[Step, ...]:
        """Every step of a kind that can be made.

        Args:
            kind: one of ``STEPS``.
            most: units that a body may have.
        """
        if kind == "deeper":
            return tuple(Step(kind, unit.number) for unit in self.units) if len(self.units) < most else ()
        if kind == "wider":
            return tuple(Step(kind, unit.number) for unit in self.units if unit.widened < MOST_WIDENED)
        if kind == "kernel":
            return tuple(Step(kind, unit.number) for unit in self.units if unit.kernel < LARGEST_KERNEL)
        numbers = [unit.number for unit in self.units]
        pairs = [(a, b) for place, b in enumerate(numbers) for a in numbers[: max(0, place - 1)]]
        return tuple(Step(kind, b, a) for a, b in pairs if (a, b) not in self.skips)

    def after(self, step: Step) -> Body:
        """The body that ``step`` makes of this one."""
        place = self.place(step.unit)
        unit = self.units[place]
        if step.kind == "deeper":
            new = Unit(max(u.number for u in self.units) + 1, unit.width)
            return replace(self, units=(*self.units[: place + 1], new, *self.units[place + 1 :]))
        if step.kind == "skip":
            return replace(self, skips=(*self.skips, (step.source, step.unit)))
        if step.kind == "wider":
            grown = replace(unit, width=unit.width + -(-unit.width // 2), widened=unit.widened + 1)
        else:
            grown = replace(unit, kernel=unit.kernel + 2)
        return replace(self, units=(*self.units[:place], grown, *self.units[place + 1 :]))

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers, for images of ``shape``."""
        draft = Draft(shape)
        source = draft.shrunk(self.units[0].width)
        values: dict[int, str] = {}
        for unit in self.units:
            name = f"unit{unit.number}"
            source = draft.add(f"{name}/conv", "conv", source, width=unit.width, stride=unit.stride, kernel=unit.kernel)
            terms = [draft.add(f"{name}/norm", "bn", source)]
            for origin in sorted(origin for origin, target in self.skips if target == unit.number):
                earlier = draft.matched(f"{name}/match{origin}", values[origin], draft.shape(source)[1:])
                terms.append(draft.add(f"{name}/from{origin}", "conv", earlier, width=unit.width, kernel=1))
            source = draft.add(f"{name}/relu", "relu", draft.total(f"{name}/add", terms))
            values[unit.number] = source
        return draft.head(source, classes, activate=False)
