"""Functions to tune, well-behaved and not; worker processes import this file by its name on ``sys.path``."""

import ctypes
import os
import time

import optuna


def bowl(trial):
    x = trial.suggest_float("x", -5.0, 5.0)
    kind = trial.suggest_categorical("kind", ["near", "far"])
    trial.set_user_attr("seed", trial.seed)
    return (x - 2.0) ** 2 + (10.0 if kind == "far" else 0.0)


def branches(trial):
    if trial.suggest_categorical("model", ["line", "tree"]) == "line":
        return trial.suggest_float("slope", 0.0, 1.0)
    return 0.1 * trial.suggest_int("depth", 1, 5)


def declared(params):
    return params["x"] * params["k"]


def curve(params, trial):
    for step in range(1, 5):
        trial.report(step * params["x"], step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return 4 * params["x"]


def faulty(trial):
    trial.suggest_float("x", 0.0, 1.0)
    return FAULTS[trial.number % len(FAULTS)]()


def boom():
    raise ValueError("boom")


def hang():
    time.sleep(60)


def segfault():
    ctypes.string_at(0)


def eat():
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * (1 << 26)))


FAULTS = (lambda: 0.5, boom, lambda: float("nan"), hang, segfault, eat, lambda: "a text", lambda: os._exit(3))


def changing(trial):
    trial.suggest_float("x", 0.0, 1.0)
    return trial.suggest_int("x", 0, 2)
