"""Networks beyond their limits are refused before anything of them is allocated, in every space."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
import optuna
from optuna.trial import FixedTrial
from sklearn.datasets import load_digits
from torch import nn

from hortus.data.image_facts import ImageFacts
from hortus.data.read_images import prepare_images
from hortus.errors import InputError, SettingError
from hortus.evaluation.base import Fidelity, TrialContext
from hortus.evaluation.final import FinalTraining
from hortus.evaluation.network import NetworkTraining
from hortus.evaluation.sizes import check_limits, check_size
from hortus.evaluation.training_free import TrainingFree
from hortus.nets.build import PlanNetwork
from hortus.nets.counting import multiply_adds, parameters
from hortus.nets.limits import cost
from hortus.spaces import SPACES
from hortus.spaces.cell import Cell
from hortus.spaces.own import OwnSpace, offered

FACTS = ImageFacts(3, 32, 32, 10, 1000)
NETWORKS = [name for name in SPACES if {"network", "dense"} & SPACES[name].provides and name != OwnSpace.name]
EVALUATORS = [NetworkTraining(epochs=0.1), FinalTraining(epochs=0.1), TrainingFree()]
HUGE = Cell(("nor_conv_3x3",) * 6, 1, 16_384)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    digits = load_digits()
    data, _ = prepare_images(digits.images[:60], digits.target[:60])
    data.save(folder / "data")
    return folder


def context(out, memory=None):
    return TrialContext(out / "data", out, 0, 0, 1, None, lambda _step, _score: True, memory=memory)


@pytest.fixture
def nothing_is_allocated(monkeypatch):
    """A network of a plan that is made anywhere else than on the meta device ends the test."""
    made = PlanNetwork.__init__

    def watched(self, *arguments, **more):
        made(self, *arguments, **more)
        assert all(parameter.is_meta for parameter in self.parameters()), "it was allocated"

    monkeypatch.setattr(PlanNetwork, "__init__", watched)


@pytest.mark.usefixtures("nothing_is_allocated")
@pytest.mark.parametrize("name", NETWORKS)
def test_every_space_s_candidates_are_counted_and_refused_without_being_made(name):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    candidate = SPACES[name](FACTS)(study.ask())
    size = {"batch": 8, "memory": None}
    with pytest.raises(InputError, match="parameters; at most 10 are allowed") as caught:
        check_size(candidate, (3, 32, 32), 10, limits={"parameters": 10}, **size)
    assert caught.value.code == "network-too-large"
    with pytest.raises(InputError, match="multiply-adds an image; at most 10 are allowed"):
        check_size(candidate, (3, 32, 32), 10, limits={"multiply_adds": 10}, **size)
    with pytest.raises(InputError, match="bytes for 8 images; at most 4,096 are allowed"):
        check_size(candidate, (3, 32, 32), 10, limits={}, batch=8, memory=4096)
    check_size(candidate, (3, 32, 32), 10, limits={}, **size)


@pytest.mark.usefixtures("nothing_is_allocated")
@pytest.mark.parametrize("evaluator", EVALUATORS, ids=lambda one: one.name)
def test_what_does_not_fit_the_trial_s_memory_is_not_made(evaluator, out):
    with pytest.raises(InputError, match=r"bytes for \d+ images; at most 1,000,000 are allowed"):
        evaluator(Cell(("nor_conv_3x3",) * 6, 1, 64), Fidelity(), context(out, memory=1_000_000))


@pytest.mark.usefixtures("nothing_is_allocated")
@pytest.mark.parametrize("evaluator", EVALUATORS, ids=lambda one: one.name)
def test_what_does_not_fit_the_machine_is_not_made(evaluator, out):
    with pytest.raises(InputError, match="are allowed"):
        evaluator(HUGE, Fidelity(), context(out))


def test_what_a_run_limits_is_refused_and_what_it_allows_is_judged(out):
    small = Cell(("skip_connect",) * 6, 1, 4)
    most = cost(small.plan((1, 8, 8), 10)).parameters
    with pytest.raises(InputError, match=f"{most:,} parameters"):
        NetworkTraining(epochs=0.1, limits={"parameters": most - 1})(small, Fidelity(), context(out))
    found = NetworkTraining(epochs=0.1, limits={"parameters": most})(small, Fidelity(), context(out))
    assert found.notes["params"] == most


def test_own_networks_are_counted_without_memory_where_that_can_be_done():
    def huge(trial):
        width = trial.suggest_int("width", 1, 10**6)
        return nn.Sequential(nn.Conv2d(3, width, 3), nn.Flatten(), nn.LazyLinear(10))

    def peeking(_trial):
        linear = nn.Linear(3 * 32 * 32, 10)
        assert float(linear.weight.sum()) < 1e9
        return nn.Sequential(nn.Flatten(), linear)

    with offered(huge) as name:
        candidate = OwnSpace(FACTS, function=name)(FixedTrial({"width": 10**6}))
        # 3 * 9 and a bias a channel; 30 x 30 pixels of each are ten logits' inputs.
        assert candidate.cost((3, 32, 32), 10).parameters == 10**6 * 28 + 10 * (900 * 10**6 + 1)
        with pytest.raises(InputError, match="9,028,000,010 parameters"):
            check_size(candidate, (3, 32, 32), 10, batch=8, limits={}, memory=None)
    with offered(peeking) as name:
        candidate = OwnSpace(FACTS, function=name)(FixedTrial({}))
        assert candidate.cost((3, 32, 32), 10) is None
        check_size(candidate, (3, 32, 32), 10, batch=8, limits={"parameters": 1}, memory=None)


@pytest.mark.rotated
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_counted_one_by_one_are_the_network_counted_whole(name):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    candidate = SPACES[name](FACTS)(study.ask())
    network = candidate.build((3, 32, 32), 10, seed=0)
    found = candidate.cost((3, 32, 32), 10)
    assert (found.parameters, found.multiply_adds) == (parameters(network), multiply_adds(network, (3, 32, 32)))


@pytest.mark.parametrize(
    ("limits", "code"), [({"depth": 5}, "unknown-limit"), ({"parameters": 0}, "limit-not-positive")]
)
def test_limits_that_are_none_are_refused(limits, code):
    with pytest.raises(SettingError) as caught:
        check_limits(limits)
    assert caught.value.code == code
    with pytest.raises(SettingError):
        NetworkTraining(limits=limits)
