"""The stopper that compares where curves are expected to end."""

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from hortus.errors import SettingError
from hortus.strategies.extrapolation import Extrapolation
from hortus.strategies.halving import make_pruner

optuna.logging.set_verbosity(optuna.logging.ERROR)


def run(pruner, curves, *, direction="maximize"):
    """Where each curve was stopped; None where it ended."""
    study = optuna.create_study(direction=direction, pruner=pruner)
    found = []
    for curve in curves:
        trial = study.ask()
        for step, value in enumerate(curve[:-1], start=1):
            trial.report(value, step)
            if trial.should_prune():
                found.append(step)
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            found.append(None)
            study.tell(trial, curve[-1])
    return found


def straight(*levels):
    return [np.full(21, level) for level in levels]


def test_worse_ones_stop_at_the_first_rung_and_the_best_goes_on():
    # The last step reported is 20; rungs at 1, 2, 4 and 8.
    assert run(Extrapolation(), straight(0.5, 0.4, 0.6, 0.1)) == [None, 1, None, 1]


def test_losses_are_compared_the_other_way_round():
    assert run(Extrapolation(), straight(0.5, 0.4, 0.6), direction="minimize") == [None, None, 1]


def test_what_is_kept_is_a_share_of_what_reaches_the_rung():
    # With a half kept, the second of three goes on.
    assert run(Extrapolation(keep=0.5), straight(0.5, 0.9, 0.7, 0.1))[2:] == [None, 1]
    assert run(Extrapolation(keep=0.01), straight(0.5, 0.9, 0.7, 0.95))[2:] == [1, None]


def test_a_curve_without_a_number_stops():
    broken = np.full(21, np.nan)
    assert run(Extrapolation(), [np.full(21, 0.5), broken, np.full(21, 0.6)]) == [None, 1, None]


def test_laws_see_what_the_last_value_does_not():
    steps = np.arange(1.0, 22.0)
    fast, slow = 0.58 - 0.3 * steps**-2.0, 0.95 - 0.75 * steps**-0.3
    assert slow[8] < fast[8]
    assert slow[-1] > fast[-1]
    rungs = {"shares": (0.45,), "keep": 0.01}
    assert run(Extrapolation("last", **rungs), [fast, slow]) == [None, 9]
    assert run(Extrapolation("power", **rungs), [fast, slow]) == [None, None]


def test_without_a_finished_trial_nothing_is_known_of_the_schedule_unless_it_is_told():
    study = optuna.create_study(direction="maximize", pruner=Extrapolation())
    told = optuna.create_study(direction="maximize", pruner=Extrapolation(last=20))
    for one, stops in ((study, False), (told, True)):
        for value in (0.9, 0.1):
            trial = one.ask()
            trial.report(value, 5)
        assert trial.should_prune() is stops


def test_a_predictor_that_is_not_there_names_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'power'"):
        make_pruner("extrapolation", {"predictor": "powr"})
    with pytest.raises(SettingError, match="keep"):
        make_pruner("extrapolation", {"keep": 2})
