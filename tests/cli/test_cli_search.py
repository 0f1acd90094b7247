"""`hortus search --list`: the table of what fits, from the one rule."""

import json
import sys

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
