"""Learning curves of small networks of our own on sign_digits, 16x16 pixels: what predictors are judged on.

    make bench-curves

Networks are drawn at random from three spaces and trained with the one training loop on three quarters of the training
images; the score after each epoch is the accuracy on the last quarter. A network that stands in
benchmarks/results/own_curves.json already is not trained again. Costs are counted in multiply-adds times images, which
a busy machine does not change.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.samplers import RandomSampler
from optuna.study import create_study
from torch import Tensor
from torch.nn import functional

from benchmarks.about import about
from hortus.data.image_facts import ImageFacts
from hortus.nets.counting import multiply_adds, parameters
from hortus.nets.recipe import make_recipe
from hortus.nets.training import Normalizer, Training, device, probabilities
from hortus.seeds import derive, stream
from hortus.spaces import SPACES
from hortus.spaces.base import Space

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "own_curves.json"
SIDE, EPOCHS, EACH = 16, 15, 24
# Small: what is compared is how curves go on, and there are to be many of them.
SETTINGS: dict[str, dict[str, Any]] = {
    "cell": {"width": 4},
    "entire": {},
    "morphism": {"width": 4, "steps": 6},
}
SCALES = {"entire": 0.25}


def folder() -> Path:
    """The folder that HORTUS_DATASETS names, with the images.

    Raises:
        SystemExit: there is none.
    """
    named = os.environ.get("HORTUS_DATASETS")
    if not named or not (Path(named) / "datasets.py").is_file():
        raise SystemExit("Set HORTUS_DATASETS to the folder that has datasets.py.")
    return Path(named)


def images(name: str = "sign_digits", side: int = SIDE) -> tuple[Tensor, Tensor, int]:
    """The training images of a set (n, 3, side, side) in an order of their own, from 0 to 255, their (n,) classes, and
    how many of them are for training; the others are to judge by.
    """
    sys.path.insert(0, str(folder()))
    from datasets import load_images

    found = load_images(name)
    order = stream(0, "order").permutation(len(found["y_train"]))
    pixels = torch.from_numpy(found["X_train"][order]).permute(0, 3, 1, 2).float()
    labels = torch.from_numpy(found["y_train"][order].astype(np.int64))
    return functional.adaptive_avg_pool2d(pixels, side), labels, round(0.75 * len(order))


def space_of(name: str, facts: ImageFacts) -> Space:
    """The space called ``name``, small."""
    return SPACES[name](facts, **SETTINGS[name])


def train(candidate: Any, pixels: Tensor, y: Tensor, train_rows: int, *, seed: int) -> dict[str, Any]:
    """Train one network; its curve and what it costs."""
    classes = int(y.max()) + 1
    network = candidate.build(tuple(pixels.shape[1:]), classes, seed=derive(seed, "weights"))
    moments = pixels[:train_rows].mean((0, 2, 3)).tolist(), pixels[:train_rows].std((0, 2, 3)).tolist()
    normalize = Normalizer(tuple(moments[0]), tuple(moments[1]), place=device())
    recipe = make_recipe(train_rows, (3, *pixels.shape[2:]), epochs=EPOCHS, flip=False)
    training = Training(network, recipe, normalize, total=EPOCHS * train_rows, seed=derive(seed, "training"))

    def judge() -> float:
        told = probabilities(network, normalize, pixels[train_rows:]).argmax(1)
        return float((told == y[train_rows:]).double().mean())

    begin = time.process_time()
    training.advance(pixels[:train_rows], y[:train_rows], judge=judge)
    return {
        "curve": [round(epoch.score or 0.0, 4) for epoch in training.curve],
        "macs": multiply_adds(network, tuple(pixels.shape[1:])),
        "parameters": parameters(network),
        "images": training.seen,
        "cpu_seconds": round(time.process_time() - begin, 2),
    }


def main() -> None:
    """Train what is missing and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=EACH, help="networks of each space")
    args = parser.parse_args()
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pixels, y, rows = images()
    facts = ImageFacts(3, SIDE, SIDE, int(y.max()) + 1, rows)
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["networks"] if RESULTS.exists() else []
    known = {(one["space"], one["number"]) for one in kept}
    for number in range(args.each):
        for name in SETTINGS:
            if (name, number) in known:
                continue
            study = create_study(sampler=RandomSampler(seed=derive(number, name)))
            trial = study.ask()
            candidate: Any = space_of(name, facts)(trial)
            small = candidate.scaled(width=SCALES.get(name, 1.0))
            found = train(small, pixels, y, rows, seed=number)
            kept.append({"space": name, "number": number, "params": trial.params, **found})
            made = {
                **about("torch", used="one thread"),
                "settings": {"side": SIDE, "epochs": EPOCHS, "train": rows, "valid": len(y) - rows},
            }
            lines = ",\n  ".join(json.dumps(one) for one in kept)
            text = f'{{\n "about": {json.dumps(made)},\n "networks": [\n  {lines}\n ]\n}}\n'
            RESULTS.write_text(text, encoding="utf-8")
            print(name, number, found["curve"][-1], found["cpu_seconds"], flush=True)


if __name__ == "__main__":
    main()
