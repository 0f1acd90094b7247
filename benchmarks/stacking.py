"""A cell that was found small, stacked larger: when is that better for the same training cost?

    make bench-stacking

The best cells of benchmarks/own_curves.py are trained on sign_digits at 16x16 pixels, as they were found (one cell a
stage, 4 channels) and as a run tries them larger (1.5 times as wide, twice as deep), each for the same multiply-adds
times images: the larger one sees the images fewer times. Accuracy on the images held back. Results go to
benchmarks/results/stacking.json; --write puts the table into docs/nas.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import torch
from optuna.trial import FixedTrial

from benchmarks import marked, own_curves
from benchmarks.about import about
from hortus.data.image_facts import ImageFacts
from hortus.nets.counting import multiply_adds
from hortus.nets.recipe import make_recipe
from hortus.nets.training import Normalizer, Training, device, probabilities
from hortus.run.images.grow import SCALE
from hortus.seeds import derive

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "stacking.json"
DOCUMENT = ROOT / "docs" / "nas.md"
# Epochs of the small network, each with the larger one at the same cost.
EPOCHS = (8, 16, 32, 64)


def accuracy(candidate: Any, epochs: float, seed: int) -> float:
    """Train a network for so many epochs; its accuracy on the images held back."""
    pixels, y, rows = own_curves.images()
    shape = (3, own_curves.SIDE, own_curves.SIDE)
    network = candidate.build(shape, 10, seed=derive(seed, "weights"))
    moments = pixels[:rows].mean((0, 2, 3)).tolist(), pixels[:rows].std((0, 2, 3)).tolist()
    normalize = Normalizer(tuple(moments[0]), tuple(moments[1]), place=device())
    recipe = make_recipe(rows, shape, epochs=epochs, flip=False)
    training = Training(network, recipe, normalize, total=epochs * rows, seed=derive(seed, "training"))
    training.advance(pixels[:rows], y[:rows])
    told = probabilities(network, normalize, pixels[rows:]).argmax(1)
    return float((told == y[rows:]).double().mean())


def table_of(runs: list[dict[str, Any]]) -> str:
    """Means over cells."""
    lines = [["epochs", "cells", "as found", "larger", "its epochs", "gain"], ["---:"] * 6]
    for epochs in EPOCHS:
        rows = [one for one in runs if one["epochs"] == epochs]
        if rows:
            small, large = (statistics.fmean(one[key] for one in rows) for key in ("small", "large"))
            seen = statistics.fmean(one["large_epochs"] for one in rows)
            lines.append([str(epochs), str(len(rows)), f"{small:.3f}", f"{large:.3f}", f"{seen:.1f}"])
            lines[-1].append(f"{large - small:+.3f}")
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure what is missing, print and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    networks = json.loads(own_curves.RESULTS.read_text(encoding="utf-8"))["networks"]
    best = sorted((one for one in networks if one["space"] == "cell"), key=lambda one: -one["curve"][-1])
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"runs": []}
    known = {(one["cell"], one["epochs"]) for one in found["runs"]}
    facts = ImageFacts(3, own_curves.SIDE, own_curves.SIDE, 10, 1237)
    for place in range(args.cells):
        small: Any = own_curves.space_of("cell", facts)(FixedTrial(best[place]["params"]))
        large = small.scaled(**SCALE)
        macs = [multiply_adds(c.build(facts.shape, 10, seed=0), facts.shape) for c in (small, large)]
        for epochs in EPOCHS:
            if (place, epochs) in known:
                continue
            share = macs[0] / macs[1]
            one = {"cell": place, "epochs": epochs, "large_epochs": round(share * epochs, 2), "macs": macs}
            one["small"] = round(accuracy(small, epochs, place), 4)
            one["large"] = round(accuracy(large, share * epochs, place), 4)
            found["runs"].append(one)
            found["about"] = about("torch", used="one thread")
            RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(one, flush=True)
    part = table_of(found["runs"])
    print(part)
    if args.write:
        marked.write(DOCUMENT, {"stacking": part})


if __name__ == "__main__":
    main()
