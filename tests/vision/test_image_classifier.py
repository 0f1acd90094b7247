"""A whole run on handwritten digits: images in, a searched and trained network out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import hortus
from hortus.engine.journal import Journal
from hortus.errors import InputError, RunError, SettingError
from hortus.evaluation.weight_sharing import SupernetTraining
from hortus.run.images.fit import resume_images
from hortus.run.images.result import open_image_run
from hortus.vision import ImageClassifier

QUICK = {"space": "tiny", "strategy": "random", "executor": "inline", "verbosity": 0, "random_state": 0}


@pytest.fixture(scope="module")
def made(tmp_path_factory, digits):
    """One fitted model for all tests that only ask it something."""
    with pytest.MonkeyPatch.context() as patch:
        from hortus.spaces import SPACES

        patch.syspath_prepend(str(Path(__file__).parent))
        patch.setitem(SPACES.__dict__, "_outside", {"tiny": "tiny_space:TinySpace"})
        X, _, y, _ = digits
        folder = tmp_path_factory.mktemp("run")
        return ImageClassifier(**QUICK, trials=4, epochs=4, run_folder=folder).fit(X, y)


def test_it_tells_digits_apart(made, digits):
    _, X, _, y = digits
    assert made.score(X, y) > 0.93
    proba = made.predict_proba(X[:20])
    assert proba.shape == (20, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert (made.classes_[proba.argmax(axis=1)] == made.predict(X[:20])).all()
    assert made.estimate_.low <= made.estimate_.score <= made.estimate_.high


def test_the_leaderboard_has_scores_and_costs(made):
    board = made.leaderboard()
    assert len(board) == 4
    assert board["score"].is_monotonic_decreasing
    assert (board["params"] > 0).all()
    assert (board["macs"] > 0).all()
    assert (board["latency"] > 0).all()
    assert board["network"].str.contains("conv").all()
    assert made.score_ == board["score"].iloc[0]


def test_the_pareto_front_gets_better_with_the_cost(made):
    for cost in ("latency", "params", "macs"):
        front = made.pareto(cost)
        assert len(front) >= 1
        assert front[cost].is_monotonic_increasing
        assert front["score"].is_monotonic_increasing
        assert front["score"].iloc[-1] == made.score_
    with pytest.raises(SettingError, match="latency"):
        made.pareto("latencies")


def test_a_saved_network_predicts_the_same_and_holds_no_pickle(made, digits, tmp_path):
    import zipfile

    _, X, _, _ = digits
    made.save(tmp_path / "digits.hortus")
    loaded = hortus.load(tmp_path / "digits.hortus")
    np.testing.assert_array_equal(loaded.predict_proba(X[:50]), made.predict_proba(X[:50]))
    names = zipfile.ZipFile(tmp_path / "digits.hortus").namelist()
    assert sorted(names) == ["manifest.json", "network.safetensors"]
    manifest = json.loads(zipfile.ZipFile(tmp_path / "digits.hortus").read("manifest.json"))
    assert set(manifest["network"]["params"]) == {"layers", "width", "kernel"}
    assert manifest["facts"]["trained_on"] == "all images"


def test_a_tampered_network_is_refused(made, tmp_path):
    import zipfile

    made.save(tmp_path / "digits.hortus")
    with zipfile.ZipFile(tmp_path / "digits.hortus") as source, zipfile.ZipFile(tmp_path / "bad.hortus", "w") as target:
        for name in source.namelist():
            data = bytearray(source.read(name))
            if name.endswith("safetensors"):
                data[-1] ^= 1
            target.writestr(name, bytes(data))
    with pytest.raises(hortus.ArtifactError, match="SHA-256"):
        hortus.load(tmp_path / "bad.hortus")


def test_a_model_of_images_is_no_model_of_tables(made, tmp_path):
    from hortus.deploy.bundle import load_bundle

    made.save(tmp_path / "digits.hortus")
    with pytest.raises(hortus.ArtifactError, match=r"hortus\.load"):
        load_bundle(tmp_path / "digits.hortus")


def test_images_of_another_size_are_resized_and_others_refused(made, digits):
    _, X, _, y = digits
    double = np.kron(X[:100], np.ones((1, 2, 2)))
    assert (made.predict(double) == y[:100]).mean() > 0.8
    assert made.predict(X[:0]).shape == (0,)
    broken = X[:3].copy()
    broken[1, 0, 0] = np.nan
    with pytest.raises(InputError, match="1 of 3"):
        made.predict(broken)
    with pytest.raises(InputError, match="shape"):
        made.predict(X[0])


def test_what_cannot_be_drawn_says_so(made, tmp_path):
    with pytest.raises(SettingError, match="Chain cannot be drawn"):
        made.draw(tmp_path / "net.svg")


def test_the_same_seed_gives_the_same_run(digits):
    X, other, y, _ = digits
    models = [ImageClassifier(**QUICK, trials=2, epochs=1).fit(X[:200], y[:200]) for _ in range(2)]
    boards = [model.leaderboard()[["trial", "network", "score", "params", "epochs"]] for model in models]
    assert boards[0].equals(boards[1])
    np.testing.assert_array_equal(models[0].predict_proba(other[:20]), models[1].predict_proba(other[:20]))


def test_a_run_that_is_killed_goes_on_and_ends_like_one_that_was_not(digits, tmp_path):
    X, other, y, _ = digits
    X, y = X[:300], y[:300]
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    script = (
        "import sys, numpy as np\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from hortus.spaces import SPACES\n"
        "SPACES._outside = {'tiny': 'tiny_space:TinySpace'}\n"
        "from hortus.vision import ImageClassifier\n"
        "X, y = np.load('X.npy'), np.load('y.npy')\n"
        f"ImageClassifier(**{QUICK!r}, trials=4, epochs=3, run_folder='run').fit(X, y)\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"})
    until = time.monotonic() + 60
    while time.monotonic() < until and driver.poll() is None:
        if any((tmp_path / "run/artifacts").glob("*.safetensors")):
            break
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    with Journal.open(tmp_path / "run") as journal:
        before = [row.finished for row in journal.trials()]
    again = resume_images(tmp_path / "run")
    straight = ImageClassifier(**QUICK, trials=4, epochs=3).fit(X, y)
    assert len(before) <= 4
    columns = ["trial", "network", "score", "epochs"]
    assert again.leaderboard()[columns].equals(straight.leaderboard()[columns])
    np.testing.assert_array_equal(again.model.predict_proba(other[:20]), straight.predict_proba(other[:20]))


@pytest.mark.rotated
def test_a_supernet_that_is_killed_in_training_goes_on_from_where_it_was_stored(digits, tmp_path, monkeypatch):
    X, other, y, _ = digits
    X, y = X[:200], y[:200]
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    settings = {**QUICK, "space": "cell", "space_options": {"repeats": 1, "width": 4}, "evaluator": "weight_sharing"}
    settings |= {"evaluator_options": {"steps": 12}, "trials": 3, "epochs": 1}
    script = (
        "import numpy as np\n"
        "import hortus.evaluation.inherited as inherited\n"
        "from hortus.vision import ImageClassifier\n"
        "inherited.STORE_SECONDS = 1e-3\n"
        "X, y = np.load('X.npy'), np.load('y.npy')\n"
        f"ImageClassifier(**{settings!r}, run_folder='run').fit(X, y)\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"})
    stored, until = tmp_path / "run/checkpoints/supernet.safetensors", time.monotonic() + 60
    while time.monotonic() < until and driver.poll() is None and not stored.exists():
        time.sleep(0.002)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert stored.exists()
    steps = []
    step = SupernetTraining._group_step
    monkeypatch.setattr(SupernetTraining, "_group_step", lambda *a: (steps.append(None), step(*a))[1])
    again = resume_images(tmp_path / "run")
    assert 0 < len(steps) < 12
    straight = ImageClassifier(**settings).fit(X, y)
    columns = ["trial", "network", "score"]
    assert again.leaderboard()[columns].equals(straight.leaderboard()[columns])
    np.testing.assert_array_equal(again.model.predict_proba(other[:20]), straight.predict_proba(other[:20]))


def test_a_run_without_an_end_gets_its_network_from_its_trials(made, digits, tmp_path):
    import shutil

    shutil.copytree(made._result.folder, tmp_path / "run")
    (tmp_path / "run/model.hortus").unlink()
    result = open_image_run(tmp_path / "run")
    _, X, _, _ = digits
    np.testing.assert_array_equal(result.model.predict(X[:30]), made.predict(X[:30]))


def test_another_run_is_not_gone_on_with(made, digits):
    X, _, y, _ = digits
    other = ImageClassifier(**QUICK, trials=2, run_folder=made._result.folder)
    with pytest.raises(RunError, match="other images"):
        other.fit(X[:100], y[:100])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"space": "tinny"}, "tiny"),
        ({"strategy": "randon"}, "random"),
        ({"evaluator": "trian"}, "train"),
        ({"evaluator": "supernet"}, "train"),
        ({"evaluator": "weight_sharing"}, "needs a supernet"),
        ({"pruner": "medain"}, "median"),
        ({"rungs": "epoch"}, "epochs"),
        ({"epochs": 0}, "epochs=12"),
        ({"recipe": {"learn_rate": 1.0}}, "learning_rate"),
        ({"trials": 0}, "trials"),
        ({"metric": "acuracy"}, "accuracy"),
    ],
)
def test_what_is_misspelt_is_refused_with_what_was_meant(wrong, said, digits):
    X, _, y, _ = digits
    with pytest.raises(SettingError, match=said):
        ImageClassifier(**{**QUICK, "trials": 1, **wrong}).fit(X[:40], y[:40])


def test_a_network_that_diverges_costs_its_trial_alone(digits):
    X, _, y, _ = digits
    # Without a limit on the gradient a rate like this blows every weight up.
    recipe = {"learning_rate": 1e12, "clip": 1e30, "warmup": 0.0001}
    with pytest.raises(RunError, match="diverged"):
        ImageClassifier(**QUICK, trials=2, epochs=1, recipe=recipe).fit(X[:200], y[:200])


@pytest.mark.parametrize("rungs", ["epochs", "rows", "resolution", "width"])
def test_poor_candidates_are_stopped_at_their_rungs(rungs, digits):
    X, _, y, _ = digits
    model = ImageClassifier(**QUICK, trials=14, epochs=3, pruner="halving", rungs=rungs, final=False)
    board = model.fit(X[:150], y[:150]).leaderboard()
    assert "complete" in set(board["state"])
    assert set(board["state"]) <= {"complete", "pruned"}
    assert "pruned" in set(board["state"])


def test_a_search_that_trains_nothing_trains_its_best_afterwards_and_says_what_it_is_worth(digits):
    X, other, y, truth = digits
    model = ImageClassifier(
        **{**QUICK, "evaluator": "training_free"}, evaluator_options={"score": "params"}, trials=12, epochs=3
    ).fit(X[:400], y[:400])
    board = model.leaderboard()
    assert board["trained"].notna().sum() == min(8, board["network"].nunique())
    assert board["score"].equals(board["params"].astype(float))
    assert model.score_ == board["trained"].max()
    found = model.agreement().set_index("cheap")
    assert set(found.index) == {"params", "macs"}
    assert found.loc["params", "count"] == board["trained"].notna().sum()
    assert model.score(other, truth) > 0.15


def test_the_scores_along_the_schedule_are_compared_with_its_end(made):
    found = made.agreement().set_index("cheap")
    assert set(found.index) == {"after 1/9", "after 1/3", "params", "macs"}
    # Four candidates say nothing.
    assert found["spearman"].isna().all()
    assert (found["count"] == 4).all()


def test_the_best_candidate_is_tried_larger_and_the_better_one_taken(digits, tmp_path):
    X, other, y, _ = digits
    model = ImageClassifier(**QUICK, trials=2, epochs=2, grow=True).fit(X[:400], y[:400])
    growth = model.growth_
    assert growth.gain == growth.larger - growth.score
    before = model.leaderboard().iloc[0]["score"]
    assert model.score_ == max(growth.larger, growth.score, before)
    assert bool(growth.scale) == (growth.larger > growth.score and growth.larger >= before)
    found = model.leaderboard().iloc[0]["params"]
    assert (model.model_.facts["params"] > found) == bool(growth.scale)
    model.save(tmp_path / "grown.hortus")
    np.testing.assert_array_equal(hortus.load(tmp_path / "grown.hortus").predict(other[:40]), model.predict(other[:40]))


def test_within_a_time_it_ends_in_time(digits):
    X, other, y, truth = digits
    begin = time.monotonic()
    model = ImageClassifier(**QUICK, time_budget=6).fit(X, y)
    assert time.monotonic() - begin < 12
    assert model.score(other, truth) > 0.15


def test_a_time_too_short_for_anything_gives_a_network_and_says_so(digits):
    X, other, y, _ = digits
    heard = []
    asked = QUICK | {"space": "cell", "evaluator": "training_free"}
    model = ImageClassifier(**asked, time_budget=0.01).fit(X[:60], y[:60], listeners=[heard.append])
    assert model.predict(other[:5]).shape == (5,)
    late = [event.data for event in heard if event.data.get("code") == "time-short"]
    (done,) = (event.data for event in heard if event.kind == "run_finished")
    assert bool(late) == (done["seconds"] > 2.01)


def test_where_the_last_training_fails_the_network_is_handed_over_as_it_was_judged(digits, monkeypatch):
    from hortus.evaluation.final import FinalTraining

    def fail(*_):
        raise MemoryError("too little of it")

    monkeypatch.setattr(FinalTraining, "__call__", fail)
    X, _, y, _ = digits
    heard = []
    model = ImageClassifier(**QUICK, trials=1, epochs=1).fit(X[:200], y[:200], listeners=[heard.append])
    assert model.model_.facts["trained_on"] == "the training images"
    (note,) = (event.data for event in heard if event.data.get("code") == "final-failed")
    assert "too little of it" in note["what"]


def test_cells_inherit_from_a_supernet_in_worker_processes(digits, tmp_path):
    X, other, y, truth = digits
    asked = {"space": "cell", "strategy": "random", "random_state": 0, "verbosity": 0, "n_jobs": 2}
    model = ImageClassifier(
        **asked,
        evaluator="weight_sharing",
        evaluator_options={"steps": 8},
        trials=4,
        epochs=1,
        run_folder=tmp_path / "run",
    ).fit(X[:200], y[:200])
    board = model.leaderboard()
    assert (board["state"] == "complete").all()
    assert board["score"].between(0, 1).all()
    assert board["trained"].notna().any()
    assert model.score(other, truth) > 0.1
    assert (tmp_path / "run/artifacts/supernet.safetensors").exists()
    model.draw(tmp_path / "cell.svg")
    assert (tmp_path / "cell.svg").read_text().startswith("<svg")


def test_accuracy_and_a_cost_are_searched_together_and_networks_are_trained_once(digits):
    X, _, y, _ = digits
    asked = {
        **QUICK,
        "strategy": "auto",
        "space": "cell",
        "space_options": {"width": 2, "operations": ["none", "skip_connect"]},
    }
    heard = []
    model = ImageClassifier(
        **asked,
        objectives=("accuracy", "params"),
        trials=24,
        epochs=0.2,
        final=False,
        strategy_options={"population_size": 4},
    ).fit(X[:80], y[:80], listeners=[heard.append])
    assert model._result.settings.strategy == "nsga2"
    front = model.pareto()
    assert front["params"].is_monotonic_increasing
    again = model.leaderboard()["reason"].str.startswith("the same network as")
    assert 0 < again.sum() < 24
    (note,) = (event.data for event in heard if event.data.get("code") == "networks-again")
    assert note["what"].startswith(f"{again.sum()} of the candidates")


def test_with_a_target_the_network_of_the_greatest_reward_is_handed_over(digits):
    from hortus.strategies.reward import reward

    X, _, y, _ = digits
    model = ImageClassifier(
        **{**QUICK, "strategy": "evolution"}, objectives=("accuracy", "params=1"), trials=4, epochs=1, final=False
    ).fit(X[:200], y[:200])
    board = model.leaderboard()
    rewards = [reward(score, params, 1.0) for score, params in zip(board["score"], board["params"], strict=True)]
    assert board["weight"].to_numpy().argmax() == np.argmax(rewards)
    with pytest.raises(SettingError, match="nsga2"):
        ImageClassifier(**{**QUICK, "strategy": "evolution"}, objectives=("accuracy", "params"), trials=1).fit(X, y)


def test_where_time_is_short_the_last_training_sees_images_smaller(digits, tmp_path):
    X, more, y, truth = (one[:400] for one in digits)
    large, others = (images.repeat(6, axis=1).repeat(6, axis=2) for images in (X, more))
    model = ImageClassifier(**QUICK, time_budget=10, run_folder=tmp_path / "run").fit(large, y)
    seen = model.model_.resolution
    assert 16 / 48 - 0.01 <= seen < 1.0
    with Journal.open(tmp_path / "run") as journal:
        assert journal.get("final")["evaluation"]["notes"]["resolution"] == seen
    # It answers images of their own size.
    assert model.score(others, truth) > 0.6
