"""Spaces of networks: what they draw builds, fits every size of image, and is its params and no more."""

import subprocess
import sys

import optuna
import pytest
import torch
from optuna.trial import FixedTrial

from hortus.errors import SettingError
from hortus.nets.limits import cost
from hortus.spaces import SPACES
from hortus.spaces.cell import EDGES, OPERATIONS, Cell, CellSpace, cells
from hortus.spaces.darts_cell import NODES, DartsSpace
from hortus.spaces.entire import EntireSpace
from hortus.spaces.hierarchical import HierarchicalSpace
from hortus.spaces.mnasnet import BLOCKS, MnasSpace
from hortus.spaces.morphism import MorphismSpace
from hortus.spaces.tables import CellTable, location
from hortus.testing.spaces import COLOUR, GREY, PHOTOGRAPH, NetworkSpaceContract, drawn, learned

optuna.logging.set_verbosity(optuna.logging.WARNING)

NETWORKS = ("cell", "darts", "entire", "hierarchical", "mnasnet", "morphism")


class TestEveryNetworkSpace(NetworkSpaceContract):
    @pytest.fixture(params=NETWORKS)
    def make(self, request):
        return SPACES[request.param]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_spaces_say_how_large_they_are(name):
    size = SPACES[name]().size
    assert isinstance(size, int)
    assert size > 1000


def test_importing_the_spaces_imports_no_torch():
    code = (
        "import sys\nfrom hortus.spaces import SPACES\nfrom optuna.trial import FixedTrial\n"
        f"for name in {NETWORKS!r}:\n    SPACES[name]()\n"
        "plan = SPACES['morphism']()(FixedTrial({'steps': 0})).plan((3, 32, 32), 10)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Parameters of the benchmark's second seed, in its own numbering of the cells.
KNOWN = {0: 129306, 42: 587386, 857: 858426, 6111: 1073466, 9930: 1288506, 13714: 1073466}


def benchmark_network(operations):
    return Cell(tuple(operations), repeats=5, width=16)


def test_cells_have_the_benchmark_s_parameters_and_multiply_adds():
    for operations in (
        ("nor_conv_3x3",) * 6,
        ("nor_conv_1x1",) * 6,
        ("avg_pool_3x3", "skip_connect", "nor_conv_3x3", "nor_conv_1x1", "skip_connect", "nor_conv_3x3"),
        ("skip_connect", "none", "nor_conv_3x3", "none", "none", "nor_conv_1x1"),
        ("none", "none", "none", "nor_conv_3x3", "none", "none"),
    ):
        small, large = operations.count("nor_conv_1x1"), operations.count("nor_conv_3x3")
        found = cost(benchmark_network(operations).plan(COLOUR, 10))
        assert found.parameters == 73_306 + 243_040 * large + 28_000 * small
        # The stem, two residual blocks and the linear layer are the constant.
        assert found.multiply_adds == 7_783_040 + 35_389_440 * large + 3_932_160 * small
    assert learned(benchmark_network(("none",) * 6).plan(COLOUR, 100)) == 79_156


def test_known_cells_of_the_table_have_its_parameters():
    if location() is None:
        pytest.skip("the table of NAS-Bench-201 is not here")
    for dataset, classes, shape in (("cifar10", 10, 32), ("cifar100", 100, 32), ("imagenet16", 120, 16)):
        table = CellTable.read(dataset)
        for row, known in KNOWN.items():
            cell = benchmark_network(OPERATIONS[i] for i in table.operations[row])
            found = learned(cell.plan((3, shape, shape), classes))
            assert found == table.parameters[row]
            assert dataset != "cifar10" or found == known


def test_edges_that_lead_nowhere_are_kept_and_not_run():
    cell = Cell(("nor_conv_3x3", "none", "none", "skip_connect", "none", "none"), repeats=1)
    plan = cell.plan(COLOUR, 10)
    live = {layer.name for layer in plan.live}
    assert "stage0/cell0/0>1:nor_conv_3x3" not in live
    assert learned(plan) == learned(Cell((*cell.operations[:3], "none", "none", "none"), repeats=1).plan(COLOUR, 10))


def test_a_cell_of_nothing_has_constant_outputs():
    network = Cell(("none",) * 6, repeats=1).build(GREY, 3, seed=0).eval()
    with torch.no_grad():
        first, second = network(torch.randn((2, *GREY), generator=torch.Generator().manual_seed(1)))
    assert torch.equal(first, second)


def test_cells_without_facts_are_the_benchmark_s():
    candidate = CellSpace()(FixedTrial(Cell(("none",) * 6).params))
    assert (candidate.repeats, candidate.width) == (5, 16)
    assert len(list(cells())) == CellSpace().size == 15_625
    assert CellSpace(operations=["none", "nor_conv_3x3"]).size == 64


def test_a_darts_cell_has_two_inputs_four_nodes_and_two_edges_a_node():
    for _, candidate in drawn(DartsSpace(), 10):
        plan = candidate.plan(COLOUR, 10)
        for cell in range(8):
            inside = [layer for layer in plan.layers if layer.name.startswith(f"cell{cell}/")]
            edges = [layer.name for layer in inside if ">" in layer.name]
            assert sum("/in" in layer.name for layer in inside) == 2
            assert len(edges) == 2 * NODES
            ends = [name.split("/")[1].split(":")[0].split(">") for name in edges]
            assert len({tuple(end) for end in ends}) == 2 * NODES
            assert all(int(source) < int(target) for source, target in ends)
            assert "none" not in " ".join(edges)
        width = 16 << sum(cell >= place for place in (2, 5) for cell in [7])
        assert plan[plan.layers[-1].inputs[0]].shape == (NODES * width, 8, 8)
    assert DartsSpace().size == (180 * 7**8) ** 2


def test_a_darts_network_halves_at_a_third_and_two_thirds():
    plan = drawn(DartsSpace(), 1)[0][1].plan(COLOUR, 10)
    sides = [plan[f"cell{cell}/out"].shape[1] for cell in range(8)]
    assert sides == [32, 32, 16, 16, 16, 8, 8, 8]


def test_mnasnet_blocks_have_their_layers_widths_and_options():
    space = MnasSpace()
    assert space.size == 432**7
    # The paper counts 432^5, about 10^13, for five blocks.
    assert 1.4e13 < MnasSpace(blocks=5).size < 1.6e13
    for _, candidate in drawn(space, 10):
        plan = candidate.plan(PHOTOGRAPH, 10)
        for number, (block, (width, layers, stride)) in enumerate(zip(candidate.blocks, BLOCKS, strict=True)):
            own = [
                layer
                for layer in plan.layers
                if layer.name.startswith(f"block{number}/") and layer.name.count("/") == 1
            ]
            assert len(own) == max(1, layers + block.layers)
            assert [layer.stride for layer in own] == [stride] + [1] * (len(own) - 1)
            assert {layer.shape[0] for layer in own} == {int(width * block.filters / 4 + 0.5) * 4}
            assert {layer.settings["kernel"] for layer in own} == {block.kernel}
        assert plan["last"].shape[1:] == (7, 7)


def test_skips_of_a_chain_reach_any_pair():
    space = EntireSpace(depth=5)
    pairs = {
        (source, number)
        for _, candidate in drawn(space, 100)
        for number, layer in enumerate(candidate.layers, start=1)
        for source in layer.skips
    }
    assert pairs == {(source, number) for number in range(2, 6) for source in range(number - 1)}


def test_a_hierarchy_counts_types_nodes_and_cells():
    space = HierarchicalSpace(types=2, nodes=2, cells=2)
    found = [candidate for _, candidate in drawn(space, 300)]
    assert {len(c.types) for c in found} == {1, 2}
    assert {len(nodes) for c in found for nodes in c.types} == {1, 2}
    assert {len(c.positions) for c in found} == {1, 2}
    assert any(isinstance(node.operation, int) for c in found for nodes in c.types for node in nodes)
    # 7 + 7 * 7 * 2 * 3 cells of the first type, 8 + 8 * 8 * 6 of the second; 4 + 4 * 8 networks of them.
    assert space.size == (301 + 301 * 392) * 36


def test_a_hierarchy_s_name_looks_past_types_that_are_not_used():
    space = HierarchicalSpace()
    base = {"types": 1, "type0.nodes": 1, "type0.node0.operation": "nor_conv_3x3", "cells": 1}
    base |= {"position0.type": 0, "position0.halves": False}
    more = base | {"types": 2, "type1.nodes": 1, "type1.node0.operation": "max_pool_3x3"}
    other = more | {"position0.type": 1}
    assert space.canonical(base) == space.canonical(more) != space.canonical(other)
    nested = other | {"type1.node0.operation": "type0"}
    assert "cell1/0/node1/node1:nor_conv_3x3" in [
        layer.name for layer in space(FixedTrial(nested)).plan(GREY, 10).layers
    ]


def test_a_grown_network_s_parent_is_it_without_the_last_step():
    space = MorphismSpace()
    params = {"steps": 0}
    for number, kind in enumerate(("wider", "deeper", "skip", "kernel")):
        child = space.child(params, kind, 0.5)
        assert space.parent(child) == params
        assert space(FixedTrial(child)).growth[:number] == space(FixedTrial(params)).growth
        params = child
    assert space.parent({"steps": 0}) is None
    assert MorphismSpace(steps=4).child(params, "wider", 0.0) is None


def test_settings_that_cannot_be_used_are_refused():
    for make in (
        lambda: CellSpace(operations=["conv"]),
        lambda: CellSpace(repeats=-1),
        lambda: DartsSpace(operations=["none"]),
        lambda: EntireSpace(depth=51),
        lambda: HierarchicalSpace(nodes=0),
        lambda: MnasSpace(blocks=8),
        lambda: MorphismSpace(units=2),
    ):
        with pytest.raises(SettingError):
            make()
    assert len(EDGES) == 6
