"""From the trials of a search to one network: choose, train on all images, save."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import verify
from hortus.data.images import ImageData
from hortus.deploy.image_bundle import write_image_bundle
from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.plan import Plan
from hortus.ensemble.combination import Combination
from hortus.ensemble.honest import Judged, judge
from hortus.errors import RunError
from hortus.evaluation.base import Evaluation, Fidelity
from hortus.evaluation.trial import Order
from hortus.nets.recipe import make_recipe
from hortus.run.images.grow import scale_of, whole_epochs
from hortus.run.images.rows import trained
from hortus.run.images.settings import ImageSettings, seen_at
from hortus.run.nothing import none_ended_well
from hortus.seeds import derive
from hortus.spaces import SPACES

BUNDLE = "model.hortus"
# Under which the journal keeps why the last training on all images failed.
FAILED = "final_failed"
# Candidates whose scores get intervals and are compared with the best.
MOST = 40
# A final training that would not end by itself is killed so long (seconds) after it should have.
OVERDUE = 5.0
# A restart that was cut to less than this share of the epochs that were before has disturbed more than it has mended.
ENOUGH = 0.5
# Multiply-adds an image from which a step gains by more than one thread.
SEVERAL = 1e7
# With less than this there is no point in beginning one.
LEAST_FINAL = 1.0
# With fewer steps than this the last training sees images smaller. On sign_digits (1,319 of 48 x 48) a minute of two
# cores came to 0.942 and 0.827 with two cells at their whole size, and to 0.991 and 0.982 at 0.43 of it.
ENOUGH_STEPS = 600


@dataclass(frozen=True)
class Final:
    """The network that was trained on all images.

    Attributes:
        number: of the trial whose candidate it is.
        evaluation: what its training left.
        scale: how many times as wide and deep as it was found it is.
    """

    number: int
    evaluation: Evaluation
    scale: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def train_final(
    journal: Journal, plan: Plan, settings: ImageSettings, executor: Executor, *, seconds: float | None, threads: int
) -> bool:
    """Train the best candidate on all images, in a slot; whether there is a new network now.

    Args:
        journal: of the run.
        plan: of the search.
        settings: of the run.
        executor: where it runs; nothing else runs there.
        seconds: that it may take; None for its whole schedule.
        threads: that it may use.
    """
    rows = trained(journal)
    if not rows or (seconds is not None and seconds < LEAST_FINAL):
        return False
    best = rows[0]
    before, scale = read_final(journal), scale_of(journal, best.number)
    if seconds is None and before is not None and (before.number, before.scale) == (best.number, scale):
        return False
    weights = best.left("models")
    fidelity = Fidelity()
    if seconds is not None:
        data = ImageData.load(plan.out / "data")
        batch = make_recipe(len(data), data.shape, **settings.recipe).batch
        fidelity = final_fidelity(best.evaluation, seconds, rows=len(data), shape=data.shape, batch=batch)
    order = Order(
        number=best.number,
        space=plan.space.to_json(),
        params=best.params,
        evaluator="train_all",
        options=settings.final_options | {"scale": scale, "weights": None if weights is None else asdict(weights)},
        data=str(plan.data),
        out=str(plan.out),
        seed=derive(plan.seed, "final", best.number),
        fidelity=fidelity,
        threads=threads if _macs(best) >= SEVERAL else 1,
        deadline=None if seconds is None else time.monotonic() + seconds,
        budget=settings.budget.time,
        needs=() if weights is None else (weights,),
    )
    limit = None if seconds is None else seconds + OVERDUE
    end = executor.run_alone(Job(best.number, order.to_json(), seconds=limit, memory=plan.memory))
    if end.kind != "done":
        journal.set(FAILED, f"{end.data.get('reason')}: {end.data.get('detail', '')}")
        return False
    made = Evaluation.from_json(end.data)
    if _epochs(made) < ENOUGH * _epochs(best.evaluation):
        told = f"there was time for {_epochs(made):.1f} epochs after {_epochs(best.evaluation):.1f} before"
        journal.set(FAILED, told)
        return False
    journal.set(FAILED, None)
    journal.set("final", Final(best.number, made, scale).to_json())
    return True


def final_fidelity(
    found: Evaluation | None, seconds: float, *, rows: int, shape: tuple[int, int, int], batch: int
) -> Fidelity:
    """At which resolution the last training sees images: as large as leaves it `ENOUGH_STEPS`.

    Never smaller than they were judged at, and by the pace of that.

    Args:
        found: what the candidate's training left.
        seconds: of the last training.
        rows: images that it sees.
        shape: channels, height and width of them.
        batch: images a step.

    >>> found = Evaluation((0.9,), 0.9, 20.0, 0.0, 0.0, notes={"epochs": 10.0, "resolution": 0.5})
    >>> [final_fidelity(found, s, rows=1280, shape=(3, 48, 48), batch=128).resolution for s in (60.0, 240.0, 600.0)]
    [0.5, 0.71, 1.0]
    """
    steps = whole_epochs(found, seconds) * rows / batch
    if found is None or not steps:
        return Fidelity()
    judged = float(found.notes.get("resolution", 1.0))
    return seen_at(max(judged, (steps / ENOUGH_STEPS) ** 0.5), *shape[1:])


def read_final(journal: Journal) -> Final | None:
    """The last network that was trained on all images; None where there is none."""
    found = journal.get("final")
    return None if found is None else Final(found["number"], Evaluation.from_json(found["evaluation"]), found["scale"])


def conclude(journal: Journal, settings: ImageSettings, folder: Path) -> None:
    """Choose the network from what the journal holds, save it as the run's model, and note it.

    Raises:
        RunError: no trial has ended well; the reasons are named.
        ArtifactError: a file of the chosen network is not as it was written.
    """
    leading = trained(journal)
    if not leading:
        raise none_ended_well(journal.trials())
    data = ImageData.load(folder / "data")
    told, judged = _judge(leading, data, folder, settings.seed)
    row, final = leading[0], read_final(journal)
    scale = scale_of(journal, row.number)
    use_final = final is not None and (final.number, final.scale) == (row.number, scale)
    made = final.evaluation if final is not None and use_final else row.evaluation
    weights = made.left("models") if made else None
    if weights is None or made is None:
        raise RunError(f"Trial {row.number} left no network.", mend="Start the run again.", code="no-model")
    estimate = told.estimate.to_json()
    facts = data.facts(settings.budget.time)
    write_image_bundle(
        folder / BUNDLE,
        data=data,
        facts=facts,
        space=SPACES[settings.space](facts, **settings.space_options).to_json(),
        params=row.params,
        scale=scale,
        resolution=float(made.notes.get("resolution", 1.0)),
        weights=verify(folder, weights),
        about={
            "score": row.value,
            "estimate": estimate,
            "rows": len(data),
            "network": row.describe,
            "trained_on": "all images" if use_final else "the training images",
            **{name: made.notes.get(name) for name in ("params", "macs", "latency", "epochs")},
        },
    )
    journal.set(
        "chosen",
        {
            "number": row.number,
            "score": row.value,
            "estimate": estimate,
            "intervals": {r.number: bounds for r, bounds in zip(judged, told.intervals, strict=False)},
            "tied": [r.number for r, same in zip(judged, told.tied, strict=False) if same],
            "final": use_final,
            "scale": scale,
        },
    )


def _judge(leading: list[TrialRow], data: ImageData, folder: Path, seed: int) -> tuple[Judged, list[TrialRow]]:
    """What the best is expected to score on new images, and how the others compare."""
    judged = leading[:MOST]
    valid = data.valid_rows(0)
    rated: list[NDArray[np.float64]] = []
    for row in judged:
        found = row.left("predictions")
        if found is not None:
            place = verify(folder, found)
            rated.append(np.load(place, allow_pickle=False)[valid].astype(np.float64))
    chosen = Combination(np.eye(len(rated))[0], None, None, rated[0])
    return judge(rated, chosen, np.asarray(data.y[valid]), data.metric(), seed=seed), judged


def _epochs(evaluation: Evaluation | None) -> float:
    return float(evaluation.notes.get("epochs") or 0.0) if evaluation else 0.0


def _macs(row: TrialRow) -> float:
    return float(row.evaluation.notes.get("macs") or 0.0) if row.evaluation else 0.0
