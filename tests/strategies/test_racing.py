"""The race over folds: what can still enter an ensemble goes on, and nothing else."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

from hortus.errors import SettingError
from hortus.strategies.racing import Racing

optuna.logging.set_verbosity(optuna.logging.ERROR)

KINDS = CategoricalDistribution(["forest", "network"])


def study_of(curves, *, direction="maximize"):
    """A study in which each (kind, scores after one, two ... folds) has ended, the last score being its own."""
    study = optuna.create_study(direction=direction)
    for kind, scores in curves:
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                value=scores[-1],
                params={"model": kind},
                distributions={"model": KINDS},
                intermediate_values=dict(enumerate(scores[:-1], start=1)),
            )
        )
    return study


def stops(pruner, study, kind, *scores):
    trial = create_trial(
        state=TrialState.RUNNING,
        params={"model": kind},
        distributions={"model": KINDS},
        intermediate_values=dict(enumerate(scores, start=1)),
    )
    return pruner.prune(study, trial)


def forests(*finals, gain=0.0, jitter=0.0):
    shifts = jitter * np.resize([1.0, -1.0], len(finals))
    return [("forest", (final - gain + shift, final)) for final, shift in zip(finals, shifts, strict=True)]


TEN = np.linspace(0.90, 0.99, 10)


def test_what_cannot_be_among_the_best_stops():
    pruner, study = Racing(room=3), study_of(forests(*TEN))
    assert stops(pruner, study, "forest", 0.96)
    assert not stops(pruner, study, "forest", 0.975)


def test_losses_are_compared_the_other_way_round():
    pruner, study = Racing(room=3), study_of(forests(*-TEN), direction="minimize")
    assert stops(pruner, study, "forest", -0.96)
    assert not stops(pruner, study, "forest", -0.975)


def test_a_fold_that_is_hard_for_all_is_held_against_none():
    # The first fold is worth 0.2 less than all of them.
    pruner, study = Racing(room=3), study_of(forests(*TEN, gain=0.2))
    assert not stops(pruner, study, "forest", 0.775)
    assert stops(pruner, study, "forest", 0.76)


def test_where_folds_say_little_nothing_stops_by_them():
    # The first fold is off by 0.05 either way.
    pruner, study = Racing(room=3), study_of(forests(*TEN, jitter=0.05))
    assert not stops(pruner, study, "forest", 0.9)
    assert stops(pruner, study, "forest", 0.8)


def test_one_trial_that_broke_in_a_later_fold_does_not_save_the_poor():
    broken = [("forest", (0.95, -40.0))]
    assert stops(Racing(room=3), study_of([*forests(*TEN), *broken]), "forest", 0.96)


def test_the_best_of_another_family_go_on():
    pruner = Racing(room=3, seats=2)
    one = study_of([*forests(*TEN), ("network", (0.5, 0.5))])
    assert not stops(pruner, one, "network", 0.4)
    two = study_of([*forests(*TEN), ("network", (0.5, 0.5)), ("network", (0.6, 0.6))])
    assert stops(pruner, two, "network", 0.4)
    assert not stops(pruner, two, "network", 0.55)


def test_nothing_stops_before_enough_have_ended():
    assert not stops(Racing(room=1, others=6), study_of(forests(*TEN[:5])), "forest", 0.1)
    # Nor where they were never asked after this fold.
    assert not stops(Racing(room=1, others=6), study_of(forests(*TEN)), "forest", 0.1, 0.1)


def test_what_has_no_number_stops():
    assert stops(Racing(), study_of(forests(*TEN)), "forest", float("nan"))
    assert stops(Racing(), study_of(forests(*TEN)), "forest", -np.inf)


@pytest.mark.parametrize("options", [{"room": 0}, {"seats": -1}, {"certainty": -1}, {"others": 1}])
def test_numbers_out_of_their_range_are_refused(options):
    with pytest.raises(SettingError):
        Racing(**options)
