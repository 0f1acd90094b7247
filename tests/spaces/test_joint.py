"""Architecture and training in one space: asked together, judged together, handed over together."""

import json

import numpy as np
import pytest
from optuna.trial import FixedTrial

torch = pytest.importorskip("torch")

from hortus import ImageClassifier  # noqa: E402
from hortus.data.image_facts import ImageFacts  # noqa: E402
from hortus.errors import SettingError  # noqa: E402
from hortus.nets.adjustment import Adjustment  # noqa: E402
from hortus.nets.recipe import Recipe, make_recipe  # noqa: E402
from hortus.spaces import SPACES  # noqa: E402
from hortus.spaces.joint import ARCHITECTURES, STEM, JointSpace  # noqa: E402
from hortus.testing.spaces import NetworkSpaceContract, drawn  # noqa: E402

FACTS = ImageFacts(1, 8, 8, 10, 500)


class TestJointSpace(NetworkSpaceContract):
    @pytest.fixture
    def make(self):
        return JointSpace


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_space_of_architectures_keeps_its_questions_and_training_has_its_own(architecture):
    space = JointSpace(FACTS, architecture=architecture)
    _, found = drawn(space, 1)[0]
    params = dict(found.params)
    training = {name for name in params if name.startswith(STEM)}
    assert training == {f"{STEM}{name}" for name in Adjustment().to_json()}
    alone = ARCHITECTURES[architecture](FACTS)(FixedTrial({k: v for k, v in params.items() if k not in training}))
    assert found.network == alone
    again = json.loads(json.dumps(space.to_json()))
    rebuilt = SPACES[again.pop("name")](FACTS, **again)
    assert rebuilt(FixedTrial(params)) == found


def test_the_same_network_trained_otherwise_is_another_candidate():
    space = JointSpace(FACTS)
    _, one = drawn(space, 1)[0]
    other = space(FixedTrial({**one.params, f"{STEM}rate": 2 * one.training.rate if one.training.rate < 2 else 0.1}))
    assert one.network == other.network
    assert one.canonical != other.canonical
    assert one.key() != other.key()


def test_answers_change_the_usual_recipe_and_nothing_else():
    usual = make_recipe(4000, (3, 32, 32), epochs=5)
    assert Adjustment(smoothing=usual.label_smoothing).apply(usual) == usual
    changed = Adjustment("adamw", "linear", rate=2.0, decay=0.1, batch=0.5, smoothing=0.0, augmentation="none").apply(
        usual
    )
    assert changed == Recipe(
        epochs=5,
        batch=usual.batch // 2,
        learning_rate=2 * usual.learning_rate,
        weight_decay=0.1 * usual.weight_decay,
        label_smoothing=0.0,
        crop=0,
        flip=False,
        cutout=0,
        optimizer="adamw",
        schedule="linear",
    )


def test_an_unknown_architecture_is_named():
    with pytest.raises(SettingError, match="'cel'"):
        JointSpace(FACTS, architecture="cel")


def test_a_search_over_both_ends_with_a_network_that_was_trained_as_it_wanted():
    rng = np.random.default_rng(0)
    y = np.arange(160) % 2
    images = rng.normal(size=(160, 8, 8)) + 2.0 * y[:, None, None] * (np.arange(8) < 4)
    model = ImageClassifier(
        space="joint",
        space_options={"architecture": "mnasnet", "blocks": 2},
        strategy="tpe",
        pruner="hyperband",
        trials=4,
        epochs=3,
        random_state=0,
        executor="inline",
        grow=False,
        verbosity=0,
    ).fit(images, y)
    assert model.score(images, y) > 0.7
    board = model.leaderboard()
    assert len(board) == 4
    assert board["network"].str.contains("rate x").all()
