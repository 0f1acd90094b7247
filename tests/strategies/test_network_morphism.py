"""Growth guided by a surrogate: it asks for morphs, no network twice, and finds more than chance does."""

import optuna
import pytest

from hortus.nets.grown import Body
from hortus.seeds import derive
from hortus.spaces.morphism import MorphismSpace
from hortus.strategies import make_sampler

optuna.logging.set_verbosity(optuna.logging.ERROR)


def worth(body: Body) -> float:
    """The best is five units, of them wide ones, with a large kernel at the beginning."""
    units = body.units
    return -abs(len(units) - 5) + sum(u.width for u in units[:4]) / 500 + 0.3 * (units[0].kernel - 3) / 2


def search(strategy, seed, trials=25):
    space = MorphismSpace(steps=8)
    study = optuna.create_study(direction="maximize")
    found = []
    for number in range(trials):
        study.sampler = make_sampler(strategy, seed=derive(seed, number))
        trial = study.ask()
        grown = space(trial)
        found.append(grown)
        study.tell(trial, worth(grown.body))
    return study, found


@pytest.fixture(scope="module")
def guided():
    return search("network_morphism", 1)


def test_it_begins_with_the_smallest_and_grows_from_what_was_trained(guided):
    study, found = guided
    assert found[0].growth == ()
    for trial, one in list(zip(study.trials, found, strict=True))[8:]:
        (parent,) = trial.system_attrs["hortus:parents"]
        assert parent < trial.number
        assert one.growth[: len(found[parent].growth)] == found[parent].growth != one.growth


def test_no_network_is_asked_for_twice(guided):
    names = [one.canonical for one in guided[1]]
    assert len(set(names)) == len(names)


def test_it_finds_more_than_chance(guided):
    chance = [search("random", seed)[0].best_value for seed in range(3)]
    assert guided[0].best_value > sorted(chance)[1]


def test_the_same_past_gives_the_same_proposal(guided):
    again = search("network_morphism", 1)[1]
    assert [one.growth for one in again] == [one.growth for one in guided[1]]
