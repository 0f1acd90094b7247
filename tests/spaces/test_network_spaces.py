"""Spaces of networks: what they draw builds, fits every size of image, and is its params and no more."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import optuna
import pytest
import torch
from optuna.trial import FixedTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError
from hortus.nets.build import outline
from hortus.nets.counting import parameters
from hortus.nets.limits import cost
from hortus.spaces import SPACES
from hortus.spaces.cell import EDGES, OPERATIONS, Cell, CellSpace, cells
from hortus.spaces.darts_cell import NODES, DartsSpace
from hortus.spaces.entire import EntireSpace
from hortus.spaces.hierarchical import HierarchicalSpace
from hortus.spaces.mnasnet import BLOCKS, MnasSpace
from hortus.spaces.morphism import MorphismSpace
from hortus.spaces.tables import CellTable, location
from hortus.strategies.evolution import Evolution
from hortus.testing.strategies import ask_and_tell

optuna.logging.set_verbosity(optuna.logging.WARNING)

NETWORKS = ("cell", "darts", "entire", "hierarchical", "mnasnet", "morphism")
GREY, COLOUR, PHOTOGRAPH = (1, 8, 8), (3, 32, 32), (3, 224, 224)
ODD = ((1, 1, 1), (3, 7, 9), (1, 2, 40), (3, 33, 5))


def facts(shape=GREY, classes=10):
    return ImageFacts(*shape, classes, 100)


def learned(plan):
    return parameters(outline(plan))


def drawn(space, count, seed=0):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    trials = [study.ask() for _ in range(count)]
    return [(trial, space(trial)) for trial in trials]


def check_shapes(plan, device, batch=2):
    """Run a plan's network and compare every layer's output with what the plan says of it."""
    network = outline(plan)
    network = network.to_empty(device=device) if device != "meta" else network
    wrong = []

    def compare(layer):
        def hook(module, inputs, output):
            expected = layer.shape[:1] if layer.operation == "head" else layer.shape
            if output.shape != (batch, *expected):
                wrong.append((layer.name, output.shape, layer.shape))

        return hook

    for layer in plan.layers:
        network.operations[layer.name].register_forward_hook(compare(layer))
    with torch.no_grad():
        network(torch.zeros((batch, *plan.shape), device=device))
    assert wrong == []


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [GREY, COLOUR], ids=["grey", "colour"])
def test_random_candidates_build_and_run(name, shape):
    for _, candidate in drawn(SPACES[name](facts(shape)), 20):
        network = candidate.build(shape, 10, seed=0)
        logits = network(torch.randn((2, *shape), generator=torch.Generator().manual_seed(0)))
        assert logits.shape == (2, 10)
        assert torch.isfinite(logits).all()
        built = sum(parameter.numel() for parameter in network.parameters())
        assert learned(candidate.plan(shape, 10)) == built
        assert min(min(layer.shape) for layer in network.plan.layers) >= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_every_size_of_image_fits_and_every_map_has_the_size_that_was_planned(name):
    (_, first), (_, second) = drawn(SPACES[name](), 2, seed=1)
    for candidate in (first.scaled(width=0.25, depth=0.5), second.scaled(width=0.25, depth=0.5)):
        for shape in (*ODD, GREY):
            check_shapes(candidate.plan(shape, 7), "cpu")
    plan = first.plan(PHOTOGRAPH, 7)
    check_shapes(plan, "meta")
    assert min(plan.layers[-2].shape[1:]) <= 56


@pytest.mark.parametrize("name", NETWORKS)
def test_a_candidate_is_its_params_as_json(name):
    space = SPACES[name](facts())
    settings = json.loads(json.dumps(space.to_json()))
    again = SPACES[settings.pop("name")](facts(), **settings)
    seen = {}
    for trial, candidate in drawn(space, 30):
        assert dict(candidate.params) == trial.params
        params = json.loads(json.dumps(dict(candidate.params)))
        rebuilt = again(FixedTrial(params))
        assert rebuilt == candidate
        assert hash(rebuilt) == hash(candidate)
        assert rebuilt.key() == candidate.key()
        assert rebuilt.plan(GREY, 10) == candidate.plan(GREY, 10)
        assert seen.setdefault(candidate.describe(), candidate.key()) == candidate.key()


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_question_allows_never_changes(name):
    space, asked = SPACES[name](facts()), {}
    for trial, _ in drawn(space, 200):
        for question, distribution in trial.distributions.items():
            assert asked.setdefault(question, distribution) == distribution


@pytest.mark.parametrize("name", NETWORKS)
def test_children_of_evolution_are_networks(name):
    space = SPACES[name](facts())

    def objective(trial):
        candidate = space(trial)
        assert candidate.plan(GREY, 10).layers[-1].shape == (10, 1, 1)
        # Something that hangs on the decisions in every space.
        return -float(len(candidate.describe()))

    study = optuna.create_study(direction="maximize")
    ask_and_tell(study, lambda seed: Evolution(seed=seed, population_size=10, crossover_rate=0.5), objective, 40)
    values = [trial.value for trial in study.trials]
    assert sum(values[-10:]) > sum(values[:10])


@pytest.mark.parametrize("name", NETWORKS)
def test_candidates_scale_and_are_drawn(name, tmp_path):
    for _, candidate in drawn(SPACES[name](facts(COLOUR)), 4, seed=2):
        narrow, wide = candidate.scaled(width=0.5), candidate.scaled(width=2.0, depth=3.0)
        few, some, many = (learned(c.plan(COLOUR, 10)) for c in (narrow, candidate, wide))
        assert few < some < many
        assert len({narrow.key(), candidate.key(), wide.key()}) == 3
        assert dict(wide.params) == dict(candidate.params)
        candidate.draw(tmp_path / "network.svg")
        root = ElementTree.fromstring((tmp_path / "network.svg").read_text(encoding="utf-8"))  # noqa: S314
        assert root.tag.endswith("svg")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_spaces_say_what_they_offer(name):
    space = SPACES[name](facts())
    assert {"sample", "mutate", "encode", "network", "scale"} <= SPACES[name].provides
    assert isinstance(space.size, int)
    assert space.size > 1000
    assert ("canonical" in space.provides) == hasattr(space, "canonical")
    assert ("morphs" in space.provides) == hasattr(space, "parent")


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
