"""A frame as it came, to one with distinct text names and ordinary types of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hortus.data.notes import Note
from hortus.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10


def named(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Distinct, non-empty text names."""
    import pandas as pd

    notes: list[Note] = []
    if isinstance(frame.columns, pd.MultiIndex):
        came: list[Any] = ["_".join(str(part) for part in name if str(part)) for name in frame.columns]
        what = f"The columns have {frame.columns.nlevels} levels of names, such as {frame.columns[0]!r}."
        notes.append(Note("columns-levels", what, mend=f"Joined, as in {came[0]!r}."))
    else:
        came = list(frame.columns)
    names = ["" if name is None or name != name else str(name).strip() for name in came]
    blank = [position for position, name in enumerate(names) if not name]
    taken = set(names)
    for position in blank:
        name = f"column_{position + 1}"
        while name in taken:
            name += "_"
        names[position] = name
        taken.add(name)
    if blank:
        what = f"{len(blank)} columns have no name: {', '.join(str(p + 1) for p in blank[:_SHOWN])}."
        notes.append(Note("columns-unnamed", what, names[blank[0]], f"Called {names[blank[0]]!r} and so on."))
    if len(taken) < len(names):
        twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
        shown = ", ".join(repr(name) for name in twice[:_SHOWN])
        raise InputError(
            f"The table has more than one column called {shown}.",
            mend="Give every column a name of its own.",
            code="columns-duplicate",
        )
    frame.columns = pd.Index(names, dtype=object)
    return frame, notes


def plain_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of Arrow's, sparse and period types in the ordinary ones."""
    import pandas as pd

    for position, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.ArrowDtype):
            plain = frame.iloc[:, position].array.__arrow_array__().to_pandas()
        elif isinstance(dtype, pd.SparseDtype):
            plain = pd.Series(frame.iloc[:, position].to_numpy())
        elif isinstance(dtype, pd.PeriodDtype):
            plain = frame.iloc[:, position].dt.to_timestamp()
        else:
            continue
        frame.isetitem(position, plain.set_axis(frame.index))
    return frame
