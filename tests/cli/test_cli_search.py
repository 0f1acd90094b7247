"""`hortus search`: a function's networks on a folder of images; `--list`: the table of what fits, from the one rule."""

import json
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from hortus.cli import app
from hortus.run.combinations import combinations


def hortus(*arguments, code=0):
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    assert done.exit_code == code, done.output
    return done


def test_the_list_shows_what_fits_and_why_not_where_not():
    said = hortus("search", "--list", "--space", "entire").stdout
    assert "weight_sharing: a supernet" in " ".join(said.split())
    assert "evolution" in said
    fitting = [one for one in combinations() if one.space == "entire"]
    assert f"{sum(one.fits for one in fitting)} of {len(fitting)} combinations fit." in said


def test_the_list_for_programs_is_the_whole_product():
    found = json.loads(hortus("search", "--list", "--json").stdout)
    assert found == [one.to_json() for one in combinations()]
    assert all(one["fits"] == (one["reason"] == "") for one in found)
    only = json.loads(hortus("search", "--list", "--json", "--strategy", "differentiable").stdout)
    assert {one["space"] for one in only if one["fits"] and one["evaluator"] == "train"} == {"cell", "darts"}


def test_what_networks_need_is_named_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install 'hortus[nets]'" in hortus("search", "--list", code=2).stderr


def test_what_cannot_be_listed_is_refused():
    assert "cell" in hortus("search", "--list", "--space", "cel", code=2).stderr
    assert "--list" in hortus("search", code=2).stderr


NET = """
from torch import nn

def net(trial):
    width = trial.suggest_int("width", 2, 6)
    return nn.Sequential(nn.Conv2d(1, width, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A script with a function that makes networks, and a folder of 60 images of three digits."""
    folder = tmp_path_factory.mktemp("own space")
    (folder / "net.py").write_text(NET, encoding="utf-8")
    digits = load_digits(n_class=3)
    for number, (image, label) in enumerate(zip(digits.images[:60], digits.target[:60], strict=True)):
        (folder / "photos" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(folder / "photos" / str(label) / f"{number}.png")
    return folder


@pytest.mark.rotated
def test_a_function_s_networks_are_searched_for_two_objectives_in_worker_processes(place):
    pytest.importorskip("torch")
    run = place / "run"
    asked = ["search", f"{place / 'net.py'}:net", str(place / "photos"), "--out", str(run), "--jobs", "1"]
    asked += ["--objective", "params", "--trials", "3", "--epochs", "0.5", "--json"]
    found = json.loads(hortus(*asked).stdout)
    assert found["trials"] == 3
    assert set(found["params"]) == {"width"}
    costs = [row["params"] for row in found["pareto"]["params"]]
    assert costs == sorted(costs)
    # Looked at again without the function: nothing is imported because a file names it.
    assert "Pareto front of accuracy and params" in hortus("leaderboard", str(run)).stdout
    again = hortus(*asked[:-1], "--quiet").stdout
    assert f"width = {found['params']['width']}" in again
    # Predicting takes the function, said by who asks.
    asked = ["predict", str(run), str(place / "photos")]
    assert "--net script.py:function" in hortus(*asked, code=2).stderr
    labels = hortus(*asked, "--net", f"{place / 'net.py'}:net").stdout.splitlines()
    assert labels[0] == "path,label"
    assert len(labels) == 61
    from hortus.searching import open_search

    opened = open_search(run, f"{place / 'net.py'}:net")
    assert opened.predict(np.zeros((2, 8, 8), dtype=np.uint8)).shape == (2,)


def test_what_names_no_function_no_space_or_no_cost_is_refused_with_what_to_write(place):
    photos = str(place / "photos")
    assert "script.py:net" in hortus("search", "net.py:net", code=2).stderr
    assert "--list alone" in hortus("search", "net.py:net", photos, "--space", "cell", code=2).stderr
    assert "script.py:function" in hortus("search", "net", photos, code=2).stderr
    assert "cannot be imported" in hortus("search", f"{place / 'net.py'}:other", photos, code=2).stderr
    asked = ["search", f"{place / 'net.py'}:net", photos, "--trials", "1", "--out", str(place / "refused")]
    assert "latency" in hortus(*asked, "--objective", "latencies", code=2).stderr
    assert "nsga2" in hortus(*asked, "--objective", "params", "--strategy", "predictor", code=2).stderr
