import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from hortus.strategies.genes import draw, fits, from_unit, nudge, other, to_unit
from hortus.strategies.heredity import (
    Gene,
    head,
    point_mutation,
    positions,
    replanted,
    subtree_crossover,
    subtree_mutation,
    under,
    uniform_crossover,
)

KIND = CategoricalDistribution(("rows", "step", "union"))
MODEL = CategoricalDistribution(("svm", "linear"))
SIZE = FloatDistribution(0.0, 1.0)


def kind(value):
    return Gene(value, KIND)


MOTHER = {
    "root/model": Gene("svm", MODEL),
    "root/svm.C": Gene(0.5, SIZE),
    "root/0/kind": kind("union"),
    "root/0/0/kind": kind("rows"),
    "root/0/1/kind": kind("step"),
    "root/0/1/pca.size": Gene(0.1, SIZE),
    "root/0/1/0/kind": kind("rows"),
}
FATHER = {
    "root/model": Gene("linear", MODEL),
    "root/0/kind": kind("step"),
    "root/0/pca.size": Gene(0.9, SIZE),
    "root/0/0/kind": kind("rows"),
}


def test_nodes_and_their_heads():
    assert positions(MOTHER) == ["root", "root/0", "root/0/0", "root/0/1", "root/0/1/0"]
    assert head("root/0/1", MOTHER) == "root/0/1/kind"
    assert head("root", MOTHER) == "root/model"


def test_a_subtree_is_replanted_whole():
    assert replanted(FATHER, "root/0", "root/0/1") == {
        "root/0/1/kind": kind("step"),
        "root/0/1/pca.size": Gene(0.9, SIZE),
        "root/0/1/0/kind": kind("rows"),
    }


def test_subtree_crossover_puts_one_of_the_fathers_subtrees_in():
    grafts = {
        target: [replanted(FATHER, source, target) for source in ("root/0", "root/0/0")]
        for target in positions(MOTHER)
        if target != "root"
    }
    seen = set()
    for seed in range(60):
        child = subtree_crossover(MOTHER, FATHER, np.random.default_rng(seed))
        assert child["root/model"].value == "svm"
        fitting = [t for t, choices in grafts.items() if under(t, child) in choices]
        kept = [
            t
            for t in fitting
            if {n: g for n, g in child.items() if not n.startswith(f"{t}/")}
            == {n: g for n, g in MOTHER.items() if not n.startswith(f"{t}/")}
        ]
        assert kept
        seen.update(kept)
    assert seen == set(grafts)


def test_a_model_never_lands_where_an_input_stands():
    father = {"root/model": Gene("linear", MODEL), "root/0/model": Gene("svm", MODEL)}
    for seed in range(20):
        child = subtree_crossover(MOTHER, father, np.random.default_rng(seed))
        assert "root/0/1/model" not in child


def test_subtree_mutation_redraws_shrinks_and_grows():
    changed = {"shrunk": 0, "grown": 0, "redrawn": 0}
    for seed in range(90):
        child = subtree_mutation(MOTHER, np.random.default_rng(seed))
        assert child != MOTHER
        assert child["root/model"] == MOTHER["root/model"]
        depth = max(name.count("/") for name in child)
        changed["grown"] += depth > 4
        changed["shrunk"] += "root/0/1/kind" not in child
        changed["redrawn"] += child["root/0/kind"].value != "union"
    assert min(changed.values()) > 3


def test_uniform_crossover_takes_from_both_and_loses_nothing():
    a = {f"x{i}": Gene(0.0, SIZE) for i in range(30)} | {"only mother": Gene(0.2, SIZE)}
    b = {f"x{i}": Gene(1.0, SIZE) for i in range(30)} | {"only father": Gene(0.3, SIZE)}
    child = uniform_crossover(a, b, np.random.default_rng(0))
    assert set(child) == set(a) | set(b)
    assert 5 < sum(child[f"x{i}"].value for i in range(30)) < 25


def test_point_mutation_changes_one_answer():
    for seed in range(30):
        child = point_mutation(MOTHER, np.random.default_rng(seed))
        assert sum(child[name] != gene for name, gene in MOTHER.items()) == 1


DISTRIBUTIONS = [
    FloatDistribution(-3.0, 5.0),
    FloatDistribution(1e-5, 10.0, log=True),
    FloatDistribution(0.0, 1.0, step=0.25),
    IntDistribution(1, 9),
    IntDistribution(1, 1000, log=True),
    IntDistribution(2, 20, step=3),
    CategoricalDistribution((True, 1, "1", None)),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_drawn_and_moved_answers_are_allowed(distribution):
    rng = np.random.default_rng(0)
    for _ in range(200):
        value = draw(distribution, rng)
        moved = nudge(distribution, value, rng, scale=0.1)
        assert fits(distribution, value)
        assert fits(distribution, moved)
        assert (type(moved), moved) != (type(value), value)
        assert fits(distribution, other(distribution, value, rng))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS[:-1], ids=str)
def test_the_unit_interval_and_back(distribution):
    rng = np.random.default_rng(1)
    for _ in range(50):
        value = draw(distribution, rng)
        assert from_unit(distribution, to_unit(distribution, value)) == pytest.approx(value)


def test_a_draw_gives_every_step_the_same_chance():
    rng = np.random.default_rng(2)
    found = [draw(IntDistribution(0, 3), rng) for _ in range(4000)]
    assert np.bincount(found).min() > 900
