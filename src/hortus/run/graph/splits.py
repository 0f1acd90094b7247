"""Rows to learn from and rows to judge by. Whatever comes after learns from the first alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.dataset import Dataset
from hortus.data.infer import infer_schema
from hortus.data.metrics import Metric
from hortus.data.ranges import training_ranges
from hortus.data.schema import Schema
from hortus.data.split import Folds, make_folds
from hortus.data.store import load_state, save_state
from hortus.data.target import Target, find_target, prepare_target
from hortus.data.task import Task
from hortus.data.weights import check_weights
from hortus.errors import InputError, SettingError, nearest
from hortus.features.encode import TableEncoder
from hortus.run.graph.stored import read_json, write_json
from hortus.run.graph.tables import Table, as_told
from hortus.seeds import stream

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("random", "stratified", "time", "group", "folds", "folds_by_time", "folds_by_group")
FOLDED = ("folds", "folds_by_time", "folds_by_group")


@dataclass(frozen=True, eq=False)
class Split:
    """A table whose rows are divided, and encoded by what the rows to learn from hold.

    Attributes:
        read: gives the table; asked only by what needs the columns as they came.
        task: what is predicted.
        schema: what a table must have.
        encoder: from the schema's frame to the matrix.
        data: the encoded rows, all of them, and which of them judge.
        kept: (n,) their positions in the table: rows whose target is known.
        ranges: what each column's rows to learn from held.
        side: the column that the rows are kept together or ordered by; "" for none.
        stopped_by_test: whether learners that grow may look at the rows that judge to know when to stop, as a search
            does.
    """

    read: Callable[[], Table]
    task: Task
    schema: Schema
    encoder: TableEncoder
    data: Dataset
    kept: NDArray[np.intp]
    ranges: dict[str, Any] = field(default_factory=dict)
    side: str = ""
    stopped_by_test: bool = False

    @property
    def folds(self) -> int:
        """How often everything is fitted: once, or once a fold."""
        return self.data.folds.count

    @property
    def metric(self) -> Metric:
        """What models are judged by first."""
        return self.data.metric()

    @cached_property
    def test(self) -> NDArray[np.intp]:
        """Positions of all rows that judge, among the encoded ones."""
        return self.data.folds.judged_rows

    def save(self, folder: Path) -> None:
        """Write all but the table into ``folder``, which is there and empty."""
        self.data.save(folder / "data")
        (folder / "encoder").mkdir()
        save_state(folder / "encoder", self.encoder.state())
        np.save(folder / "kept.npy", self.kept, allow_pickle=False)
        told = {"task": self.task.to_json(), "schema": self.schema.to_json(), "ranges": self.ranges}
        write_json(folder / "split.json", {**told, "side": self.side, "stopped_by_test": self.stopped_by_test})

    @classmethod
    def load(cls, folder: Path, read: Callable[[], Table]) -> Split:
        """The inverse of `save`."""
        told = read_json(folder / "split.json")
        encoder = TableEncoder()
        encoder.restore(load_state(folder / "encoder"))
        return cls(
            read=read,
            task=Task.from_json(told["task"]),
            schema=Schema.from_json(told["schema"]),
            encoder=encoder,
            data=Dataset.load(folder / "data"),
            kept=np.load(folder / "kept.npy", allow_pickle=False),
            ranges=told["ranges"],
            side=told["side"],
            stopped_by_test=told["stopped_by_test"],
        )


def split(
    table: Table,
    *,
    method: str = "stratified",
    share: float = 0.2,
    column: str = "",
    folds: int = 5,
    seed: int = 0,
    stopped_by_test: bool = False,
) -> Split:
    """Divide a table's rows into those to learn from and those to judge by.

    With ``folds`` every row judges once, and everything after is fitted once a fold. What looks at the target is
    fitted on a fold's own rows; the encoding of the columns, which never looks at the target, is shared by the folds
    as in a search. In any other split nothing whatever sees the rows that judge.

    Args:
        table: the rows.
        method: ``"random"``; ``"stratified"``, every class (or size of the target) alike on both sides; ``"time"``,
            the last rows judge; ``"group"``, rows of one group stay together; ``"folds"``, ``"folds_by_time"``,
            ``"folds_by_group"``.
        share: of the rows that judge; for all but folds.
        column: of the times or groups; no model sees it.
        folds: how many.
        seed: of the draw.
        stopped_by_test: for folds alone: whether learners that grow stop by the rows that judge, as a search has it.

    Raises:
        SettingError: a setting is not understood, or its column is not there.
        InputError: the rows cannot be divided so.
    """
    _checked(table, method, share, column, folds, stopped_by_test=stopped_by_test)
    frame, values = find_target(table.frame, table.target)
    found, _ = prepare_target(values, name=table.target, kind=_task(table.task), metric=table.metric or None)
    weight = check_weights(table.column(table.weight).to_numpy(), len(frame)) if table.weight else None
    beside = table.column(column).iloc[found.kept] if column else None
    aside = {name for name in (column, table.weight) if name}
    frame = frame.drop(columns=list(aside)).iloc[found.kept]
    divided, groups = _divide(found, method, share, beside, folds, seed, width=frame.shape[1])
    learned = frame.iloc[divided.train_rows(0)] if method not in FOLDED else frame
    schema, _ = infer_schema(
        learned,
        ignore=[name for name in table.ignore if name not in aside],
        keep=[name for name in table.keep if name not in aside],
    )
    schema = Schema(tuple(as_told(one, table, learned) for one in schema.columns))
    canonical, _ = schema.apply(learned)
    encoder = TableEncoder()
    X = encoder.fit_transform(canonical, schema)
    if method not in FOLDED:
        X = encoder.transform(schema.apply(frame)[0])
    data = Dataset(
        X=X,
        y=found.y,
        folds=divided,
        kind=found.task.kind,
        classes=len(found.task.classes),
        metric_name=found.task.metric,
        weight=None if weight is None else weight[found.kept],
        groups=groups,
    )
    return Split(
        lambda: table,
        found.task,
        schema,
        encoder,
        data,
        found.kept,
        training_ranges(canonical, schema),
        column,
        stopped_by_test,
    )


def _task(name: str) -> Any:
    return name or None


def _checked(table: Table, method: str, share: float, column: str, folds: int, *, stopped_by_test: bool) -> None:
    if method not in METHODS:
        raise SettingError(f"There is no split {method!r}.", mend=nearest(method, METHODS), code="unknown-split")
    if method not in FOLDED and not 0.01 <= share <= 0.9:
        raise SettingError(
            f"{share!r} is not a share of rows to judge by.", mend="Give 0.01 to 0.9.", code="split-share"
        )
    if method in FOLDED and not (1 if stopped_by_test else 2) <= folds <= 100:
        raise SettingError(f"{folds!r} is not a number of folds.", mend="Give 2 to 100.", code="split-folds")
    if stopped_by_test and method not in FOLDED:
        raise SettingError(
            "Only folds can stop learners by the rows that judge.", mend="Switch it off.", code="split-stopped"
        )
    if method.endswith(("time", "group")) and not column:
        raise SettingError(
            f"A split by {'time' if method.endswith('time') else 'group'} needs a column.",
            mend="Choose the column that says when." if method.endswith("time") else "Choose the column of the groups.",
            code="split-column",
        )
    if column:
        table.column(column)
        if column == table.target:
            raise SettingError(
                f"{column!r} is the column to predict.", mend="Choose another to split by.", code="split-column"
            )


def _divide(
    found: Target, method: str, share: float, beside: pd.Series | None, folds: int, seed: int, *, width: int
) -> tuple[Folds, NDArray[np.int64] | None]:
    """Which rows judge, and the groups that belong together, if any."""
    import pandas as pd

    rows = len(found.y)
    groups = pd.factorize(np.asarray(beside), use_na_sentinel=False)[0].astype(np.int64) if "group" in method else None
    if method in FOLDED:
        made, _ = make_folds(
            found.y,
            found.task.kind,
            rows=rows,
            columns=width,
            seconds=None,
            seed=seed,
            groups=None if groups is None else np.asarray(beside),
            time=np.asarray(beside) if method == "folds_by_time" else None,
            folds=folds,
        )
        return made, groups
    rng = stream(seed, "graph", "split")
    count = min(rows - 2, max(1, round(share * rows)))
    if method == "random":
        judges = rng.permutation(rows)[:count]
    elif method == "stratified":
        order = rng.permutation(rows)
        order = order[np.argsort(found.y[order], kind="stable")]
        # Every 1/share-th row of the sorted ones, from a random first one on.
        judges = order[((np.arange(count) + rng.random()) * rows / count).astype(np.intp)]
        if found.task.kind != "regression":
            # A class of one row is there to be learned.
            judges = judges[np.bincount(found.y)[found.y[judges]] > 1]
    elif groups is not None:
        judges = _groups_of(groups, count, rng)
    else:
        judges = np.argsort(_moments(beside), kind="stable")[rows - count :]
    assignment = np.full(rows, -1, dtype=np.int8)
    assignment[judges] = 0
    return Folds(assignment, 1, ordered=method == "time"), groups


def _groups_of(codes: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise InputError(
            "All rows are of one group, so that they cannot be divided.",
            mend="Choose another column.",
            code="one-group",
        )
    order = rng.permutation(len(sizes))
    reached = np.cumsum(sizes[order])
    taken = order[: min(len(sizes) - 1, max(1, int(np.searchsorted(reached, count, side="right"))))]
    return np.flatnonzero(np.isin(codes, taken))


def _moments(values: Any) -> NDArray[Any]:
    """(n,) numbers that rise with time."""
    frame = values.to_frame()
    schema, _ = infer_schema(frame, keep=[str(frame.columns[0])])
    kind = schema.columns[0].kind
    found = schema.apply(frame)[0].iloc[:, 0]
    if kind not in ("date", "numeric") or bool(found.isna().any()):
        raise InputError(
            f"The column {values.name!r} does not say when every row was: it holds {kind} cells or gaps.",
            mend="Choose a column with a date or a number in every row.",
            code="split-time",
        )
    moments: NDArray[Any] = found.to_numpy()
    return moments
