"""Where a learning curve will end: laws of learning, averaged by how well they explain what was seen.

Domhan, Springenberg and Hutter 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks by
Extrapolation of Learning Curves" (IJCAI): a curve is a mixture of parametric laws, here y = c - a phi(x) + noise with
phi from 1 at the first step down towards 0. Where they sample the laws' parameters by Markov chains, the shape of a law
is taken here from a grid, and (c, a, noise) are integrated out: with a normal-inverse-gamma prior that is exact, the
same every time, and a thousand curves take a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

# The prior, in units of the range that was seen: a curve ends where it is, give or take so much, having risen by the
# range, give or take so much; and the noise has about this share of it, known about as well as from so many points.
END, RISE = 0.2, 0.5
NOISE, SURE = 0.1, 3.0
EXPECTED = np.array([0.0, 1.0])
# A curve that did not move yet has a range all the same: this share of its level.
STILL = 1e-3


@dataclass(frozen=True)
class Law:
    """A way in which learning slows down.

    Attributes:
        name: of its family.
        phi: what is left to learn at step x >= 1; 1 at x = 1, never rising.
    """

    name: str
    phi: Callable[[Values], Values]


def _power(b: float) -> Law:
    return Law("power", lambda x: x**-b)


def _exponential(k: float, last: float) -> Law:
    return Law("exponential", lambda x: np.exp(-k * (x - 1.0) / last))


def _logarithm(last: float) -> Law:
    return Law("logarithm", lambda x: 1.0 - np.log(x) / np.log(max(2.0, last)))


def _weibull(k: float, d: float, last: float) -> Law:
    return Law("weibull", lambda x: np.exp(-k * ((x - 1.0) / last) ** d))


def _hill(k: float, d: float, last: float) -> Law:
    return Law("hill", lambda x: 1.0 / (1.0 + k * ((x - 1.0) / last) ** d))


@lru_cache(maxsize=64)
def laws(last: float, families: tuple[str, ...] = ()) -> tuple[Law, ...]:
    """The laws of a curve whose last step is ``last``.

    Families, as in Domhan et al. (table 1): power law (pow3), exponential (exp3), logarithm (ilog2, log-power),
    Weibull and Janoschek, and Hill (hill3, Morgan-Mercer-Flodin).

    Args:
        last: the step that is extrapolated to.
        families: those wanted, by name; none for all.
    """
    found = [_power(b) for b in (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)]
    found += [_exponential(k, last) for k in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)]
    found += [_logarithm(last)]
    found += [_weibull(k, d, last) for d in (0.5, 2.0) for k in (1.0, 3.0, 10.0, 30.0)]
    found += [_hill(k, d, last) for d in (1.0, 2.0, 3.0) for k in (1.0, 3.0, 10.0, 30.0, 100.0)]
    return tuple(law for law in found if not families or law.name in families)


@dataclass(frozen=True)
class Extrapolation:
    """What is expected of curves at their last step.

    Attributes:
        mean: (n,) expected values.
        deviation: (n,) standard deviations, the noise of one value included.
    """

    mean: Values
    deviation: Values

    def above(self, threshold: float) -> Values:
        """(n,) the probability of a value above ``threshold``, taken as normal."""
        from scipy.special import ndtr

        found: Values = ndtr((self.mean - threshold) / np.maximum(self.deviation, 1e-12))
        return found


def extrapolate(values: ArrayLike, steps: ArrayLike, last: float, *, families: Sequence[str] = ()) -> Extrapolation:
    """Extrapolate learning curves to step ``last``.

    Args:
        values: (n, k) what was measured, finite, greater is better; k >= 1.
        steps: (k,) when, rising, from 1 on.
        last: the step that is asked for; where it was reached already, the value there is returned as it is.
        families: laws by name, as of `laws`; none for all.

    >>> steps = np.arange(1.0, 31.0)
    >>> found = extrapolate([0.9 - 0.5 / steps], steps, 100.0, families=["power"])
    >>> found.mean.round(3).tolist()
    [0.895]
    """
    y = np.atleast_2d(np.asarray(values, dtype=np.float64))
    x = np.asarray(steps, dtype=np.float64)
    level = y[:, -1:]
    if x[-1] >= last:
        return Extrapolation(y[:, -1].copy(), np.zeros(len(y)))
    scale = np.maximum(np.ptp(y, axis=1, keepdims=True), STILL * np.maximum(np.abs(level), STILL))
    z = (y - level) / scale
    known = laws(float(last), tuple(families))
    phi = np.stack([law.phi(x) for law in known])
    end = np.array([float(law.phi(np.array([last]))[0]) for law in known])
    # Rows (1, -phi): z = c - a phi. Each law's curve is asked for at its end, and c is that end plus what phi leaves.
    design = np.stack([np.ones_like(phi), end[:, None] - phi], axis=2)
    return _averaged(z, design, level[:, 0], scale[:, 0])


def _averaged(z: Values, design: Values, level: Values, scale: Values) -> Extrapolation:
    """Bayesian linear regression under every law, averaged by evidence.

    With the end of the law itself as first coefficient, the prediction is that coefficient: its posterior is a
    Student's t (Bishop 2006, exercise 3.12 and 3.13, give posterior and evidence).

    Args:
        z: (n, k) values from the last one on, in units of their range.
        design: (J, k, 2).
        level: (n,) the last values.
        scale: (n,) the ranges.
    """
    k = z.shape[1]
    prior = np.diag([1.0 / END**2, 1.0 / RISE**2]) * NOISE**2
    precision = prior + np.einsum("jki,jkl->jil", design, design)
    inverse = np.linalg.inv(precision)
    moment = np.einsum("jki,nk->nji", design, z) + prior @ EXPECTED
    mean = np.einsum("jil,njl->nji", inverse, moment)
    shape = 0.5 * (SURE + k)
    left = (z**2).sum(1)[:, None] + EXPECTED @ prior @ EXPECTED - np.einsum("nji,nji->nj", mean, moment)
    rate = 0.5 * (SURE * NOISE**2 + np.maximum(left, 0.0))
    evidence = -0.5 * np.linalg.slogdet(precision)[1] - shape * np.log(rate)
    weight = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    # Learning does not unlearn: a law whose coefficient a is below 0 is another one's mirror image.
    weight = weight * (mean[:, :, 1] > 0) + 1e-12
    weight /= weight.sum(axis=1, keepdims=True)
    noise = rate / (shape - 1.0)
    spread = noise * (1.0 + inverse[:, 0, 0])
    expected = (weight * mean[:, :, 0]).sum(1)
    variance = (weight * (spread + mean[:, :, 0] ** 2)).sum(1) - expected**2
    return Extrapolation(level + scale * expected, scale * np.sqrt(np.maximum(variance, 0.0)))
