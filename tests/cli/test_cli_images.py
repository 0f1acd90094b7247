"""A folder of images on the command line: fit, leaderboard, resume, and what means nothing there."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hortus.cli import app

pytest.importorskip("torch")
pytest.importorskip("PIL.Image")


def hortus(*arguments, code=0):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done


@pytest.fixture(scope="module")
def photos(tmp_path_factory, write_digits):
    """Two classes of twenty digits each, as files, and one that is damaged."""
    folder = tmp_path_factory.mktemp("digits") / "photos"
    write_digits(folder)
    (folder / "one" / "broken.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture(scope="module")
def run(photos):
    folder = photos.parent / "run"
    quick = ("--strategy", "random", "--executor", "inline", "--trials", "1")
    done = hortus("fit", photos, "--task", "image", *quick, "--out", folder)
    assert "1 of 41 images cannot be read" in done.stderr
    assert "broken.png" in done.stderr
    assert f"hortus leaderboard {folder}" in done.stdout
    return folder


def test_the_leaderboard_shows_networks_and_their_costs(run):
    said = hortus("leaderboard", run).stdout
    assert "to be expected on new images" in said
    rows = json.loads(hortus("leaderboard", run, "--json").stdout)
    assert len(rows) == 1
    assert rows[0]["params"] > 0
    assert rows[0]["network"].startswith("|")
    assert set(json.loads(hortus("leaderboard", run, "--budgets", "--json").stdout)) == {
        "after 1/9",
        "after 1/3",
        "trained",
    }


def test_a_run_goes_on(run):
    said = json.loads(hortus("resume", run, "--trials", "1", "--json").stdout)
    assert said["task"] == "image"
    assert said["trials"] == 2


def test_what_means_nothing_to_images_is_refused(photos):
    said = hortus("fit", photos, "--task", "image", "--target", "y", "--folds", "3", code=2).stderr
    assert "--target, --folds mean nothing" in said
    assert "--target" in hortus("fit", photos, code=2).stderr


def test_new_images_are_predicted_by_the_run_and_by_its_file(run, photos, tmp_path):
    hortus("predict", run, photos / "zero", "--out", tmp_path / "said.csv", "--proba")
    said = pd.read_csv(tmp_path / "said.csv")
    assert list(said.columns) == ["path", "label", "proba_one", "proba_zero"]
    assert len(said) == len(list((photos / "zero").iterdir()))
    assert (said["label"] == "zero").mean() > 0.5
    np.testing.assert_allclose(said["proba_one"] + said["proba_zero"], 1.0)
    one = hortus("predict", run / "model.hortus", photos / "zero" / "0.png").stdout
    assert one.splitlines()[0] == "path,label"
    assert "broken.png" in hortus("predict", run, photos, code=2).stderr


def test_commands_for_tables_say_that_this_is_a_run_of_images(run, tmp_path):
    assert "is one of images" in hortus("report", run, "--out", tmp_path / "report.html", code=2).stderr
    assert "is one of images" in hortus("faster", run, "--out", tmp_path / "fast.hortus", code=2).stderr
