"""How much is tried: a slice of everything in continuous integration, all of it at night."""

import os
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether there is all night: set HORTUS_LONG=1, as `make nightly` does."""
    return bool(os.environ.get("HORTUS_LONG"))


@pytest.fixture(scope="session")
def slice_number() -> int:
    """Which slice is tried: each commit another, since `.ci/run` counts them in HORTUS_SLICE."""
    return int(os.environ.get("HORTUS_SLICE", "0"))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Note a figure under a name; `make nightly` writes them to docs/reliability.md."""
    return record_property
