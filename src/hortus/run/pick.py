"""A faster model from the trials of a run: the best ensemble that predicts one row within a given time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hortus.data.sample import read_sample
from hortus.ensemble.combination import average
from hortus.ensemble.predictor import Member, Predictor
from hortus.errors import RunError, SettingError
from hortus.evaluation.scoring import by_fold
from hortus.run.finish import Pool, pool
from hortus.run.prepare import Prepared
from hortus.run.result import Result
from hortus.run.variant import Variant, one_row, open_member, save_variant, seconds_of

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
# How often a candidate is added, with replacement, as in greedy ensemble selection.
ROUNDS = 25
# Candidates that are opened and timed, the best first.
TIMED = 20


@dataclass(frozen=True)
class _Option:
    """A candidate: where it stands in the pool, what one fold's pipeline costs (seconds), and its pipelines."""

    place: int
    seconds: float
    member: Member


def seconds(latency: float | str) -> float:
    """A latency in seconds.

    Raises:
        SettingError: it is not a positive time.

    >>> seconds("2.5ms"), seconds(0.01)
    (0.0025, 0.01)
    """
    if isinstance(latency, str):
        found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(s|ms|us)\s*", latency)
        value = float(found[1]) * UNITS[found[2]] if found else math.nan
    else:
        value = float(latency)
    if not 0 < value < math.inf:
        raise SettingError(
            f"The latency {latency!r} is not a time.", mend="Give seconds, or text such as '1ms'.", code="latency"
        )
    return value


def pick(result: Result, *, latency: float) -> Variant:
    """The ensemble of the run's candidates that scores best and predicts one row within ``latency``.

    A candidate takes part with the pipeline of one fold, whose score out of fold is its own; where there is time
    left, with those of more folds, whose mean is at least as good.

    Args:
        result: a run.
        latency: seconds for one row, from the user's columns to the prediction, on this machine.

    Raises:
        RunError: no candidate is as fast as that; the fastest is named.
    """
    prepared = result.prepared
    found = pool(result.rows, prepared, result.folder)
    row = read_sample(result.folder, prepared.schema.names).iloc[:1]
    reading = seconds_of(lambda: prepared.encoder.transform(prepared.schema.apply(row)[0]))
    X = prepared.encoder.transform(prepared.schema.apply(row)[0])
    options = []
    for place, trial in enumerate(found.rows[:TIMED]):
        member = open_member(result.folder, trial)
        options.append(_Option(place, seconds_of(partial(member.folds[0].predict, X)), member))
    counts = _select(options, found, prepared, latency - reading)
    if not counts:
        fastest = min(options, key=lambda option: option.seconds)
        raise RunError(
            f"No candidate predicts one row in {1000 * latency:.3g} ms: reading the row takes {1000 * reading:.3g} ms, "
            f"and the fastest, {fastest.member.name}, {1000 * fastest.seconds:.3g} ms more.",
            mend=f"Ask for at least {1000 * 1.2 * (reading + fastest.seconds):.2g} ms, or try distill().",
            code="latency-unreachable",
        )
    return _timed(counts, options, found, result, latency, reading)


def _select(options: Sequence[_Option], found: Pool, prepared: Prepared, left: float) -> dict[int, int]:
    """How often each option is added; greedy, with replacement, within the seconds that are left."""
    counts: dict[int, int] = {}
    total: NDArray[np.float64] | None = None
    best = -np.inf
    for _ in range(ROUNDS):
        spent = sum(options[i].seconds for i in counts)
        tried = [i for i, option in enumerate(options) if i in counts or spent + option.seconds <= left]
        if not tried:
            break
        size = sum(counts.values())
        sums = [
            found.predictions[options[i].place]
            if total is None
            else (total * size + found.predictions[options[i].place]) / (size + 1)
            for i in tried
        ]
        scores = [by_fold(prepared.metric, found.y, blend, found.folds, found.weight) for blend in sums]
        winner = int(np.argmax(scores))
        if total is not None and scores[winner] <= best:
            break
        best, total = scores[winner], sums[winner]
        counts[tried[winner]] = counts.get(tried[winner], 0) + 1
    return counts


def _timed(
    counts: dict[int, int],
    options: Sequence[_Option],
    found: Pool,
    result: Result,
    latency: float,
    reading: float,
) -> Variant:
    """The model of what was selected, with as many folds as there is time for; less until it is in time indeed."""
    while True:
        size = sum(counts.values())
        left = latency - reading - sum(options[i].seconds for i in counts)
        members = []
        for i in sorted(counts, key=lambda i: -counts[i]):
            option = options[i]
            more = min(len(option.member.folds) - 1, max(0, int(left / max(option.seconds, 1e-9))))
            left -= more * option.seconds
            folds = option.member.folds[: 1 + more]
            members.append(replace(option.member, weight=counts[i] / size, folds=folds))
        taken = one_row(_predictor(members, result.searched), result.folder)
        if taken <= latency or (len(counts) == 1 and len(members[0].folds) == 1):
            break
        # What was timed part by part takes longer together: plan with that much less.
        reading += taken - latency
        if len(counts) > 1:
            del counts[min(counts, key=lambda i: counts[i])]
    weights = np.array([member.weight for member in members])
    chosen = [options[i].place for i in sorted(counts, key=lambda i: -counts[i])]
    return save_variant(
        result.folder,
        "picked",
        members,
        result.prepared,
        result.searched,
        judged=found.judged,
        predictions=average([found.predictions[place] for place in chosen], weights),
        seed=result.settings.seed,
        facts={"made": f"picked to predict one row within {1000 * latency:.3g} ms"},
    )


def _predictor(members: Sequence[Member], like: Predictor) -> Predictor:
    return replace(like, members=tuple(members), stacking=None, calibration=None, notes=[])
