"""A supernet's three ways of running, against the operations they are made of."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from optuna import create_study  # noqa: E402
from optuna.samplers import RandomSampler  # noqa: E402

from hortus.data.image_facts import ImageFacts  # noqa: E402
from hortus.errors import SettingError  # noqa: E402
from hortus.nets.build import build  # noqa: E402
from hortus.nets.cells import nb201  # noqa: E402
from hortus.nets.choice import Choice, Route, shuffle  # noqa: E402
from hortus.nets.plan import Layer  # noqa: E402
from hortus.nets.supernet import Supernet, held_bytes, straight_through  # noqa: E402
from hortus.spaces.cell import EDGES, NAMES, OPERATIONS, Cell, CellSpace  # noqa: E402
from hortus.spaces.darts_cell import DartsSpace  # noqa: E402
from hortus.spaces.pipelines import PipelineSpace  # noqa: E402
from hortus.spaces.relaxed import params_of, path_of, relax  # noqa: E402

FACTS = ImageFacts(1, 8, 8, 10, 100)
CONVOLUTIONS = dict.fromkeys(NAMES, "nor_conv_3x3")
MIXED = dict(zip(NAMES, ("nor_conv_1x1", "avg_pool_3x3", "nor_conv_3x3", "none", "skip_connect", "none"), strict=True))


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    return relax(CellSpace(FACTS, width=4), FACTS, seed=1)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(12, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def edge(partial: int = 1, stride: int = 1) -> Choice:
    shape = (8, 6 // stride, 6 // stride)
    made = Choice(Layer("0>1:choice", "choice", ("images",), shape, (8,), stride), OPERATIONS, partial)
    return made.train()


def one_hot(params: dict[str, str]) -> torch.Tensor:
    return torch.eye(len(OPERATIONS))[[OPERATIONS.index(params[name]) for name in NAMES]]


def test_rows_and_columns_stand_in_the_order_of_the_space(supernet: Supernet) -> None:
    assert supernet.names == NAMES
    assert supernet.operations == OPERATIONS


def test_weights_come_from_the_seed_and_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    first, same, other = (relax(CellSpace(FACTS, width=2), FACTS, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(tensor, same[name]) for name, tensor in first.items())
    assert not all(torch.equal(tensor, other[name]) for name, tensor in first.items())


def test_a_mixed_edge_is_the_weighted_sum_of_its_operations() -> None:
    made, x = edge(), torch.randn(5, 8, 6, 6)
    weights = torch.softmax(torch.randn(5), 0)
    route = Route(tuple((name, weights[k]) for k, name in enumerate(OPERATIONS)))
    expected = sum(weights[k] * made.operations[name](x) for k, name in enumerate(OPERATIONS))
    torch.testing.assert_close(made(x, route), expected)
    torch.testing.assert_close(made(x, Route(route.terms, torch.tensor(0.5))), 0.5 * expected)


def test_one_hot_weights_run_the_path(supernet: Supernet, images: torch.Tensor) -> None:
    supernet.train()
    for params in (CONVOLUTIONS, MIXED):
        with torch.no_grad():
            torch.testing.assert_close(supernet.mixed(images, one_hot(params)), supernet.path(images, params))


def test_what_the_output_does_not_depend_on_is_not_run(supernet: Supernet, images: torch.Tensor) -> None:
    # Node 1 leads only to node 2, and node 2 nowhere.
    params = CONVOLUTIONS | {"1>3": "none", "2>3": "none"}
    ran = []
    handles = [
        module.register_forward_hook(lambda *_, name=name: ran.append(name)) for name, module in supernet.layers.items()
    ]
    supernet.path(images, params)
    for handle in handles:
        handle.remove()
    assert {name.rpartition("/")[2] for name in ran if name.endswith(":choice")} == {"0>3:choice"}


def test_a_cell_that_is_cut_gives_the_same_logits_for_all_images(supernet: Supernet, images: torch.Tensor) -> None:
    nothing = dict.fromkeys(NAMES, "none")
    assert not supernet.connected(nothing)
    assert not supernet.connected(CONVOLUTIONS | {"0>3": "none", "1>3": "none", "2>3": "none"})
    assert supernet.connected(MIXED)
    logits = supernet.train().path(images, nothing)
    assert torch.equal(logits, logits[:1].expand_as(logits))


def test_a_draw_is_one_hot_and_the_forward_pass_that_of_the_chosen(supernet: Supernet, images: torch.Tensor) -> None:
    alpha = torch.randn(6, 5, generator=torch.Generator().manual_seed(3)).requires_grad_()
    drawn = straight_through(alpha, 0.7, torch.Generator().manual_seed(0))
    assert set(drawn.detach().flatten().tolist()) == {0.0, 1.0}
    assert drawn.sum(1).tolist() == [1.0] * 6
    chosen = {name: OPERATIONS[k] for name, k in zip(NAMES, drawn.argmax(1).tolist(), strict=True)}
    supernet.train()
    logits = supernet.sampled(images, drawn)
    assert torch.equal(logits, supernet.path(images, chosen))


def test_a_draw_has_the_gradient_of_the_softened_draw() -> None:
    alpha = torch.tensor([[0.3, -0.2, 0.1]], dtype=torch.float64, requires_grad=True)
    noise = torch.tensor([[0.5, 1.0, -0.3]], dtype=torch.float64)
    factor = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    (found,) = torch.autograd.grad((factor * straight_through(alpha, 0.5, noise=noise)).sum(), alpha)
    # d softmax(z / tau) / dz = (diag(p) - p p^T) / tau, and log-softmax only moves all logits of a row alike.
    p = np.exp((alpha.detach() + noise).numpy()[0] / 0.5)
    p /= p.sum()
    expected = (np.diag(p) - np.outer(p, p)) @ factor.numpy()[0] / 0.5
    np.testing.assert_allclose(found.numpy()[0], expected, rtol=1e-10)


def test_draws_follow_the_softmax() -> None:
    alpha = torch.log(torch.tensor([[0.6, 0.3, 0.1]])).expand(20_000, 3)
    shares = straight_through(alpha, 1.0, torch.Generator().manual_seed(0)).mean(0)
    torch.testing.assert_close(shares, torch.tensor([0.6, 0.3, 0.1]), atol=0.015, rtol=0)


@pytest.mark.parametrize("stride", [1, 2])
def test_partial_channels_pass_the_rest_by(stride: int) -> None:
    made, x = edge(4, stride), torch.randn(3, 8, 6, 6)
    found = made(x, Route((("nor_conv_3x3", None),)))
    assert found.shape == (3, 8, 6 // stride, 6 // stride)
    passed = x[:, 2:] if stride == 1 else torch.nn.functional.max_pool2d(x[:, 2:], 2)
    inside = made.operations["nor_conv_3x3"](x[:, :2])
    assert torch.equal(found, shuffle(torch.cat([inside, passed], 1), 4))
    nothing = made(x, Route((("none", None),)))
    assert torch.equal(nothing, shuffle(torch.cat([torch.zeros_like(inside), passed], 1), 4))


def test_partial_channels_need_a_width_they_divide() -> None:
    with pytest.raises(SettingError, match="multiple of 4"):
        relax(CellSpace(FACTS, width=6), FACTS, partial=4)


def test_a_network_inherits_its_path(supernet: Supernet, images: torch.Tensor) -> None:
    for params in (CONVOLUTIONS, MIXED):
        edges = dict(zip(EDGES, Cell.from_params(params).operations, strict=True))
        network = build(nb201(FACTS.shape, 10, edges, repeats=1, width=4), seed=9)
        supernet.recalibrate(params, images)
        before = network.eval()(images)
        assert supernet.inherit(network, params) > 10
        with torch.no_grad():
            torch.testing.assert_close(network(images), supernet.path(images, params))
            assert not torch.allclose(network(images), before)
    wide = build(nb201(FACTS.shape, 10, edges, repeats=1, width=8))
    with pytest.raises(SettingError, match="not as wide"):
        supernet.inherit(wide, params)


def test_recalibration_measures_the_path_alone(supernet: Supernet, images: torch.Tensor) -> None:
    supernet.recalibrate(MIXED, images)
    supernet.recalibrate(CONVOLUTIONS, images)
    assert not supernet.training
    with torch.no_grad():
        x = supernet.layers["stem/conv"][0](images)
    norm = supernet.layers["stem/conv"][1]
    torch.testing.assert_close(norm.running_mean, x.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, x.var((0, 2, 3)))
    assert norm.momentum == 0.1


def test_one_sampled_path_holds_less_than_the_mixture(supernet: Supernet, images: torch.Tensor) -> None:
    alpha = torch.zeros(6, 5, requires_grad=True)
    mixed = held_bytes(lambda: supernet.mixed(images, torch.softmax(alpha, 1)), supernet)
    hard = straight_through(alpha, 1.0, torch.Generator().manual_seed(0))
    sampled = held_bytes(lambda: supernet.sampled(images, hard), supernet)
    assert 0 < sampled < mixed / 2


def test_held_bytes_are_those_of_a_known_graph() -> None:
    linear = torch.nn.Linear(4, 3)
    x = torch.randn(5, 4)
    # The weight's gradient needs x, and tanh's its own output; the weight itself is left out.
    assert held_bytes(lambda: torch.tanh(linear(x)), linear) == 4 * (5 * 4 + 5 * 3)


def test_darts_cells_are_paths_of_their_supernet(images: torch.Tensor) -> None:
    space = DartsSpace(FACTS, cells=3, width=4)
    supernet = relax(space, FACTS)
    assert len(supernet.names) == len(set(supernet.names)) == 28
    study = create_study(sampler=RandomSampler(seed=0))
    for _ in range(3):
        trial = study.ask()
        candidate = space(trial)
        path = path_of(space, trial.params)
        assert params_of(space, path) == trial.params
        assert supernet.connected(path)
        network = build(candidate.plan(FACTS.shape, 10), seed=9)
        supernet.recalibrate(path, images)
        supernet.inherit(network, path)
        with torch.no_grad():
            torch.testing.assert_close(network.eval()(images), supernet.path(images, path))
    with pytest.raises(SettingError, match="at least 3"):
        relax(DartsSpace(FACTS, cells=2), FACTS)
    with pytest.raises(SettingError, match="has 3 edges"):
        params_of(space, dict.fromkeys(supernet.names, "skip_connect"))


def test_a_space_without_a_supernet_is_refused_with_the_reason() -> None:
    space = PipelineSpace.__new__(PipelineSpace)
    with pytest.raises(SettingError, match="has no supernet"):
        relax(space, FACTS)
