"""What the numbers of masks mean: a class each, and the one that stands for nothing."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.errors import SettingError, TargetError

# In the masks that Hortus holds: pixels that count for nothing.
VOID = 255
MOST = 255
# So many values are named in a message; the rest are counted.
NAMED = 8
# Names of classes that are none.
UNLABELLED = ("void", "unlabelled", "unlabeled", "ignore")
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class MaskClasses:
    """The classes of a set of masks. A pixel's code 0 to K - 1 is a place in these; `VOID` is none of them.

    Attributes:
        names: of the K classes, for people.
        values: what stands for each in the masks as they came and as they are written.
        colours: of each, as red, green and blue.
        void: the value of pixels that count for nothing; None where the masks have none.
        coloured: whether the masks came as pictures in these colours, and not as numbers.

    >>> MaskClasses.of([0, 1, 7], void=7).names
    ('0', '1')
    """

    names: tuple[str, ...]
    values: tuple[int, ...]
    colours: tuple[Colour, ...]
    void: int | None = None
    coloured: bool = False

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(
        cls,
        values: Sequence[int],
        *,
        names: Sequence[str] | None = None,
        void: int | None = None,
        palette: Sequence[Colour] | None = None,
        coloured: bool = False,
    ) -> MaskClasses:
        """The classes of masks in which ``values`` occur.

        Args:
            values: that occur, ascending.
            names: of the values 0, 1, 2 and so on, that of void included; None for the values themselves.
            void: the value of pixels that count for nothing.
            palette: the colour of each value from 0 on; None for colours that are easily told apart.
            coloured: whether the values are numbers of colours.

        Raises:
            TargetError: a value has no name, or fewer than two or more than `MOST` classes are left.
        """
        known = list(range(len(names))) if names is not None else list(values)
        unknown = [value for value in values if value not in known and value != void]
        if unknown:
            raise TargetError(
                f"The masks hold {told(unknown)}, and there are names for {len(known)} classes, 0 to {len(known) - 1}.",
                mend="Name those too, mend the masks, or say which value is void: void=255.",
                code="masks-unknown-value",
            )
        kept = [value for value in known if value != void]
        if not 2 <= len(kept) <= MOST:
            raise TargetError(
                f"The masks hold {len(kept)} classes beside void: {told(kept)}.",
                mend=f"From 2 to {MOST} can be learned. Masks saved as JPEG have false values at every edge: use PNG.",
                code="masks-classes",
            )
        colours = [
            tuple(palette[value]) if palette is not None and value < len(palette) else _colour(place, len(kept))
            for place, value in enumerate(kept)
        ]
        return cls(
            names=tuple(str(names[value]) if names is not None else str(value) for value in kept),
            values=tuple(kept),
            colours=tuple((int(r), int(g), int(b)) for r, g, b in colours),
            void=void,
            coloured=coloured,
        )

    def codes(self, masks: NDArray[Any]) -> NDArray[np.uint8]:
        """Masks of ``values`` as masks of codes 0 to K - 1 and `VOID`.

        Raises:
            TargetError: a value is none of these.
        """
        found = np.unique(masks)
        unknown = [int(value) for value in found if int(value) not in self.values and int(value) != self.void]
        if unknown:
            raise TargetError(
                f"The masks hold {told(unknown)}, which the classes {told(self.values)} do not.",
                mend="Mend the masks, or give the value of pixels that count for nothing: void=255.",
                code="masks-unknown-value",
            )
        table = np.full(int(max(*self.values, *found.tolist(), 0)) + 1, VOID, dtype=np.uint8)
        table[list(self.values)] = np.arange(len(self), dtype=np.uint8)
        result: NDArray[np.uint8] = table[masks]
        return result

    def decoded(self, codes: NDArray[Any]) -> NDArray[np.int64]:
        """The inverse of `codes`; void pixels get the value of void, -1 where there is none."""
        table = np.full(256, -1 if self.void is None else self.void, dtype=np.int64)
        table[: len(self)] = self.values
        result: NDArray[np.int64] = table[codes]
        return result

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "names": list(self.names),
            "values": list(self.values),
            "colours": [list(colour) for colour in self.colours],
            "void": self.void,
            "coloured": self.coloured,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> MaskClasses:
        """The inverse of ``to_json``."""
        colours = tuple((int(r), int(g), int(b)) for r, g, b in found["colours"])
        void = found["void"]
        return cls(tuple(found["names"]), tuple(map(int, found["values"])), colours, void, bool(found["coloured"]))


def whole(masks: NDArray[Any], where: str = "The masks") -> NDArray[np.int64]:
    """Values of masks as whole numbers from 0.

    Raises:
        TargetError: they are other numbers, negative, or none.
    """
    kind = masks.dtype.kind
    if kind not in "buif" or (kind == "f" and not (np.isfinite(masks).all() and np.array_equal(masks, np.rint(masks)))):
        raise TargetError(
            f"{where} hold values of the type {masks.dtype} that are no whole numbers.",
            mend="Give a class's number for each pixel: 0, 1, 2 and so on.",
            code="masks-not-whole",
        )
    if masks.size and (masks.min() < 0 or masks.max() > 65535):
        raise TargetError(
            f"{where} hold values from {masks.min()} to {masks.max()}.",
            mend="Give numbers from 0 to 65535; for pixels that count for nothing one of those, such as 255.",
            code="masks-range",
        )
    return masks.astype(np.int64)


def void_of(wanted: Any, values: Sequence[int], names: Sequence[str] | None) -> int | None:
    """The value of void: as it was given, as a number, a name or a colour; else 255 where that occurs unnamed.

    Raises:
        SettingError: it is none of the names.

    >>> void_of(None, [0, 1, 255], None), void_of("void", [0, 1], ["road", "void"]), void_of("#000000", [], None)
    (255, 1, 0)
    """
    if wanted is None:
        known = len(names) if names is not None else 0
        named = [place for place, name in enumerate(names or ()) if str(name).lower() in UNLABELLED]
        return named[0] if named else VOID if VOID in values and known <= VOID else None
    if isinstance(wanted, str) and re.fullmatch("#[0-9a-fA-F]{6}", wanted):
        return int(wanted[1:], 16)
    if isinstance(wanted, (int, np.integer)) and not isinstance(wanted, bool):
        return int(wanted)
    if names is not None and str(wanted) in map(str, names):
        return [str(name) for name in names].index(str(wanted))
    raise SettingError(
        f"void is {wanted!r}, which is neither a mask's value nor a class's name.",
        mend="Give the number that such pixels have in the masks, such as void=255.",
        code="masks-void",
    )


def told(values: Sequence[int]) -> str:
    """Some values in words.

    >>> told([3]), told(list(range(20)))
    ('the value 3', 'the values 0, 1, 2, 3, 4, 5, 6, 7 and 12 more')
    """
    more = f" and {len(values) - NAMED} more" if len(values) > NAMED else ""
    return f"the value{'s' if len(values) != 1 else ''} {', '.join(map(str, values[:NAMED]))}{more}"


def _colour(place: int, count: int) -> Colour:
    """Colours around the wheel, every second one darker."""
    red, green, blue = colorsys.hsv_to_rgb(place / count, 0.75, 0.95 if place % 2 else 0.65)
    return round(255 * red), round(255 * green), round(255 * blue)
