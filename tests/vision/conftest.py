"""A tiny search space, and digits to search on."""

from pathlib import Path

import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from hortus.spaces import SPACES

pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The space ``tiny`` is known, as by an entry point of somebody's package."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setitem(SPACES.__dict__, "_outside", {"tiny": "tiny_space:TinySpace"})


@pytest.fixture(scope="session")
def digits():
    """X_train, X_test, y_train, y_test."""
    found = load_digits()
    return train_test_split(found.images, found.target, test_size=0.5, stratify=found.target, random_state=0)
