import optuna
import pytest

from hortus.errors import SettingError
from hortus.strategies.halving import PRUNERS, brackets, make_pruner, rungs

optuna.logging.set_verbosity(optuna.logging.WARNING)

# Li et al. 2018, table 1: candidates and resource of every rung, R = 81, eta = 3.
TABLE = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(34, 3), (11, 9), (3, 27), (1, 81)],
    [(15, 9), (5, 27), (1, 81)],
    [(8, 27), (2, 81)],
    [(5, 81)],
]


def test_brackets_are_those_of_the_paper():
    assert [[(r.candidates, r.resource) for r in bracket] for bracket in brackets(81, 3)] == TABLE


@pytest.mark.parametrize(("most", "eta"), [(243, 3), (1000, 10), (64, 2), (1, 3), (5, 2)])
def test_brackets_end_at_the_largest_resource(most, eta):
    found = brackets(most, eta)
    power = len(found) - 1
    assert eta**power <= most < eta ** (power + 1)
    assert all(bracket[-1].resource == most for bracket in found)


def test_rungs():
    assert rungs(1, 81, 3) == (1, 3, 9, 27, 81)
    assert rungs(2, 5, 2) == (2, 4, 5)
    assert rungs(7, 7, 3) == (7,)


@pytest.mark.parametrize("arguments", [(0, 5, 2), (5, 2, 2), (1, 5, 1)])
def test_rungs_refuse_what_is_no_schedule(arguments):
    with pytest.raises(SettingError):
        rungs(*arguments)


@pytest.mark.parametrize("name", PRUNERS)
def test_bad_trials_stop_and_good_ones_do_not(name):
    pruner = make_pruner(name)
    study = optuna.create_study(direction="maximize", pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    stopped = []

    def objective(trial):
        quality = trial.suggest_float("quality", 0, 1)
        for fold in range(5):
            trial.report(quality, fold)
            if trial.should_prune():
                stopped.append(quality)
                raise optuna.TrialPruned
        return quality

    study.optimize(objective, n_trials=60)
    assert study.best_value > 0.95
    if name == "none":
        assert not stopped
    else:
        assert len(stopped) > 5
        assert sum(stopped) / len(stopped) < study.best_value - 0.2


def test_unknown_pruner_and_option_name_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'hyperband'"):
        make_pruner("hyperbend")
    with pytest.raises(SettingError, match="Did you mean 'reduction_factor'"):
        make_pruner("halving", {"reduction_facter": 3})
    with pytest.raises(SettingError, match="cannot use"):
        make_pruner("percentile", {"percentile": 120.0})
