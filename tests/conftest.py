"""How much is tried: a slice of everything in continuous integration, all of it at night."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair, on which other tests run meanwhile. (In continuous integration
# hypothesis has such a profile itself.)
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("any machine")

# Run by a test in an environment of its own, which has atheris.
collect_ignore = ["fuzz/csv_reader.py"]

# Folders and files whose tests fill the machine or watch the clock: `make test` runs them after all others.
ALONE = {
    "cluster",
    "faults",
    "screens",
    "test_cli_run.py",
    "test_designer_canvas.py",
    "test_designer_search.py",
    "test_examples.py",
    "test_local_executor.py",
    "test_run.py",
    "test_studio_away.py",
    "test_studio_findings.py",
    "test_studio_pages.py",
    "test_studio_runs.py",
    "test_studio_stream.py",
}

# Tests, and files whose tests share what is dear to make, that take over three seconds on a slow machine: rotated too.
DEAR = frozenset(Path(__file__).with_name("dear.txt").read_text(encoding="utf-8").split())

# Of the tests marked `rotated` each commit tries one in so many.
ROTATION = 8


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what runs alone; and in continuous integration, leave most of what is ``rotated`` to other commits."""
    for item in items:
        if ALONE.intersection(item.path.parts):
            item.add_marker("alone")
        if DEAR.intersection((item.nodeid.partition("[")[0], _file(item))):
            item.add_marker("rotated")
    if "HORTUS_SLICE" not in os.environ:
        return
    slice_ = int(os.environ["HORTUS_SLICE"]) % ROTATION

    def elsewhere(item: pytest.Item) -> bool:
        # A test that is listed itself is not bound to the others of its file.
        together = _file(item) in DEAR and item.nodeid.partition("[")[0] not in DEAR
        dealt = _file(item) if together else item.nodeid
        turn = hashlib.sha256(dealt.encode()).digest()[0] % ROTATION
        return item.get_closest_marker("rotated") is not None and turn != slice_

    config.hook.pytest_deselected(items=[item for item in items if elsewhere(item)])
    items[:] = [item for item in items if not elsewhere(item)]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether there is all night: set HORTUS_LONG=1, as `make nightly` does."""
    return bool(os.environ.get("HORTUS_LONG"))


@pytest.fixture(scope="session")
def slice_number() -> int:
    """Which slice is tried: each commit another, since `.ci/run` counts them in HORTUS_SLICE."""
    return int(os.environ.get("HORTUS_SLICE", "0"))


@pytest.fixture(scope="session")
def write_digits() -> Callable[[Path], None]:
    """Writes two classes of twenty digits each, as files below class folders."""

    def write(folder: Path) -> None:
        from sklearn.datasets import load_digits

        image = pytest.importorskip("PIL.Image")
        found = load_digits(n_class=2)
        for number in range(40):
            place = folder / ("zero" if found.target[number] == 0 else "one")
            place.mkdir(parents=True, exist_ok=True)
            image.fromarray((found.images[number] * 15).astype("uint8")).save(place / f"{number}.png")

    return write


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Note a figure under a name; `make nightly` writes them to docs/reliability.md."""
    return record_property
