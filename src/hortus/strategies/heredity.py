"""What children take from their parents: crossover and mutation of answers, in flat spaces and in trees.

In a tree the name of a parameter is its path: ``root/0/kind`` belongs to the node at ``root/0``, whose children
stand at ``root/0/0`` and so on. A node's *head* is the answer that says what the node is (its ``kind``, its
``model``). Nodes whose heads have the same last name can stand in each other's place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial

from hortus.strategies.genes import nudge, other


class Gene(NamedTuple):
    """An answer, and the question's distribution where it was last asked."""

    value: Any
    distribution: BaseDistribution


Genome = dict[str, Gene]


def genome(trial: FrozenTrial) -> Genome:
    """The answers of ``trial``, in the order of their names."""
    return {name: Gene(trial.params[name], trial.distributions[name]) for name in sorted(trial.params)}


def positions(genes: Genome) -> list[str]:
    """The paths of all nodes, in order.

    >>> from optuna.distributions import CategoricalDistribution as C
    >>> kind = Gene("a", C(("a", "b")))
    >>> positions({"root/model": kind, "root/0/kind": kind, "root/0/pca.size": kind})
    ['root', 'root/0']
    """
    return sorted({name.rpartition("/")[0] for name in genes if "/" in name})


def under(path: str, genes: Genome) -> Genome:
    """The genes of the node at ``path`` and of all below it."""
    return {name: gene for name, gene in genes.items() if name.startswith(path + "/")}


def without(path: str, genes: Genome) -> Genome:
    """The genes of everything but the node at ``path`` and what is below it."""
    return {name: gene for name, gene in genes.items() if not name.startswith(path + "/")}


def replanted(genes: Genome, source: str, target: str) -> Genome:
    """The subtree at ``source``, its names as if it stood at ``target``."""
    return {target + name[len(source) :]: gene for name, gene in under(source, genes).items()}


def head(path: str, genes: Genome) -> str:
    """The name of the answer that says what the node at ``path`` is; "" where it has none."""
    own = [name for name in genes if name.rpartition("/")[0] == path]
    kinds = [n for n in own if isinstance(genes[n].distribution, CategoricalDistribution)]
    return min(kinds, key=lambda n: ("." in n.rpartition("/")[2], n), default="")


def _inner(genes: Genome) -> list[str]:
    return [path for path in positions(genes) if "/" in path and head(path, genes)]


def _role(path: str, genes: Genome) -> str:
    return head(path, genes).rpartition("/")[2]


def _pick(items: list[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]


def uniform_crossover(mother: Genome, father: Genome, rng: np.random.Generator) -> Genome:
    """Each answer from either parent; those that only one has are kept."""
    child = {}
    for name in sorted({*mother, *father}):
        if name in mother and name in father:
            child[name] = mother[name] if rng.random() < 0.5 else father[name]
        else:
            child[name] = mother.get(name) or father[name]
    return child


def subtree_crossover(mother: Genome, father: Genome, rng: np.random.Generator) -> Genome:
    """The mother's tree with one subtree of the father's in the place of hers, from the same or another place."""
    places = _inner(mother)
    if not places:
        return uniform_crossover(mother, father, rng)
    target = _pick(places, rng)
    sources = [path for path in _inner(father) if _role(path, father) == _role(target, mother)]
    if not sources:
        return uniform_crossover(mother, father, rng)
    source = target if target in sources and rng.random() < 0.5 else _pick(sources, rng)
    return {**without(target, mother), **replanted(father, source, target)}


def subtree_mutation(child: Genome, rng: np.random.Generator) -> Genome:
    """Redraw, shrink or grow one subtree.

    What is dropped is asked anew. Growing puts a new node above an old one, which becomes its first input.
    """
    places = _inner(child)
    if not places:
        return point_mutation(child, rng)
    path = _pick(places, rng)
    name = head(path, child)
    kept = without(path, child)
    fresh = {name: Gene(other(child[name].distribution, child[name].value, rng), child[name].distribution)}
    way = int(rng.integers(3))
    if way == 0:
        return {**kept, **fresh}
    if way == 1:
        below = [p for p in places if p.startswith(path + "/") and _role(p, child) == _role(path, child)]
        return {**kept, **(replanted(child, _pick(below, rng), path) if below else fresh)}
    return {**kept, **fresh, **replanted(child, path, path + "/0")}


def point_mutation(child: Genome, rng: np.random.Generator) -> Genome:
    """Change one answer: a number by a small or large step, a category to another."""
    movable = [name for name, gene in child.items() if not gene.distribution.single()]
    if not movable:
        return child
    name = _pick(movable, rng)
    value, distribution = child[name]
    # Steps from 2 % to half of the range: fine and coarse moves are equally likely.
    scale = float(np.exp(rng.uniform(np.log(0.02), np.log(0.5))))
    return {**child, name: Gene(nudge(distribution, value, rng, scale=scale), distribution)}
