"""The shared network of Auto-DeepLab's space, the search in it, and what is decoded."""

import itertools
import math

import numpy as np
import pytest
import torch
from optuna.trial import FixedTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import BudgetError, SettingError
from hortus.nets.randomness import generator
from hortus.nets.trellis import along, edges, recalibrate, transitions
from hortus.nets.trellis_search import Settings, TrellisSearch
from hortus.spaces.auto_deeplab import AutoDeepLabSpace
from hortus.spaces.shared_trellis import Inheriting, drawn_pass, pass_of, shared_network
from hortus.strategies.trellis import decoded, proposed
from hortus.strategies.viterbi import viterbi
from hortus.testing.spaces import drawn

FACTS = ImageFacts(3, 32, 32, 3, 16)
FEW = ("none", "skip_connect", "sep_conv_3x3", "max_pool_3x3")


@pytest.fixture(scope="module")
def space():
    return AutoDeepLabSpace(FACTS, layers=3, blocks=2, width=2, shared_width=2, operations=FEW)


@pytest.fixture(scope="module")
def data():
    """Scenes of squares whose class is told by the brightest channel."""
    pixels = torch.rand(16, 3, 4, 4, generator=generator(0)).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return pixels, pixels.argmax(1).to(torch.uint8)


def search(space, method, steps, **more):
    settings = Settings(**{"method": method, "waits": 0.0, "batch": 2, **more})
    network = shared_network(space, FACTS, seed=1)
    draw = (lambda rng: drawn_pass(space, network.names, rng)) if method == "uniform" else None
    return TrellisSearch(
        network, settings, draw=draw, frequencies=(0.3, 0.3, 0.4), normalize=lambda x: x, seed=2, steps=steps
    )


def test_viterbi_finds_what_trying_all_paths_finds():
    rng = np.random.default_rng(0)
    for layers in (1, 3, 5):
        steps = [{pair: float(rng.random()) for pair in step} for step in transitions(layers)]
        worth = {}
        for path in itertools.product(range(4), repeat=layers):
            pairs = list(zip((0, *path[:-1]), path, strict=True))
            if all(pair in step for pair, step in zip(pairs, steps, strict=True)):
                worth[path] = math.prod(step[pair] for pair, step in zip(pairs, steps, strict=True))
        best = max(worth, key=lambda path: worth[path])
        found, log = viterbi(steps)
        assert found == best
        assert log == pytest.approx(math.log(worth[best]))


def test_a_greedy_path_is_not_the_likeliest():
    steps = [{(0, 0): 0.4, (0, 1): 0.6}, {(0, 0): 1.0, (1, 0): 0.4, (1, 1): 0.3, (1, 2): 0.3}]
    assert viterbi(steps)[0] == (0, 0)


def test_mixed_with_weights_of_one_is_the_path_itself(space, data):
    network = shared_network(space, FACTS, seed=0)
    _, candidate = drawn(space, 1, seed=5)[0]
    routes, moves = pass_of(candidate, network.names)
    recalibrate(network, routes, moves, data[0])
    with torch.no_grad():
        alone = network(data[0][:2], routes, moves)
        weighted = [{pair: torch.tensor(1.0) for pair in step} for step in moves]
        assert torch.allclose(network(data[0][:2], routes, weighted), alone, atol=1e-5)
        # A transition that nothing leads to brings nothing.
        more = [dict(step) for step in weighted]
        more[1][(1 if candidate.levels[0] == 0 else 0, 1)] = torch.tensor(1.0)
        assert torch.allclose(network(data[0][:2], routes, more), alone, atol=1e-5)
        assert Inheriting(network, candidate)(data[0][:1]).shape == (1, 3, 32, 32)
    assert [list(step) for step in along([0, 1, 1])] == [[(0, 0)], [(0, 1)], [(1, 1)]]


@pytest.mark.parametrize("method", ["mixed", "sampled"])
def test_both_levels_are_learned(space, data, method):
    running = search(space, method, 4)
    alpha, beta = running.alpha.detach().clone(), running.beta.detach().clone()
    before = next(iter(running.network.parameters())).detach().clone()
    running.advance(*data)
    assert not torch.equal(running.alpha, alpha)
    assert not torch.equal(running.beta, beta)
    assert not torch.equal(next(iter(running.network.parameters())), before)
    ways = running.transitions()
    assert torch.allclose(ways.sum(2), torch.ones(3, 4))
    assert ways[:, 0, 0].max() < 1e-6
    assert ways[:, 3, 2].max() < 1e-6
    params = decoded(space, running.alpha.tolist(), ways.tolist())
    found = space(FixedTrial(params))
    assert found.build((3, 32, 32), 3, seed=0)(data[0][:2]).shape == (2, 3, 32, 32)


def test_the_architecture_waits_and_uniform_learns_none(space, data):
    for running in (search(space, "sampled", 2, waits=1.0), search(space, "uniform", 2)):
        alpha = running.alpha.detach().clone()
        running.advance(*data)
        assert torch.equal(running.alpha, alpha)


def test_what_is_strong_is_decoded(space):
    names = edges(2)
    alpha = torch.zeros(len(names), 4)
    alpha[:, 0] = 9.0
    for name, operation in (("0>2", 2), ("1>2", 1), ("1>3", 3), ("2>3", 2)):
        alpha[names.index(name), operation] = 8.0
    ways = torch.full((3, 4, 3), 1 / 3)
    ways[0, 0] = torch.tensor([0.0, 0.1, 0.9])
    ways[1, 1] = torch.tensor([0.1, 0.1, 0.8])
    ways[2, 2] = torch.tensor([0.7, 0.2, 0.1])
    found = space(FixedTrial(decoded(space, alpha.tolist(), ways.tolist())))
    assert found.describe() == "8-16-8; 0 separable 3x3 + 1 skip, 1 maximum 3x3 + 2 separable 3x3"


def test_proposals_are_the_strongest_and_draws_of_what_was_learned(space):
    rng = np.random.default_rng(0)
    alpha, ways = rng.normal(size=(len(edges(2)), 4)), rng.dirichlet(np.ones(3), size=(3, 4))
    ways[:, 0, 0] = ways[:, 3, 2] = 0.0
    found = proposed(space, alpha.tolist(), ways.tolist(), count=6, rng=np.random.default_rng(1))
    assert found[0] == decoded(space, alpha.tolist(), ways.tolist())
    assert len({tuple(params.items()) for params in found}) == len(found) == 6
    assert all(space(FixedTrial(params)) for params in found)
    again = proposed(space, alpha.tolist(), ways.tolist(), count=6, rng=np.random.default_rng(1))
    assert again == found
    # Where one is all but certain, no other is made up.
    certain = (1e4 * alpha).tolist(), (ways**150).tolist()
    assert proposed(space, *certain, count=6, rng=rng) == [decoded(space, *certain)]


def test_the_end_where_a_path_begins_is_not_preferred_for_having_fewer_ways_on(space):
    ways = torch.full((3, 4, 3), 1 / 3)
    ways[:, 0], ways[:, 3] = torch.tensor([0.0, 0.5, 0.5]), torch.tensor([0.5, 0.5, 0.0])
    ways[1, 1] = torch.tensor([0.3, 0.36, 0.34])
    found = space(FixedTrial(decoded(space, torch.zeros(5, 4).tolist(), ways.tolist())))
    assert found.describe().startswith("8-8-")


def test_a_search_that_was_stored_goes_on_as_if_it_had_not_been(space, data, tmp_path):
    first = search(space, "sampled", 6)
    first.steps = 3
    first.advance(*data)
    first.save(tmp_path / "search.safetensors")
    again = search(space, "sampled", 6).restore(tmp_path / "search.safetensors")
    assert again.step == 3
    for running in (first, again):
        running.steps = 6
        running.advance(*data)
        assert running.step == 6
    assert torch.equal(first.alpha, again.alpha)
    assert torch.equal(first.beta, again.beta)
    for one, other in zip(first.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_paper_s_size_builds_steps_and_decodes(data):
    space = AutoDeepLabSpace()
    running = search(space, "sampled", 1).advance(*data)
    assert len(running.network.names) == 20
    found = space(FixedTrial(decoded(space, running.alpha.tolist(), running.transitions().tolist())))
    assert len(found.levels) == 12
    assert len(found.nodes) == 5


def test_the_whole_shared_network_can_be_trained_evenly_and_scores_candidates(space, data):
    running = search(space, "uniform", 40, batch=8, learning_rate=0.1).advance(*data)
    for _, candidate in drawn(space, 4, seed=2):
        one = Inheriting(running.network, candidate)
        recalibrate(running.network, one.routes, one.moves, data[0])
        with torch.no_grad():
            right = (one(data[0]).argmax(1) == data[1].long()).float().mean()
        # A third by chance.
        assert right > 0.4


def test_bad_settings_are_refused(space):
    with pytest.raises(SettingError, match="no method called 'mixt'"):
        Settings(method="mixt")
    with pytest.raises(SettingError, match="batch is 1"):
        Settings(batch=1)
    network = shared_network(space, FACTS)
    for more in ({}, {"steps": 1, "seconds": 1.0}):
        with pytest.raises(BudgetError):
            TrellisSearch(network, Settings(), frequencies=(0.3, 0.3, 0.4), normalize=lambda x: x, **more)
    with pytest.raises(SettingError, match="not drawn"):
        TrellisSearch(network, Settings(method="uniform"), frequencies=(0.3, 0.3, 0.4), normalize=lambda x: x, steps=1)
