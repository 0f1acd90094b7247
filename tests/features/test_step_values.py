"""Each step's numbers against a reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler, TargetEncoder

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.features import STEPS
from hortus.features.relevance import bins, information
from hortus.features.target import FOLDS, _folds


def numbers(dense):
    return Matrix(
        np.asarray(dense, dtype=np.float32), tuple(MatrixColumn(f"n{i}", f"n{i}") for i in range(dense.shape[1]))
    )


def categories(dense, sizes):
    columns = tuple(MatrixColumn(f"c{i}", f"c{i}", categories=k) for i, k in enumerate(sizes))
    return Matrix(np.asarray(dense, dtype=np.float32), columns)


def run(name, X, y=None, kind="regression", classes=0, seed=0, **params):
    step = STEPS[name](**params)
    y = np.arange(len(X)) if y is None else y
    return step, step.fit_transform(X, y, kind=kind, classes=classes, seed=seed)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("kind", "classes"), [("regression", 0), ("binary", 2), ("multiclass", 4)])
@pytest.mark.parametrize("smooth", [None, 5.0])
def test_target_equals_scikit_learn_s(rng, kind, classes, smooth):
    codes = np.column_stack([rng.integers(0, k, 400) for k in (6, 30)])
    y = rng.normal(1000, 3, 400) + codes[:, 0] if kind == "regression" else rng.integers(0, classes, 400)
    step, cross = run("target", categories(codes, (6, 30)), y, kind, classes, seed=3, smooth=smooth)

    def reference(rows):
        target_type = {"regression": "continuous"}.get(kind, kind)
        encoder = TargetEncoder(smooth="auto" if smooth is None else smooth, target_type=target_type)
        return encoder.fit(codes[rows], y[rows])

    everything = np.arange(400)
    np.testing.assert_allclose(
        step.transform(categories(codes, (6, 30))).dense, reference(everything).transform(codes), rtol=1e-5, atol=1e-6
    )
    folds = _folds(y, kind, 3)
    for fold in range(FOLDS):
        held = folds == fold
        expected = reference(everything[~held]).transform(codes[held])
        np.testing.assert_allclose(cross.dense[held], expected, rtol=1e-5, atol=1e-6)


def test_target_of_a_row_never_reaches_it(rng):
    codes = rng.integers(0, 40, (300, 1))
    y = rng.integers(0, 2, 300)
    _, before = run("target", categories(codes, (40,)), y, "binary", 2)
    value = rng.normal(size=300)
    _, first = run("target", categories(codes, (40,)), value)
    value[17] += 1e6
    _, second = run("target", categories(codes, (40,)), value)
    assert first.dense[17, 0] == pytest.approx(second.dense[17, 0], rel=1e-3, abs=1e-3)
    noise = np.corrcoef(before.dense[:, 0], y)[0, 1]
    assert noise < 0.15  # the categories say nothing; in-fold means would correlate at about 0.35


def test_target_folds_spread_every_class_evenly(rng):
    y = rng.permutation(np.repeat([0, 1, 2], [200, 50, 10]))
    folds = _folds(y, "multiclass", 0)
    for k, count in enumerate((200, 50, 10)):
        assert (np.bincount(folds[y == k], minlength=FOLDS) == count // FOLDS).all()


def test_target_leaves_short_columns_and_knows_missing_and_unseen():
    codes = np.asarray([[0, 0], [1, 1], [0, 2], [1, np.nan], [0, 3], [1, np.nan]])
    y = np.asarray([0.0, 1.0, 2.0, 9.0, 4.0, 9.0])
    step, _ = run("target", categories(codes, (2, 8)), y, smooth=0.0)
    later = step.transform(categories(np.asarray([[1, np.nan], [0, 7]]), (2, 8)))
    assert [(c.name, c.categories) for c in later.columns] == [("c0", 2), ("c1 target mean", 0)]
    np.testing.assert_allclose(later.dense, [[1, 9], [0, y.mean()]], rtol=1e-6)


def test_onehot_equals_scikit_learn_s(rng):
    codes = np.column_stack([rng.integers(0, k, 300) for k in (2, 3, 9)])
    _, given = run("onehot", categories(codes, (2, 3, 9)))
    expected = OneHotEncoder(drop="if_binary", sparse_output=False).fit_transform(codes)
    assert given.dense.shape == expected.shape
    order = [int(np.flatnonzero((expected == column[:, None]).all(axis=0))[0]) for column in given.dense.T]
    assert sorted(order) == list(range(expected.shape[1]))


def test_onehot_groups_the_rare_as_scikit_learn_does(rng):
    codes = (rng.geometric(0.25, (500, 1)) - 1).clip(max=19)
    _, given = run("onehot", categories(codes, (20,)), max_categories=5)
    encoder = OneHotEncoder(max_categories=5, sparse_output=False).fit(codes)
    expected = encoder.transform(codes)
    assert given.dense.shape[1] == expected.shape[1] == 5
    np.testing.assert_array_equal(given.dense[:, -1], expected[:, -1])
    assert {tuple(c) for c in given.dense.T} == {tuple(c) for c in expected.T}


def test_onehot_of_missing_is_all_zero_and_unseen_joins_the_rare():
    step, given = run(
        "onehot", categories(np.asarray([[0], [0], [0], [1], [1], [2], [3], [np.nan]]), (9,)), max_categories=3
    )
    np.testing.assert_array_equal(given.dense[-1], [0, 0, 0])
    np.testing.assert_array_equal(
        step.transform(categories(np.asarray([[8], [0]]), (9,))).dense, [[0, 0, 1], [1, 0, 0]]
    )
    assert [c.categories for c in given.columns] == [0, 0, 0]


def test_count_is_the_share_of_rows():
    step, given = run("count", categories(np.asarray([[0], [0], [1], [np.nan]]), (5,)))
    np.testing.assert_array_equal(given.dense[:, 0], np.float32([0.5, 0.5, 0.25, 0.25]))
    assert step.transform(categories(np.asarray([[4]]), (5,))).dense[0, 0] == 0


def test_impute_takes_median_mean_and_codes():
    dense = np.asarray([[1, 0, 2], [2, np.nan, 2], [9, 1, 0], [np.nan, 1, 2]])
    columns = (MatrixColumn("n", "n"), MatrixColumn("c", "c", categories=2), MatrixColumn("d", "d", categories=3))
    X = Matrix(dense.astype(np.float32), columns)
    step, given = run("impute", X)
    np.testing.assert_array_equal(given.dense[3], [2, 1, 2, 1])
    assert given.dense[1, 1] == 2  # a code of its own
    assert [c.categories for c in given.columns] == [0, 3, 3, 0]
    assert given.columns[3].name == "n is missing"
    # Never missing in training: the commonest code.
    later = step.transform(Matrix(np.full((1, 3), np.nan, dtype=np.float32), columns))
    np.testing.assert_array_equal(later.dense, [[2, 2, 2, 1]])
    _, mean = run("impute", X, strategy="mean", indicators=False)
    assert mean.dense.shape == (4, 3)
    assert mean.dense[3, 0] == 4


def test_robust_scaling_is_realmlp_s_formula(rng):
    x = rng.normal(5, 3, 101).astype(np.float32)
    flag = (np.arange(101) < 90).astype(np.float32) * 4
    _, given = run("scale", numbers(np.column_stack([x, flag])), method="robust")
    z = (x - np.median(x)) / (np.quantile(x, 0.75) - np.quantile(x, 0.25))
    np.testing.assert_allclose(given.dense[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-4, atol=1e-5)
    z = (flag - 4) / 2  # the quartiles coincide: half the range divides
    np.testing.assert_allclose(given.dense[:, 1], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-5)
    assert np.abs(given.dense).max() < 3


def test_standard_scaling_equals_scikit_learn_s_and_leaves_flags(rng):
    x = rng.normal(5, 3, (50, 2))
    x[3, 1] = np.nan
    flags = rng.integers(0, 2, (50, 1))
    _, given = run("scale", numbers(np.hstack([x, flags])), method="standard")
    np.testing.assert_allclose(given.dense[:, :2], StandardScaler().fit_transform(x), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(given.dense[:, 2:], flags)


def test_quantile_scaling_is_near_scikit_learn_s(rng):
    x = np.column_stack([rng.lognormal(size=5000), rng.integers(0, 9, 5000)])
    _, given = run("scale", numbers(x), method="quantile")
    expected = QuantileTransformer(output_distribution="normal", n_quantiles=1000).fit_transform(x)
    inner = np.abs(expected[:, 0]) < 2.5
    np.testing.assert_allclose(given.dense[inner, 0], expected[inner, 0], atol=0.03)
    assert np.corrcoef(given.dense[:, 1], x[:, 1])[0, 1] > 0.95
    assert np.abs(given.dense).max() < 3.5


def test_pca_equals_scikit_learn_s(rng):
    x = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))
    _, given = run("pca", numbers(x), components=3, replace=True)
    expected = PCA(3).fit_transform(StandardScaler().fit_transform(x))
    signs = np.sign((given.dense * expected).sum(axis=0))
    np.testing.assert_allclose(given.dense * signs, expected, rtol=1e-3, atol=1e-3)
    _, wide = run("pca", numbers(rng.normal(size=(40, 600))), components=100, replace=True)
    assert wide.dense.shape == (40, 40)


def test_arithmetic_finds_the_product_that_decides(rng):
    x = rng.normal(size=(800, 5))
    y = (x[:, 1] * x[:, 3] > 0).astype(int)
    _, given = run("arithmetic", numbers(x), y, "binary", 2, n_new=3)
    assert given.columns[5].name in {"n1 * n3", "n1 / n3", "n3 / n1"}
    with_both = given.dense[:, 5]
    assert np.mean((with_both > 0) == y) > 0.99
    assert given.columns[5].source == "n1 & n3"


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
def test_arithmetic_computes_what_it_says(rng, sign):
    x = rng.normal(size=(600, 3)).round(1)
    x[:10], x[11, 0], x[12, 1] = 0, np.nan, np.nan
    a, b = (pd.Series(x[:, i].astype(np.float32), dtype=float) for i in (0, 1))
    wanted = {"+": a + b, "-": a - b, "*": a * b, "/": (a / b.where(b != 0)).where((b != 0) | a.isna(), 0.0)}[sign]
    _, given = run("arithmetic", numbers(x), wanted.fillna(0).to_numpy(), n_new=1)
    assert given.columns[3].name == f"n0 {sign} n1"
    np.testing.assert_allclose(given.dense[:, 3], wanted, rtol=1e-5, atol=1e-6)


def test_crosses_find_the_pair_that_decides(rng):
    codes = rng.integers(0, 4, (1000, 4))
    y = (codes[:, 0] + codes[:, 2]) % 2
    step, given = run("crosses", categories(codes, (4,) * 4), y, "binary", 2, n_new=1)
    assert given.columns[4].name == "c0 x c2"
    assert given.columns[4].categories == 17  # and one for the rare and unseen
    pure = pd.Series(y).groupby(given.dense[:, 4]).nunique()
    assert (pure == 1).all()
    X = categories(np.full((1, 4), np.nan), (4,) * 4)
    assert step.transform(X).dense[0, 4] == 16


def test_groups_are_pandas_groupby(rng):
    group = rng.integers(0, 30, 3000)
    value = rng.normal(group % 7, 1 + group % 5)
    by = pd.Series(value).groupby(group)
    wanted = {
        "mean": by.transform("mean").to_numpy(),
        "spread": by.transform(lambda v: v.std(ddof=0)).to_numpy(),
        "deviation": value - by.transform("mean").to_numpy(),
    }
    unseen = {"mean": value.mean(), "spread": value.std(), "deviation": 100 - value.mean()}
    columns = (MatrixColumn("v", "v"), MatrixColumn("g", "g", categories=31))
    X = Matrix(np.column_stack([value, group]).astype(np.float32), columns)
    for statistic, expected in wanted.items():
        step, given = run("groups", X, expected, n_new=1)
        assert given.columns[2].name == f"v {statistic} by g"
        np.testing.assert_allclose(given.dense[:, 2], expected, rtol=1e-4, atol=1e-4)
        later = step.transform(Matrix(np.asarray([[100, 30]], dtype=np.float32), columns))
        assert later.dense[0, 2] == pytest.approx(unseen[statistic], rel=1e-4)


@pytest.mark.parametrize("method", ["information", "trees"])
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_select_keeps_what_matters(rng, method, kind):
    x = rng.normal(size=(600, 10))
    x[:, 0] = 1
    y = x[:, 4] + x[:, 7]
    y = (y > 0).astype(int) if kind == "binary" else y
    _, given = run("select", numbers(x), y, kind, 2 if kind == "binary" else 0, share=0.2, method=method)
    assert [c.name for c in given.columns] == ["n4", "n7"]


def test_variance_leaves_out_what_hardly_varies(rng):
    x = np.zeros((1000, 4))
    x[0, 1], x[:300, 2], x[:, 3] = 1, 1, np.nan
    _, given = run("variance", numbers(x), share=0.99)
    assert [c.name for c in given.columns] == ["n2"]
    _, left = run("variance", numbers(x[:, [0, 3]]), share=0.99)
    assert len(left.columns) == 1


def test_information_is_zero_by_chance_and_the_entropy_when_certain(rng):
    y = rng.integers(0, 3, 3000)
    assert abs(information(bins(rng.normal(size=3000)), y)) < 0.02
    assert information(y, y) == pytest.approx(np.log(3), abs=0.01)
    assert information(rng.permutation(3000), y) == pytest.approx(0, abs=1e-9)  # an identifier says nothing
    assert information(rng.integers(0, 900, 3000), y) < 0


def test_bins_are_even_and_keep_ties_together(rng):
    values = rng.normal(size=3200)
    assert np.bincount(bins(values, 32))[1:].tolist() == [100] * 32
    tied = bins(np.float32([1, 1, 1, 1, 2, np.nan]), 4)
    assert len(set(tied[:4])) == 1
    assert tied[5] == 0
