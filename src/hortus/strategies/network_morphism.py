"""Growth guided by a Bayesian surrogate: which morph of which trained network promises most.

Jin, Song and Hu 2019, "Auto-Keras: An Efficient Neural Architecture Search System" (KDD). A Gaussian process learns
from the networks trained so far, by an edit distance between architectures (section 3.1; `hortus.nets.distance`) that
is made Euclidean by Bourgain's embedding (Bourgain 1985), since an edit distance alone makes no valid kernel. The
acquisition is an upper confidence bound, and it is maximized over a tree whose nodes are networks and whose edges are
morphs, by A* search with simulated annealing (section 3.2, algorithm 1). Prediction and learning share the embedding:
with the raw distance in one of them, the kernel of one would not be the kernel of the other.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hortus.models.gaussian_process import GaussianProcess
from hortus.nets.distance import distances
from hortus.nets.grown import STEPS, Body
from hortus.strategies.base import Past, Proposal, Strategy, checked
from hortus.strategies.predictor import standings

Values = NDArray[np.float64]
Genes = dict[str, Any]

# A place is a share of the places that there are, in these steps.
PLACES = 64
# The distances are taken to random groups of the networks so far, so many of each size 1, 2, 4 ...
GROUPS = 4
# The networks that are learned from at most, the best half of them and the latest.
LEARNED = 60
# The annealing: T falls from 1 by a factor, and so many networks are expanded at most.
COOLING, COLD, EXPANDED = 0.9, 1e-4, 24


class NetworkMorphism(Strategy):
    """Auto-Keras's search as a sampler, over the space of growth.

    Args:
        seed: of this sampler.
        starts: networks of one step each that are tried after the smallest one, before anything is learned.
        boldness: beta of the upper confidence bound, mean + beta x standard deviation; the authors' 2.576.
        reach: most steps from a network that was trained; the fewer, the more a child inherits.
        units: units that a network may have, as the space has it.

    Raises:
        SettingError: an argument is out of its range.
    """

    requires: ClassVar[frozenset[str]] = frozenset({"morphs"})

    def __init__(
        self, *, seed: int = 0, starts: int = 4, boldness: float = 2.576, reach: int = 2, units: int = 12
    ) -> None:
        super().__init__(seed=seed)
        self.starts = int(checked("starts", starts, 0, 1_000_000))
        self.boldness = checked("boldness", boldness, 0, 1_000)
        self.reach = int(checked("reach", reach, 1, 1_000))
        self.units = int(checked("units", units, 3, 100))

    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:
        """The morph of the greatest acquisition that was not tried yet."""
        if number == 0:
            return Proposal({"steps": 0})
        tried = {shape(self._body(t.params)) for t in (*past.done, *past.others) if "steps" in t.params}
        known, standing = standings(past)
        grown = [place for place, trial in enumerate(known) if "steps" in trial.params]
        asked, targets = _latest([known[place] for place in grown], standing[grown])
        if number <= self.starts or len(asked) < 2:
            return Proposal(self._first(tried, rng))
        most = max(int(getattr(t.distributions["steps"], "high", 0)) for t in asked)
        bodies = [self._body(trial.params) for trial in asked]
        embed = _Embedding(bodies, rng)
        process = GaussianProcess.learned(embed(bodies), targets)

        def acquisition(candidates: Sequence[Body]) -> Values:
            mean, deviation = process.predict(embed(candidates))
            return mean + self.boldness * deviation

        nodes = [(dict(trial.params), body, trial.number) for trial, body in zip(asked, bodies, strict=True)]
        steps = {trial.number: int(trial.params["steps"]) for trial in asked}
        found = self._searched(nodes, acquisition(bodies), acquisition, tried, most, steps, rng)
        return Proposal(self._first(tried, rng)) if found is None else Proposal(found[0], (found[1],))

    def _searched(
        self,
        nodes: Sequence[tuple[Genes, Body, int]],
        worth: Values,
        acquisition: Any,
        tried: set[Any],
        most: int,
        trained: Mapping[int, int],
        rng: np.random.Generator,
    ) -> tuple[Genes, int] | None:
        """Algorithm 1: from a queue of networks, the best is taken and its morphs are put in, with a chance."""
        count = itertools.count()
        queue = [(-float(value), next(count), node) for value, node in zip(worth, nodes, strict=True)]
        heapq.heapify(queue)
        best, highest, heat, seen = None, -math.inf, 1.0, set(tried)
        for _ in range(EXPANDED):
            if not queue or heat < COLD:
                break
            _, _, (genes, body, parent) = heapq.heappop(queue)
            heat *= COOLING
            children = [child for child in self._children(genes, body, most) if shape(child[1]) not in seen]
            if not children:
                continue
            for value, (child, grown) in zip(
                acquisition([grown for _, grown in children]).tolist(), children, strict=True
            ):
                seen.add(shape(grown))
                if value > highest:
                    best, highest = (child, parent), value
                near = int(child["steps"]) - trained[parent] < self.reach
                if near and rng.random() < math.exp(min(0.0, (value - highest) / heat)):
                    heapq.heappush(queue, (-value, next(count), (child, grown, parent)))
        return best

    def _children(self, genes: Genes, body: Body, most: int) -> list[tuple[Genes, Body]]:
        """Every morph of one step."""
        steps = int(genes["steps"])
        if steps >= most:
            return []
        found: dict[Any, tuple[Genes, Body]] = {}
        for kind in STEPS:
            sites = body.sites(kind, most=self.units)
            for place, site in enumerate(sites):
                share = math.ceil(PLACES * place / len(sites)) / PLACES
                grown = body.after(site)
                if min(int(share * len(sites)), len(sites) - 1) == place:
                    child = {**genes, "steps": steps + 1, f"step{steps}.kind": kind, f"step{steps}.place": share}
                    found.setdefault(shape(grown), (child, grown))
        return list(found.values())

    def _first(self, tried: set[Any], rng: np.random.Generator) -> Genes:
        """A morph of the smallest network that was not tried, at random; of one of its morphs where all were."""
        genes: Genes = {"steps": 0}
        body = self._body(genes)
        while True:
            children = self._children(genes, body, most=self.units)
            if not children:
                return genes
            fresh = [child for child in children if shape(child[1]) not in tried]
            genes, body = (fresh or children)[int(rng.integers(len(fresh or children)))]
            if fresh:
                return genes

    def _body(self, params: Mapping[str, Any]) -> Body:
        """What the params grow to, from a width of 16: relative widths are all that counts."""
        body = Body.small(16)
        for number in range(int(params.get("steps", 0))):
            # A trial under way was not asked all its questions yet.
            kind, share = params.get(f"step{number}.kind"), params.get(f"step{number}.place", -1.0)
            sites = body.sites(kind, most=self.units) if kind in STEPS else ()
            if sites and share >= 0:
                body = body.after(sites[min(int(share * len(sites)), len(sites) - 1)])
        return body


class _Embedding:
    """Bourgain's embedding: a point's coordinates are its distances to random groups of the points.

    Args:
        bodies: n of them.
        rng: draws the groups.
    """

    def __init__(self, bodies: Sequence[Body], rng: np.random.Generator) -> None:
        self._bodies = list(bodies)
        n = len(self._bodies)
        sizes = [2**power for power in range(max(1, math.ceil(math.log2(n))))]
        self._groups = [rng.choice(n, min(n, size), replace=False) for size in sizes for _ in range(GROUPS)]

    def __call__(self, bodies: Sequence[Body]) -> Values:
        """(m, G) coordinates."""
        apart = distances(bodies, self._bodies)
        return np.column_stack([apart[:, group].min(axis=1) for group in self._groups]) / math.sqrt(len(self._groups))


def shape(body: Body) -> tuple[Any, ...]:
    """The same for all bodies that are the same network."""
    units = tuple((unit.width, unit.kernel, unit.stride) for unit in body.units)
    return units, frozenset((body.place(a), body.place(b)) for a, b in body.skips)


def _latest(trials: list[Any], targets: Values) -> tuple[list[Any], Values]:
    """At most `LEARNED` trials: half of them the best, the others the latest."""
    if len(trials) <= LEARNED:
        return trials, targets
    best = set(np.argsort(-targets, kind="stable")[: LEARNED // 2].tolist())
    rest = [place for place in range(len(trials)) if place not in best][-(LEARNED - len(best)) :]
    kept = sorted(best | set(rest))
    return [trials[place] for place in kept], targets[kept]
