"""The edit distance between grown networks, against small independent computations."""

import itertools

import numpy as np
import pytest

from hortus.nets.distance import SKIPS, distances
from hortus.nets.grown import STEPS, Body
from hortus.seeds import stream


def grown(seed, steps=5):
    rng, body = stream(seed, "grown"), Body.small(8)
    for _ in range(steps):
        sites = body.sites(STEPS[int(rng.integers(4))], most=7)
        if sites:
            body = body.after(sites[int(rng.integers(len(sites)))])
    return body


def units_by_recursion(a, b):
    if not a or not b:
        return float(len(a) + len(b))
    change = np.mean([abs(x - y) / max(x, y) for x, y in zip(a[-1], b[-1], strict=True)])
    return min(
        units_by_recursion(a[:-1], b) + 1,
        units_by_recursion(a, b[:-1]) + 1,
        units_by_recursion(a[:-1], b[:-1]) + change,
    )


def skips_by_trying_all(a, b):
    if len(a) > len(b):
        a, b = b, a
    costs = [
        sum(
            (abs(s[0] - t[0]) + abs(s[1] - t[1])) / (max(s[0], t[0]) + max(s[1], t[1]))
            for s, t in zip(a, order, strict=False)
        )
        for order in itertools.permutations(b, len(a))
    ]
    return min(costs) + len(b) - len(a)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_the_definition_says(seed):
    one, other = grown(seed), grown(seed + 10)
    units = [[(u.width, u.kernel, u.stride) for u in body.units] for body in (one, other)]
    spans = [[(body.place(a) + 1, body.place(b) - body.place(a)) for a, b in body.skips] for body in (one, other)]
    expected = units_by_recursion(*units) + SKIPS * skips_by_trying_all(*spans)
    assert distances([one], [other])[0, 0] == pytest.approx(expected)


def test_it_is_symmetric_and_zero_between_equals_alone():
    bodies = [grown(seed) for seed in range(6)]
    found = distances(bodies, bodies)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(np.diag(found), 0.0)
    unlike = [i != j and bodies[i] != bodies[j] for i, j in itertools.product(range(6), repeat=2)]
    assert (found.ravel()[unlike] > 0).all()
