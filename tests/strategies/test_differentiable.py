"""Gradient descent on architectures: its formulas by hand, and searches on small digits."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from optuna.trial import FixedTrial  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from torch import Tensor  # noqa: E402

from hortus.data.image_facts import ImageFacts  # noqa: E402
from hortus.errors import InputError, SettingError  # noqa: E402
from hortus.spaces.cell import NAMES, OPERATIONS, CellSpace  # noqa: E402
from hortus.spaces.darts_cell import DartsSpace  # noqa: E402
from hortus.strategies.bilevel import dominant_eigenvalue, first_order, second_order  # noqa: E402
from hortus.strategies.decoding import collapsed, decode, perturbed, sharpened  # noqa: E402
from hortus.strategies.differentiable import search_differentiable  # noqa: E402
from hortus.strategies.relaxation import METHODS, History, Settings  # noqa: E402

FACTS = ImageFacts(1, 8, 8, 10, 200)
SPACE, THIN = CellSpace(FACTS, width=4), CellSpace(FACTS, width=2)
TINY = {"epochs": 2, "batch": 25, "alpha_rate": 0.05, "selection": "weights"}


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    X, y = load_digits(return_X_y=True)
    return ((torch.tensor(X[:150]).float() - 4.88) / 6.0).reshape(-1, 1, 8, 8), torch.tensor(y[:150])


def search(digits: tuple[Tensor, Tensor], seed: int = 0, **settings: object) -> tuple[dict[str, str], History]:
    return search_differentiable(SPACE, *digits, FACTS, settings=Settings(**TINY | settings), seed=seed)


# Two parameters: a weight w and an architecture parameter a.


def train_loss(w: Tensor, a: Tensor) -> Tensor:
    return (torch.sin(w) * a + w**2 * torch.exp(a)).sum()


def valid_loss(w: Tensor, a: Tensor) -> Tensor:
    return ((w - 2.0) ** 2 + w * a**2).sum()


@pytest.mark.parametrize("settings", [{}, {"momenta": [torch.tensor([0.4])], "momentum": 0.9, "decay": 0.1}])
def test_the_second_order_gradient_is_that_through_a_step_of_training(settings: dict[str, object]) -> None:
    w = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    a = torch.tensor([-0.3], dtype=torch.float64, requires_grad=True)
    rate = 0.1
    (found,) = second_order(lambda: train_loss(w, a), lambda: valid_loss(w, a), [w], [a], rate=rate, **settings)

    (slope,) = torch.autograd.grad(train_loss(w, a), w, create_graph=True)
    push = slope
    if settings:
        push = slope + 0.9 * 0.4 + 0.1 * w
    (expected,) = torch.autograd.grad(valid_loss(w - rate * push, a), a)
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)
    assert w.item() == 0.7, "the weights are put back"
    (direct,) = first_order(lambda: valid_loss(w, a), [a])
    assert direct.item() == pytest.approx(2 * 0.7 * -0.3)
    assert abs(direct.item() - expected.item()) > 0.01


def test_the_weights_are_put_back_when_a_loss_fails() -> None:
    w, a = torch.tensor([0.7], requires_grad=True), torch.tensor([0.1], requires_grad=True)

    def failing() -> Tensor:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        second_order(lambda: train_loss(w, a), failing, [w], [a], rate=0.1)
    assert w.item() == pytest.approx(0.7)


def test_the_dominant_eigenvalue_of_a_known_hessian() -> None:
    matrix = torch.tensor([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, -4.0]])
    a = torch.tensor([[0.2, -0.1, 0.5]], requires_grad=True)
    found = dominant_eigenvalue(lambda: 0.5 * (a @ matrix @ a.T).sum(), a)
    assert found == pytest.approx(float(np.linalg.eigvalsh(matrix.numpy())[-1]), rel=1e-5)


def test_decoding_never_takes_none() -> None:
    weights = torch.full((6, 5), 0.05)
    weights[:, OPERATIONS.index("none")] = 0.8
    weights[2, OPERATIONS.index("nor_conv_3x3")] = 0.1
    params = decode(weights, NAMES, OPERATIONS)
    assert "none" not in params.values()
    assert params["1>2"] == "nor_conv_3x3"
    with pytest.raises(SettingError, match="connect nothing"):
        decode(weights[:, :1], NAMES, ["none"])


def test_a_node_keeps_its_strongest_edges() -> None:
    names = ["normal 0>3", "normal 1>3", "normal 2>3", "reduction 0>3"]
    weights = torch.tensor([[0.9, 0.1, 0.0], [0.3, 0.3, 0.4], [0.2, 0.2, 0.6], [0.8, 0.1, 0.1]])
    path = decode(weights, names, ("none", "skip_connect", "sep_conv_3x3"), kept=2)
    assert list(path.values()) == ["none", "sep_conv_3x3", "sep_conv_3x3", "skip_connect"]


def test_edges_that_are_missed_least_are_dropped() -> None:
    value = torch.tensor([3.0, 1.0, 2.0])
    found = perturbed(
        torch.full((3, 2), 0.5),
        ("skip_connect", "sep_conv_3x3"),
        lambda w: (float((value * w.sum(1)).sum()), 0.0),
        lambda w: None,
        np.random.default_rng(0),
        nodes=[[0, 1, 2]],
        kept=2,
    )
    assert found.sum(1).tolist() == [1.0, 0.0, 1.0]


def test_what_is_missed_most_is_kept_whatever_its_weight() -> None:
    operations = ("none", "skip_connect", "nor_conv_3x3")
    value = torch.tensor([[9.0, 0.1, 1.0], [9.0, 0.1, 1.0]])
    weights = torch.tensor([[0.1, 0.8, 0.1], [0.1, 0.7, 0.2]])
    tuned: list[Tensor] = []
    found = perturbed(
        weights,
        operations,
        # The accuracies are equal: the loss decides.
        lambda w: (0.5, float((value * (w > 0)).sum())),
        lambda w: tuned.append(w.clone()),
        np.random.default_rng(0),
    )
    assert found.tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    assert weights[0].tolist() == pytest.approx([0.1, 0.8, 0.1]), "the caller's are left alone"
    assert len(tuned) == 1, "between two edges, and not after the last"
    assert sorted(row.max().item() for row in tuned[0])[-1] == 1.0


def test_a_growing_eigenvalue_stops_by_the_means_of_five_epochs() -> None:
    # Epochs 3 to 7 against 7 to 11: (1 * 5) / 5 and (1 + 1 + 1 + 1 + x) / 5, more than 1.3 times from x = 2.5 on.
    assert not sharpened([1.0] * 11 + [2.4])
    assert sharpened([1.0] * 11 + [2.6])
    assert not sharpened([1.0] * 8 + [9.0]), "not in the first ten epochs"


def test_darts_cells_keep_two_edges_of_each_node(digits: tuple[Tensor, Tensor]) -> None:
    space = DartsSpace(FACTS, operations=("skip_connect", "max_pool_3x3"), cells=3, width=2)
    settings = Settings(selection="perturbation", epochs=1, batch=10, tuning=1)
    small = digits[0][:20], digits[1][:20]
    params, _ = search_differentiable(space, *small, FACTS, settings=settings)
    candidate = space(FixedTrial(params))
    assert params == candidate.params
    assert "none" not in params.values()


@pytest.mark.parametrize("method", METHODS)
def test_each_method_finds_a_connected_cell_and_repeats(method: str, digits: tuple[Tensor, Tensor]) -> None:
    params, history = search(digits, method=method)
    assert list(params) == list(NAMES)
    assert set(params.values()) <= set(OPERATIONS) - {"none"}
    assert [epoch.number for epoch in history.epochs] == [0, 1]
    assert np.shape(history.weights) == (6, 5)
    np.testing.assert_allclose(np.sum(history.weights, axis=1), 1.0, rtol=1e-5)
    # They begin within a thousandth of each other.
    assert (np.ptp(history.weights, axis=1) > 4e-3).all(), "the architecture was learned"
    again, same = search(digits, method=method)
    assert again == params
    assert same.weights == history.weights


def test_another_seed_is_another_search(digits: tuple[Tensor, Tensor]) -> None:
    first, other = (search(digits, seed, method="gdas", epochs=1)[1].weights for seed in (0, 1))
    assert first != other


def test_the_first_and_the_second_order_differ(digits: tuple[Tensor, Tensor]) -> None:
    assert search(digits, method="darts", epochs=1)[1].weights != search(digits, method="darts2", epochs=1)[1].weights


def test_one_path_and_partial_channels_hold_less_memory(digits: tuple[Tensor, Tensor]) -> None:
    held = {method: search(digits, method=method, epochs=1)[1].held_bytes for method in ("darts", "pc_darts", "gdas")}
    assert held["gdas"] < held["darts"] / 2
    assert held["pc_darts"] < held["darts"]


def test_the_selection_is_by_perturbation_where_a_mixture_is_trained() -> None:
    assert {method: Settings(method=method).chosen_by for method in METHODS} == {
        "darts": "perturbation",
        "darts2": "perturbation",
        "pc_darts": "perturbation",
        "gdas": "weights",
    }


def test_selection_by_perturbation_fixes_every_edge(digits: tuple[Tensor, Tensor]) -> None:
    params, history = search(digits, selection="perturbation", tuning=1, epochs=1)
    assert sorted(history.weights[0]) == [0.0] * 4 + [1.0]
    for name, row in zip(NAMES, history.weights, strict=True):
        assert params[name] == OPERATIONS[row.index(1.0)] != "none"


def test_the_eigenvalue_is_watched_and_a_rise_goes_back(
    digits: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = digits[0][:40], digits[1][:40]
    _, history = search(small, eigenvalue_stop=True, epochs=1, batch=20)
    assert np.isfinite(history.epochs[0].eigenvalue)
    rising = iter([1.0] * 11 + [50.0] * 9)
    monkeypatch.setattr("hortus.strategies.differentiable.dominant_eigenvalue", lambda *_: next(rising))
    settings = Settings(eigenvalue_stop=True, epochs=20, batch=20, selection="weights")
    small = small[0][:40, :, ::2, ::2], small[1]
    params, history = search_differentiable(THIN, *small, FACTS, settings=settings)
    assert len(history.epochs) == 12
    assert "epoch 7" in history.stopped
    assert params == history.epochs[7].params


def test_a_search_warns_where_it_chose_what_learns_nothing(digits: tuple[Tensor, Tensor]) -> None:
    space = CellSpace(FACTS, operations=("none", "skip_connect"), width=2)
    params, history = search_differentiable(space, *digits, FACTS, settings=Settings(**TINY | {"epochs": 1}))
    assert set(params.values()) == {"skip_connect"}
    assert "6 of 6 edges are skip connections or pooling" in history.warnings[0]
    assert collapsed(dict.fromkeys(NAMES, "avg_pool_3x3"))
    assert not collapsed(dict.fromkeys(NAMES, "nor_conv_1x1"))


def test_seconds_end_a_search_between_epochs(digits: tuple[Tensor, Tensor]) -> None:
    settings = Settings(**TINY | {"epochs": 50})
    _, history = search_differentiable(THIN, *digits, FACTS, settings=settings, seconds=0.01)
    assert len(history.epochs) == 1
    assert "were over" in history.stopped


def test_without_images_it_refuses_with_the_reason() -> None:
    with pytest.raises(InputError, match="learns from images"):
        search_differentiable(THIN, None, None, FACTS)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "dart"}, "Did you mean 'darts'"),
        ({"selection": "argmax"}, "no selection 'argmax'"),
        ({"epochs": 0}, "at least 1"),
        ({"method": "gdas", "selection": "perturbation"}, "single paths"),
        ({"method": "gdas", "eigenvalue_stop": True}, "single paths"),
    ],
)
def test_what_does_not_go_together_is_refused(
    settings: dict[str, object], said: str, digits: tuple[Tensor, Tensor]
) -> None:
    with pytest.raises(SettingError, match=said):
        search(digits, **settings)
