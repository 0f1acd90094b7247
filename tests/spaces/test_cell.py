"""The decisions of the NAS-Bench-201 cell, and the benchmark's table of it."""

import numpy as np
import optuna
import pytest
from optuna.trial import FixedTrial

from hortus.errors import ReadError, SettingError
from hortus.spaces.cell import EDGES, NAMES, OPERATIONS, Cell, CellSpace, cells
from hortus.spaces.tables import DATASETS, CellTable, location

# The best cells by mean test accuracy, with that accuracy (Dong and Yang 2020, table 5, "optimal").
OPTIMAL = {"cifar10": 94.37, "cifar100": 73.51, "imagenet16": 47.31}


@pytest.fixture(scope="module")
def every():
    return list(cells())


@pytest.fixture(scope="module", params=DATASETS)
def table(request):
    if location() is None:
        pytest.skip("HORTUS_DATASETS names no folder with the table of NAS-Bench-201")
    return CellTable.read(request.param)


def test_there_are_as_many_cells_as_published(every):
    assert len(every) == len({cell.operations for cell in every}) == CellSpace().size == 15_625
    assert len({cell.canonical for cell in every}) == 6_466


def test_edges_are_in_the_order_of_the_architecture_string():
    assert EDGES == ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    cell = Cell.from_params(dict(zip(NAMES, (*OPERATIONS, "none"), strict=True)))
    assert cell.describe() == ("|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|")


def test_params_strings_and_places_lead_back_to_the_cell(every):
    for cell in every[::97]:
        assert Cell.from_string(cell.describe()) == cell
        assert Cell.from_params(cell.params) == cell
        assert CellSpace()(FixedTrial(cell.params)) == cell
        assert every[cell.index] == cell


def test_isomorphic_cells_have_one_name():
    space, only = CellSpace(), dict.fromkeys(NAMES, "none")
    # Two operations on the input, which reaches one of them by a skip connection: whichever it is.
    one = only | {"0>1": "skip_connect", "0>3": "nor_conv_1x1", "1>3": "nor_conv_3x3"}
    two = only | {"0>1": "skip_connect", "0>3": "nor_conv_3x3", "1>3": "nor_conv_1x1"}
    assert space.canonical(one) == space.canonical(two)
    # What comes to a node that leads nowhere is of no matter.
    assert space.canonical(one | {"0>2": "nor_conv_3x3"}) == space.canonical(one)
    assert space.canonical(one | {"0>2": "nor_conv_3x3", "2>3": "avg_pool_3x3"}) != space.canonical(one)
    assert space.canonical(one | {"0>3": "avg_pool_3x3"}) != space.canonical(one)


def test_a_subset_of_the_operations_asks_for_no_other():
    space = CellSpace(operations=("skip_connect", "nor_conv_3x3"))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = {space(study.ask()).operations for _ in range(40)}
    assert {operation for cell in found for operation in cell} == {"skip_connect", "nor_conv_3x3"}
    assert space.size == 64


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cell.from_params(dict.fromkeys(NAMES[1:], "none")),
        lambda: Cell.from_params(dict.fromkeys(NAMES, "nor_conv_5x5")),
        lambda: Cell.from_string("|none~0|+|none~0|none~1|"),
        lambda: Cell.from_string("|none~0|+|none~0|none~1|+|none~0|none~1|none~x|"),
        lambda: Cell.from_string(""),
        lambda: CellSpace(operations=()),
        lambda: CellSpace(operations=("none", "none")),
        lambda: CellSpace(operations=("conv",)),
        lambda: CellTable.read("cifar11"),
    ],
)
def test_what_is_no_cell_is_refused(make):
    with pytest.raises(SettingError):
        make()


def test_a_table_that_is_not_there_is_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("HORTUS_DATASETS", raising=False)
    for folder in (None, tmp_path):
        with pytest.raises(ReadError, match="not there"):
            CellTable.read("cifar10", folder)


def test_the_table_has_every_cell_and_the_published_optimum(table, every):
    rows = np.array([table.row(cell) for cell in every])
    assert sorted(rows) == list(range(15_625))
    for cell in every[::501]:
        assert tuple(OPERATIONS[i] for i in table.operations[table.row(cell)]) == cell.operations
    assert round(float(table.test.max()), 2) == OPTIMAL[table.dataset]
    assert table.regret(table.best) == 0.0
    assert table.regret(int(rows[0])) > 30  # Nothing but zeros: as good as guessing.


def test_isomorphic_cells_are_those_of_the_table(table, every):
    with np.load(location(), allow_pickle=False) as found:
        classes = found["iso_class"].tolist()
    names = {(cell.canonical, classes[table.row(cell)]) for cell in every}
    assert len(names) == len({name for name, _ in names}) == len(set(classes))


def test_a_search_sees_one_seed_of_each_cell_and_always_the_same(table):
    first, again, other = table.observed(1), table.observed(1), table.observed(2)
    np.testing.assert_array_equal(first, again)
    assert np.isfinite(first).all()
    assert ((first[:, None] == table.validation).any(axis=1)).all()
    assert 0.3 < (first != other).mean() < 0.9
    # In the mean over many seeds it is the mean over the table's.
    assert np.abs(np.mean([table.observed(s) - table.mean for s in range(20)])) < 0.05


def test_the_cheap_fidelity_costs_its_share_and_no_other_is_there(table):
    np.testing.assert_allclose(table.cost(12), table.cost(200) * 0.06)
    with pytest.raises(SettingError):
        table.cost(100)
