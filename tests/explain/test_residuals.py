import numpy as np
import pandas as pd
import pytest

from hortus.errors import SettingError
from hortus.explain.residuals import residuals


def evidence_of(known, spread, *, bias=0.0, weight=None, n=2000):
    x = np.random.default_rng(0).uniform(1, 10, n)
    y = x + bias + np.random.default_rng(1).normal(size=n) * spread(x)
    return known(pd.DataFrame({"x": x}), lambda f, _: f["x"].to_numpy(), y, weight=weight)


def test_errors_that_grow_with_the_prediction_are_told_from_even_ones(known):
    growing, even = residuals(evidence_of(known, lambda x: x)), residuals(evidence_of(known, lambda x: 1 + 0 * x))
    assert growing.uneven
    assert growing.spread > 0.3
    assert not even.uneven
    width = growing.by_level[:, 4] - growing.by_level[:, 0]
    assert width[-1] > 3 * width[0]
    assert (np.diff(growing.centres) > 0).all()
    assert growing.counts.sum() == 2000


def test_quantiles_and_bias(known):
    found = residuals(evidence_of(known, lambda x: 1 + 0 * x, bias=2.0))
    assert found.bias == pytest.approx(2, abs=0.1)
    np.testing.assert_allclose(found.quantiles, 2 + np.array([-1.645, -0.674, 0, 0.674, 1.645]), atol=0.15)
    assert len(found.predicted) == len(found.true) == 500


def test_rows_of_no_weight_do_not_count(known):
    weight = np.repeat([0.0, 1.0], 1000)
    evidence = evidence_of(known, lambda x: np.where(np.arange(2000) < 1000, 100.0, 1.0), weight=weight)
    found = residuals(evidence)
    assert np.abs(found.quantiles).max() < 3
    assert abs(found.bias) < 0.2


def test_a_constant_prediction_is_one_group(known):
    frame = pd.DataFrame({"x": np.arange(50.0)})
    found = residuals(known(frame, lambda f, _: np.full(len(f), 3.0), np.arange(50.0)))
    assert found.by_level.shape == (1, 5)
    assert (found.spread, found.spread_p, found.uneven) == (0, 1, False)


def test_a_real_table(diabetes):
    found = residuals(diabetes)
    assert abs(found.bias) < 10
    assert found.by_level.shape == (10, 5)
    assert set(found.true) <= set(diabetes.y)


def test_classes_have_none(wine):
    with pytest.raises(SettingError, match="Classes have no residuals"):
        residuals(wine)
