"""How a run's model decides between two classes, kept in its file: what is served, exported and scored goes by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hortus.data.artifacts import write_artifact
from hortus.deploy.bundle import with_threshold
from hortus.ensemble.costs import read_costs
from hortus.ensemble.threshold import Threshold
from hortus.errors import SettingError
from hortus.run.result import BUNDLE, Result


def keep_decision(result: Result, value: float | None, *, false_alarm: float = 1.0, miss: float = 1.0) -> None:
    """From now on the model says its second class where the probability of it exceeds ``value``.

    Args:
        result: the run; whoever holds it opens it again to see the change.
        value: from 0 to 1; None for the likeliest class.
        false_alarm: what a row of the first class costs that is called the second.
        miss: what a row of the second class costs that is called the first.

    Raises:
        SettingError: the model does not decide between two classes, or the threshold or a cost means nothing.
    """
    task = result.model.task
    if task.kind != "binary":
        raise SettingError(
            f"The model predicts {task.kind} targets, and a threshold parts two classes.",
            mend="Leave the threshold out.",
            code="threshold-classes",
        )
    found = None if value is None else _threshold(result, value, false_alarm, miss)
    bundle = with_threshold((result.folder / BUNDLE).read_bytes(), found)
    write_artifact(result.folder, BUNDLE, lambda path: _write(path, bundle))


def _threshold(result: Result, value: float, false_alarm: float, miss: float) -> Threshold:
    if not 0 <= value <= 1:
        raise SettingError(f"The threshold is {value:g}.", mend="Give one from 0 to 1.", code="threshold-value")
    costs = read_costs({"fp": false_alarm, "fn": miss}, result.model.task.classes)
    evidence = result.evidence
    positive = (evidence.predictions[:, 1] > value).astype(np.int64)
    likeliest = evidence.predictions.argmax(axis=1)
    paid = [costs[evidence.y, said] for said in (positive, likeliest)]
    weight = np.ones(len(evidence.y)) if evidence.weight is None else evidence.weight
    gained = paid[1] - paid[0]
    spread = np.average((gained - np.average(gained, weights=weight)) ** 2, weights=weight)
    rows = weight.sum() ** 2 / np.sum(weight**2)
    return Threshold(
        goal="costs",
        value=float(value),
        costs=None,
        score=-float(np.average(paid[0], weights=weight)),
        before=-float(np.average(paid[1], weights=weight)),
        error=float(np.sqrt(spread / rows)),
    )


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
