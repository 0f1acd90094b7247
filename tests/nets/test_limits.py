"""What a network costs is known before it is built, and too large a network is never built."""

import time

import pytest
import torch

from hortus.errors import InputError
from hortus.nets.limits import Limits, cost
from hortus.nets.plan import IMAGES, Draft
from hortus.spaces.cell import Cell

CELL = ("nor_conv_3x3", "skip_connect", "none", "nor_conv_1x1", "avg_pool_3x3", "none")


def by_hand():
    """Two convolutions and a linear layer, which can be counted on paper."""
    draft = Draft((3, 8, 8))
    first = draft.add("first", "conv_bn", IMAGES, width=4)
    second = draft.add("second", "conv", first, width=6, stride=2, kernel=5)
    return draft.head(second, 10, activate=False)


def test_costs_are_those_counted_by_hand():
    found = cost(by_hand())
    assert found.parameters == 3 * 4 * 9 + 8 + 4 * 6 * 25 + 6 * 10 + 10
    assert found.multiply_adds == 3 * 4 * 9 * 64 + 4 * 6 * 25 * 16 + 60
    # The maps of the convolutions and the normalization, and the logits.
    assert found.activations == 4 * 64 * 2 + 6 * 16 + 10
    assert found.memory(2) == 4 * (3 * found.parameters + 2 * found.activations)


def test_memory_is_what_a_training_step_keeps():
    plan = Cell(CELL, 1, 8).plan((3, 16, 16), 10)
    network = Cell(CELL, 1, 8).build((3, 16, 16), 10, seed=0)
    kept = {}

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.randn((32, 3, 16, 16), generator=torch.Generator().manual_seed(0)))
    # An upper bound, and not so far up that it would refuse what fits.
    assert sum(kept.values()) <= cost(plan).memory(32) <= 4 * sum(kept.values())


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(parameters=100), "parameters"),
        (Limits(multiply_adds=1000), "multiply-adds"),
        (Limits(memory=2**10, batch=64), "bytes for 64 images"),
    ],
)
def test_networks_past_a_limit_are_refused_with_both_numbers(limits, named):
    with pytest.raises(InputError, match=named) as caught:
        limits.check(by_hand())
    assert caught.value.code == "network-too-large"


def test_networks_within_the_limits_come_back_with_their_cost():
    assert Limits().check(by_hand()) == cost(by_hand())


def test_a_network_of_a_hundred_gigabytes_is_refused_without_allocating_any():
    begin = time.monotonic()
    with pytest.raises(InputError, match="parameters"):
        Limits().check(Cell(("nor_conv_3x3",) * 6, 1, 16_384).plan((3, 32, 32), 10))
    assert time.monotonic() - begin < 20
