"""Candidates a minute at a low fidelity: Hortus against a plain loop that builds a DataLoader for each candidate.

    make bench-candidates

The same cells (random ones of NAS-Bench-201's space, 4 channels, one cell a stage), the same low fidelity (a ninth of
1,437 digits at 8x8, one epoch, 16 images a step), judged on the same 360 images. The plain loop is what tutorials have:
a Dataset that normalizes and crops image by image, a DataLoader of the same batches for training and for judging, with
no workers or with two, SGD, an accuracy loop; what it trains is the same network, on one thread. Hortus runs as it is
used, journal, checks, costs and stored weights included, on one slot of one thread. Each side runs in a process of its
own, in turns, so that a busy machine hits all; the ratio of each round is reported, and their median. On a machine that
does other things too, candidates a minute of the processor's time (of a side's processes together) say more. Results
go to benchmarks/results/candidates.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.about import about

RESULTS = Path(__file__).resolve().parent / "results" / "candidates.json"
SHARE, BATCH, WIDTH = 1 / 9, 16, 4
LOADERS = ("loader, no workers", "loader, 2 workers")
SIDES = ("hortus", *LOADERS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=20, help="a side and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help="run this side alone and print its candidates a minute")
    arguments = parser.parse_args()
    if arguments.side:
        side = hortus if arguments.side == SIDES[0] else plain
        print(json.dumps(side(arguments.candidates, 2 if "2" in arguments.side else 0)))
        return
    rounds: list[dict[str, tuple[float, float]]] = []
    for _ in range(arguments.rounds):
        told = {}
        for side in SIDES:
            command = [sys.executable, "-m", "benchmarks.candidates", "--side", side]
            command += ["--candidates", str(arguments.candidates)]
            done = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
            told[side] = json.loads(done.stdout.splitlines()[-1])
        rounds.append(told)
        print(told, flush=True)
        write(rounds, arguments.candidates)


def write(rounds: list[dict[str, tuple[float, float]]], candidates: int) -> None:
    """Store what the rounds so far have found."""
    found: dict[str, Any] = {
        "a minute": {side: [round(told[side][0], 1) for told in rounds] for side in SIDES},
        "a processor's minute": {side: [round(told[side][1], 1) for told in rounds] for side in SIDES},
        "times as many": {side: _ratio([told["hortus"][0] / told[side][0] for told in rounds]) for side in LOADERS},
        "times as many for the processor's time": {
            side: _ratio([told["hortus"][1] / told[side][1] for told in rounds]) for side in LOADERS
        },
        **about("torch", used="one thread a side"),
        "load": [round(load, 1) for load in os.getloadavg()],
        "settings": {"candidates": candidates, "rows": SHARE, "epochs": 1, "batch": BATCH, "width": WIDTH},
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _ratio(found: list[float]) -> dict[str, float]:
    """The median of the rounds' ratios, and the least and the greatest of them."""
    return {name: round(of(found), 2) for name, of in (("median", statistics.median), ("least", min), ("most", max))}


def _spent() -> float:
    """Seconds of the processor so far, those of children that have ended included."""
    return sum(os.times()[:4])


def hortus(candidates: int, _workers: int) -> tuple[float, float]:
    """Candidates a minute of a search as it is used, and a minute of the processor; its beginning is left out."""
    from sklearn.datasets import load_digits

    from hortus.engine.progress import ProgressEvent
    from hortus.run.images.fit import fit_images
    from hortus.run.images.settings import ImageSettings

    ends: list[tuple[float, float]] = []

    def hear(event: ProgressEvent) -> None:
        if event.kind == "trial_finished" and event.data["state"] == "complete":
            ends.append((time.perf_counter(), _spent()))

    digits = load_digits()
    settings = ImageSettings(
        strategy="random",
        space_options={"width": WIDTH},
        trials=candidates + 2,
        # A ninth of the images once: the schedule is measured in images seen.
        epochs=SHARE,
        recipe={"batch": BATCH},
        final=False,
        grow=False,
        slots=1,
        executor="inline",
    )
    with tempfile.TemporaryDirectory() as folder:
        fit_images(digits.images, digits.target, settings, folder=Path(folder), listeners=[hear])
    # The first ends with PyTorch loaded.
    wall, spent = (60.0 * (len(ends) - 1) / (last - first) for first, last in zip(ends[0], ends[-1], strict=True))
    return wall, spent


def plain(candidates: int, workers: int) -> tuple[float, float]:
    """Candidates a minute of the loop that tutorials have, and a minute of the processor."""
    import numpy as np
    import torch
    from optuna.trial import FixedTrial
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    from hortus.data.image_facts import ImageFacts
    from hortus.spaces.cell import NAMES, OPERATIONS, CellSpace

    torch.set_num_threads(1)
    digits = load_digits()
    split = train_test_split(digits.images, digits.target, test_size=0.2, stratify=digits.target, random_state=0)
    rng = np.random.default_rng(0)

    class Digits(Dataset[tuple[torch.Tensor, int]]):
        def __init__(self, images: Any, labels: Any, *, train: bool) -> None:
            self.images, self.labels, self.train = images, labels, train

        def __len__(self) -> int:
            return len(self.labels)

        def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
            image = torch.from_numpy((self.images[place] - 4.88) / 6.0).float()[None]
            if self.train:
                padded = nn.functional.pad(image, (1, 1, 1, 1))
                top, left = (int(torch.randint(3, (1,))) for _ in range(2))
                image = padded[:, top : top + 8, left : left + 8]
            return image, int(self.labels[place])

    space = CellSpace(ImageFacts(1, 8, 8, 10, len(digits.target)), width=WIDTH)

    def candidate() -> None:
        cell = space(FixedTrial({name: str(rng.choice(OPERATIONS)) for name in NAMES}))
        network = cell.build((1, 8, 8), 10)
        rows = rng.permutation(len(split[2]))[: round(SHARE * len(split[2]))]
        train = DataLoader(
            Digits(split[0][rows], split[2][rows], train=True), batch_size=BATCH, shuffle=True, num_workers=workers
        )
        valid = DataLoader(Digits(split[1], split[3], train=False), batch_size=BATCH, num_workers=workers)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
        for x, y in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x), y).backward()
            optimizer.step()
        network.eval()
        right = 0
        with torch.no_grad():
            for x, y in valid:
                right += int((network(x).argmax(1) == y).sum())

    candidate()
    begin = time.perf_counter(), _spent()
    for _ in range(candidates):
        candidate()
    return 60.0 * candidates / (time.perf_counter() - begin[0]), 60.0 * candidates / (_spent() - begin[1])


if __name__ == "__main__":
    main()
