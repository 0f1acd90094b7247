"""What every step of the registry keeps to."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from scipy import sparse
from sklearn.base import clone

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.features import STEPS

VARIANTS = {
    "impute": [{}, {"strategy": "mean", "indicators": False}],
    "scale": [{"method": "standard"}, {"method": "robust"}, {"method": "quantile"}],
    "select": [{"method": "information"}, {"method": "trees", "share": 0.2}],
    "pca": [{}, {"replace": True, "components": 3}],
    "onehot": [{}, {"max_categories": 3}],
    "target": [{}, {"min_categories": 2, "smooth": 10.0}],
}
CASES = [(name, params) for name in STEPS for params in VARIANTS.get(name, [{}])]
KINDS = {"binary": 2, "multiclass": 3, "regression": 0}


def table(rows=120, numbers=4, sizes=(2, 3, 7, 40), *, seed=0, text=True, gaps=0.1):
    rng = np.random.default_rng(seed)
    number = rng.normal(size=(rows, numbers)) * 10.0 ** np.arange(numbers)
    codes = np.column_stack([np.minimum(rng.geometric(0.3, rows) - 1, k - 1) for k in sizes] or [np.empty((rows, 0))])
    dense = np.hstack([number, codes]).astype(np.float32)
    dense[rng.random(dense.shape) < gaps] = np.nan
    columns = [MatrixColumn(f"n{i}", f"n{i}") for i in range(numbers)]
    columns += [MatrixColumn(f"c{i}", f"c{i}", categories=k) for i, k in enumerate(sizes)]
    block = sparse.csr_array(rng.random((rows, 5)).astype(np.float32)) if text else None
    dense.flags.writeable = False  # as a memory-mapped file is
    return Matrix(dense, tuple(columns), block)


def target(kind, rows=120, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=rows) if kind == "regression" else np.arange(rows) % KINDS[kind]


def fit(name, params, X, kind="binary", y=None, seed=0, classes=None):
    step = STEPS[name](**params)
    y = target(kind, len(X)) if y is None else y
    given = step.fit_transform(X, y, kind=kind, classes=KINDS[kind] if classes is None else classes, seed=seed)
    return step, given


def check(matrix, rows):
    assert matrix.dense.shape == (rows, len(matrix.columns))
    assert matrix.dense.dtype == np.float32
    assert not np.isinf(matrix.dense).any()
    names = [column.name for column in matrix.columns]
    assert len(set(names)) == len(names)
    for i, column in enumerate(matrix.columns):
        if column.categories:
            codes = matrix.dense[:, i]
            codes = codes[~np.isnan(codes)]
            assert ((codes >= 0) & (codes < column.categories) & (codes == np.floor(codes))).all()


def same(left, right):
    assert left.columns == right.columns
    np.testing.assert_array_equal(left.dense, right.dense)


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_gives_a_sound_matrix_and_leaves_its_input_alone(name, params, kind):
    X = table()
    before = X.dense.copy()
    step, given = fit(name, params, X, kind)
    check(given, 120)
    later = step.transform(X)
    check(later, 120)
    assert later.columns == given.columns
    assert given.text is X.text
    assert later.text is X.text
    np.testing.assert_array_equal(X.dense, before)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_the_same_seed_gives_the_same_and_a_clone_too(name, params):
    X = table()
    step, given = fit(name, params, X, "multiclass")
    _, again = fit(name, params, X, "multiclass")
    same(given, again)
    assert clone(step).get_params() == step.get_params() == {**STEPS[name]().get_params(), **params}


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_its_state_survives_the_disk_exactly(name, params, kind, tmp_path):
    step, _ = fit(name, params, table(), kind)
    save_state(tmp_path, step.state())
    restored = STEPS[name](**params)
    restored.restore(load_state(tmp_path))
    later = table(50, seed=5)
    same(restored.transform(later), step.transform(later))


@pytest.mark.parametrize(("name", "params"), CASES)
def test_one_row_comes_out_as_it_does_among_others(name, params):
    X = table()
    step, _ = fit(name, params, X)
    all_rows = step.transform(X)
    for i in (0, 7, 119):
        one = step.transform(X.rows(np.asarray([i])))
        check(one, 1)
        np.testing.assert_allclose(one.dense[0], all_rows.dense[i], rtol=1e-5, atol=1e-5)
    check(step.transform(X.rows(np.asarray([], dtype=int))), 0)


def edge(**changes):
    return table(**{"text": False, **changes})


EDGES = {
    "no categories": lambda: edge(sizes=()),
    "no numbers": lambda: edge(numbers=0),
    "no gaps": lambda: edge(gaps=0.0),
    "nothing but gaps": lambda: edge(gaps=1.0),
    "one number": lambda: edge(numbers=1, sizes=()),
    "one category": lambda: edge(numbers=0, sizes=(3,)),
    "two rows": lambda: edge(rows=2),
    "one row": lambda: edge(rows=1),
}


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("name_of_edge", EDGES)
def test_edges(name, params, name_of_edge):
    X = EDGES[name_of_edge]()
    for kind in ("binary", "regression"):
        step, given = fit(name, params, X, kind)
        check(given, len(X))
        assert given.columns
        later = table(
            numbers=sum(not c.categories for c in X.columns),
            sizes=tuple(c.categories for c in X.columns if c.categories),
            seed=9,
        )
        check(step.transform(later), 120)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_empty_constant_and_huge_columns_in_a_fold(name, params):
    X = table(text=False)
    dense = X.dense.copy()
    dense[:, 0] = np.nan
    dense[:, 1] = 3.0
    dense[::2, 2], dense[1::2, 2] = np.finfo(np.float32).max, -np.finfo(np.float32).max
    dense[:, 4] = np.nan
    dense[:, 5] = 1.0
    X = Matrix(dense, X.columns)
    for kind in KINDS:
        step, given = fit(name, params, X, kind)
        check(given, 120)
        check(step.transform(table(seed=4, text=False)), 120)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_a_class_may_be_missing_in_a_fold(name, params):
    step, given = fit(name, params, table(), "multiclass", y=np.arange(120) % 2, classes=3)
    check(given, 120)
    check(step.transform(table(seed=3)), 120)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_makes_no_gaps_of_its_own(name, params):
    """Learners that cannot take gaps are given an imputing step only where the table has some."""
    X = table(gaps=0.0)
    step, given = fit(name, params, X)
    assert not np.isnan(given.dense).any()
    assert not np.isnan(step.transform(table(seed=8, gaps=0.0)).dense).any()


@pytest.mark.parametrize(("name", "params"), CASES)
def test_ten_thousand_columns(name, params):
    rng = np.random.default_rng(0)
    numbers = Matrix(
        rng.normal(size=(60, 10_000)).astype(np.float32), tuple(MatrixColumn(f"n{i}", "") for i in range(10_000))
    )
    step, given = fit(name, params, numbers)
    check(given, 60)
    check(step.transform(numbers.rows(np.asarray([0]))), 1)


@pytest.mark.parametrize("name", list(STEPS))
def test_its_domain_is_asked_under_its_prefix_and_builds_it(name):
    X = table()
    facts = Facts("binary", 2, 120, 96, X.columns, missing=True)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(5):
        trial = study.ask()
        params = STEPS[name].domain(trial, "model.step.", facts)
        assert {f"model.step.{key}": value for key, value in params.items()} == trial.params
        again = STEPS[name].domain(optuna.trial.FixedTrial(trial.params), "model.step.", facts)
        assert again == params
        _, given = fit(name, params, X)
        check(given, 120)


def test_names_are_the_table_s():
    assert all(STEPS[name].name == name for name in STEPS)
