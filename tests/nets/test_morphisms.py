"""Function-preserving steps preserve the function: on random networks, whatever came before, batch norm included."""

import numpy as np
import pytest
import torch
from optuna.trial import FixedTrial

from hortus.errors import SettingError
from hortus.nets.build import build
from hortus.nets.grown import STEPS, Body
from hortus.nets.morphisms import grow
from hortus.spaces.morphism import MorphismSpace

SHAPES = ((1, 8, 8), (3, 13, 16), (3, 32, 32))
MOST = 9


def shaken(network, generator):
    """As if it were trained: every weight and every statistic is something."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                deviation = module.weight[0].numel() ** -0.5
                module.weight.add_(torch.randn(module.weight.shape, generator=generator) * deviation)
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0.0, 0.5, generator=generator)
                module.running_var.uniform_(0.2, 2.0, generator=generator)
                module.weight.normal_(1.0, 0.3, generator=generator)
                module.bias.normal_(0.0, 0.5, generator=generator)
    return network.eval()


def difference(first, second, images):
    with torch.no_grad():
        before, after = first(images), second(images)
    # The outputs hang on the images, so that agreement says something.
    assert before.std(dim=0).max() > 1e-2
    return float((before - after).abs().max())


def walk(seed, count=8):
    """Random steps one after another, the network trained in between: (network, body, step) before each."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    shape = SHAPES[seed % len(SHAPES)]
    body = Body.small(int(rng.integers(3, 6)))
    network = shaken(build(body.plan(shape, 4), seed=seed), generator)
    for number in range(count):
        kinds = [kind for kind in STEPS if body.sites(kind, most=MOST)]
        sites = body.sites(kinds[int(rng.integers(len(kinds)))], most=MOST)
        step = sites[int(rng.integers(len(sites)))]
        images = torch.randn((6, *shape), generator=generator)
        yield network, body, step, images
        network, body = shaken(grow(network, body, step, seed=number), generator), body.after(step)


def test_no_step_changes_what_a_network_computes():
    made = set()
    for seed in range(5):
        for network, body, step, images in walk(seed):
            for given in (None, images):
                child = grow(network, body, step, seed=seed, images=given)
                assert not child.training
                assert difference(network, child, images) < 1e-4, step
            assert child.plan == body.after(step).plan(network.plan.shape, 4)
            made.add(step.kind)
    assert made == set(STEPS)


def test_the_parent_is_left_as_it_was():
    for network, body, step, images in walk(1, count=4):
        before = {name: value.clone() for name, value in network.state_dict().items()}
        grow(network, body, step, images=images)
        assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_with_images_a_deeper_network_starts_unchanged_in_training_mode_too():
    generator = torch.Generator().manual_seed(0)
    body = Body.small(4)
    network = shaken(build(body.plan((3, 16, 16), 4), seed=0), generator)
    images = torch.randn((64, 3, 16, 16), generator=generator)
    # Statistics of the parent's own, as training would leave them.
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    with torch.no_grad():
        network.train()(images)
    step = body.sites("deeper", most=MOST)[1]
    with_images, without = (grow(network, body, step, images=given) for given in (images, None))
    assert difference(network.train(), with_images.train(), images) < 1e-2
    assert difference(network.train(), without.train(), images) > 0.1


def test_doubled_channels_learn_different_things():
    generator = torch.Generator().manual_seed(3)
    body = Body.small(4)
    network = shaken(build(body.plan((1, 8, 8), 3), seed=3), generator)
    child = grow(network, body, body.sites("wider", most=MOST)[0], seed=1).train()
    loss = torch.nn.functional.cross_entropy(
        child(torch.randn((16, 1, 8, 8), generator=generator)), torch.arange(16) % 3
    )
    loss.backward()
    weight = child.operations["unit0/conv"].weight
    same = [(i, j) for i in range(6) for j in range(i) if torch.equal(weight[i], weight[j])]
    assert len(same) == 2 or len(same) == 3
    assert all(not torch.allclose(weight.grad[i], weight.grad[j]) for i, j in same)


def test_the_zeros_of_a_new_skip_connection_can_be_learned():
    generator = torch.Generator().manual_seed(4)
    body = Body.small(4)
    network = shaken(build(body.plan((1, 8, 8), 3), seed=4), generator)
    child = grow(network, body, body.sites("skip", most=MOST)[0])
    child(torch.randn((4, 1, 8, 8), generator=generator)).square().sum().backward()
    gradient = child.operations["unit2/from0"].weight.grad
    assert not child.operations["unit2/from0"].weight.any()
    assert gradient.abs().max() > 0


def test_a_candidate_inherits_from_an_ancestor_and_from_nobody_else():
    space = MorphismSpace(width=4)
    params = {"steps": 1, "step0.kind": "wider", "step0.place": 0.5}
    parent = space(FixedTrial(params))
    network = shaken(parent.build((3, 16, 16), 5, seed=0), torch.Generator().manual_seed(5))
    child_params = space.child(space.child(params, "deeper", 0.25), "skip", 0.5)
    child = space(FixedTrial(child_params))
    images = torch.randn((4, 3, 16, 16), generator=torch.Generator().manual_seed(6))
    inherited = child.inherit(parent, network, seed=1)
    assert difference(network, inherited, images) < 1e-4
    shapes = {name: value.shape for name, value in child.build((3, 16, 16), 5, seed=0).state_dict().items()}
    assert {name: value.shape for name, value in inherited.state_dict().items()} == shapes
    again = child.inherit(parent, network, seed=1).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in inherited.state_dict().items())
    stranger = space(FixedTrial({"steps": 1, "step0.kind": "kernel", "step0.place": 0.5}))
    with pytest.raises(SettingError, match="ancestors"):
        child.inherit(stranger, network)


def test_bodies_have_no_site_past_their_limits():
    body = Body.small(4)
    assert body.sites("deeper", most=3) == ()
    for _ in range(4):
        body = body.after(body.sites("wider", most=9)[0])
    assert body.units[0].widened == 4
    assert 0 not in {step.unit for step in body.sites("wider", most=9)}
    for _ in range(2):
        body = body.after(body.sites("kernel", most=9)[0])
    assert 0 not in {step.unit for step in body.sites("kernel", most=9)}
    body = body.after(body.sites("skip", most=9)[0])
    assert body.sites("skip", most=9) == ()
