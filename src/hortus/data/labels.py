"""Labels as class codes: numbers, booleans or text, in sorted order, in the types they came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.notes import Note
from hortus.errors import TargetError

if TYPE_CHECKING:
    import pandas as pd

RARE_SHARE = 0.01
SHOWN = 5


def encode_labels(series: pd.Series, name: str) -> tuple[NDArray[np.int64], tuple[Any, ...], list[Note]]:
    """(n,) class codes, the classes in their order, and what was noticed.

    Raises:
        TargetError: one class, labels of no known type, 1 beside "1", or a different label in nearly every row.
    """
    notes: list[Note] = []
    positions, distinct = _distinct_labels(series)
    families = {family for family, _ in distinct}
    if "other" in families:
        value = next(value for family, value in distinct if family == "other")
        raise TargetError(
            f"The target {name!r} holds a {type(value).__name__}: {value!r}.",
            mend="Labels are numbers, booleans or text.",
            code="target-type",
        )
    mixed = len(families) > 1
    if mixed:
        as_text: dict[str, tuple[str, Any]] = {}
        for family, value in distinct:
            first = as_text.setdefault(str(value).strip(), (family, value))
            if first != (family, value):
                raise TargetError(
                    f"The target {name!r} has both {first[1]!r} and {value!r} among its labels.",
                    mend="Make all labels text or all numbers.",
                    code="target-labels-ambiguous",
                )
        notes.append(
            Note(
                code="target-labels-mixed",
                what=f"The target {name!r} mixes {' and '.join(sorted(families))} labels.",
                place=name,
                mend="All taken as text.",
                warning=True,
            )
        )
    made = [str(value).strip() if mixed else value for _, value in distinct]
    classes = tuple(sorted(set(made)))
    if len(classes) < 2:
        raise TargetError(
            f"The target {name!r} has only one class: {classes[0]!r}.",
            mend="Give rows of at least two classes, or check that it is the right column.",
            code="target-one-class",
        )
    where = {label: code for code, label in enumerate(classes)}
    codes = np.array([where[label] for label in made], dtype=np.int64)[positions]
    rows = len(codes)
    if len(classes) == rows or (isinstance(classes[0], str) and len(classes) > 0.9 * rows):
        # scikit-learn's own words for numbers that are no classes.
        what = f"looks like an id: {len(classes)} different labels in {rows} rows"
        if not isinstance(classes[0], str):
            what += ". Unknown label type: continuous"
        raise TargetError(
            f"The target {name!r} {what}.",
            mend="Choose another column, or for numbers set the task to 'regression'.",
            code="target-id",
        )
    return codes, classes, notes


def whole_again(series: pd.Series) -> pd.Series:
    """Whole numbers as integers: a missing value beside them made them floats."""
    values = series.to_numpy(dtype=np.float64)
    return series.astype(np.int64) if (values == np.floor(values)).all() and (abs(values) < 2**53).all() else series


def _distinct_labels(series: pd.Series) -> tuple[NDArray[np.intp], list[tuple[str, Any]]]:
    """(n,) position of each row's label among the distinct ones, and those, each with its family."""
    if series.dtype.kind in "iufb" or series.dtype != object:
        import pandas as pd

        positions, found = pd.factorize(series)
        return positions, [(_family(value), _plain(value)) for value in found]
    # To pandas 1, 1.0 and True are equal, and as labels beside each other they are a mistake to be told of.
    places: dict[tuple[str, Any], int] = {}
    codes = [places.setdefault((_family(value), _plain(value)), len(places)) for value in series]
    return np.array(codes, dtype=np.intp), list(places)


def _family(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    if isinstance(value, (int, float, np.integer, np.floating)):
        return "number"
    return "text" if isinstance(value, str) else "other"


def _plain(value: Any) -> Any:
    """A label as Python's own bool, int, float or str."""
    return value.item() if isinstance(value, np.generic) else value


def balance_notes(codes: NDArray[np.int64], classes: tuple[Any, ...], name: str) -> list[Note]:
    """What is to be said of rare classes and few rows."""
    counts = np.bincount(codes, minlength=len(classes))
    notes = []
    alone = [classes[k] for k in np.flatnonzero(counts == 1)]
    if alone:
        notes.append(
            Note(
                code="target-class-once",
                what=f"The target {name!r} has classes with a single row: {', '.join(map(repr, alone[:SHOWN]))}.",
                place=name,
                mend="Those rows are trained on and never judged.",
                warning=True,
            )
        )
    least, rows = int(counts.min()), int(counts.sum())
    if least < RARE_SHARE * rows:
        label = classes[int(counts.argmin())]
        advice = "metric='average_precision' suits it better." if len(classes) == 2 else "Kept as it is."
        what = f"Class {label!r} of the target {name!r} has {least} of {rows} rows."
        notes.append(Note("target-imbalanced", what, name, advice, True))
    elif rows < 10 * len(classes):
        what = f"The target {name!r} has {len(classes)} classes in {rows} rows."
        notes.append(Note("target-few-rows", what, name, "Scores on so few rows are uncertain.", True))
    return notes
