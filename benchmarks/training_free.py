"""Do scores without training rank networks? On cells of NAS-Bench-201 and on networks of our own, trained.

    make bench-training-free

Spearman between each score of an untrained network and what training gave: for 200 cells of the table (their mean
validation accuracy on CIFAR-10 after 200 epochs; scored with one cell a stage, 32 images of cifar10), and for our own
networks of benchmarks/own_curves.py on sign_digits (their last accuracy; 128 images). The partial correlation given the
logarithm of the parameters says what a score knows beyond counting. Results go to
benchmarks/results/training_free.json; --write puts the table into docs/nas.md. A score that was measured is kept.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from optuna.trial import FixedTrial
from scipy.stats import rankdata, spearmanr
from torch import Tensor

from benchmarks import marked, own_curves
from benchmarks.about import about
from hortus.data.image_facts import ImageFacts
from hortus.evaluation.training_free import SCORES
from hortus.seeds import derive, stream
from hortus.spaces.cell import Cell, CellSpace, cells
from hortus.spaces.tables import CellTable

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "training_free.json"
DOCUMENT = ROOT / "docs" / "nas.md"
CELLS = 200
SETS = {"table": "200 cells of NAS-Bench-201", "own": "our networks on sign_digits"}


def batch(name: str, side: int, count: int) -> tuple[Tensor, Tensor]:
    """The first images of a set, each channel of mean 0 and deviation 1, and their classes."""
    pixels, y, _ = own_curves.images(name, side)
    pixels = (pixels - pixels.mean((0, 2, 3), keepdim=True)) / pixels.std((0, 2, 3), keepdim=True)
    return pixels[:count], y[:count]


def table_networks() -> list[tuple[Any, float]]:
    """Cells drawn from the table, and what training gave."""
    table, every = CellTable.read("cifar10"), list(cells())
    chosen = stream(0, "scored").choice(len(every), CELLS, replace=False).tolist()
    found: list[Cell] = [CellSpace(ImageFacts(3, 32, 32, 10, 5000))(FixedTrial(every[i].params)) for i in chosen]
    return [(cell, float(table.mean[table.row(cell)])) for cell in found]


def own_networks() -> list[tuple[Any, float]]:
    """The networks of our own, and their last accuracy."""
    side = own_curves.SIDE
    facts = ImageFacts(3, side, side, 10, 1237)
    found = []
    for one in json.loads(own_curves.RESULTS.read_text(encoding="utf-8"))["networks"]:
        candidate: Any = own_curves.space_of(one["space"], facts)(FixedTrial(one["params"]))
        found.append((candidate.scaled(width=own_curves.SCALES.get(one["space"], 1.0)), one["curve"][-1]))
    return found


def scored(networks: list[tuple[Any, float]], images: Tensor, y: Tensor) -> dict[str, list[float]]:
    """Every score of every network."""
    found: dict[str, list[float]] = {name: [] for name in SCORES}
    for number, (candidate, _) in enumerate(networks):
        network = candidate.build(tuple(images.shape[1:]), 10, seed=derive(0, "scored", number))
        for name, score in SCORES.items():
            found[name].append(float(score(network, images, y)))
    return found


def agreed(scores: Mapping[str, list[float]], ends: list[float]) -> dict[str, dict[str, float]]:
    """Spearman, and partial Spearman given the parameters, of each score."""
    size, target = rankdata(scores["params"]), rankdata(ends)
    found = {}
    for name, raw in scores.items():
        values = np.nan_to_num(np.array(raw), nan=-np.inf)
        one = {"spearman": round(float(spearmanr(values, target).statistic), 3)}
        if name not in ("params",):
            one["beyond_parameters"] = round(_partial(rankdata(values), target, size), 3)
        found[name] = one
    return found


def _partial(x: NDArray[np.float64], y: NDArray[np.float64], given: NDArray[np.float64]) -> float:
    r = np.corrcoef([x, y, given])
    below = math.sqrt(max(1e-12, (1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2)))
    return float((r[0, 1] - r[0, 2] * r[1, 2]) / below)


def table_of(found: Mapping[str, Any]) -> str:
    head = ["score", *(f"{what}: {kind}" for what in SETS.values() for kind in ("Spearman", "beyond parameters"))]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name in SCORES:
        cells_ = [found[key][name] for key in SETS]
        line = [f"`{name}`"]
        for one in cells_:
            beyond = one.get("beyond_parameters")
            line += [f"{one['spearman']:.2f}", "" if beyond is None else f"{beyond:.2f}"]
        lines.append(line)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure, print and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--told", action="store_true", help="only print and write what was measured before")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if not args.told:
        begin = time.process_time()
        own, table = own_networks(), table_networks()
        found: dict[str, Any] = {
            "own": agreed(scored(own, *batch("sign_digits", own_curves.SIDE, 128)), [end for _, end in own]),
            "table": agreed(scored(table, *batch("cifar10", 32, 32)), [end for _, end in table]),
            "networks": {"own": len(own), "table": len(table)},
            **about("torch", used="one thread"),
            "cpu_seconds": round(time.process_time() - begin, 1),
        }
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    part = table_of(json.loads(RESULTS.read_text(encoding="utf-8")))
    print(part)
    if args.write:
        marked.write(DOCUMENT, {"training-free": part})


if __name__ == "__main__":
    main()
