"""Training-free scores against their formulas, worked by hand or written out in numpy."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from hortus.errors import SettingError  # noqa: E402
from hortus.evaluation.training_free import (  # noqa: E402
    SCORES,
    TrainingFree,
    flops,
    grad_norm,
    jacob_cov,
    naswot,
    params,
    snip,
    synflow,
)


def drawn(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    """A convolution with its normalization, and a linear layer."""
    made = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 25, 3)
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn(parameter.numel())) * 0.3)
        made[1].weight.fill_(1.0)
    return made


@pytest.fixture
def batch():
    return torch.randn((6, 1, 5, 5), generator=drawn(1)), torch.tensor([0, 1, 2, 0, 1, 2])


def test_naswot_counts_rectifiers_that_are_on_or_off_together(network, batch):
    images, labels = batch
    with torch.no_grad():
        before = copy.deepcopy(network).train()
        on = (before[1](before[0](images)).reshape(6, -1) > 0).numpy()
    kernel = np.array([[float((on[i] == on[j]).sum()) for j in range(6)] for i in range(6)])
    assert naswot(network, images, labels) == pytest.approx(np.linalg.slogdet(kernel).logabsdet, rel=1e-6)


def test_naswot_of_two_images_by_hand():
    linear = nn.Linear(2, 3, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    images = torch.tensor([[1.0, 1.0], [1.0, -2.0]])
    # On: 1 1 1 and 1 0 0, so K = [[3, 1], [1, 3]] and its determinant is 8.
    assert naswot(nn.Sequential(linear, nn.ReLU()), images, None) == pytest.approx(np.log(8.0))


def test_naswot_needs_rectifiers():
    with pytest.raises(SettingError, match="synflow"):
        naswot(nn.Linear(2, 2), torch.ones(3, 2), None)


def test_synflow_of_two_layers_by_hand():
    first, second = nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, -2.0], [3.0, 0.5]]))
        second.weight.copy_(torch.tensor([[-1.0, 2.0]]))
    network = nn.Sequential(first, nn.ReLU(), second)
    # R = 1 (1 + 2) + 2 (3 + 0.5) = 10 is linear in the weights of each layer, so that each layer's sum is R.
    assert synflow(network, torch.ones(4, 2), None) == pytest.approx(20.0)


def test_synflow_passes_normalizations_by_and_leaves_the_network_alone(network, batch):
    images, labels = batch
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    plain = nn.Sequential(network[0], nn.ReLU(), nn.Flatten(), network[4])
    assert synflow(network, images, labels) == pytest.approx(synflow(plain, images, labels))
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])


def test_snip_and_the_gradient_s_norm_by_hand():
    linear = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[0.5, -1.0], [0.0, 2.0]]))
    x, y = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([0, 1])
    raw = x @ linear.weight.detach().numpy().T
    p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    gradient = (p - np.eye(2)[y]).T @ x / 2
    images, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    weight = linear.weight.detach().numpy()
    assert snip(linear, images, labels) == pytest.approx(np.abs(weight * gradient).sum(), rel=1e-5)
    assert grad_norm(linear, images, labels) == pytest.approx(np.linalg.norm(gradient), rel=1e-5)


def test_the_gradient_s_norm_is_summed_over_layers(network, batch):
    images, labels = batch
    other = copy.deepcopy(network).train()
    nn.functional.cross_entropy(other(images), labels).backward()
    wanted = float(other[0].weight.grad.norm() + other[4].weight.grad.norm())
    assert grad_norm(network, images, labels) == pytest.approx(wanted, rel=1e-5)


def test_jacob_cov_against_numpy(network, batch):
    images, labels = batch
    x = images.clone().requires_grad_(True)
    copy.deepcopy(network).train()(x).sum().backward()
    v = np.linalg.eigvalsh(np.corrcoef(x.grad.reshape(6, -1).double().numpy()))
    k = 1e-5
    wanted = -np.sum(np.log(np.maximum(v, 0) + k) + 1.0 / (np.maximum(v, 0) + k))
    assert jacob_cov(network, images, labels) == pytest.approx(wanted, rel=1e-3)


def test_counts_by_hand(network, batch):
    images, labels = batch
    assert params(network, images, labels) == 4 * 9 + 8 + 100 * 3 + 3
    assert flops(network, images, labels) == 25 * 4 * 9 + 100 * 3


@pytest.mark.parametrize("name", SCORES)
def test_a_score_changes_neither_the_network_nor_the_random_state(name, network, batch):
    images, labels = batch
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    state = torch.random.get_rng_state()
    first = SCORES[name](network, images, labels)
    assert SCORES[name](network, images, labels) == first
    assert np.isfinite(first)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert network.training


def test_a_misspelt_score_names_the_right_one():
    with pytest.raises(SettingError, match="naswot"):
        TrainingFree(score="nasswot")


def test_a_network_that_no_image_gets_through_has_no_jacobian():
    class Cut(nn.Module):
        def forward(self, x):
            return torch.zeros(len(x), 3, requires_grad=True)

    assert np.isnan(jacob_cov(Cut(), torch.zeros(4, 1, 5, 5), torch.zeros(4, dtype=torch.int64)))
