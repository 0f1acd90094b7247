"""`hortus.search`: a function in PyTorch is a search space."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
from sklearn.datasets import load_digits, load_wine

import hortus
from hortus.errors import RunError, SettingError
from hortus.searching import Found, open_search, search
from hortus.spaces import SPACES
from hortus.spaces.own import name_of, unreachable

QUICK: dict[str, Any] = {"trials": 3, "epochs": 1, "workers": 1, "executor": "inline", "verbosity": 0, "final": False}


@pytest.fixture(scope="module")
def own() -> Any:
    """The functions, as whoever imports them has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield importlib.import_module("own_networks")


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    found = load_digits()
    return found.images[:200], found.target[:200]


@pytest.fixture(scope="module")
def found(own: Any, digits: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Found:
    """A search in a worker process, which imports the function by its name."""
    folder = tmp_path_factory.mktemp("search")
    asked = QUICK | {"epochs": 4, "executor": "auto", "final": True}
    return hortus.search(own.net, *digits, **asked, run_folder=folder)


def test_the_best_network_comes_back(found: Found, digits: tuple[Any, Any]) -> None:
    X, y = digits
    assert set(found.params) == {"width", "kernel"}
    assert (found.predict(X) == y).mean() > 0.6
    assert found.predict_proba(X[:7]).shape == (7, 10)
    assert found.network[0].out_channels == found.params["width"]
    assert not found.network.training
    board = found.leaderboard()
    assert len(board) == 3
    assert found.score == board["score"].iloc[0]
    assert (found.pareto("params")["params"] > 0).all()
    assert found.estimate.low <= found.estimate.score <= found.estimate.high
    assert not [note for note in found.notes if note.code == "search-inline"]


def test_the_same_call_goes_on_and_a_folder_is_opened_again(found: Found, own: Any, digits: tuple[Any, Any]) -> None:
    again = open_search(found.folder, own.net)
    np.testing.assert_array_equal(again.predict(digits[0]), found.predict(digits[0]))
    more = search(own.net, *digits, **QUICK | {"trials": 4, "epochs": 4}, run_folder=found.folder)
    assert len(more.leaderboard()) == 4


def test_a_seed_repeats_the_search(own: Any, digits: tuple[Any, Any]) -> None:
    boards = [search(own.net, *digits, **QUICK).leaderboard()[["trial", "network", "score"]] for _ in range(2)]
    assert boards[0].equals(boards[1])


def test_a_function_that_workers_cannot_import_runs_here_and_the_reason_is_told(
    own: Any, digits: tuple[Any, Any]
) -> None:
    heard: list[Any] = []
    asked = QUICK | {"executor": "auto", "trials": 1}
    found = search(lambda trial: own.net(trial).eval(), *digits, **asked, listeners=[heard.append])
    (note,) = (note for note in found.notes if note.code == "search-inline")
    assert "lambda" in note.what
    assert any(event.data.get("code") == "search-inline" for event in heard)


def test_rows_of_numbers_are_searched_column_by_column(own: Any) -> None:
    X, y = load_wine(return_X_y=True)
    found = search(own.rows, X, y, **QUICK | {"epochs": 15, "trials": 2})
    assert (found.predict(X) == y).mean() > 0.9
    assert len(found.predict(X[:1])) == 1
    assert not [note for note in found.notes if "pixel" in note.what]


def test_a_network_that_cannot_be_made_costs_its_trial_alone(own: Any, digits: tuple[Any, Any]) -> None:
    found = search(own.fragile, *digits, **QUICK | {"trials": 6, "strategy": "random"})
    board = found.leaderboard()
    assert set(board["state"]) == {"complete", "failed"}
    assert board[board["state"] == "failed"]["reason"].str.contains("cannot be made").all()


def test_what_looks_into_its_numbers_is_made_with_them(own: Any, digits: tuple[Any, Any]) -> None:
    found = search(own.peeking, *digits, **QUICK | {"trials": 1})
    assert set(found.params) == {"width", "more"}


def test_what_is_no_network_or_has_too_few_logits_is_refused_with_the_reason(digits: tuple[Any, Any]) -> None:
    from torch import nn

    with pytest.raises(RunError, match="returned int"):
        search(lambda trial: trial.suggest_int("a", 0, 3), *digits, **QUICK | {"trials": 1})
    with pytest.raises(RunError, match=r"\(2, 7\)"):
        search(lambda _: nn.Sequential(nn.Flatten(), nn.Linear(64, 7)), *digits, **QUICK | {"trials": 1})


@pytest.mark.parametrize(("strategy", "evaluator"), [("differentiable", "train"), ("random", "weight_sharing")])
def test_what_needs_more_than_params_and_scores_is_refused(
    strategy: str, evaluator: str, own: Any, digits: tuple[Any, Any]
) -> None:
    with pytest.raises(SettingError, match="needs a supernet"):
        search(own.net, *digits, **QUICK, strategy=strategy, evaluator=evaluator)


def test_no_function_is_imported_because_a_file_names_it(found: Found) -> None:
    with pytest.raises(SettingError, match="open_search"):
        hortus.load(found.folder / "model.hortus")
    with pytest.raises(SettingError, match="not given here"):
        SPACES["own"](None, function="os:system")


def test_names_by_which_workers_import(own: Any) -> None:
    def inner(trial: Any) -> None: ...

    assert name_of(own.net) == "own_networks:net"
    assert "inside another function" in unreachable(inner)
    inner.__module__, inner.__qualname__ = "own_networks", "net"
    assert "something else" in unreachable(inner)
    inner.__module__ = "nowhere"
    assert "no module 'nowhere'" in unreachable(inner)
