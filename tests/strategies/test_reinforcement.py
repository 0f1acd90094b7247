import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from hortus.errors import SettingError
from hortus.strategies import make_sampler
from hortus.strategies.controller import Controller, Step
from hortus.strategies.genes import fits
from hortus.strategies.reinforcement import _LESSONS, Reinforcement, answer, count, place
from hortus.strategies.tried import Tried
from hortus.testing.strategies import answers, ask_and_tell

optuna.logging.set_verbosity(optuna.logging.WARNING)

STEPS = (Step("a", 3, 2), Step("b", 2, 0), Step("a", 3, 0), Step("c", 4, 3))


def matches(trial):
    """Six answers, of which each right one is worth one more."""
    return float(sum(trial.suggest_categorical(f"x{i}", ("p", "q", "r", "s")) == "pqrspq"[i] for i in range(6)))


def make(seed, **options):
    return make_sampler("reinforcement", seed=seed, options=options)


@pytest.mark.parametrize("advantage", [0.7, -0.4])
@pytest.mark.parametrize("shift", [0.0, 0.3, -0.3])
def test_gradient_is_that_of_finite_differences(advantage, shift):
    controller = Controller(5)
    # Away from a ratio of 1, so that clipping is at work on one side of it.
    old = controller.log_probabilities(STEPS) - shift

    def loss():
        return controller.gradient(STEPS, advantage, old, clip=0.2, entropy=0.05)[0]

    _, gradient = controller.gradient(STEPS, advantage, old, clip=0.2, entropy=0.05)
    assert set(gradient) == set(controller.weights) - {"answer c"}  # Nothing is asked after it.
    rng = np.random.default_rng(0)
    for name, slope in gradient.items():
        weights = controller.weights[name]
        for at in rng.integers(weights.size, size=6):
            place_ = np.unravel_index(at, weights.shape)
            before = weights[place_]
            weights[place_] = before + 1e-5
            above = loss()
            weights[place_] = before - 1e-5
            below = loss()
            weights[place_] = before
            assert slope[place_] == pytest.approx((above - below) / 2e-5, abs=1e-7)


def test_without_entropy_and_at_the_old_weights_it_is_reinforce():
    controller = Controller(4)
    old = controller.log_probabilities(STEPS)
    _, gradient = controller.gradient(STEPS, 2.0, old, clip=0.2, entropy=0.0)
    last = STEPS[-1]
    state = controller.start
    for step in STEPS[:-1]:
        state = controller.told(state, step)
    expected = 2.0 * controller.ask(state, last.name, last.answers)
    expected[last.chosen] -= 2.0
    np.testing.assert_allclose(gradient["bias c"], expected, rtol=1e-12)


def test_first_answers_are_nearly_uniform_whatever_was_asked_before():
    first, second = Controller(8), Controller(8)
    second.ask(second.start, "other", 5)
    found = first.ask(first.start, "a", 4)
    np.testing.assert_array_equal(found, second.ask(second.start, "a", 4))
    np.testing.assert_allclose(found, 0.25, atol=0.06)


def test_finds_what_random_search_does_not():
    best = []
    for name in ("reinforcement", "random"):
        values = []
        for seed in range(4):
            study = optuna.create_study(direction="maximize")
            ask_and_tell(study, lambda s, name=name: make_sampler(name, seed=s), matches, 150, seed=seed)
            values.append(study.best_value)
        best.append(np.mean(values))
    assert best[0] > 5.7
    assert best[0] > best[1] + 0.5


def test_learning_again_from_the_trials_gives_the_same_as_remembering():
    study = optuna.create_study(direction="maximize")
    ask_and_tell(study, lambda s: make(s, batch=5), matches, 30)
    remembered = make(7, batch=5)
    remembered.before_trial(study, study.ask())
    del _LESSONS[study]
    again = make(7, batch=5)
    again.before_trial(study, study.ask())
    weights = remembered._ready[2].weights
    assert set(weights) == set(again._ready[2].weights)
    for name, value in again._ready[2].weights.items():
        np.testing.assert_array_equal(value, weights[name])


def test_a_late_score_is_learned_in_the_order_of_numbers():
    found = []
    for order in (range(12), (*range(1, 12), 0)):
        study = optuna.create_study(direction="maximize", sampler=make(0, batch=4))
        trials = [study.ask() for _ in range(12)]
        values = [matches(trial) for trial in trials]
        for i in order:
            study.tell(trials[i], values[i])
            study.sampler = make(1, batch=4)
            asked = study.ask()
            matches(asked)
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        sampler = make(2, batch=4)
        sampler.before_trial(study, study.ask())
        found.append(sampler._ready[2].weights["bias x0"])
    np.testing.assert_array_equal(*found)


def test_repeats_no_candidate_while_there_are_others():
    study = optuna.create_study(direction="maximize")

    def small(trial):
        return float(sum(trial.suggest_int(f"x{i}", 0, 2) for i in range(3)))

    ask_and_tell(study, make, small, 27)
    assert len({tuple(params.values()) for params in answers(study)}) == 27
    ask_and_tell(study, make, small, 1)
    assert len(study.trials) == 28


def test_what_is_used_up_is_known_at_every_question():
    study = optuna.create_study(direction="maximize")
    for a, b in (("p", 0), ("p", 1), ("q", 0)):
        study.enqueue_trial({"a": a, "b": b})
    study.optimize(
        lambda t: float(t.suggest_categorical("a", ("p", "q")) == "p") + t.suggest_int("b", 0, 1), n_trials=3
    )
    tried = Tried(study.trials)
    assert tried.exhausted({}, "a") == ["p"]
    assert tried.exhausted({"a": "q"}, "b") == [0]
    assert tried.exhausted({"a": "r"}, "b") == []


DISTRIBUTIONS = [
    CategoricalDistribution((True, 1, "1", None)),
    FloatDistribution(1e-4, 1.0, log=True),
    FloatDistribution(2.0, 2.0),
    IntDistribution(1, 3),
    IntDistribution(1, 1000, log=True),
    IntDistribution(0, 20, step=4),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_an_answer_is_found_again_at_its_place(distribution):
    for chosen in range(count(distribution)):
        value = answer(distribution, chosen, 0.5)
        assert fits(distribution, value)
        assert abs(place(distribution, value) - chosen) <= (not isinstance(distribution, CategoricalDistribution))
    assert len({(type(v), v) for v in (answer(distribution, c, 0.5) for c in range(count(distribution)))}) > 1 or (
        distribution.single()
    )


def test_refuses_two_scores_and_options_without_sense():
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=make(0))
    with pytest.raises(SettingError, match="one score"):
        study.ask()
    for options in ({"batch": 0}, {"decay": 2.0}, {"entropy": -1}):
        with pytest.raises(SettingError):
            Reinforcement(**options)
