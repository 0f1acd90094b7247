"""Every combination of `hortus search --list`: what fits searches, goes on after a cut and repeats; what does not is
refused.

The suite takes so few that each space, strategy and evaluator is there, and beside them a slice, each commit another
(``HORTUS_SLICE``), of a cover in which each pair that fits is there. ``make test-combinations`` runs them all
(``HORTUS_COMBINATIONS=all``).
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.search_space import intersection_search_space
from sklearn.datasets import load_digits, load_iris

from hortus import run
from hortus.data.image_facts import ImageFacts
from hortus.engine.plan import Plan
from hortus.engine.progress import ProgressEvent
from hortus.errors import SettingError
from hortus.evaluation import EVALUATORS
from hortus.run.combinations import WORDS, Combination, combinations, evaluators, judge, provided, required
from hortus.run.images import fit as image_run
from hortus.run.images.settings import ImageSettings
from hortus.spaces import SPACES
from hortus.spaces.own import _OFFERED
from hortus.strategies import STRATEGIES

TRIALS, CUT = 4, 2
# Of the cover of all pairs, a suite takes one part in so many.
SLICES = 16
# The smallest networks of each space.
SPACE_OPTIONS: dict[str, dict[str, Any]] = {
    "cell": {"width": 2},
    "darts": {"width": 2, "cells": 3, "operations": ["skip_connect", "max_pool_3x3"]},
    "entire": {"depth": 2},
    "hierarchical": {"width": 4, "types": 2, "nodes": 2, "cells": 2},
    "mnasnet": {"width": 0.25, "blocks": 2},
    "morphism": {"width": 4, "steps": 2},
    "own": {"function": "own"},
}
# So that a strategy's own way of proposing is at work within a few trials.
STRATEGY_OPTIONS: dict[str, dict[str, Any]] = {
    "evolution": {"population_size": 2},
    "nsga2": {"population_size": 2},
    "local": {"starts": 2},
    "tpe": {"n_startup_trials": 2},
    "gp": {"n_startup_trials": 2},
    "predictor": {"starts": 2, "mutants": 10, "strangers": 5},
    "reinforcement": {"batch": 2, "epochs": 1, "size": 4},
    "differentiable": {"method": "gdas", "epochs": 1},
}
EVALUATOR_OPTIONS: dict[str, dict[str, Any]] = {"weight_sharing": {"steps": 1}, "training_free": {"score": "params"}}


def own(trial: Any) -> Any:
    """A space of one's own."""
    from torch import nn

    width, first = trial.suggest_int("width", 2, 8), trial.suggest_categorical("first", ["relu", "tanh"])
    between = nn.ReLU() if first == "relu" else nn.Tanh()
    return nn.Sequential(nn.Conv2d(1, width, 3), between, nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


class CutError(BaseException):
    """Ends a run where it stands, as a kill does: nothing after it is written."""


def digits() -> tuple[Any, Any]:
    """Forty images of three classes, and their labels."""
    found = load_digits(n_class=3)
    return found.images[:40], found.target[:40]


@functools.cache
def product() -> list[Combination]:
    """Everything that `hortus search --list` shows."""
    return list(combinations())


def fitting() -> list[Combination]:
    """Those that fit; networks that tell pixels apart are searched by runs of scenes, whose tests are theirs."""
    return [one for one in product() if one.fits and "dense" not in provided(one.space)]


def least(parts: Callable[[Combination], set[tuple[str, ...]]]) -> list[Combination]:
    """So few of those that fit that each of their parts is there."""
    missing = {part for one in fitting() for part in parts(one)}
    found = []
    while missing:
        best = max(fitting(), key=lambda one: len(missing & parts(one)))
        found.append(best)
        missing -= parts(best)
    return found


@functools.cache
def cover() -> list[Combination]:
    """So few that each pair that fits is there."""
    return least(pairs)


def names(one: Combination) -> set[tuple[str, ...]]:
    """The space, the strategy and the evaluator of a combination."""
    return {("space", one.space), ("strategy", one.strategy), ("evaluator", one.evaluator)}


def pairs(one: Combination) -> set[tuple[str, ...]]:
    """The pairs in a combination."""
    return {
        ("space and strategy", one.space, one.strategy),
        ("space and evaluator", one.space, one.evaluator),
        ("strategy and evaluator", one.strategy, one.evaluator),
    }


def settings_of(one: Combination) -> dict[str, Any]:
    """What a tiny run with it is told."""
    shared = {
        "space": one.space,
        "strategy": one.strategy,
        "strategy_options": STRATEGY_OPTIONS.get(one.strategy, {}),
        "trials": TRIALS,
        "seed": 3,
        "slots": 1,
        "executor": "inline",
    }
    if one.evaluator == "cross_validation":
        return shared | {"models": ("linear", "tree"), "folds": 2, "ensemble": False}
    return shared | {
        "evaluator": one.evaluator,
        "evaluator_options": EVALUATOR_OPTIONS.get(one.evaluator, {}),
        "space_options": SPACE_OPTIONS.get(one.space, {}),
        "epochs": 0.5,
        "final": False,
        "grow": False,
    }


def searched(one: Combination, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search runs to its end; cut off after some trials and gone on with, it ends the same."""
    # Strategies see every trial at once, so that so few are enough to see them propose.
    monkeypatch.setattr(image_run, "Plan", functools.partial(Plan, lag=1))
    # The package's own `fit` is a function of that name.
    monkeypatch.setattr(sys.modules["hortus.run.fit"], "LAG", 1)
    monkeypatch.setitem(_OFFERED, "own", own)
    whole = board(one, folder / "whole")
    assert len(whole) == TRIALS or one.strategy == "grid"
    assert (whole["state"] == "complete").any(), whole
    with pytest.raises(CutError):
        board(one, folder / "cut", cut=CUT)
    pd.testing.assert_frame_equal(board(one, folder / "cut", resumed=True), whole)


def board(one: Combination, folder: Path, *, cut: int | None = None, resumed: bool = False) -> pd.DataFrame:
    """What a run leaves, without what the clock decides.

    Args:
        one: what is combined.
        folder: the run's.
        cut: the run ends as by a kill when so many trials have finished.
        resumed: go on from the folder alone.
    """
    finished = 0

    def hear(event: ProgressEvent) -> None:
        nonlocal finished
        finished += event.kind == "trial_finished"
        if finished == cut:
            raise CutError

    tables = one.evaluator == "cross_validation"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if resumed:
            result = (run.resume if tables else image_run.resume_images)(folder)
        elif tables:
            frame = load_iris(as_frame=True).frame[::3]
            result = run.fit(frame, "target", run.Settings(**settings_of(one)), folder=folder, listeners=[hear])
        else:
            images, labels = digits()
            asked = ImageSettings(**settings_of(one))
            result = image_run.fit_images(images, labels, asked, folder=folder, listeners=[hear])
    return result.leaderboard()[["trial", "pipeline" if tables else "network", "score", "state"]]


def name(one: Combination) -> str:
    """As it stands in the test's name."""
    return f"{one.space}-{one.strategy}-{one.evaluator}"


def chosen() -> list[Combination]:
    """Those that this suite tries."""
    if os.environ.get("HORTUS_COMBINATIONS") == "all":
        return fitting()
    some = cover()[int(os.environ.get("HORTUS_SLICE", "0")) % SLICES :: SLICES]
    return list(dict.fromkeys([*least(names), *some]))


@pytest.mark.parametrize("one", chosen(), ids=name)
def test_what_fits_searches_and_goes_on_after_a_cut_and_repeats(
    one: Combination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(one, tmp_path, monkeypatch)


@pytest.mark.rotated
def test_what_does_not_fit_is_refused_with_the_reason_of_the_table(tmp_path: Path) -> None:
    iris = load_iris(as_frame=True).frame
    for one in product():
        if one.fits:
            continue
        with pytest.raises(SettingError) as refused:
            if one.evaluator == "cross_validation":
                run.fit(iris, "target", run.Settings(**settings_of(one)), folder=tmp_path / "run")
            else:
                asked = ImageSettings(**settings_of(one))
                image_run.fit_images(*digits(), asked, folder=tmp_path / "run")
        assert refused.value.what == one.reason
        assert one.mend
        assert not (tmp_path / "run").exists()


def test_the_cover_has_every_pair_that_fits() -> None:
    had = set().union(*map(pairs, cover()))
    assert had == set().union(*map(pairs, fitting()))
    assert len(cover()) < len(fitting())


@pytest.mark.parametrize("space", ["cell", "darts", "entire", "hierarchical", "mnasnet", "morphism"])
def test_a_space_has_the_numbers_that_it_says_it_has(space: str) -> None:
    made = SPACES[space](ImageFacts(1, 8, 8, 10, 60))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        made(trial)
        study.tell(trial, 0.0)
    shared = intersection_search_space(study.trials).values()
    numbers = any(not isinstance(found, CategoricalDistribution) for found in shared)
    assert ("numbers" in made.provides) == numbers


def test_every_requirement_is_a_word_of_the_rule() -> None:
    asked = set().union(*(required(one, STRATEGIES) for one in STRATEGIES))
    asked |= set().union(*(required(one, EVALUATORS) for one in evaluators()))
    assert asked <= set(WORDS)
    assert any("supernet" in provided(space) for space in SPACES)


def test_misspelt_names_are_refused_with_what_was_meant() -> None:
    for names, meant in ((("cel", "random", "train"), "cell"), (("cell", "randon", "train"), "random")):
        with pytest.raises(SettingError, match=meant):
            judge(*names)
    with pytest.raises(SettingError, match="train"):
        judge("cell", "random", "trian")
