import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from hortus.spaces.encoding import Encoder, unit
from hortus.testing.strategies import conditional, flat, tree

optuna.logging.set_verbosity(optuna.logging.WARNING)


def trials_of(objective, count=40):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=count)
    return study.trials


def test_a_flat_space_has_a_column_a_choice_and_one_a_number():
    trials = trials_of(flat)
    encoder = Encoder.learned(trials)
    assert encoder.columns == (
        ("count", None),
        ("kind", "a"),
        ("kind", "b"),
        ("kind", "c"),
        ("rate", None),
        ("x", None),
    )
    assert encoder.numeric.tolist() == [True, False, False, False, True, True]
    row = encoder.encode([{"x": 0.0, "rate": 0.1, "count": 30, "kind": "b", "unknown": 3}])
    np.testing.assert_allclose(row, [[1.0, 0.0, 1.0, 0.0, 0.5, 0.5]])
    assert not encoder.conditions
    vectors = encoder.encode([trial.params for trial in trials])
    assert vectors.shape == (40, 6)
    assert ((vectors >= 0) & (vectors <= 1)).all()
    assert (vectors[:, 1:4].sum(axis=1) == 1).all()


def test_the_answer_that_decides_a_question_is_learned():
    encoder = Encoder.learned(trials_of(conditional))
    assert {name: (c.name, c.answers) for name, c in encoder.conditions.items()} == {
        "a.x": ("kind", frozenset({(str, "a")})),
        "a.n": ("kind", frozenset({(str, "a")})),
        "b.rate": ("kind", frozenset({(str, "b")})),
    }
    # A mutant that became a "b" still carries what an "a" was asked.
    moved = {"kind": "b", "a.x": 0.9, "a.n": 3, "b.rate": 1.0}
    assert encoder.active(moved) == {"kind": "b", "b.rate": 1.0}
    np.testing.assert_array_equal(encoder.encode([moved]), encoder.encode([{"kind": "b", "b.rate": 1.0}]))


def test_in_a_tree_what_is_below_a_leaf_is_not_asked():
    encoder = Encoder.learned(trials_of(tree, 150))
    whole = {"root/0/kind": "leaf", "root/0/value": 1.0, "root/0/0/kind": "sum", "root/0/0/0/kind": "leaf"}
    assert encoder.active(whole) == {"root/0/kind": "leaf", "root/0/value": 1.0}
    grown = whole | {"root/0/kind": "sum"}
    assert encoder.active(grown) == {n: v for n, v in grown.items() if n != "root/0/value"}


def test_every_trial_is_encoded_as_it_was_asked():
    for objective in (conditional, tree):
        trials = trials_of(objective, 120)
        encoder = Encoder.learned(trials)
        assert all(encoder.active(trial.params) == trial.params for trial in trials)
        vectors = encoder.encode([trial.params for trial in trials])
        asked = {tuple(sorted(trial.params.items())) for trial in trials}
        assert len({tuple(row) for row in vectors.tolist()}) == len(asked)


def test_an_unasked_number_lies_in_the_middle_and_is_marked():
    encoder = Encoder.learned(trials_of(conditional))
    at = {column: i for i, column in enumerate(encoder.columns)}
    rows = encoder.encode([{"kind": "c"}, {"kind": "b", "b.rate": 1000.0}])
    assert rows[:, at["b.rate", None]].tolist() == [0.5, 1.0]
    assert rows[:, at["b.rate", "asked"]].tolist() == [0.0, 1.0]


def test_true_one_and_their_text_are_different_choices():
    mixed = CategoricalDistribution((True, 1, 1.0, "1", None))
    trials = [create_trial(value=0.0, params={"x": c}, distributions={"x": mixed}) for c in mixed.choices]
    found = Encoder.learned(trials).encode([{"x": choice} for choice in mixed.choices])
    np.testing.assert_array_equal(found, np.eye(5))


def test_nothing_asked_is_a_vector_of_no_length():
    assert Encoder.learned([]).encode([{}, {"x": 1}]).shape == (2, 0)
    assert Encoder.learned(trials_of(flat, 3)).encode([]).shape == (0, 6)


@pytest.mark.parametrize(
    ("distribution", "value", "at"),
    [
        (FloatDistribution(-2.0, 2.0), -1.0, 0.25),
        (FloatDistribution(1.0, 16.0, log=True), 4.0, 0.5),
        (IntDistribution(0, 10), 10, 1.0),
        (IntDistribution(3, 3), 3, 0.5),
        (FloatDistribution(0.0, 1.0), 7.0, 1.0),
    ],
)
def test_a_number_is_placed_in_its_range(distribution, value, at):
    assert unit(distribution, value) == pytest.approx(at)


def test_a_category_has_no_place_on_a_line():
    with pytest.raises(TypeError):
        unit(CategoricalDistribution(("a", "b")), "a")
