"""Networks that tell pixels apart: DeepLab's parts, the spaces, their plans."""

import json
from xml.etree import ElementTree

import pytest
import torch
from optuna.trial import FixedTrial
from torch.nn import functional

from hortus.data.image_facts import ImageFacts
from hortus.data.mask_classes import VOID
from hortus.errors import SettingError
from hortus.nets import scene_augmentation as together
from hortus.nets.atrous import AtrousPyramid, alike, atrous
from hortus.nets.randomness import generator
from hortus.nets.scene_training import class_weights, pixel_loss
from hortus.nets.segmentation import rates_for
from hortus.spaces.auto_deeplab import STRIDES, AutoDeepLab, AutoDeepLabSpace, params_of
from hortus.spaces.deeplab import DeepLab, DeepLabSpace
from hortus.testing.spaces import check_shapes, drawn, learned

SHAPE, CLASSES = (3, 48, 64), 5
FACTS = ImageFacts(*SHAPE, CLASSES, 100)


@pytest.fixture(params=[AutoDeepLabSpace, DeepLabSpace], ids=["auto_deeplab", "deeplab"])
def space(request):
    return request.param(FACTS)


def test_an_atrous_filter_sees_every_rth_pixel():
    made = atrous(1, 1, rate=3)[0]
    with torch.no_grad():
        made.weight.copy_(torch.arange(9.0).reshape(1, 1, 3, 3))
    x = torch.zeros(1, 1, 13, 13)
    x[0, 0, 6, 6] = 1.0
    seen = made(x)[0, 0]
    assert seen.shape == (13, 13)
    assert torch.equal(seen[3:10:3, 3:10:3], torch.arange(8.0, -1.0, -1.0).reshape(3, 3))
    assert (seen != 0).sum() == 8


def test_the_pyramid_keeps_the_map_and_sees_all_of_it():
    made = AtrousPyramid(4, 6, rates=(1, 2)).eval()
    x = torch.randn(1, 4, 9, 12, generator=generator(0))
    changed = x.clone()
    changed[:, :, 8, 11] += 5.0
    assert made(x).shape == (1, 6, 9, 12)
    assert (made(x) - made(changed))[:, :, 0, 0].abs().max() > 0
    assert rates_for((33, 33)) == (6, 12, 18)


def test_alike_averages_on_the_way_down_and_is_bilinear_on_the_way_up():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert torch.equal(alike(x, 2, 2), functional.avg_pool2d(x, 2))
    assert alike(torch.ones(1, 1, 7, 9), 2, 3).unique().tolist() == [1.0]
    assert alike(x, 8, 5).shape == (1, 1, 8, 5)


def test_candidates_build_run_and_have_the_maps_that_were_planned(space):
    for _, candidate in drawn(space, 2):
        network = candidate.build(SHAPE, CLASSES, seed=0).eval()
        with torch.no_grad():
            logits = network(torch.randn((1, *SHAPE), generator=generator(0)))
            # The same weights for a scene of another size.
            assert network(torch.zeros(1, 3, 50, 37)).shape == (1, CLASSES, 50, 37)
        assert logits.shape == (1, CLASSES, *SHAPE[1:])
        assert torch.isfinite(logits).all()
        assert learned(candidate.plan(SHAPE, CLASSES)) == sum(p.numel() for p in network.parameters())
        for shape in ((1, 1, 1), (3, 33, 50)):
            check_shapes(candidate.plan(shape, CLASSES), "cpu")


def test_a_candidate_is_its_params_scales_and_is_drawn(space, tmp_path):
    settings = json.loads(json.dumps(space.to_json()))
    assert settings.pop("name") == space.name
    again = type(space)(FACTS, **settings)
    for trial, candidate in drawn(space, 4):
        assert dict(candidate.params) == trial.params
        rebuilt = again(FixedTrial(json.loads(json.dumps(dict(candidate.params)))))
        assert rebuilt == candidate
        assert rebuilt.key() == candidate.key()
        assert learned(candidate.scaled(width=2.0).plan(SHAPE, 5)) > learned(candidate.plan(SHAPE, 5))
        assert candidate.scaled(width=2.0).key() != candidate.key()
    candidate.draw(tmp_path / "network.svg")
    assert ElementTree.parse(tmp_path / "network.svg").getroot().tag.endswith("svg")  # noqa: S314


def test_paths_start_at_stride_four_and_moves_past_the_end_stay():
    space = AutoDeepLabSpace(FACTS, layers=3, blocks=1)
    cell = {"cell.0.first": "skip_connect", "cell.0.second": "sep_conv_3x3"}
    stays, same = (
        space(FixedTrial({**cell, "path.0": move, "path.1": "coarser", "path.2": "coarser"}))
        for move in ("finer", "same")
    )
    assert [STRIDES[level] for level in stays.levels] == [4, 8, 16]
    assert stays.describe() == same.describe()
    assert stays.key() == same.key()
    # All paths of three layers, by hand: 2 first moves, then from 4 two and from 8 three, and so on.
    paths = {()}
    for _ in range(3):
        paths = {(*path, to) for path in paths for to in range(4) if abs(to - (path[-1] if path else 0)) <= 1}
    assert space.size == len(paths) * 7**2


def test_params_of_is_the_inverse_of_asking():
    space = AutoDeepLabSpace(FACTS)
    for _, candidate in drawn(space, 5, seed=3):
        assert isinstance(candidate, AutoDeepLab)
        kept = {f"{g.source}>{n}": g.operation for n, genes in enumerate(candidate.nodes, 2) for g in genes}
        edges = {f"{source}>{block + 2}": "none" for block in range(3) for source in range(block + 2)}
        found = space(FixedTrial(params_of(space, edges | kept, candidate.levels)))
        assert found.describe() == candidate.describe()
    with pytest.raises(SettingError, match="has 0 edges"):
        params_of(space, edges, [0] * 6)


def test_the_paper_s_size_is_the_default_without_scenes():
    space = AutoDeepLabSpace()
    assert (space.layers, space.blocks, space.width, space.shared_width) == (12, 5, 20, 8)
    assert (space.stem, space.decoded) == (64, 256)
    assert 1e16 < space.size < 1e20
    with pytest.raises(SettingError, match="operations"):
        AutoDeepLabSpace(operations=["none"])


def test_a_deeplab_of_stride_eight_ends_there():
    shapes = {layer.name: layer.shape for layer in DeepLab(stride=8).plan(SHAPE, 5).layers}
    assert shapes["head/pyramid"][1:] == (6, 8)
    assert "stage2/0" not in shapes


def test_the_loss_ignores_void_and_weighs_classes():
    logits = torch.randn(2, 3, 4, 4, generator=generator(1), requires_grad=True)
    masks = torch.randint(0, 3, (2, 4, 4), generator=generator(2))
    masks[:, 0] = VOID
    weights = class_weights([0.9, 0.1, 0.0])
    found = pixel_loss(logits, masks, weights)
    logs = -torch.log_softmax(logits, 1)
    counts = [(b, y, x) for b in range(2) for y in range(1, 4) for x in range(4)]
    total = sum(weights[masks[at]] * logs[at[0], masks[at], at[1], at[2]] for at in counts)
    assert found.item() == pytest.approx((total / sum(weights[masks[at]] for at in counts)).item(), rel=1e-5)
    found.backward()
    assert logits.grad[:, :, 0].abs().max() == 0
    assert pixel_loss(logits, torch.full_like(masks, VOID), weights).item() == 0
    assert weights[1] > weights[0]


def test_scene_and_mask_are_changed_together():
    drawn_by = generator(0)
    masks = torch.randint(0, 4, (6, 20, 24), generator=drawn_by).to(torch.uint8)
    x = masks[:, None].float()
    x, y = together.flip(*together.crop(x, masks, (12, 30), drawn_by), drawn_by)
    assert x.shape == (6, 1, 12, 30)
    inside = y != VOID
    assert torch.equal(x[:, 0][inside], y[inside].float())
    assert (x[:, 0][~inside] == 0).all()
    assert 0 < (~inside).float().mean() < 0.5
    big = torch.zeros(1, 8, 8, dtype=torch.uint8)
    big[:, 4:] = 3
    scene, mask = together.scale(big[:, None].float(), big, 2.0)
    assert scene.shape == (1, 1, 16, 16)
    assert mask[0, :, 0].tolist() == [0] * 8 + [3] * 8
    factors = [together.drawn_factor(drawn_by) for _ in range(200)]
    assert min(factors) >= 0.75
    assert max(factors) <= 1.5
