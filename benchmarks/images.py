"""Small images: what Hortus finds in so many seconds, beside a fixed network, random search, AutoKeras and Keras Tuner.

    make bench-images
    python -m benchmarks.images --seconds 600 --sets digits8,sign_digits,cifar10 --peer-python OTHER/bin/python

Every system sees the same training images and has the same seconds of the clock from its call on, alone on the machine;
its accuracy is that on images held out: a stratified fifth of digits8 (random_state 0), the test parts of the others.

- hortus, and hortus_quarter in a quarter of the seconds: `hortus.vision.ImageClassifier` with nothing but the budget.
- random: the same, with ``strategy="random"``.
- fixed: a residual network (He et al. 2016) under the same training loop, as wide as makes its multiply-adds come
  nearest to those of the network that Hortus handed over.
- autokeras knows no limit of time: it is stopped by the clock, and its best trial so far is asked.
- keras_tuner: Hyperband over a user's convolutional network, as its guide has it, stopped likewise.

The last two need an interpreter that has them. A row that benchmarks/results/images.json holds is not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import marked

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "images.json"
DOCUMENT = ROOT / "docs" / "nas.md"
SETS = ("digits8", "sign_digits", "cifar10")
# Trials that no peer gets to: the clock ends it before.
MANY = 10_000
WIDTHS = (8, 12, 16, 24, 32, 48, 64, 96, 128)

Data = dict[str, Any]
Row = dict[str, Any]


def load(name: str) -> Data:
    """X_train, y_train, X_test, y_test: uint8 (n, h, w) or (n, h, w, 3), and class codes."""
    folder = os.environ.get("HORTUS_DATASETS")
    if not folder or not (Path(folder) / "datasets.py").is_file():
        raise SystemExit("Set HORTUS_DATASETS to the folder that has datasets.py.")
    sys.path.insert(0, folder)
    from datasets import load_images  # type: ignore[import-not-found]

    found: Data = load_images(name)
    if name == "digits8":
        from sklearn.model_selection import train_test_split

        X, y = (np.concatenate([found[f"{part}_train"], found[f"{part}_test"]]) for part in "Xy")
        parts = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
        found |= dict(zip(("X_train", "X_test", "y_train", "y_test"), parts, strict=True))
    return found


# -- the systems: each is given images and seconds, and gives a function that predicts, and what it says of itself ----


def by_hortus(data: Data, seconds: float, **settings: Any) -> tuple[Callable[[Any], Any], Row]:
    """`ImageClassifier`, with nothing but the budget."""
    from hortus.nets.counting import multiply_adds, parameters
    from hortus.vision import ImageClassifier

    model = ImageClassifier(time_budget=seconds, random_state=0, verbosity=0, **settings)
    model.fit(data["X_train"], data["y_train"])
    made = model._result.model
    height, width, channels = _channelled(data["X_train"]).shape[1:]
    told = {
        "network": made.candidate.describe(),
        "macs": multiply_adds(made.network, (channels, height, width)),
        "parameters": parameters(made.network),
        "trials": len(model.leaderboard()),
    }
    return model.predict, told


def quarter(data: Data, seconds: float) -> tuple[Callable[[Any], Any], Row]:
    """Hortus in a quarter of the seconds."""
    return by_hortus(data, seconds / 4)


def at_random(data: Data, seconds: float) -> tuple[Callable[[Any], Any], Row]:
    """The same spaces, walked at random."""
    return by_hortus(data, seconds, strategy="random")


def fixed(data: Data, seconds: float, macs: float) -> tuple[Callable[[Any], Any], Row]:
    """A residual network of about so many multiply-adds, under Hortus's training loop."""
    import torch

    from hortus.nets.counting import multiply_adds, parameters
    from hortus.nets.recipe import make_recipe
    from hortus.nets.training import Normalizer, Training, device, probabilities

    torch.set_num_threads(os.cpu_count() or 1)

    def tensor(images: Any) -> torch.Tensor:
        return torch.from_numpy(_channelled(images).transpose(0, 3, 1, 2).copy()).float()

    pixels, y = tensor(data["X_train"]), torch.from_numpy(np.asarray(data["y_train"], dtype=np.int64))
    shape, classes = (int(pixels.shape[1]), int(pixels.shape[2]), int(pixels.shape[3])), int(y.max()) + 1
    torch.manual_seed(0)
    networks = {width: residual_network(width, shape[0], classes) for width in WIDTHS}
    width = min(WIDTHS, key=lambda w: abs(multiply_adds(networks[w], shape) - macs))
    normalize = Normalizer(
        tuple(pixels.mean((0, 2, 3)).tolist()), tuple(pixels.std((0, 2, 3)).tolist()), place=device()
    )
    # The schedule is cut to what there is time for.
    total = 1000 * len(y)
    training = Training(networks[width], make_recipe(len(y), shape), normalize, total=total, seed=0)
    training.advance(pixels, y, deadline=time.monotonic() + seconds)
    told = {
        "network": f"residual, {width} wide",
        "macs": multiply_adds(networks[width], shape),
        "parameters": parameters(networks[width]),
        "epochs": round(training.seen / len(y), 1),
    }
    return lambda images: probabilities(networks[width], normalize, tensor(images)).argmax(1).numpy(), told


def residual_network(width: int, channels: int, classes: int) -> Any:
    """Three stages of two basic blocks (He et al. 2016, "Deep Residual Learning for Image Recognition")."""
    from torch import Tensor, nn

    class Block(nn.Module):
        def __init__(self, before: int, after: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(before, after, 3, stride, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.Conv2d(after, after, 3, 1, 1, bias=False),
                nn.BatchNorm2d(after),
            )
            same = stride == 1 and before == after
            short = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
            self.short = nn.Identity() if same else short

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.relu(self.body(x) + self.short(x))

    wide = [width, 2 * width, 4 * width]
    blocks = [
        Block(before, after, stride)
        for stage, after in enumerate(wide)
        for before, stride in ((wide[max(0, stage - 1)], 1 if stage == 0 else 2), (after, 1))
    ]
    stem = [nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide[-1], classes))


class TimeIsUp(BaseException):
    """Raised by the clock, through whatever the peer would catch."""


def until(seconds: float, work: Callable[[], Any]) -> None:
    """Do some work, and stop it by the clock."""

    def ring(*_: Any) -> None:
        raise TimeIsUp

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        work()
    except TimeIsUp:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _channelled(images: Any) -> Any:
    return images[..., None] if images.ndim == 3 else images


def autokeras(data: Data, seconds: float) -> tuple[Callable[[Any], Any], Row]:
    """AutoKeras' image classifier at its defaults."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    begin = time.monotonic()
    import autokeras as ak  # type: ignore[import-not-found]

    build = ak.ClassificationHead.build

    def built(head: Any, *arguments: Any, **more: Any) -> Any:
        # AutoKeras 3.0.0 counts classes by numpy's integers, which Keras 3.15 refuses.
        head.shape = [int(size) for size in head.shape]
        return build(head, *arguments, **more)

    ak.ClassificationHead.build = built
    folder = tempfile.mkdtemp()
    model = ak.ImageClassifier(max_trials=MANY, directory=folder, seed=0, overwrite=True)
    X, y = _channelled(data["X_train"]), data["y_train"]
    until(seconds - (time.monotonic() - begin), lambda: model.fit(X, y, verbose=0))
    trials = list(model.tuner.oracle.trials.values())
    done = [trial for trial in trials if trial.status == "COMPLETED"]
    # Its first trial may take all the time; its best epoch is kept.
    best = model.tuner.get_best_models(1)[0] if done else model.tuner.load_model(trials[-1])

    def predict(images: Any) -> Any:
        found = np.asarray(best.predict(_channelled(images), verbose=0))
        return found.argmax(1) if found.shape[1] > 1 else (found[:, 0] > 0.5).astype(int)

    return predict, {"trials": len(done), "parameters": int(best.count_params())}


def keras_tuner(data: Data, seconds: float) -> tuple[Callable[[Any], Any], Row]:
    """Hyperband over a convolutional network of the user's, as Keras Tuner's guide has it."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    begin = time.monotonic()
    import keras  # type: ignore[import-not-found]
    import keras_tuner as kt  # type: ignore[import-not-found]

    X, y = _channelled(data["X_train"]), np.asarray(data["y_train"])
    order = np.random.default_rng(0).permutation(len(y))
    train, valid = order[len(y) // 5 :], order[: len(y) // 5]

    def build(hp: Any) -> Any:
        model = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Rescaling(1 / 255)])
        for layer in range(hp.Int("layers", 1, 3)):
            model.add(
                keras.layers.Conv2D(hp.Int(f"units_{layer}", 32, 256, step=32), 3, padding="same", activation="relu")
            )
            model.add(keras.layers.MaxPooling2D(padding="same"))
        model.add(keras.layers.Flatten())
        if hp.Boolean("dropout"):
            model.add(keras.layers.Dropout(0.25))
        model.add(keras.layers.Dense(int(y.max()) + 1, activation="softmax"))
        rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
        model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    tuner = kt.Hyperband(
        build, "val_accuracy", max_epochs=50, hyperband_iterations=100, seed=0, directory=tempfile.mkdtemp()
    )
    valid_data = (X[valid], y[valid])
    until(
        seconds - (time.monotonic() - begin),
        lambda: tuner.search(X[train], y[train], validation_data=valid_data, verbose=0),
    )
    done = [trial for trial in tuner.oracle.trials.values() if trial.status == "COMPLETED"]
    best = tuner.get_best_models(1)[0]
    told = {"trials": len(done), "parameters": int(best.count_params())}
    return lambda images: np.asarray(best.predict(_channelled(images), verbose=0)).argmax(1), told


SYSTEMS: dict[str, Callable[..., tuple[Callable[[Any], Any], Row]]] = {
    "hortus": by_hortus,
    "hortus_quarter": quarter,
    "random": at_random,
    "fixed": fixed,
    "autokeras": autokeras,
    "keras_tuner": keras_tuner,
}
PEERS = ("autokeras", "keras_tuner")


def measure(system: str, name: str, seconds: float, macs: float | None) -> Row:
    """One system on one set."""
    data = load(name)
    begin = time.monotonic()
    more = {} if system != "fixed" else {"macs": macs}
    predict, told = SYSTEMS[system](data, seconds, **more)
    took = time.monotonic() - begin
    right = np.asarray(predict(data["X_test"])) == np.asarray(data["y_test"])
    load_now = round(os.getloadavg()[0], 1)
    return {"accuracy": round(float(right.mean()), 4), "fit_s": round(took, 1), "load": load_now, **told}


def main() -> None:
    """Measure what is missing, each row in a process of its own; print, and if asked write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--peer-python", default=sys.executable, help="one that has AutoKeras and Keras Tuner")
    parser.add_argument("--row", nargs=2, metavar=("SYSTEM", "SET"), help="measure this row and print it")
    parser.add_argument("--write", action="store_true", help="put the table into docs/nas.md")
    parser.add_argument("--macs", type=float, help="multiply-adds of the fixed network")
    args = parser.parse_args()
    if args.row:
        system, name = args.row
        print(json.dumps(measure(system, name, args.seconds, args.macs)))
        return
    from benchmarks.about import about

    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if found.get("seconds") != args.seconds:
        found = {"seconds": args.seconds, "rows": {}}
    for name in args.sets.split(","):
        for system in args.systems.split(","):
            rows: dict[str, Row] = found["rows"].setdefault(name, {})
            if system in rows:
                continue
            python = args.peer_python if system in PEERS else sys.executable
            command = [python, "-m", "benchmarks.images", "--row", system, name, "--seconds", str(args.seconds)]
            if system == "fixed":
                command += ["--macs", str(rows["hortus"]["macs"])]
            path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=False
            )
            if done.returncode:
                print(system, name, "failed:", done.stderr.strip().splitlines()[-1:], flush=True)
                continue
            rows[system] = json.loads(done.stdout.splitlines()[-1])
            found |= about("hortus", "torch")
            print(name, system, rows[system], flush=True)
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    if any(found["rows"].values()):
        print(table(found))
        if args.write:
            marked.write(DOCUMENT, {"images": table(found)})


def table(found: dict[str, Any]) -> str:
    """Accuracies, a line a system."""
    sets = list(found["rows"])
    systems = [system for system in SYSTEMS if any(system in found["rows"][name] for name in sets)]
    lines = [f"| system | {' | '.join(sets)} |", f"| --- |{' ---: |' * len(sets)}"]
    for system in systems:
        cells = [found["rows"][name].get(system) for name in sets]
        said = ["" if row is None else f"{row['accuracy']:.3f} ({row['fit_s']:.0f} s)" for row in cells]
        lines.append(f"| {system.replace('_', ' ')} | {' | '.join(said)} |")
    told = f"Hortus {found['hortus']}, {found['machine']}, PyTorch {found['torch']}, {found['date']}."
    return "\n".join([*lines, "", f"Accuracy on images held out, {found['seconds']:.0f} s each; {told}"])


if __name__ == "__main__":
    main()
