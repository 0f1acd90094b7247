"""Operations and networks of them: shapes, papers' parameter counts, seeds, shared layers."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from hortus.errors import SettingError
from hortus.nets.build import PlanNetwork, build, initialize, make, outline
from hortus.nets.cells import Gene, darts_cell
from hortus.nets.counting import parameters
from hortus.nets.operations import OPERATIONS, SEVERAL, EveryOther
from hortus.nets.plan import IMAGES, Draft, Layer
from hortus.nets.randomness import own_randomness
from hortus.spaces.cell import Cell

# What a decoder of pixels is made of keeps the map's size.
DENSE = {"atrous_pyramid", "classify", "separable_relu"}
# One input, any stride.
PLAIN = sorted(set(OPERATIONS) - SEVERAL - DENSE - {"match", "head", "bn", "bn_relu", "relu"})


@pytest.mark.parametrize("name", PLAIN)
def test_operations_halve_even_odd_and_tiny_maps_alike(name):
    for inputs, outputs in ((4, 4), (4, 7)):
        for side in ((8, 8), (7, 5), (1, 1), (2, 3)):
            for stride in (1, 2):
                x = torch.randn((2, inputs, *side), generator=torch.Generator().manual_seed(0))
                with own_randomness(0):
                    found = OPERATIONS[name](inputs, outputs, stride)(x)
                assert found.shape == (2, outputs, -(-side[0] // stride), -(-side[1] // stride)), (side, stride)
                assert torch.isfinite(found).all()


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("settings", [{}, {"kernel": 1}], ids=["as it is", "1x1"])
def test_no_operation_is_a_strided_1x1_convolution_of_pytorch_s_own(name, settings):
    try:
        made = OPERATIONS[name](4, 8, 2, **settings)
    except TypeError:
        pytest.skip("its kernel is given")
    for module in made.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.stride != (1, 1):
            assert isinstance(module, EveryOther)


@pytest.mark.parametrize("side", [(8, 8), (7, 5), (1, 1), (2, 3)])
def test_every_other_pixel_is_what_a_stride_sees(side):
    x = torch.randn((2, 4, *side), generator=torch.Generator().manual_seed(0)).to(memory_format=torch.channels_last)
    made = EveryOther(4, 6, 1, stride=2)
    torch.testing.assert_close(made(x), nn.functional.conv2d(x, made.weight, made.bias, stride=2))


# Of few channels that lie last, a strided 1x1 convolution ends the process on some processors.
STEPS = """
import torch
from hortus.nets.operations import OPERATIONS
torch.set_num_threads(1)
for name in ("factorized_reduce", "nor_conv_1x1", "skip_connect", "nor_conv_3x3", "sep_conv_3x3", "dil_conv_5x5"):
    for channels in (1, 3, 4, 5, 6):
        made = OPERATIONS[name](channels, 2 * channels, 2).to(memory_format=torch.channels_last)
        for _ in range(10):
            x = torch.randn(4, channels, 8, 10).to(memory_format=torch.channels_last).requires_grad_()
            found = made(x)
            (found * torch.randn_like(found)).sum().backward()
"""


@pytest.mark.rotated
def test_the_backward_pass_of_few_channels_that_lie_last_ends_well():
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(DENSE))
def test_what_tells_pixels_apart_keeps_their_map(name):
    for side in ((8, 8), (7, 5), (1, 1), (2, 3)):
        x = torch.randn((2, 4, *side), generator=torch.Generator().manual_seed(0))
        with own_randomness(0):
            found = OPERATIONS[name](4, 7, 1)(x)
        assert found.shape == (2, 7, *side)
        assert torch.isfinite(found).all()


def learned(name, inputs=8, outputs=8, stride=1, **settings):
    return parameters(OPERATIONS[name](inputs, outputs, stride, **settings))


def test_operations_have_the_parameters_that_their_papers_say():
    # A depthwise and a pointwise convolution and two numbers a channel; DARTS does that twice in sep_conv.
    assert learned("sep_conv_3x3") == 2 * (9 * 8 + 64 + 16)
    assert learned("sep_conv_5x5") == 2 * (25 * 8 + 64 + 16)
    assert learned("dil_conv_3x3") == 9 * 8 + 64 + 16
    assert learned("dil_conv_5x5", affine=False) == 25 * 8 + 64
    assert learned("nor_conv_3x3") == 9 * 64 + 16
    assert learned("skip_connect") == learned("avg_pool_3x3") == learned("max_pool_3x3") == learned("none") == 0
    assert learned("skip_connect", stride=2) == 64 + 16
    # MBConv: expand, depthwise, squeeze to a quarter of the inputs and back, project.
    wide = 24
    excite = wide * 2 + 2 + 2 * wide + wide
    assert learned("mbconv", expansion=3, squeeze=0.25, kernel=5) == (
        8 * wide + 2 * wide + 25 * wide + 2 * wide + excite + wide * 8 + 16
    )


def test_dilated_convolutions_see_further():
    x = torch.zeros((1, 1, 11, 11), requires_grad=True)
    convolution = OPERATIONS["dil_conv_3x3"](1, 1, 1)
    assert convolution[1].dilation == (2, 2)
    with torch.no_grad():
        convolution[1].weight.fill_(1.0)
        convolution[2].weight.fill_(1.0)
    # Just above zero, where a ReLU lets gradients through.
    convolution.eval()(x + 1e-3)[0, 0, 5, 5].backward()
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten().tolist()
    assert rows == [3, 5, 7]


def test_averages_at_the_border_are_of_what_is_there():
    found = OPERATIONS["avg_pool_3x3"](1, 1, 1)(torch.ones((1, 1, 4, 4)))
    assert torch.allclose(found, torch.ones_like(found))


def test_a_factorized_reduction_looks_at_both_diagonals():
    reduce = OPERATIONS["factorized_reduce"](1, 2, 2, affine=False).eval()
    with torch.no_grad():
        reduce.even.weight.fill_(1.0)
        reduce.odd.weight.fill_(1.0)
    found = reduce(torch.arange(16.0).reshape(1, 1, 4, 4)) * (1 + reduce.norm.eps) ** 0.5
    assert found[0, 0].round().flatten().tolist() == [0, 2, 8, 10]
    assert found[0, 1].round().flatten().tolist() == [5, 7, 13, 15]


def test_squeeze_and_excitation_weighs_channels_alone():
    module = OPERATIONS["separable"](4, 4, 1, squeeze=0.25)[1]
    x = torch.rand((2, 4, 3, 3), generator=torch.Generator().manual_seed(0)) + 0.5
    ratio = (module(x) / x).flatten(2)
    assert torch.allclose(ratio, ratio[..., :1].expand_as(ratio))
    assert ((ratio > 0) & (ratio < 1)).all()


def plan():
    return Cell(("nor_conv_3x3", "skip_connect", "none", "nor_conv_1x1", "avg_pool_3x3", "none"), 1, 4).plan(
        (1, 8, 8), 3
    )


def test_the_same_seed_draws_the_same_network_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    first, again, other = build(plan(), seed=1), build(plan(), seed=1), build(plan(), seed=2)
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [network.state_dict() for network in (first, again, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    with own_randomness(5):
        third = build(plan()).state_dict()
    with own_randomness(5):
        fourth = build(plan()).state_dict()
    assert all(torch.equal(third[name], fourth[name]) for name in third)


def test_nothing_of_a_new_network_is_left_as_memory_had_it():
    network = outline(plan()).to_empty(device="cpu")
    for tensor in network.state_dict().values():
        tensor.fill_(7)
    initialize(network, seed=0)
    for name, tensor in network.state_dict().items():
        assert not (tensor == 7).all(), name
        assert torch.isfinite(tensor).all(), name


def test_layers_of_the_same_place_are_shared():
    first, second = build(plan(), seed=0), plan()
    shared = PlanNetwork(second, operations=first.operations)
    assert all(shared.operations[name] is module for name, module in first.operations.items())


def test_maps_are_let_go_after_their_last_use_and_outputs_stay_the_same():
    network = build(plan(), seed=0).eval()
    images = torch.randn((2, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    values = {IMAGES: images}
    for layer in network.plan.layers:
        values[layer.name] = network.operations[layer.name](*(values[name] for name in layer.inputs))
    assert torch.equal(network(images), values[network.plan.output])


def test_an_unknown_operation_is_named_with_the_nearest():
    with pytest.raises(SettingError, match="nor_conv_3x3"):
        make(Layer("a", "nor_conv3x3", (IMAGES,), (4, 8, 8), (4,)))


def test_a_cell_takes_the_cell_before_last_at_the_size_of_the_last():
    draft = Draft((3, 16, 16))
    large = draft.stem(8)
    small = draft.add("half", "conv_bn", large, stride=2)
    nodes = [(Gene(0, "skip_connect"), Gene(1, "max_pool_3x3"))]
    assert draft.shape(darts_cell(draft, "normal", (large, small), nodes, width=4)) == (4, 8, 8)
    assert draft.shape(darts_cell(draft, "reduction", (large, small), nodes, width=4, stride=2)) == (4, 4, 4)
    layers = draft.head("reduction/2", 2).layers
    found = {layer.name: layer.operation for layer in layers}
    assert (found["normal/in0"], found["normal/in1"]) == ("factorized_reduce", "nor_conv_1x1")
