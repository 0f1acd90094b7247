"""The one training loop: it learns, stops in time, goes on from a checkpoint, and draws from its own seed alone."""

import math
import time

import numpy as np
import pytest
from sklearn.datasets import load_digits

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from hortus.errors import ArtifactError, SettingError  # noqa: E402
from hortus.nets import augmentation  # noqa: E402
from hortus.nets.convolutions import quick_convolutions  # noqa: E402
from hortus.nets.counting import latency, multiply_adds, parameters  # noqa: E402
from hortus.nets.randomness import generator, own_randomness  # noqa: E402
from hortus.nets.recipe import ADAM, Recipe, make_recipe  # noqa: E402
from hortus.nets.training import DivergedError, Normalizer, Training, probabilities  # noqa: E402
from hortus.nets.weights import load_tensors, save_tensors  # noqa: E402

ROWS = 480


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    return torch.tensor(found.images[:, None], dtype=torch.float32), torch.tensor(found.target)


def network(seed=0, dropout=0.0):
    with own_randomness(seed):
        return nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1, bias=False),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(16 * 12, 10),
        )


def training(epochs=2, rows=ROWS, seed=0, net=None, **wanted):
    recipe = make_recipe(rows, (1, 8, 8), epochs=epochs, **wanted)
    normalize = Normalizer((4.9,), (6.0,), place=torch.device("cpu"))
    return Training(net or network(seed), recipe, normalize, total=epochs * rows, seed=seed)


def weights(made):
    return torch.cat([p.detach().flatten() for p in made.network.parameters()])


def test_it_learns_digits_and_leaves_a_curve(digits):
    pixels, y = digits
    made = training(epochs=6)

    def score():
        predicted = probabilities(made.network, made.normalize, pixels[ROWS:]).argmax(1)
        return float((predicted == y[ROWS:]).double().mean())

    made.advance(pixels[:ROWS], y[:ROWS], judge=score)
    assert len(made.curve) == 6
    assert made.curve[-1].score > 0.85
    assert made.curve[-1].loss < made.curve[0].loss
    assert [epoch.at for epoch in made.curve] == pytest.approx([k / 6 for k in range(1, 7)])
    assert made.at == 1.0


def test_the_schedule_warms_up_and_comes_to_its_end():
    made = training(learning_rate=0.2, warmup=0.25)
    assert made.rate(0.0) == pytest.approx(0.02)
    assert made.rate(0.25) == pytest.approx(0.2)
    assert made.rate(0.625) == pytest.approx(0.1)
    assert made.rate(1.0) == pytest.approx(0.0)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_stored_and_continued_is_the_same_as_straight_on(digits, tmp_path, dropout):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    straight = training(epochs=4, net=network(dropout=dropout))
    straight.advance(pixels, y)
    first = training(epochs=4, net=network(dropout=dropout))
    first.advance(pixels, y, until=0.5)
    first.save(tmp_path / "half.safetensors")
    second = training(epochs=4, net=network(seed=9))
    second.network[5].p = dropout
    second.restore(tmp_path / "half.safetensors")
    assert second.seen == first.seen
    assert len(second.curve) == 2
    second.advance(pixels, y)
    assert torch.equal(weights(second), weights(straight))
    assert [e.loss for e in second.curve] == [e.loss for e in straight.curve]


@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_adamw_learns_and_goes_on_from_what_it_stored(digits, tmp_path, schedule):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    how = {"optimizer": "adamw", "schedule": schedule, "learning_rate": 0.3}
    straight = training(epochs=4, **how)
    straight.advance(pixels, y)
    assert straight.curve[-1].loss < 0.8 * straight.curve[0].loss
    first = training(epochs=4, **how)
    first.advance(pixels, y, until=0.5)
    first.save(tmp_path / "half.safetensors")
    second = training(epochs=4, net=network(seed=9), **how)
    second.restore(tmp_path / "half.safetensors")
    second.advance(pixels, y)
    assert torch.equal(weights(second), weights(straight))


def test_schedules_come_down_as_they_are_called():
    ends = {name: training(schedule=name).rate(1.0) for name in ("cosine", "linear", "constant")}
    peak = training().recipe.learning_rate
    assert ends == pytest.approx({"cosine": 0.0, "linear": 0.0, "constant": peak}, abs=1e-12)
    halves = {name: training(schedule=name).rate(0.575) for name in ("cosine", "linear")}
    assert halves == pytest.approx({"cosine": peak / 2, "linear": peak / 2})
    assert training(optimizer="adamw").rate(0.15) == pytest.approx(ADAM * peak)


def test_fewer_images_and_lower_resolution_first_then_all_of_them(digits):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    made = training(epochs=3)
    made.advance(pixels[:160], y[:160], until=1 / 9, resolution=0.5)
    assert made.seen == 160
    made.advance(pixels, y)
    assert made.at == 1.0
    assert made.seen == pytest.approx(3 * ROWS, abs=2 * made.recipe.batch)


def test_the_global_random_state_is_neither_used_nor_moved(digits):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    found = []
    for state in (1, 2):
        with own_randomness(state):
            before = torch.random.get_rng_state()
            made = training(epochs=1, net=network(dropout=0.5), crop=1, flip=True, cutout=2)
            made.advance(pixels, y)
            assert torch.equal(torch.random.get_rng_state(), before)
        found.append(weights(made))
    assert torch.equal(*found)
    other = training(epochs=1, seed=1, net=network(dropout=0.5))
    other.advance(pixels, y)
    assert not torch.equal(weights(other), found[0])


def test_a_deadline_cuts_the_epochs_and_the_schedule_still_ends(digits):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    made = training(epochs=5000)
    begin = time.monotonic()
    made.advance(pixels, y, deadline=begin + 0.8)
    assert time.monotonic() - begin < 10
    assert made.at == pytest.approx(1.0, abs=0.05)
    assert made.seen < 5000 * ROWS


def test_a_deadline_that_has_passed_still_leaves_a_network(digits):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    made = training(epochs=50)
    made.advance(pixels, y, deadline=time.monotonic() - 1.0)
    assert made.at == 1.0
    assert 0 < made.seen <= ROWS


def test_what_diverges_says_so(digits):
    pixels, y = digits[0][:ROWS], digits[1][:ROWS]
    made = training(epochs=2, learning_rate=1e12, clip=1e30, warmup=1e-4)
    with pytest.raises(DivergedError, match="epoch 0"):
        made.advance(pixels, y)


def test_a_batch_is_never_larger_than_the_images(digits):
    pixels, y = digits[0][:5], digits[1][:5]
    made = training(epochs=3, rows=5)
    made.advance(pixels, y)
    assert made.seen >= 12


def test_smoothing_decay_and_groups():
    made = training()
    decayed, plain = made._optimizer.param_groups
    assert decayed["weight_decay"] == made.recipe.weight_decay
    assert plain["weight_decay"] == 0.0
    assert all(p.ndim == 1 for p in plain["params"])


def test_crops_move_images_and_keep_their_pixels():
    x = torch.zeros(50, 2, 9, 9)
    x[:, :, 4, 4] = 1.0
    moved = augmentation.crop(x, 3, generator(0))
    assert moved.shape == x.shape
    assert torch.equal(moved.sum(dim=(2, 3)), torch.ones(50, 2))
    places = {tuple(p) for p in moved[:, 0].nonzero()[:, 1:].tolist()}
    assert len(places) > 15
    assert all(1 <= row <= 7 and 1 <= column <= 7 for row, column in places)
    assert torch.equal(moved[:, 0], moved[:, 1])


def test_flips_mirror_half_of_the_images():
    x = torch.arange(3.0).repeat(200, 1, 1, 1)
    flipped = augmentation.flip(x, generator(0))[:, 0, 0, 0] == 2.0
    assert 70 < int(flipped.sum()) < 130


def test_cutout_zeroes_one_square():
    x = torch.ones(100, 1, 12, 12)
    cut = augmentation.cutout(x, 4, generator(0))
    gone = (cut == 0).sum(dim=(1, 2, 3))
    assert int(gone.max()) == 16
    assert int(gone.min()) >= 4
    first = (cut[0, 0] == 0).nonzero()
    assert (first.max(dim=0).values - first.min(dim=0).values <= 3).all()


def test_a_lower_resolution_keeps_what_is_tiny():
    assert augmentation.resize(torch.zeros(1, 3, 32, 16), 0.5).shape == (1, 3, 16, 8)
    assert augmentation.resize(torch.zeros(1, 1, 3, 8), 0.25).shape == (1, 1, 3, 4)


def test_costs_are_counted_as_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 36, 5))
    assert parameters(net) == 3 * 8 * 9 + 8 + 8 * 36 * 5 + 5
    assert multiply_adds(net, (3, 6, 6)) == 36 * 3 * 8 * 9 + 8 * 36 * 5
    assert 0 < latency(net, (3, 6, 6)) < 1
    assert net.training


def test_tiny_batches_are_convolved_alike_and_the_quicker_for_others_is_put_back():
    net, x = network().eval(), torch.randn(16, 1, 8, 8, generator=generator(0))
    assert torch.backends.mkldnn.is_available()
    plain = net(x)
    with quick_convolutions(x):
        assert not torch._C._get_mkldnn_enabled()
        assert torch.allclose(net(x), plain, atol=1e-5)
    with quick_convolutions(torch.zeros(17, 1, 8, 8)):
        assert torch._C._get_mkldnn_enabled()
    with pytest.raises(ZeroDivisionError), quick_convolutions(x):
        _ = 1 / 0
    assert torch._C._get_mkldnn_enabled()


def test_half_precision_weights_are_stored_too(tmp_path):
    twice = torch.ones(3, dtype=torch.bfloat16)
    save_tensors(tmp_path / "w.safetensors", {"a": twice, "b": twice, "c": torch.tensor(2)})
    found, _ = load_tensors(tmp_path / "w.safetensors")
    assert torch.equal(found["a"], twice)
    assert torch.equal(found["b"], twice)
    assert found["c"].item() == 2


def test_weights_are_stored_without_pickle_and_damage_is_found(tmp_path):
    save_tensors(tmp_path / "w.safetensors", {"a": torch.ones(2, 3)}, {"epoch": 3})
    found, about = load_tensors(tmp_path / "w.safetensors")
    assert torch.equal(found["a"], torch.ones(2, 3))
    assert about == {"epoch": 3}
    (tmp_path / "w.safetensors").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ArtifactError, match="cannot be read"):
        load_tensors(tmp_path / "w.safetensors")
    save_tensors(tmp_path / "other.safetensors", {"network.a": torch.ones(1)}, {"seen": 0})
    with pytest.raises(ArtifactError, match="not those of this network"):
        training().restore(tmp_path / "other.safetensors")


def test_recipes_fit_the_images():
    assert make_recipe(1000, (1, 8, 8)).cutout == 0
    assert make_recipe(50_000, (3, 32, 32)) == Recipe(
        batch=128, learning_rate=0.1, crop=4, flip=True, cutout=8, epochs=12.0
    )
    assert not make_recipe(1000, (1, 28, 28)).flip
    with pytest.raises(SettingError, match="learning_rate"):
        make_recipe(100, (1, 8, 8), learnin_rate=0.1)


def test_probabilities_sum_to_one_and_leave_the_mode_alone(digits):
    pixels, _ = digits
    net = network().train()
    found = probabilities(net, Normalizer((4.9,), (6.0,), place=torch.device("cpu")), pixels[:1100])
    assert found.shape == (1100, 10)
    np.testing.assert_allclose(found.sum(1), 1.0)
    assert net.training
    assert math.isfinite(float(found.min()))
