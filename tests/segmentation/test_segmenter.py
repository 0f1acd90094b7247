"""ImageSegmenter and the commands, from scenes to masks."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from typer.testing import CliRunner

import hortus
from hortus import ImageSegmenter
from hortus.cli import app
from hortus.data.overlap import mean_overlap
from hortus.errors import ArtifactError, HortusError, RunError, SettingError
from hortus.run.scenes.fit import resume_scenes
from hortus.run.scenes.result import open_scene_run
from hortus.run.scenes.settings import SceneSettings

SMALL = {
    "space_options": {"layers": 2, "blocks": 1, "width": 4, "operations": ["sep_conv_3x3", "skip_connect"]},
    "epochs": 12.0,
    "recipe": {"learning_rate": 0.1, "crop": 0},
    "executor": "inline",
    "random_state": 0,
    "verbosity": 0,
    "n_jobs": 1,
}


@pytest.fixture(scope="module")
def fitted(scenes, tmp_path_factory):
    """Learned by gradients, trained, gone on with on all scenes."""
    folder = tmp_path_factory.mktemp("run") / "run"
    model = ImageSegmenter(steps=6, trials=2, classes=["sky", "road", "ball", "box"], run_folder=folder, **SMALL)
    return model.fit(*scenes)


def test_it_learns_and_answers_at_each_scene_s_own_size(fitted, scenes):
    pixels, masks = scenes
    assert fitted.score(pixels, masks) > 0.4
    said = fitted.predict(pixels[:3])
    assert said.shape == (3, 32, 40)
    assert set(np.unique(said)) <= {0, 1, 2, 3}
    proba = fitted.predict_proba(pixels[:2])
    assert proba.shape == (2, 4, 32, 40)
    assert np.allclose(proba.sum(1), 1, atol=1e-5)
    large = np.repeat(np.repeat(pixels[0], 2, 0), 2, 1)
    both = fitted.predict([pixels[0], large])
    assert [mask.shape for mask in both] == [(32, 40), (64, 80)]
    assert (both[1][::2, ::2] == both[0]).mean() > 0.8
    assert fitted.predict([large], way="sliding").shape == (1, 64, 80)
    assert fitted.predict(pixels[:1], refine=True).shape == (1, 32, 40)
    with pytest.raises(SettingError, match="no way called 'slide'"):
        fitted.predict(pixels[:1], way="slide")


def test_it_reports_class_by_class(fitted, scenes, tmp_path):
    aside, told = fitted.report(), fitted.report(*scenes)
    assert list(aside["class"]) == list(told["class"]) == ["sky", "road", "ball", "box"]
    assert aside["iou"].mean() == pytest.approx(fitted.score_, abs=1e-9)
    assert told["iou"].mean() == pytest.approx(fitted.score(*scenes))
    assert told["share"].sum() == pytest.approx(1)
    board = fitted.leaderboard()
    assert len(board) == 2
    assert {"network", "score", "low", "high", "params", "latency"} <= set(board)
    best = board.iloc[0]
    assert best["low"] <= best["score"] <= best["high"]
    fitted.draw(tmp_path / "network.svg")
    assert "stride" in (tmp_path / "network.svg").read_text()


def test_the_first_trial_is_what_was_learned(fitted):
    result = open_scene_run(fitted.run_folder)
    assert dict(result.rows[0].params) == result.learned
    assert result.chosen["final"]


def test_a_saved_model_answers_alike_and_a_damaged_one_is_refused(fitted, scenes, tmp_path):
    fitted.save(tmp_path / "streets.hortus")
    again = hortus.load(tmp_path / "streets.hortus")
    assert np.array_equal(again.predict(scenes[0][:4]), fitted.predict(scenes[0][:4]))
    assert mean_overlap(again.score(*scenes).sum(0)) == pytest.approx(fitted.score(*scenes))
    raw = bytearray((tmp_path / "streets.hortus").read_bytes())
    raw[len(raw) // 2] ^= 255
    (tmp_path / "bad.hortus").write_bytes(raw)
    with pytest.raises(ArtifactError):
        hortus.load(tmp_path / "bad.hortus")


def test_the_same_seed_gives_the_same_and_a_run_is_gone_on_with(fitted, scenes, tmp_path):
    settings = {**fitted.get_params(), "run_folder": tmp_path / "again"}
    again = clone(fitted).set_params(**settings).fit(*scenes)
    columns = ["network", "score"]
    pd.testing.assert_frame_equal(again.leaderboard()[columns], fitted.leaderboard()[columns])
    more = resume_scenes(tmp_path / "again", trials=1)
    assert len(more.rows) == 3
    assert ImageSegmenter.from_run(tmp_path / "again").leaderboard().shape[0] == 3
    with pytest.raises(RunError, match="made from other scenes"):
        again.fit(scenes[0][:20], scenes[1][:20])


def test_with_time_several_of_what_was_learned_are_trained_and_halving_stops_the_others(scenes):
    model = ImageSegmenter(time_budget=20, **{**SMALL, "epochs": 4.0}).fit(*scenes)
    board = model.leaderboard()
    assert len(board) == 8
    assert set(board["state"]) == {"complete", "pruned"}
    assert model.score_ == board["score"].max()
    timed, counted = SceneSettings(time=60.0), SceneSettings(trials=3)
    assert (timed.most_trials, timed.stopper) == (8, "halving")
    assert (counted.most_trials, counted.stopper) == (3, "none")
    assert SceneSettings(time=60.0, pruner="none").stopper == "none"
    # Those that are stopped take a share of what those that are not take.
    assert timed.trial_seconds(2, 600.0) > SceneSettings(time=60.0, trials=8).trial_seconds(2, 600.0)


def test_weight_sharing_judges_many_and_trains_the_best(scenes, tmp_path):
    model = ImageSegmenter(
        strategy="random", evaluator="weight_sharing", steps=10, trials=5, run_folder=tmp_path / "run", **SMALL
    )
    board = model.set_params(final=False, epochs=3.0).fit(*scenes).leaderboard()
    assert len(board) == 5
    assert 1 <= board["trained"].notna().sum() <= 3
    assert model.score_ == board["trained"].max()


def test_evolution_on_the_fixed_kind_of_network_with_a_pruner(scenes):
    model = ImageSegmenter("deeplab", "evolution", trials=2, pruner="median", **{**SMALL, "space_options": None})
    model.set_params(epochs=2.0, final=False, space_options={"widths": [8], "decoded": [16]}).fit(*scenes)
    assert set(model.leaderboard()["state"]) == {"complete"}
    assert model.model_.describe.startswith("8 wide")


def test_a_run_is_exported_as_code_and_as_onnx(fitted, tmp_path):
    pytest.importorskip("onnxruntime")
    for form, file in (("code", "network.py"), ("onnx", "model.onnx")):
        done = CliRunner().invoke(app, ["export", str(fitted.run_folder), "--to", form, "--out", str(tmp_path / form)])
        assert done.exit_code == 0, done.output
        assert (tmp_path / form / file).exists()
    assert json.loads((tmp_path / "onnx/parity.json").read_text())["passed"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"space": "cell", "strategy": "random"}, "tell images apart and not their pixels"),
        ({"space": "deeplab"}, "needs a network that all candidates share"),
        ({"space": "deeplab", "strategy": "random", "evaluator": "weight_sharing"}, "share no network"),
        ({"evaluator": "training_free"}, "no evaluator called 'training_free'"),
        ({"strategy": "rand"}, "Did you mean 'random'"),
        ({"epochs": -1.0}, "needs more than none"),
        ({"recipe": {"rate": 1}}, "A recipe has no 'rate'"),
        ({"time_budget": -3}, "not a positive number"),
        ({"strategy_options": {"method": "mix"}, "steps": 1, "trials": 1}, "no method called 'mix'"),
    ],
)
def test_what_does_not_fit_is_refused(scenes, wrong, said):
    with pytest.raises(HortusError, match=said):
        ImageSegmenter(**{**SMALL, **wrong}).fit(*scenes)


def test_the_commands_from_a_folder_to_masks(folder, tmp_path):
    run = CliRunner().invoke
    out = str(tmp_path / "run")
    told = ["--task", "segmentation", "--trials", "1", "--executor", "inline", "--space", "deeplab", "--quiet"]
    found = run(app, ["fit", str(folder), *told, "--out", out, "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["metric"] == "mean_iou"
    shown = run(app, ["leaderboard", out])
    assert "mean IoU" in shown.output
    assert "ball" in shown.output
    assert len(json.loads(run(app, ["leaderboard", out, "--json"]).stdout)) == 1
    masks = tmp_path / "masks"
    done = run(app, ["predict", out, str(folder / "images"), "--out", str(masks)])
    assert done.exit_code == 0, done.output
    first = Image.open(masks / "00.png")
    assert first.mode == "P"
    assert first.size == (40, 32)
    assert set(np.unique(np.asarray(first))) <= {0, 1, 2, 3}
    assert len(list(masks.iterdir())) == 24
    refined = run(
        app, ["predict", f"{out}/model.hortus", str(folder / "images/00.png"), "--refine", "--out", f"{masks}/one"]
    )
    assert (masks / "one/00.png").exists(), refined.output
    for wrong, said in (
        (["predict", out, str(folder / "images")], "go to a folder"),
        (["predict", out, str(folder / "images"), "--proba", "--out", str(masks)], "knows nothing of --proba"),
        (["predict", out, str(folder / "images"), "--out", str(folder / "images")], "written over the scenes"),
        (["fit", str(folder), "--task", "segmentation", "--target", "x"], "mean nothing"),
        (
            ["fit", str(folder), "--task", "segmentation", "--cluster", "http://x", "--out", f"{out}2"],
            "ray://HOST:PORT",
        ),
        (["resume", out, "--cluster", "http://x"], "ray://HOST:PORT"),
    ):
        refused = run(app, wrong)
        assert refused.exit_code == 2
        assert said in refused.output.replace("\n", " ").replace("means", "mean")
