import os
import sqlite3
import threading

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import CmaEsSampler, GridSampler, TPESampler
from optuna.trial import TrialState, create_trial

from hortus.engine import database
from hortus.engine.journal import FILE, Journal, TrialRow
from hortus.engine.study import export_study, rebuild_study
from hortus.errors import JournalError, RunError, RunInUseError
from hortus.evaluation.base import Artifact, Evaluation
from hortus.strategies import make_sampler

EVALUATION = Evaluation(
    fold_scores=(0.8, 0.9),
    score=0.85,
    seconds=1.5,
    predict_seconds=1e-5,
    work=2e6,
    artifacts=(Artifact("predictions", "artifacts/000000.npy", "a" * 64, 10),),
    notes={"folds": 2},
)


@pytest.fixture(autouse=True)
def quiet_optuna():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def journal(tmp_path):
    with Journal.create(tmp_path) as journal:
        yield journal


def asked(number, **system):
    trial = create_trial(
        state=TrialState.RUNNING,
        params={"x": 0.5 + number, "model": "b", "n": 7, "none": None},
        distributions={
            "x": FloatDistribution(0.1, 1e3, log=True),
            "model": CategoricalDistribution(["a", "b", "ü"]),
            "n": IntDistribution(1, 9, step=2),
            "none": CategoricalDistribution([None, True, 1.5]),
        },
        system_attrs=system,
        user_attrs={"who": "me"},
    )
    trial.number = number
    return trial


def fill(journal, count=5):
    for number in range(count):
        journal.asked(asked(number), after=number, describe=f"scale > lightgbm {number}")
        journal.finished(number, TrialState.COMPLETE, number / 10, evaluation=EVALUATION)


def test_values_of_the_run(journal):
    assert journal.get("settings") is None
    journal.set("settings", {"time": 60, "deep": [1, 2.5, None, "ü"], "inf": float("inf")})
    journal.set("settings", {"time": 61})
    journal.set("why", "time")
    assert journal.get("settings") == {"time": 61}
    assert journal.get("why") == "time"


def test_a_trial_comes_back_as_it_was(journal, tmp_path):
    journal.asked(asked(0, grid_id=3), after=2, describe="scale > lightgbm", seed=11)
    journal.finished(0, TrialState.COMPLETE, 0.85, evaluation=EVALUATION, intermediate={0: 0.8, 1: 0.85})
    journal.close()
    with Journal.open(tmp_path) as again:
        (row,) = again.trials()
    trial = asked(0)
    assert (row.number, row.state, row.value, row.finished) == (0, TrialState.COMPLETE, 0.85, True)
    assert (row.params, row.distributions) == (trial.params, trial.distributions)
    assert (row.system_attrs, row.user_attrs) == ({"grid_id": 3}, {"who": "me"})
    assert (row.evaluation, row.intermediate) == (EVALUATION, {0: 0.8, 1: 0.85})
    assert (row.describe, row.after, row.seed, row.reason) == ("scale > lightgbm", 2, 11, "")
    assert row.asked_at <= row.finished_at
    assert row.finished_order == 0


def test_the_order_of_finishing_is_kept_over_sittings(journal, tmp_path):
    for number in range(4):
        journal.asked(asked(number))
    journal.finished(2, TrialState.FAIL, reason="crash: SIGSEGV")
    journal.finished(0, TrialState.PRUNED, 0.3, reason="pruned")
    journal.close()
    with Journal.open(tmp_path) as again:
        again.finished(1, TrialState.COMPLETE, 0.4)
        rows = again.trials()
    assert [row.finished_order for row in rows] == [1, 2, 0, None]
    assert [row.state.name for row in rows] == ["PRUNED", "COMPLETE", "FAIL", "RUNNING"]
    assert rows[2].reason == "crash: SIGSEGV"
    assert [row.finished for row in rows] == [True, True, True, False]


def test_artifacts_are_rows_of_the_same_commit(journal, tmp_path):
    fill(journal, 1)
    with sqlite3.connect(tmp_path / FILE) as other:
        found = other.execute("SELECT * FROM artifacts").fetchall()
    other.close()
    assert found == [(0, "predictions", "artifacts/000000.npy", "a" * 64, 10)]


def test_a_trial_counts_once(journal):
    fill(journal, 1)
    with pytest.raises(JournalError, match="asked before"):
        journal.asked(asked(0))
    with pytest.raises(JournalError, match="not running"):
        journal.finished(0, TrialState.COMPLETE, 1.0)
    with pytest.raises(JournalError, match="not running"):
        journal.finished(9, TrialState.COMPLETE, 1.0)
    assert journal.trials()[0].value == 0.0


def test_numbers_of_numpy_are_numbers(journal):
    import numpy as np

    trial = asked(0, weights=np.arange(2))
    trial.params["n"] = np.int64(7)
    journal.asked(trial)
    journal.finished(0, TrialState.COMPLETE, np.float32(0.5), intermediate={0: np.float64(0.25)})
    (row,) = journal.trials()
    assert (row.params["n"], row.system_attrs, row.value, row.intermediate) == (7, {"weights": [0, 1]}, 0.5, {0: 0.25})


def test_threads_share_a_journal(journal):
    def work(first):
        for number in range(first, 40, 4):
            journal.asked(asked(number))
            journal.finished(number, TrialState.COMPLETE, 0.1)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.finished_order for row in journal.trials()) == list(range(40))


def test_a_finished_row_from_plain_values():
    row = TrialRow.from_json(
        {"params": {"model": "tree"}, "value": 0.5, "evaluation": EVALUATION.to_json(), "describe": "a small tree"}
    )
    assert (row.number, row.state, row.value, row.evaluation) == (-1, TrialState.COMPLETE, 0.5, EVALUATION)


# The study.


def objective_of(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return x * y if trial.suggest_categorical("kind", ["a", "b"]) == "a" else x - y


SAMPLERS = {
    "tpe": lambda n: TPESampler(seed=n, n_startup_trials=5),
    "cmaes": lambda n: CmaEsSampler(seed=n, n_startup_trials=3),
    # Optuna's own keeps an order of parents in the study; ours goes by the trials alone.
    "nsga2": lambda n: make_sampler("nsga2", seed=n, options={"population_size": 5}),
    "evolution": lambda n: make_sampler("evolution", seed=n, options={"population_size": 5}),
    "grid": lambda n: GridSampler({"x": [0, 0.5, 1], "y": [0, 0.2, 0.5, 1], "kind": ["a", "b"]}, seed=n),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_rebuilt_study_goes_on_as_the_first_would_have(tmp_path, name):
    def walk(study, journal, first, last):
        for number in range(first, last):
            study.sampler = SAMPLERS[name](number)
            trial = study.ask()
            value = objective_of(trial)
            if journal is not None:
                journal.asked(study.get_trials(deepcopy=False)[number])
                journal.finished(number, TrialState.COMPLETE, value)
            study.tell(number, value)

    study = optuna.create_study(direction="maximize")
    with Journal.create(tmp_path) as journal:
        walk(study, journal, 0, 12)
        rebuilt = rebuild_study(journal)
    for one, other in zip(study.trials, rebuilt.trials, strict=True):
        assert (one.number, one.params, one.value) == (other.number, other.params, other.value)
        assert (one.system_attrs, one.distributions) == (other.system_attrs, other.distributions)
    walk(study, None, 12, 18)
    walk(rebuilt, None, 12, 18)
    assert [t.params for t in study.trials] == [t.params for t in rebuilt.trials]


def test_an_interrupted_trial_can_be_told_in_the_rebuilt_study(journal):
    fill(journal, 2)
    journal.asked(asked(2))
    study = rebuild_study(journal)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.RUNNING]
    study.tell(2, 0.9)
    assert study.best_trial.number == 2
    assert study.trials[0].user_attrs == {"who": "me", "work": 2e6}


def test_a_finished_row_can_be_given_as_running(journal):
    fill(journal, 1)
    study = optuna.create_study(direction="maximize")
    study.add_trial(journal.trials()[0].to_frozen(running=True))
    study.tell(0, 0.7)
    assert study.best_value == 0.7


def test_the_dashboards_copy(journal, tmp_path):
    fill(journal, 3)
    journal.asked(asked(3))
    first = export_study(tmp_path)
    assert (len(first.trials), first.best_value) == (4, 0.2)
    journal.finished(3, TrialState.COMPLETE, 0.9)
    assert export_study(tmp_path).best_value == 0.9
    other = export_study(tmp_path, tmp_path / "elsewhere.log")
    assert [t.params for t in other.trials] == [row.params for row in journal.trials()]


# What can be wrong with the file.


def test_there_is_one_already(journal, tmp_path):
    with pytest.raises(RunError, match="there already"):
        Journal.create(tmp_path)


def test_there_is_none(tmp_path):
    with pytest.raises(JournalError, match="no journal"):
        Journal.open(tmp_path)


def test_half_made_journals_are_made_anew(tmp_path):
    (tmp_path / (FILE + ".new")).write_bytes(os.urandom(100))
    Journal.create(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE]


def closed_journal(tmp_path, count=20):
    with Journal.create(tmp_path) as journal:
        fill(journal, count)
    return tmp_path / FILE


def test_random_bytes(tmp_path):
    (tmp_path / FILE).write_bytes(os.urandom(20_000))
    with pytest.raises(JournalError, match="damaged") as caught:
        Journal.open(tmp_path)
    assert "backup" in caught.value.mend


@pytest.mark.parametrize("keep", [0, 10, 0.3, 0.95])
def test_a_truncated_file(tmp_path, keep):
    path = closed_journal(tmp_path)
    size = path.stat().st_size
    os.truncate(path, keep if isinstance(keep, int) else int(size * keep))
    with pytest.raises(JournalError) as caught:
        Journal.open(tmp_path)
    assert caught.value.mend


def test_a_page_that_was_overwritten(tmp_path):
    path = closed_journal(tmp_path)
    content = bytearray(path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    path.write_bytes(content)
    with pytest.raises(JournalError, match="damaged"), Journal.open(tmp_path) as journal:
        journal.trials()


@pytest.mark.parametrize("torn", ["shorter", "garbage"])
def test_a_torn_tail_loses_only_what_was_never_acknowledged(tmp_path, torn):
    journal = Journal.create(tmp_path)
    fill(journal, 3)
    tail = tmp_path / (FILE + "-wal")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / FILE).write_bytes((tmp_path / FILE).read_bytes())
    before = tail.read_bytes()
    journal.asked(asked(3))
    after = tail.read_bytes()
    journal.close()
    assert len(after) > len(before)
    end = after[len(before) :]
    whole = before + (end[: len(end) // 2] if torn == "shorter" else os.urandom(len(end)))
    (kept / (FILE + "-wal")).write_bytes(whole)
    with Journal.open(kept) as journal:
        assert [row.number for row in journal.trials()] == [0, 1, 2]
        assert journal.notes == []
        journal.asked(asked(3))
        assert len(journal.trials()) == 4


@pytest.mark.parametrize(
    "damage",
    [
        "params = '{\"x\": 0.5'",
        "params = '{}'",
        "params = CAST(x'ff00fe' AS TEXT)",
        "state = 'FINE'",
        "value = NULL",
        "distributions = '[]'",
        "evaluation = '{}'",
        "system_attrs = 5",
    ],
)
def test_a_broken_row_is_reported_and_the_rest_is_read(tmp_path, damage):
    path = closed_journal(tmp_path, 5)
    with sqlite3.connect(path) as other:
        other.execute(f"UPDATE trials SET {damage} WHERE number = 2")  # noqa: S608 -- written above
    other.close()
    with Journal.open(tmp_path) as journal:
        rows = journal.trials()
        (note,) = journal.notes
        assert (note.code, note.place, note.warning) == ("journal-row-damaged", "trial 2", True)
        assert [row.state.name for row in rows] == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
        assert "damaged" in rows[2].reason
        assert [t.number for t in rebuild_study(journal).trials] == [0, 1, 2, 3, 4]


def test_a_row_that_is_gone_keeps_its_number(tmp_path):
    path = closed_journal(tmp_path, 4)
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM trials WHERE number = 1")
    other.close()
    with Journal.open(tmp_path) as journal:
        assert [row.number for row in journal.trials()] == [0, 1, 2, 3]
        assert [note.place for note in journal.notes] == ["trial 1"]


def test_a_broken_value_of_the_run(tmp_path):
    with Journal.create(tmp_path) as journal:
        journal.set("settings", {})
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("UPDATE meta SET value = '{'")
    other.close()
    with Journal.open(tmp_path) as journal, pytest.raises(JournalError, match="settings"):
        journal.get("settings")


def test_another_programs_file(tmp_path):
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    with pytest.raises(JournalError, match="no journal of Hortus"):
        Journal.open(tmp_path)


def test_a_newer_file_is_refused_with_both_versions(tmp_path):
    path = closed_journal(tmp_path, 1)
    newer = len(database.MIGRATIONS) + 1
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {newer}")
    other.close()
    with pytest.raises(JournalError, match=f"version {newer}; .* version {newer - 1}"):
        Journal.open(tmp_path)


def test_an_older_file_is_brought_up_to_date_after_a_backup(tmp_path, monkeypatch):
    closed_journal(tmp_path, 3)
    older = len(database.MIGRATIONS)
    script = ("ALTER TABLE trials ADD COLUMN place TEXT NOT NULL DEFAULT ''",)
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, script))
    with pytest.raises(JournalError, match="Resume"):
        Journal.open(tmp_path, read_only=True)
    with Journal.open(tmp_path) as journal:
        assert len(journal.trials()) == 3
        assert journal._connection.execute("SELECT place FROM trials").fetchall() == [(b"",)] * 3
    monkeypatch.undo()
    backup = tmp_path / f"journal.v{older}.sqlite"
    (tmp_path / FILE).unlink()
    backup.rename(tmp_path / FILE)
    with Journal.open(tmp_path) as journal:
        assert len(journal.trials()) == 3


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    closed_journal(tmp_path, 3)
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, ("CREATE TABLE a (b)", "NONSENSE")))
    with pytest.raises(JournalError):
        Journal.open(tmp_path)
    monkeypatch.undo()
    with Journal.open(tmp_path) as journal:
        assert len(journal.trials()) == 3


def test_a_reader_beside_the_writer(journal, tmp_path):
    fill(journal, 2)
    with Journal.open(tmp_path, read_only=True) as reader:
        assert len(reader.trials()) == 2
        journal.asked(asked(2))
        assert len(reader.trials()) == 3
        with pytest.raises(RunError, match="cannot be written"):
            reader.set("a", 1)


def test_another_writer(journal, tmp_path, monkeypatch):
    journal._connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RunInUseError, match="locked"):
        journal.asked(asked(0))
    other.execute("ROLLBACK")
    other.close()
    journal.asked(asked(0))


def test_a_full_disk_keeps_the_journal_intact(tmp_path):
    journal = Journal.create(tmp_path)
    fill(journal, 3)
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    asks = iter(range(3, 100))
    with pytest.raises(RunError, match="no space left") as caught:
        all(journal.asked(asked(number)) is None for number in asks)
    number = next(asks) - 1
    assert caught.value.code == "disk-full"
    assert [row.number for row in journal.trials()] == list(range(number))
    journal._connection.execute("PRAGMA max_page_count = 100000")
    journal.asked(asked(number))
    journal.close()
    with Journal.open(tmp_path) as again:
        assert len(again.trials()) == number + 1
