from itertools import pairwise

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from hortus.errors import SettingError
from hortus.models.gaussian_process import GaussianProcess, distances, quantiles
from hortus.strategies import make_sampler
from hortus.strategies.base import LINEAGE, past
from hortus.strategies.predictor import Predictor, standings
from hortus.testing.strategies import answers, ask_and_tell, conditional

optuna.logging.set_verbosity(optuna.logging.WARNING)


def words(trial):
    """Seven answers whose worth depends on their neighbours, with a cliff that hides the rest."""
    chosen = [trial.suggest_categorical(f"x{i}", ("p", "q", "r", "s")) for i in range(7)]
    right = [a == b for a, b in zip(chosen, "pqrspqr", strict=True)]
    pairs = sum(a and b for a, b in pairwise(right))
    return -1000.0 if chosen[0] == "s" else float(sum(right) + 0.5 * pairs)


BEST = 10.0


def make(seed, **options):
    return make_sampler("predictor", seed=seed, options={"mutants": 60, "strangers": 20, **options})


def process(points, targets, length=2.0, noise=0.1):
    """The posterior by the textbook (Rasmussen and Williams 2006, equations 2.25 and 2.26), with unit variance."""
    kernel = lambda a, b: np.exp(-np.abs(a[:, None] - b[None]).sum(axis=2) / length)  # noqa: E731
    inverse = np.linalg.inv(kernel(points, points) + noise * np.eye(len(points)))

    def predict(at):
        across = kernel(at, points)
        return across @ inverse @ targets, 1.0 - np.einsum("ij,jk,ik->i", across, inverse, across)

    return predict


def test_the_posterior_is_the_textbooks():
    rng = np.random.default_rng(0)
    points, at = rng.random((30, 4)), rng.random((9, 4))
    targets = np.sin(3 * points.sum(axis=1))
    found = GaussianProcess.learned(points, targets)
    noise = found.factor[0, 0] ** 2 - 1.0
    mean, variance = process(points, targets, found.length, noise)(at)
    np.testing.assert_allclose(found.predict(at)[0], mean, rtol=1e-8)
    np.testing.assert_allclose(found.predict(at)[1] ** 2, found.variance * variance, rtol=1e-8)


def test_what_runs_already_makes_its_surroundings_certain_and_no_better():
    rng = np.random.default_rng(1)
    points, running = rng.random((20, 3)), rng.random((2, 3))
    targets = points[:, 0] - 0.5
    before = GaussianProcess.learned(points, targets).predict(running)
    after = GaussianProcess.learned(points, targets, running).predict(running)
    np.testing.assert_allclose(after[0], before[0], rtol=0.2)
    assert (after[1] < before[1]).all()


def test_ranks_a_function_of_categories_it_has_seen_little_of():
    rng = np.random.default_rng(2)
    codes = rng.integers(4, size=(400, 7))
    scores = (codes == np.array([0, 1, 2, 3, 0, 1, 2])).sum(axis=1)
    vectors = np.eye(4)[codes].reshape(400, -1) * 0.5
    assert distances(vectors[:1], vectors[1:2])[0, 0] == (codes[0] != codes[1]).sum()
    found = GaussianProcess.learned(vectors[:200], quantiles(scores[:200].tolist()))
    assert np.corrcoef(found.predict(vectors[200:])[0], scores[200:])[0, 1] > 0.85


def test_scales_of_many_points_are_judged_by_some_of_them():
    rng = np.random.default_rng(3)
    points = rng.random((300, 2))
    targets = quantiles(points.sum(axis=1).tolist())
    mean, deviation = GaussianProcess.learned(points, targets).predict(points)
    assert np.abs(mean - targets).max() < 0.6
    assert (deviation > 0).all()


def test_is_far_better_than_random_and_evolution():
    found = {}
    for name in ("predictor", "evolution", "random"):
        values = []
        for seed in range(3):
            study = optuna.create_study(direction="maximize")
            maker = make if name == "predictor" else lambda s, name=name: make_sampler(name, seed=s)
            ask_and_tell(study, maker, words, 50, seed=seed)
            values.append(BEST - study.best_value)
        found[name] = np.mean(values)
    assert found["predictor"] < 0.5
    assert min(found["evolution"], found["random"]) > 2


def test_proposes_nothing_twice_and_names_the_parents():
    study = optuna.create_study(direction="maximize")
    ask_and_tell(study, make, words, 40)
    bred = [trial for trial in study.trials if trial.number >= 10]
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 40
    assert all(parent < trial.number for trial in bred for parent in trial.system_attrs[LINEAGE])
    assert any(trial.system_attrs[LINEAGE] for trial in bred)


def test_trials_under_way_are_told_apart():
    study = optuna.create_study(direction="maximize")
    ask_and_tell(study, make, words, 20)
    found = []
    for slot in range(4):
        study.sampler = make(slot)
        trial = study.ask()
        words(trial)
        found.append(tuple(trial.params.items()))
    assert len(set(found)) == 4


def test_when_all_was_tried_it_draws_at_random():
    kind = CategoricalDistribution(("a", "b"))
    study = optuna.create_study(direction="maximize", sampler=make(0, starts=1))
    for value, choice in enumerate(kind.choices):
        study.add_trial(create_trial(value=float(value), params={"x": choice}, distributions={"x": kind}))
    assert study.ask().suggest_categorical("x", kind.choices) in kind.choices


def test_a_past_without_scores_or_questions_is_no_obstacle():
    study = optuna.create_study(direction="maximize", sampler=make(0, starts=1))
    for _ in range(3):
        study.tell(study.ask(), state=TrialState.FAIL)
    study.tell(study.ask(), 1.0)
    study.tell(study.ask(), 1.0)
    assert study.ask().suggest_categorical("x", ("a", "b")) in ("a", "b")


def test_repeats_under_its_seed():
    found = []
    for _ in range(2):
        study = optuna.create_study(direction="maximize")
        ask_and_tell(study, make, conditional, 20, seed=5)
        found.append(answers(study))
    assert found[0] == found[1]


def test_quantiles_look_at_the_order_alone():
    assert quantiles([1.0, 2.0, 3.0]).tolist() == quantiles([-1e9, 0.0, 1e-9]).tolist()
    assert quantiles([5.0, 5.0]).tolist() == [0.0, 0.0]


def test_options_without_sense_are_refused():
    for options in ({"starts": 0}, {"mutants": 0}, {"boldness": -1.0}):
        with pytest.raises(SettingError):
            Predictor(**options)


def reported(number, values, score=None):
    """A trial that reported ``values``, and was stopped where it has no score."""
    return create_trial(
        state=TrialState.PRUNED if score is None else TrialState.COMPLETE,
        value=score,
        params={"x": float(number)},
        distributions={"x": FloatDistribution(0.0, 10.0)},
        intermediate_values=dict(enumerate(values)),
    )


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_stopped_trials_stand_where_their_rung_left_them(direction):
    sign = 1.0 if direction == "maximize" else -1.0
    study = optuna.create_study(direction=direction)
    rows = [
        # The best at first is the worst in the end, of those that were not stopped.
        ([9.0, 5.0], 1.0),
        ([8.0, 6.0], 3.0),
        ([7.0, 4.0], None),
        ([2.0], None),
        ([3.0], None),
        ([6.0, 7.0], 2.0),
    ]
    for number, (values, score) in enumerate(rows):
        signed = None if score is None else sign * score
        study.add_trial(reported(number, [sign * value for value in values], signed))
    known, places = standings(past(study, before=100))
    best_first = [known[int(i)].params["x"] for i in np.argsort(-places)]
    assert best_first == [1.0, 5.0, 0.0, 2.0, 4.0, 3.0]
    assert sorted(places) == pytest.approx(sorted(quantiles([1, 2, 3, 4, 5, 6])))


def test_without_stopped_trials_the_scores_alone_count():
    study = optuna.create_study(direction="maximize")
    for number, score in enumerate((2.0, 9.0, 4.0)):
        study.add_trial(reported(number, [-score], score))
    known, places = standings(past(study, before=100))
    assert [trial.number for trial in known] == [0, 1, 2]
    np.testing.assert_array_equal(places, quantiles([2.0, 9.0, 4.0]))


def test_learns_from_what_was_stopped():
    """The finished trials are alike; only the stopped ones tell where the good answers are."""
    study = optuna.create_study(direction="maximize")
    rng = np.random.default_rng(4)
    for number in range(60):
        at = float(rng.uniform(0, 1))
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE if number < 3 else TrialState.PRUNED,
                value=0.5 if number < 3 else None,
                params={"x": at},
                distributions={"x": FloatDistribution(0.0, 1.0)},
                intermediate_values={0: -abs(at - 0.8)},
            )
        )
    found = []
    for seed in range(5):
        study.sampler = make(seed)
        found.append(study.ask().suggest_float("x", 0.0, 1.0))
    assert np.abs(np.array(found) - 0.8).max() < 0.1
