"""Networks that grow, three ways, on sign_digits and cifar10: accuracy over what training costs.

    make bench-growth

- `network_morphism`: growth guided by a Gaussian process over an edit distance, with tree search (Auto-Keras's way);
- `hill climbing`: a random morph of the best network so far;
- `evolution`: of the same space, from scratch, each network trained for its whole schedule.

The first two go on from the parent's weights, for a third of the schedule. All see the same images at 16x16 pixels,
three quarters to train on and a quarter to judge by, and spend the same: multiply-adds times images, forward passes, so
that a busy machine changes nothing. What is told is the best accuracy on the last quarter by a share of the budget, and
the accuracy of the network that was best in the end on the test images. A run that stands in
benchmarks/results/growth.json is not made again; --write puts the tables into docs/nas.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import marked, own_curves
from benchmarks.about import about
from hortus.nets.counting import multiply_adds
from hortus.nets.recipe import make_recipe
from hortus.nets.training import Normalizer, Training, device, probabilities
from hortus.seeds import derive
from hortus.spaces.morphism import Grown, MorphismSpace
from hortus.strategies import make_sampler
from hortus.strategies.network_morphism import NetworkMorphism

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "growth.json"
DOCUMENT = ROOT / "docs" / "nas.md"
SIDE, EPOCHS, WIDTH, STEPS = 16, 9, 6, 10
PART, WARM = 1 / 3, 0.5
# Billions of multiply-adds, forward; images that are seen of each set.
BUDGET = 60.0
ROWS = 1600
SHARES = (0.25, 0.5, 1.0)
METHODS = ("network_morphism", "hill climbing", "evolution")
SETS = ("sign_digits", "cifar10")


def data(name: str) -> tuple[Tensor, Tensor, int, Tensor, Tensor]:
    """Pixels and classes, how many of them are to train on, and those of the test images."""
    pixels, y, _ = own_curves.images(name, SIDE)
    pixels, y = pixels[:ROWS], y[:ROWS]
    sys.path.insert(0, str(own_curves.folder()))
    from datasets import load_images

    found = load_images(name)
    test = torch.from_numpy(found["X_test"]).permute(0, 3, 1, 2).float()
    return pixels, y, round(0.75 * len(y)), functional.adaptive_avg_pool2d(test, SIDE), torch.tensor(found["y_test"])


def run(name: str, method: str, seed: int) -> dict[str, Any]:
    """One search."""
    pixels, y, rows, test, answers = data(name)
    space, classes = MorphismSpace(steps=STEPS, width=WIDTH), int(y.max()) + 1
    center = pixels[:rows].mean((0, 2, 3)).tolist(), pixels[:rows].std((0, 2, 3)).tolist()
    normalize = Normalizer(tuple(center[0]), tuple(center[1]), place=device())
    study = optuna.create_study(direction="maximize")
    trained: list[tuple[Grown, nn.Module]] = []
    spent, best, marks, last = 0.0, 0.0, [], -1
    begin = time.process_time()
    while spent < BUDGET and len(trained) < 200:
        number = len(trained)
        study.sampler = sampler(method, study, seed, number)
        trial = study.ask()
        grown = space(trial)
        heirs = [i for i, (one, _) in enumerate(trained) if grown.growth[: len(one.growth)] == one.growth]
        parent = None if method == "evolution" or not heirs else max(heirs, key=lambda i: len(trained[i][0].growth))
        wanted: dict[str, Any] = {"epochs": EPOCHS, "flip": name == "cifar10"}
        if parent is None:
            network = grown.build((3, SIDE, SIDE), classes, seed=derive(seed, "weights", number))
        else:
            images = normalize(pixels[:128])
            network = grown.inherit(*trained[parent], seed=derive(seed, "inherit", number), images=images)
        recipe = make_recipe(rows, (3, SIDE, SIDE), **wanted)
        if parent is not None:
            wanted |= {"epochs": PART * EPOCHS, "learning_rate": WARM * recipe.learning_rate}
            recipe = make_recipe(rows, (3, SIDE, SIDE), **wanted)
        total = recipe.epochs * rows
        training = Training(network, recipe, normalize, total=total, seed=derive(seed, "training", number))
        training.advance(pixels[:rows], y[:rows])
        told = probabilities(network, normalize, pixels[rows:]).argmax(1)
        score = float((told == y[rows:]).double().mean())
        spent += multiply_adds(network, (3, SIDE, SIDE)) * training.seen / 1e9
        study.tell(trial, score)
        trained.append((grown, network))
        if score > best:
            best, last = score, number
        marks.append((spent, best))
    told = probabilities(trained[last][1], normalize, test).argmax(1)
    return {
        "set": name,
        "method": method,
        "seed": seed,
        "networks": len(trained),
        "best": [round(max((b for s, b in marks if s <= share * BUDGET), default=0.0), 4) for share in SHARES],
        "test": round(float((told == answers).double().mean()), 4),
        "steps": len(trained[last][0].growth),
        "cpu_seconds": round(time.process_time() - begin, 1),
    }


class Climbing(NetworkMorphism):
    """A random morph of the best network so far."""

    def propose(self, past: Any, number: int, rng: Any) -> Any:
        """The morph."""
        found = super().propose(past, min(number, 0), rng)
        if not past.done:
            return found
        best = past.best
        children = self._children(dict(best.params), self._body(best.params), STEPS)
        if not children:
            return found
        genes, _ = children[int(rng.integers(len(children)))]
        return type(found)(genes, (best.number,))


def sampler(method: str, study: optuna.Study, seed: int, number: int) -> Any:
    """The strategy of a method, fresh for each ask as a run has it."""
    del study
    own = derive(seed, "ask", number)
    if method == "hill climbing":
        return Climbing(seed=own)
    options = {"population_size": 10, "sample_size": 4} if method == "evolution" else {"starts": 2}
    return make_sampler(method, seed=own, options=options)


def table(runs: Sequence[Mapping[str, Any]]) -> str:
    """Means over seeds."""
    head = ["images", "search", "runs", *(f"best by {100 * s:.0f} %" for s in SHARES), "test", "networks", "CPU s"]
    lines = [head, ["---", "---", *["---:"] * (len(head) - 2)]]
    for name in SETS:
        for method in METHODS:
            rows = [one for one in runs if (one["set"], one["method"]) == (name, method)]
            if rows:
                best = [statistics.fmean(one["best"][i] for one in rows) for i in range(len(SHARES))]
                test = [one["test"] for one in rows]
                spread = f" ± {statistics.stdev(test) / len(test) ** 0.5:.3f}" if len(test) > 1 else ""
                lines.append([name, method, str(len(rows)), *(f"{b:.3f}" for b in best)])
                lines[-1] += [f"{statistics.fmean(test):.3f}{spread}"]
                lines[-1] += [
                    f"{statistics.fmean(one[key] for one in rows):.0f}" for key in ("networks", "cpu_seconds")
                ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Make the runs that are missing, print and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into docs/nas.md")
    parser.add_argument("--told", action="store_true", help="make no run")
    args = parser.parse_args()
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"runs": []}
    known = {(one["set"], one["method"], one["seed"]) for one in found["runs"]}
    for seed in range(0 if args.told else args.seeds):
        for name in SETS:
            for method in METHODS:
                if (name, method, seed) in known:
                    continue
                found["runs"].append(run(name, method, seed))
                found["about"] = {
                    **about("torch", used="one thread"),
                    "budget": f"{BUDGET:g}e9 multiply-adds x images, forward",
                    "settings": {"side": SIDE, "epochs": EPOCHS, "width": WIDTH, "steps": STEPS, "rows": ROWS},
                }
                RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(found["runs"][-1], flush=True)
    print(table(found["runs"]))
    if args.write:
        marked.write(DOCUMENT, {"growth": table(found["runs"])})


if __name__ == "__main__":
    main()
