"""The fully connected CRF against all pairs of pixels."""

import numpy as np
import pytest

from hortus.errors import SettingError
from hortus.nets.dense_crf import CrfSettings, mean_field, places, refine
from hortus.nets.permutohedral import Lattice


def all_pairs(probabilities, pixels, settings):
    """The mean field with every pair's kernel in memory: the definition."""
    _, height, width = probabilities.shape
    y, x = np.mgrid[:height, :width]
    near = np.stack([y.ravel(), x.ravel()], 1) / settings.near_distance
    total = 0.0
    for weight, at in ((settings.alike, places(pixels, settings).astype(float)), (settings.near, near)):
        kernel = np.exp(-0.5 * ((at[:, None] - at[None]) ** 2).sum(2))
        root = 1 / np.sqrt(kernel.sum(1))
        total = total + weight * root[:, None] * kernel * root[None]
    kernel = total.astype(np.float32)
    return mean_field(probabilities, lambda held: kernel @ held, settings.steps)


@pytest.fixture
def noisy(scenes):
    """A scene, its mask, and probabilities of which three in ten point at any class."""
    rng = np.random.default_rng(0)
    pixels, mask = scenes[0][0].transpose(2, 0, 1).astype(np.float32), np.where(scenes[1][0] == 255, 0, scenes[1][0])
    said = np.where(rng.random(mask.shape) < 0.3, rng.integers(0, 4, mask.shape), mask)
    proba = np.full((4, *mask.shape), 0.15, dtype=np.float32)
    np.put_along_axis(proba, said[None], 0.55, 0)
    return pixels, mask, proba


def test_marginals_are_near_those_of_all_pairs(noisy):
    pixels, mask, proba = noisy
    settings = CrfSettings(alike_distance=8, alike_colour=20)
    exact, found = all_pairs(proba, pixels, settings), refine(proba, pixels, settings)
    assert np.allclose(found.sum(0), 1, atol=1e-5)
    assert np.abs(exact - found).mean() < 0.01
    assert (exact.argmax(0) == found.argmax(0)).mean() > 0.98
    before, after = ((p.argmax(0) == mask).mean() for p in (proba, found))
    assert after > before + 0.15


def test_the_near_kernel_alone_is_exact(noisy):
    pixels, _, proba = noisy
    settings = CrfSettings(alike=0.0)
    assert np.abs(all_pairs(proba, pixels, settings) - refine(proba, pixels, settings)).max() < 1e-4


def test_without_steps_nothing_changes(noisy):
    pixels, _, proba = noisy
    assert np.allclose(refine(proba, pixels, CrfSettings(steps=0)), proba, atol=1e-5)


def test_the_lattice_falls_off_about_as_a_gaussian_does():
    rng = np.random.default_rng(0)
    for dimensions in (2, 5):
        found = []
        for distance in (0.0, 0.7, 1.5, 4.0):
            heard = []
            for _ in range(60):
                way = rng.normal(size=dimensions)
                start = rng.normal(size=dimensions) * 5
                pair = np.stack([start, start + distance * way / np.linalg.norm(way)])
                heard.append(Lattice(pair)(np.array([[0.0], [1.0]], dtype=np.float32))[0, 0])
            found.append(np.mean(heard))
        # At no distance the point hears itself beside the other.
        assert found[0] > found[1] > found[2] > found[3]
        assert found[1] / found[0] == pytest.approx(np.exp(-0.5 * 0.7**2), abs=0.15)
        assert found[3] / found[0] < 0.01


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="above 0"):
        CrfSettings(near_distance=0)
    with pytest.raises(SettingError, match="too many deviations apart"):
        Lattice(np.array([[0.0] * 5, [1e6] * 5]))
