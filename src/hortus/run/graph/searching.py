"""A search as a node of a graph: it learns from the rows to learn from, and is judged like any other model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hortus.deploy.bundle import load_bundle
from hortus.engine.progress import Listener
from hortus.errors import SettingError
from hortus.run.fit import fit as run_fit
from hortus.run.graph.learners import Trained, placed
from hortus.run.graph.splits import Split
from hortus.run.prepare import Sides
from hortus.run.settings import Settings


def search(
    split: Split,
    *,
    folder: Path,
    time: float | None = None,
    trials: int | None = None,
    strategy: str = "auto",
    models: Sequence[str] = (),
    ensemble: bool = True,
    title: str = "search",
    seed: int = 0,
    slots: int | None = None,
    executor: str = "local",
    listeners: Sequence[Listener] = (),
) -> Trained:
    """Search pipelines on the rows to learn from alone; its own folds are made of them.

    Args:
        split: with one set of rows to judge.
        folder: of the search, which goes on where it stopped if it is there already.
        time: seconds; 60 where trials are not given either.
        trials: how many candidates.
        strategy: a name in ``hortus.strategies.STRATEGIES``, or ``"auto"``.
        models: names to choose from; all where there are none.
        ensemble: whether several candidates are blended.
        title: what it is called.
        seed: of the search.
        slots: trials at once; None for one a core.
        executor: where they run.
        listeners: told of everything that happens.

    Raises:
        SettingError: the split is of folds, or a setting is not understood.
        RunError: no trial ended well.
    """
    if split.folds != 1 or split.stopped_by_test:
        raise SettingError(
            "A search needs one set of rows to judge by, and this split is of folds.",
            mend="Set the split to random, stratified, time or group; the search makes folds of its own.",
            code="search-folds",
        )
    table = split.read()
    frame = table.frame.iloc[split.kept]
    train = split.data.train_rows(0)
    learned = frame.iloc[train].drop(columns=[name for name in (table.weight, split.side) if name])
    weight = split.data.weight
    beside = np.asarray(frame[split.side])[train] if split.side else None
    settings = Settings(
        kind=split.task.kind,
        metric=split.task.metric,
        time=time,
        trials=trials,
        strategy=strategy,
        models=tuple(models) or None,
        ensemble=ensemble,
        ignore=tuple(name for name in table.ignore if name in learned.columns),
        keep=tuple(name for name in table.keep if name in learned.columns),
        text=tuple(name for name, kind in table.kinds.items() if kind == "text" and name in learned.columns),
        seed=seed,
        slots=slots,
        executor=executor,
    )
    sides = Sides(
        weight=None if weight is None else np.asarray(weight)[train],
        groups=beside if split.data.groups is not None else None,
        order=beside if split.data.folds.ordered else None,
    )
    result = run_fit(learned, table.target, settings, folder=folder, sides=sides, listeners=listeners)
    if result.why == "interrupted":
        # What it has is kept, and the same call goes on; but it is not what was asked for.
        raise KeyboardInterrupt
    seconds = sum(row.evaluation.seconds for row in result.rows if row.evaluation is not None)
    return searched(
        split, folder, title=title, seconds=seconds, facts={"trials": len(result.rows), "score": result.score}
    )


def searched(split: Split, folder: Path, *, title: str, seconds: float, facts: Mapping[str, Any]) -> Trained:
    """What a search left in its folder, as it says of the rows that judge."""
    predictor = load_bundle(folder / "model.hortus")
    frame = split.read().frame.iloc[split.kept].iloc[split.test]
    said = predictor.raw(frame)
    if split.task.kind != "regression":
        # A class that no row to learn from has is one that the search does not know.
        whole = np.zeros((len(said), len(split.task.classes)))
        whole[:, [split.task.classes.index(label) for label in predictor.task.classes]] = said
        said = whole
    return Trained(split, title, predictor, placed(split, [(split.test, said)]), seconds, search=folder, facts=facts)
