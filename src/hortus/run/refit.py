"""A model of one pipeline a member, fitted on all rows, in place of one for each fold: as many times faster to use."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FixedTrial

from hortus.errors import RunError
from hortus.models.base import FitContext
from hortus.run.finish import pool
from hortus.run.result import Result
from hortus.run.variant import Variant, save_variant
from hortus.seeds import derive, stream
from hortus.spaces import SPACES
from hortus.spaces.pipeline import Pipeline

# Of the rows, this share, and at most so many, tell a learner that grows when to stop; the rest it learns from.
WATCHED, MOST_WATCHED = 0.1, 10_000


def refit(result: Result, *, threads: int = 1) -> Variant:
    """The run's ensemble again, each member fitted once, on all rows but the few that tell it when to stop.

    Its score is that of the members' folds, each of which is fitted on fewer rows: what a single pipeline is worth
    out of fold.

    Args:
        result: a run.
        threads: that a fit may use.

    Raises:
        RunError: no trial has ended well, so that there is nothing to fit again; or the model is one of more rows.
    """
    prepared = result.prepared
    if result.model.apart:
        raise RunError(
            "The run's model has learned from all rows of its file; the rows to refit on are a sample of them.",
            mend="Use the model as it is: it has one pipeline a member already.",
            code="already-streamed",
        )
    data, seed, model = prepared.data, result.settings.seed, result.model
    found = pool(result.rows, prepared, result.folder)
    places = {row.number: place for place, row in enumerate(found.rows)}
    if any(member.number not in places for member in model.members):
        raise RunError(
            "The run's model is its baseline: no trial has ended well.",
            mend="Go on with the run for longer, then refit.",
            code="no-model",
        )
    space = SPACES[result.settings.space_name](data.facts(result.settings.budget.time), **result.settings.space_options)
    inside, outside = _divided(len(data), seed)
    members = []
    for member in model.members:
        context = FitContext(data.kind, data.classes, seed=derive(seed, "refit", member.number), threads=threads)
        candidate = space(FixedTrial(dict(found.rows[places[member.number]].params)))
        if not isinstance(candidate, Pipeline):
            raise TypeError(f"A pipeline can be fitted again, not a {type(candidate).__name__}.")
        with warnings.catch_warnings():
            # What libraries say about one candidate is no message a person can act on.
            warnings.simplefilter("ignore")
            members.append(replace(member, folds=(candidate.fit(data.rows(inside), context, data.rows(outside)),)))
    return save_variant(
        result.folder,
        "refitted",
        members,
        prepared,
        model,
        judged=found.judged,
        predictions=model.combine([found.predictions[places[member.number]] for member in members]),
        seed=seed,
        facts={"made": "refitted on all rows"},
        stacking=model.stacking,
        calibration=model.calibration,
    )


def _divided(n: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows to learn from, and the few to stop by."""
    order = stream(seed, "refit", "rows").permutation(n)
    watched = min(MOST_WATCHED, max(1, round(WATCHED * n)))
    return np.sort(order[watched:]), np.sort(order[:watched])
