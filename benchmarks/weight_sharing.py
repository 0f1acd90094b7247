"""Weight sharing against training, on scikit-learn's digits: seconds a candidate, rank agreement, memory.

    make bench-weight-sharing

The supernet is trained once. Cells drawn at random are scored with the weights they inherit, and each is trained alone
for some epochs with the one training loop; both are judged on the same images, on one thread. Memory is what a forward
pass keeps for its backward pass, counted tensor by tensor, so that it is the same on every machine. Results go to
benchmarks/results/weight_sharing.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from optuna.trial import FixedTrial
from scipy.stats import kendalltau, spearmanr
from sklearn.datasets import load_digits

from benchmarks.about import about
from hortus.data.image_facts import ImageFacts
from hortus.evaluation.weight_sharing import score, train_supernet
from hortus.nets.counting import parameters
from hortus.nets.recipe import make_recipe
from hortus.nets.supernet import held_bytes, straight_through
from hortus.nets.training import Training, probabilities
from hortus.seeds import derive, stream
from hortus.spaces.cell import NAMES, OPERATIONS, CellSpace
from hortus.spaces.darts_cell import DartsSpace
from hortus.spaces.relaxed import relax

RESULTS = Path(__file__).resolve().parent / "results" / "weight_sharing.json"
TRAIN, WIDTH = 1200, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300, help="groups of paths in the supernet's training")
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--epochs", type=float, default=12.0, help="of each candidate's own training")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = {"memory": memory(), **speed(arguments.steps, arguments.cells, arguments.epochs)}
    found |= {
        **about("torch", used="one thread"),
        "settings": vars(arguments) | {"width": WIDTH, "train": TRAIN},
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def speed(steps: int, cells: int, epochs: float) -> dict[str, Any]:
    """Seconds and scores of both ways of judging."""
    X, y = load_digits(return_X_y=True)
    order = stream(0, "split").permutation(len(y))
    images = torch.tensor((X[order] - X.mean()) / X.std(), dtype=torch.float32).reshape(-1, 1, 8, 8)
    labels = torch.tensor(y[order])
    train, valid = slice(0, TRAIN), slice(TRAIN, None)
    facts = ImageFacts(1, 8, 8, 10, TRAIN)
    space = CellSpace(facts, width=WIDTH)
    begin = time.monotonic()
    supernet = train_supernet(space, images[train], labels[train], facts, steps=steps, seed=0)
    rows: dict[str, Any] = {"supernet_seconds": time.monotonic() - begin}
    rng = stream(0, "cells")
    inherited, alone, sizes, scoring, training = [], [], [], [], []
    for number in range(cells):
        params = {name: str(rng.choice(OPERATIONS)) for name in NAMES}
        begin = time.monotonic()
        inherited.append(score(supernet, params, images[valid], labels[valid], calibration=images[:256]))
        scoring.append(time.monotonic() - begin)
        network = space(FixedTrial(params)).build(facts.shape, 10, seed=number)
        begin = time.monotonic()
        recipe = make_recipe(TRAIN, facts.shape, epochs=epochs)
        one = Training(network, recipe, lambda x: x, total=epochs * TRAIN, seed=derive(0, number))
        one.advance(images[train], labels[train])
        told = probabilities(network, lambda x: x, images[valid]).argmax(1)
        training.append(time.monotonic() - begin)
        alone.append(float((told == labels[valid]).double().mean()))
        sizes.append(parameters(network))
    rows |= {
        "inherited": inherited,
        "alone": alone,
        "parameters": sizes,
        "scoring_ms": 1000 * statistics.median(scoring),
        "training_seconds": statistics.median(training),
        "times_faster": statistics.median(training) / statistics.median(scoring),
        "spearman": float(spearmanr(inherited, alone).statistic),
        "kendall": float(kendalltau(inherited, alone).statistic),
        "spearman_of_parameters": float(spearmanr(sizes, alone).statistic),
    }
    return rows


def memory() -> dict[str, dict[str, float]]:
    """MB that a forward pass of 64 images keeps, C = 16."""
    found: dict[str, dict[str, float]] = {}
    for side in (8, 32):
        facts = ImageFacts(3, side, side, 10, 64)
        images = torch.randn((64, *facts.shape), generator=torch.Generator().manual_seed(0))
        for space in (CellSpace(facts, width=16), DartsSpace(facts, cells=3, width=16)):
            whole, part = relax(space, facts), relax(space, facts, partial=4)
            alpha = torch.zeros(len(whole.names), len(whole.operations), requires_grad=True)
            mixed = torch.softmax(alpha, 1)
            draws = [straight_through(alpha, 1.0, torch.Generator().manual_seed(k)) for k in range(5)]
            found[f"{space.name} {side}x{side}"] = {
                "mixed": held_bytes(partial(whole.mixed, images, mixed), whole) / 1e6,
                "partial": held_bytes(partial(part.mixed, images, mixed), part) / 1e6,
                "sampled": statistics.mean(held_bytes(partial(whole.sampled, images, d), whole) for d in draws) / 1e6,
            }
    return found


if __name__ == "__main__":
    main()
