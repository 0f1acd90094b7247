"""Searched against fixed networks on CamVid's street scenes, each trained for the same seconds with the same loop.

Seconds are those of the process on one core, not of the clock, so that other work on the machine takes nothing from
anybody: the pace of the first steps says how long a schedule fits.

    make bench-segmentation
    python -m benchmarks.segmentation --search 1800 --train 1800 --crf --peer-python OTHER/bin/python

Data are reached through HORTUS_DATASETS: 367 scenes train, 233 test, 192 x 144 pixels, 11 classes and void. Every
network begins with random weights: encoder weights of other data sets would need a download, and would be compared with
networks that have none. The peer is DeepLabV3+ of segmentation-models-pytorch, under a Python that has it. A row that
benchmarks/results/segmentation.json has already, at the same seconds, is not measured again (--again measures all); the
search is a row of its own, so that its seconds stand apart from those of training. Pictures of scene, truth and
prediction go to build/segmentation, never into the repository: CamVid's licence is non-commercial.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from optuna.trial import FixedTrial

from benchmarks import marked
from benchmarks.about import about
from hortus.data.mask_classes import VOID
from hortus.data.overlap import interval, mean_overlap, overlaps
from hortus.data.read_scenes import prepare_scenes
from hortus.data.scenes import SceneData
from hortus.deploy.mask_png import coloured
from hortus.nets.counting import multiply_adds, parameters
from hortus.nets.dense_crf import refine
from hortus.nets.scene_training import SceneTraining, scene_counts, scene_probabilities, scene_recipe
from hortus.nets.training import Normalizer, device
from hortus.nets.trellis_search import Settings, TrellisSearch
from hortus.seeds import derive, stream
from hortus.spaces.auto_deeplab import AutoDeepLabSpace
from hortus.spaces.deeplab import DeepLab
from hortus.spaces.shared_trellis import shared_network
from hortus.strategies.trellis import decoded

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "segmentation.json"
DOCUMENT = ROOT / "docs" / "segmentation.md"
PICTURES = ROOT / "build" / "segmentation"
SHOWN = 4
PEER = "segmentation_models_pytorch"
NAMED = {
    "auto_deeplab": "searched by Auto-DeepLab",
    "deeplab": "fixed DeepLabV3+-like",
    "smp": "DeepLabV3+, segmentation-models-pytorch",
}
# Steps whose pace says how many fit, after some that only warm up: the first of each shape take longer.
PACED, WARMING = 100, 40


def load() -> tuple[SceneData, dict[str, Any]]:
    """The scenes that train, and all arrays as they came."""
    folder = os.environ.get("HORTUS_DATASETS")
    if not folder or not (Path(folder) / "datasets.py").exists():
        sys.exit("HORTUS_DATASETS names no folder with datasets.py")
    sys.path.insert(0, folder)
    from datasets import load_segmentation  # type: ignore[import-not-found]

    found: dict[str, Any] = load_segmentation("camvid")
    return prepare_scenes(found["X_train"], found["M_train"], classes=found["classes"])[0], found


def search(data: SceneData, seconds: float, seed: int) -> dict[str, Any]:
    """What the search by gradients comes to in so many seconds of one core."""
    space = AutoDeepLabSpace(data.facts(seconds))
    crop = scene_recipe(len(data), data.shape).crop
    pixels, masks = torch.from_numpy(np.array(data.pixels)), torch.from_numpy(np.array(data.masks))

    def begun(steps: int, waits: float) -> TrellisSearch:
        return TrellisSearch(
            shared_network(space, data.facts(None), seed=derive(seed, "weights")),
            Settings(method="sampled", crop=crop, waits=waits),
            frequencies=data.frequencies,
            normalize=Normalizer(*data.moments, place=device()),
            seed=seed,
            steps=steps,
        )

    waits = Settings().waits
    # Steps of weights alone, and steps that learn the architecture too.
    paces = []
    for share in (1.0, 0.0):
        begun(WARMING, share).advance(pixels, masks)
        begin = time.process_time()
        begun(PACED, share).advance(pixels, masks)
        paces.append((time.process_time() - begin) / PACED)
    pace = waits * paces[0] + (1 - waits) * paces[1]
    running = begun(max(1, int(seconds / pace)), waits)
    begin = time.process_time()
    running.advance(pixels, masks)
    params = decoded(space, running.alpha.tolist(), running.transitions().tolist())
    found = space(FixedTrial(params))
    return {
        "params": params,
        "network": found.describe(),
        "search_s": round(time.process_time() - begin, 1),
        "steps": running.step,
    }


def network_of(name: str, data: SceneData, rows: dict[str, Any], seed: int) -> tuple[torch.nn.Module, str]:
    """The untrained network of a row, and what it is."""
    classes = len(data.classes)
    if name == "smp":
        import segmentation_models_pytorch as smp  # type: ignore[import-not-found]

        torch.manual_seed(seed)
        made = smp.DeepLabV3Plus("mobilenet_v2", encoder_weights=None, in_channels=data.shape[0], classes=classes)
        return made, f"{PEER} {smp.__version__}, DeepLabV3Plus, mobilenet_v2, encoder_weights=None"
    if name == "deeplab":
        fixed = DeepLab()
        return fixed.build(data.shape, classes, seed=seed), fixed.describe()
    space = AutoDeepLabSpace(data.facts(None))
    found = space(FixedTrial(rows["search"]["params"]))
    return found.build(data.shape, classes, seed=seed), f"{found.describe()}; F = {space.width}"


def measure(name: str, data: SceneData, scenes: dict[str, Any], rows: dict[str, Any], args: Any) -> dict[str, Any]:
    """Train one network for the seconds, and judge it on the test scenes."""
    network, told = network_of(name, data, rows, derive(args.seed, name))
    normalize = Normalizer(*data.moments, place=device())
    recipe = scene_recipe(len(data), data.shape)
    pixels, masks = torch.from_numpy(np.array(data.pixels)), torch.from_numpy(np.array(data.masks))

    def begun(network: torch.nn.Module, total: float) -> SceneTraining:
        seed = derive(args.seed, name, "training")
        return SceneTraining(
            network, recipe, normalize, frequencies=data.frequencies, total=total, seed=seed, large=True
        )

    # The pace is that of a copy: its steps are not the network's.
    trial = copy.deepcopy(network)
    begun(trial, WARMING * recipe.batch).advance(pixels, masks)
    begin = time.process_time()
    begun(trial, PACED * recipe.batch).advance(pixels, masks)
    pace = (time.process_time() - begin) / PACED
    training = begun(network, max(1, int(args.train / pace)) * recipe.batch)
    begin = time.process_time()
    training.advance(pixels, masks)
    seconds = time.process_time() - begin
    x = torch.from_numpy(scenes["X_test"].transpose(0, 3, 1, 2).copy())
    truth = torch.from_numpy(data.classes.codes(scenes["M_test"].astype(np.int64)))
    counts = scene_counts(network, normalize, x, truth, len(data.classes))
    low, high = interval(counts, draws=500, rng=stream(args.seed, "interval"))
    found = overlaps(counts.sum(axis=0))
    draw(name, network, normalize, data, scenes, truth.numpy())
    return {
        "network": told,
        "params": parameters(network),
        "macs": multiply_adds(network, data.shape),
        "train_s": round(seconds, 1),
        "epochs": round(training.seen / len(data), 1),
        "mean_iou": round(mean_overlap(counts.sum(axis=0)), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        **(
            {"mean_iou_with_crf": round(with_crf(network, normalize, x, truth.numpy(), len(data.classes)), 4)}
            if args.crf
            else {}
        ),
        "iou": {label: round(float(value), 3) for label, value in zip(data.classes.names, found, strict=True)},
    }


def with_crf(network: torch.nn.Module, normalize: Any, x: torch.Tensor, truth: Any, classes: int) -> float:
    """The mean IoU where the fully connected CRF follows the network."""
    from hortus.data.overlap import confusion

    total = np.zeros((classes, classes), dtype=np.int64)
    for row in range(len(x)):
        proba = scene_probabilities(network, normalize, x[row : row + 1])[0].numpy()
        said = refine(proba, x[row].numpy().astype(np.float32)).argmax(axis=0)
        total += confusion(truth[row], said.astype(np.uint8), classes)
    return mean_overlap(total)


def draw(name: str, network: torch.nn.Module, normalize: Any, data: SceneData, scenes: Any, truth: Any) -> None:
    """Scene, truth and prediction side by side, some test scenes under each other; void is black."""
    from PIL import Image

    lines = []
    for row in np.linspace(0, len(truth) - 1, SHOWN).astype(int):
        pixels = torch.from_numpy(scenes["X_test"][row : row + 1].transpose(0, 3, 1, 2).copy())
        said = scene_probabilities(network, normalize, pixels)[0].argmax(0).numpy().astype(np.uint8)
        masks = [coloured(mask, data.classes) for mask in (truth[row], np.where(truth[row] == VOID, VOID, said))]
        lines.append(np.concatenate([scenes["X_test"][row], *masks], axis=1))
    PICTURES.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(lines)).save(PICTURES / f"{name}.png")


def main() -> None:
    """Measure what is missing, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", type=float, default=1800.0, help="seconds of the search, of one core")
    parser.add_argument("--train", type=float, default=1800.0, help="seconds of each training, of one core")
    parser.add_argument("--rows", default="deeplab,search,auto_deeplab,smp")
    parser.add_argument("--peer-python", default=sys.executable, help=f"one that has {PEER}")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--crf", action="store_true", help="the score with the CRF too: a minute more a row")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/segmentation.md")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    budgets = {"search_s": args.search, "train_s": args.train, "threads": args.threads, "seed": args.seed}
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    rows: dict[str, Any] = kept["rows"] if kept.get("budgets") == budgets and not args.again else {}
    for name in args.rows.split(","):
        if name in rows:
            continue
        if name == "smp" and args.peer_python != sys.executable:
            told = ["--rows", "smp", "--search", str(args.search), "--train", str(args.train)]
            more = [*(["--crf"] if args.crf else []), "--threads", str(args.threads), "--seed", str(args.seed)]
            where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
            subprocess.run(
                [args.peer_python, "-m", "benchmarks.segmentation", *told, *more], check=True, cwd=ROOT, env=where
            )
            rows = json.loads(RESULTS.read_text())["rows"]
            continue
        data, scenes = load()
        load_before = os.getloadavg()[0]
        made = search(data, args.search, args.seed) if name == "search" else measure(name, data, scenes, rows, args)
        # Of the machine, while it ran: other work beside it slows even the seconds of a core.
        rows[name] = {**made, "load": round(max(load_before, os.getloadavg()[0]), 1)}
        print(name, rows[name], flush=True)
        machine = about("torch", "numpy", used=f"{args.threads} used")
        RESULTS.write_text(json.dumps({"machine": machine, "budgets": budgets, "rows": rows}, indent=1) + "\n")
    if args.write:
        marked.write(DOCUMENT, {"camvid": table(json.loads(RESULTS.read_text()))})


def table(found: dict[str, Any]) -> str:
    """The rows that are trained, as docs/segmentation.md shows them."""
    rows = {name: found["rows"][name] for name in NAMED if name in found["rows"]}
    head = "| network | parameters | multiply-adds | trained s | epochs | mean IoU | 95 % | with the CRF |"
    lines = [head, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, row in rows.items():
        crf = f"{row['mean_iou_with_crf']:.3f}" if "mean_iou_with_crf" in row else ""
        size = f"{row['params']:,} | {row['macs'] / 1e6:,.0f} M | {row['train_s']:,.0f} | {row['epochs']:,.0f}"
        lines.append(
            f"| {NAMED[name]} | {size} | {row['mean_iou']:.3f} | {row['low']:.3f} to {row['high']:.3f} | {crf} |"
        )
    classes = next(iter(rows.values()))["iou"]
    lines += ["", f"| class | {' | '.join(NAMED[name] for name in rows)} |", f"| --- |{' ---: |' * len(rows)}"]
    for label in classes:
        lines.append(" | ".join([f"| {label}", *(f"{row['iou'][label]:.3f}" for row in rows.values())]) + " |")
    budgets, machine = found["budgets"], found["machine"]
    search = found["rows"].get("search", {}).get("search_s")
    told = f"The search took {search:,.0f} s; " if search else ""
    lines += [
        "",
        f"{told}each training was planned for {budgets['train_s']:,.0f} s of one core ({machine['machine']}, PyTorch "
        f"{machine['torch']}, {machine['date']}).",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
