"""Models small enough to be made for every session, of a table as hostile as a table can honestly be."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hortus.data.ranges import training_ranges
from hortus.ensemble.predictor import Predictor
from hortus.run import Settings, fit

ROWS = 240
NAMES = {
    "number": "age (years)",
    "category": 'home "town" </script>',
    "boolean": "class",
    "date": "model_config",
    "private": "__private",
    "unicode": "größe ☃ 中",
    "collides": "copy",
    "schema": "schema",
    "text": "it's\\a story",
}


def hostile_table(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = np.array(["leaf", "root", "stem", "sun", "rain", "soil", "green", "dry", "tall", "old", "new", "wild"])
    table = pd.DataFrame(
        {
            NAMES["number"]: rng.integers(18, 90, rows).astype(float),
            NAMES["category"]: rng.choice(["Kyōto", "=1+1", "<b>x</b>"], rows),
            NAMES["boolean"]: rng.choice(["yes", "no"], rows),
            NAMES["date"]: pd.date_range("2020-01-01", periods=rows).astype(str),
            NAMES["private"]: rng.normal(size=rows),
            NAMES["unicode"]: rng.normal(size=rows) * 1e3,
            NAMES["collides"]: rng.integers(0, 1000, rows) / 8,
            NAMES["schema"]: rng.choice(list("abc"), rows),
            NAMES["text"]: [" ".join(rng.choice(words, 8)) for _ in range(rows)],
            "row id": np.arange(rows),
        }
    )
    table.loc[::7, NAMES["number"]] = np.nan
    signal = table[NAMES["private"]] + (table[NAMES["schema"]] == "a") + rng.normal(size=rows) * 0.3
    return table.assign(target=np.where(signal > 0.4, "late", "on time"))


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    settings = Settings(trials=2, folds=2, models=("linear", "lightgbm"), executor="inline", slots=1)
    fit(hostile_table(), "target", settings, folder=folder)
    return folder


@pytest.fixture(scope="session")
def hostile_model(hostile_run: Path) -> Predictor:
    from hortus.deploy.bundle import load_bundle

    return with_ranges(load_bundle(hostile_run / "model.hortus"), hostile_table())


def with_ranges(predictor: Predictor, table: pd.DataFrame) -> Predictor:
    ranges = training_ranges(predictor.schema.apply(table)[0], predictor.schema)
    return replace(predictor, facts={**predictor.facts, "ranges": ranges})


@pytest.fixture
def hostile_row() -> dict[str, Any]:
    return {
        NAMES["number"]: 30,
        NAMES["category"]: "Kyōto",
        NAMES["boolean"]: "Yes",
        NAMES["date"]: "2020-05-05",
        NAMES["private"]: 0.3,
        NAMES["unicode"]: -12.5,
        NAMES["collides"]: 1,
        NAMES["schema"]: "a",
        NAMES["text"]: "tall green leaf",
    }


@contextmanager
def server(*command: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server's process and port, once it answers; PORT in its command and variables becomes a free one."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    words = [str(port) if word == "PORT" else word for word in command]
    variables = {name: value.replace("PORT", str(port)) for name, value in environment.items()}
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    process = subprocess.Popen(words, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        assert process.poll() is None, process.communicate()[0]
        yield process, port
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def running() -> Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], int]]]:
    return server
