"""Small finished runs, and a studio that shows them."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

from hortus.run import Settings, fit
from hortus.studio.home import id_of

SMALL = {"trials": 4, "models": ("linear", "lightgbm"), "folds": 3, "executor": "inline", "slots": 1}


@pytest.fixture(scope="session")
def tumours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes: which of 569 tumours is malignant."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    folder = tmp_path_factory.mktemp("made") / "tumours"
    classes = y.map({0: "malignant", 1: "benign"}).rename("diagnosis")
    fit(X.iloc[:, :8], classes, Settings(**SMALL), folder=folder)
    return folder


@pytest.fixture(scope="session")
def progress_of_diabetes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A regression."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    folder = tmp_path_factory.mktemp("made") / "diabetes"
    fit(X, y, Settings(**{**SMALL, "trials": 2}), folder=folder)
    return folder


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks that tell digits apart."""
    pytest.importorskip("torch")
    from hortus.run.images.fit import fit_images
    from hortus.run.images.settings import ImageSettings

    found = load_digits()
    folder = tmp_path_factory.mktemp("made") / "digits"
    settings = ImageSettings(
        trials=3,
        epochs=1,
        executor="inline",
        strategy="random",
        final=False,
        grow=False,
        space_options={"width": 4},
    )
    fit_images(found.images[:200], found.target[:200], settings, folder=folder)
    return folder


@pytest.fixture(scope="session")
def shown(
    served, tumours: Path, progress_of_diabetes: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[type]:
    """A studio that shows the runs of tables."""
    found = type(served)(tmp_path_factory.mktemp("shown") / "home", _free(), opened=(tumours, progress_of_diabetes))
    found.start()
    yield found
    client = found.client()
    for run in (tumours, progress_of_diabetes):
        client.put(f"/api/deploy/runs/{id_of(run)}/switch", json={"on": False})
    client.close()
    found.stop()


@pytest.fixture(scope="session")
def api(shown: Any) -> Iterator[httpx.Client]:
    """A client of it."""
    client = shown.client()
    yield client
    client.close()


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def free_port_of() -> Callable[[], int]:
    """Finds a port that nobody listens on."""
    return _free
