"""Any function: what is found, what a bad function costs, and that the same call goes on."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import optuna
import pytest

import hortus
from hortus import Choice, Float, Int
from hortus.errors import InputError, RunError, SettingError
from hortus.run.function_name import name_of
from hortus.run.tuned import open_tuned
from hortus.tuning import tune

HERE = str(Path(__file__).parent)
SPACE = {"x": Float(0.0, 1.0), "k": Int(0, 4)}


@pytest.fixture(autouse=True)
def objectives(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    import objectives

    return objectives


def quiet(objective, space=None, **more):
    return tune(objective, space, **{"trials": 12, "workers": 1, "executor": "threads", "verbosity": 0, **more})


@pytest.fixture(scope="module")
def bowl():
    sys.path.insert(0, HERE)
    try:
        import objectives

        return quiet(objectives.bowl, direction="minimize", trials=40)
    finally:
        sys.path.remove(HERE)


def test_a_function_that_asks_is_minimized(bowl):
    assert bowl.best_value < 0.05
    assert bowl.best_params["kind"] == "near"
    assert abs(bowl.best_params["x"] - 2) < 0.25
    board = bowl.leaderboard()
    assert list(board["value"]) == sorted(board["value"])
    assert board["seed"].nunique() == 40
    history = bowl.history()
    assert history["best"].is_monotonic_decreasing
    assert history["best"].iloc[-1] == bowl.best_value


def test_what_decides_is_said_and_drawn(bowl, tmp_path):
    assert bowl.importance().sum() == pytest.approx(1.0)
    assert set(bowl.importance().index) == {"x", "kind"}
    for picture in (bowl.plot_history(), bowl.plot_importance(), bowl.plot_slice("x"), bowl.plot_slice("kind")):
        picture.save(tmp_path / "picture.svg")
        root = ElementTree.parse(tmp_path / "picture.svg").getroot()  # noqa: S314 -- our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert picture._repr_html_().startswith("<img src=")
    with pytest.raises(RunError, match="kind, x"):
        bowl.plot_slice("y")


def test_the_trials_are_a_study_of_optuna_s(bowl):
    study = bowl.to_optuna()
    assert study.direction is optuna.study.StudyDirection.MINIMIZE
    assert study.best_value == bowl.best_value
    assert study.best_params == bowl.best_params
    assert len(study.trials) == 40


def test_a_declared_space_is_searched_and_its_branches_are_asked_where_they_are_taken():
    model = Choice({"svm": {"C": Float(1e-3, 1e3, log=True)}, "forest": {"depth": Int(2, 20)}})
    found = quiet(lambda p: p["depth"] if p["model"] == "forest" else 0, {"model": model, "epochs": 5}, trials=25)
    assert found.best_value >= 18
    assert set(found.best_params) == {"model", "depth", "epochs"}
    rows = [found.params_of(row) for row in found.rows]
    assert all(("C" in params) == (params["model"] == "svm") for params in rows)


def test_a_function_of_two_arguments_reports_and_is_stopped(objectives):
    found = quiet(objectives.curve, {"x": Float(0.0, 1.0)}, pruner="median", trials=20, strategy="random")
    states = found.leaderboard()["state"].value_counts()
    assert states["pruned"] >= 3
    assert states["complete"] >= 5
    assert found.best_value == pytest.approx(4 * found.best_params["x"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is watched on Linux alone")
def test_each_fault_costs_its_trial_and_is_named(objectives):
    found = tune(
        objectives.faulty,
        trials=8,
        workers=2,
        trial_time=5,
        memory_budget=1_200_000_000,
        verbosity=0,
        strategy="random",
    )
    reasons = found.leaderboard().set_index("trial")["reason"]
    assert reasons[0] == ""
    for number, words in enumerate(
        (
            "",
            "ValueError: boom",
            "returned nan",
            "timeout",
            "SIGSEGV",
            "memory",
            "'a text', which is no number",
            "status 3",
        )
    ):
        assert words in reasons[number]
    assert found.best_value == 0.5


def test_the_same_call_goes_on_and_the_result_does_not_depend_on_the_stop(objectives, tmp_path):
    first = quiet(objectives.bowl, trials=6, run_folder=tmp_path / "run", direction="minimize")
    assert len(first.rows) == 6
    second = quiet(objectives.bowl, trials=14, run_folder=tmp_path / "run", direction="minimize")
    assert len(second.rows) == 14
    whole = quiet(objectives.bowl, trials=14, direction="minimize")
    assert [row.params for row in second.rows] == [row.params for row in whole.rows]
    assert open_tuned(tmp_path / "run").best == second.best
    with pytest.raises(RunError, match="another space or direction"):
        quiet(objectives.bowl, run_folder=tmp_path / "run")


@pytest.mark.parametrize("space", [None, SPACE], ids=["asked", "declared"])
def test_a_run_repeats_with_the_same_workers(objectives, space):
    objective = objectives.declared if space else objectives.branches
    runs = [quiet(objective, space, workers=3, trials=15, random_state=7) for _ in range(2)]
    assert [row.params for row in runs[0].rows] == [row.params for row in runs[1].rows]
    other = quiet(objective, space, workers=3, trials=15, random_state=8)
    assert [row.params for row in other.rows] != [row.params for row in runs[0].rows]


def test_the_first_points_may_be_given(objectives):
    found = quiet(objectives.declared, SPACE, trials=2, starts=[{"x": 0.5, "k": 2}])
    assert found.rows[0].params == {"x": 0.5, "k": 2}


@pytest.mark.parametrize("strategy", ["tpe", "evolution", "cmaes", "nsga2", "frugal", "local", "reinforcement"])
def test_every_strategy_serves(objectives, strategy):
    found = quiet(objectives.bowl, strategy=strategy, direction="minimize", trials=8)
    assert len(found.leaderboard().query("state == 'complete'")) == 8


def test_time_ends_it_and_a_hanging_trial_with_it(objectives):
    found = tune(objectives.hang, {"x": [1, 2]}, time_budget=1.5, workers=1, verbosity=0, executor="threads")
    assert found.best is None
    with pytest.raises(RunError, match="ended well"):
        _ = found.best_params


def test_a_question_that_changes_is_an_error_of_its_trial(objectives):
    found = quiet(objectives.changing, trials=2)
    assert found.leaderboard()["reason"].str.contains("ValueError").all()


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "space is {}"),
        ({"x": Float(2, 1)}, "'x'"),
        ({"x": Choice([])}, "'x'"),
        ({"x": Choice("abc")}, "one text"),
        ({"x": object()}, "no Float"),
        ({"x": Float(-1, 1, log=True)}, "'x'"),
        ({"x": 3}, "fixed values alone"),
        ({3: Float(0, 1)}, "no name"),
    ],
)
def test_a_space_that_cannot_be_used_is_refused(space, words):
    with pytest.raises(SettingError, match=words):
        quiet(lambda p: 0.0, space)


@pytest.mark.parametrize(
    "more",
    [
        {"direction": "upwards"},
        {"strategy": "tpee"},
        {"pruner": "medain"},
        {"executor": "cloud"},
        {"trials": 0},
        {"trial_time": -1},
        {"workers": 1.5},
        {"strategy": "grid"},
    ],
)
def test_a_setting_that_is_not_understood_is_refused(more):
    with pytest.raises(SettingError):
        quiet(lambda trial: 0.0, **more)


def test_functions_are_named_and_never_shipped(objectives):
    assert name_of(objectives.bowl).name == "objectives:bowl"
    assert name_of(lambda trial: 0.0).name is None
    assert name_of(quiet).name is None or ":" in str(name_of(quiet).name)
    with pytest.raises(SettingError, match="cannot import lambda"):
        tune(lambda trial: 0.0, trials=1, executor="local", verbosity=0)
    with pytest.raises(InputError, match="cannot be imported"):
        tune("objectives:nothing", trials=1, verbosity=0)


SCRIPT = """
import json, os
import hortus

def objective(trial):
    trial.set_user_attr("pid", os.getpid())
    return trial.suggest_float("x", 0, 1)

if __name__ == "__main__":
    found = hortus.tune(objective, trials=3, workers=1, verbosity=1)
    print(json.dumps([os.getpid(), *map(int, found.leaderboard()["pid"])]))
"""


@pytest.mark.parametrize("guarded", [True, False])
def test_a_script_s_function_runs_in_processes_where_the_script_has_a_guard(tmp_path, guarded):
    text = SCRIPT if guarded else SCRIPT.replace('if __name__ == "__main__":', "if True:")
    (tmp_path / "script.py").write_text(text)
    ended = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    own, *pids = json.loads(ended.stdout)
    assert (own in pids) is not guarded
    assert ("would run as a whole" in ended.stderr) is not guarded


def test_the_names_are_public():
    assert {"tune", "Float", "Int", "Choice"} <= set(hortus.__all__)


def test_the_command_line_tunes_goes_on_and_shows(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from hortus.cli import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(
        "import hortus\nSPACE = {'x': hortus.Float(0, 1)}\n\ndef score(params):\n    return params['x']\n"
    )
    run = ["tune", "own.py:score", "--space", "SPACE", "-j", "1", "--seed", "1", "--out", "run", "--json"]
    for trials in ("2", "4"):
        ended = CliRunner().invoke(app, [*run, "--trials", trials])
        assert ended.exit_code == 0, ended.output
        assert json.loads(ended.stdout)["trials"] == int(trials)
    board = CliRunner().invoke(app, ["leaderboard", "run"])
    assert "maximize, 4 trials" in board.stdout
    other = CliRunner().invoke(app, ["resume", "run"])
    assert other.exit_code == 2
    assert "one of a function" in other.stderr
    refused = CliRunner().invoke(app, ["tune", "own", "--trials", "1"])
    assert refused.exit_code == 2
    assert "names no function" in refused.stderr
