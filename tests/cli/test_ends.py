"""What stands below a leaderboard of candidates without a score."""

from io import StringIO

from rich.console import Console

from hortus.cli.ends import show_ends

ROWS = [
    {"trial": 0, "model": "linear", "state": "complete", "reason": ""},
    {"trial": 1, "model": "mlp", "state": "pruned", "reason": "pruned"},
    {"trial": 2, "model": "mlp", "state": "failed", "reason": "memory: [more] than its 9 MiB"},
    {"trial": 3, "model": "svm", "state": "pruned", "reason": "pruned"},
    {"trial": 4, "model": "svm", "state": "failed", "reason": "time"},
    {"trial": 5, "model": "svm", "state": "complete", "reason": "run again after: crash"},
]


def shown(rows, top):
    console = Console(file=StringIO(), width=100)
    show_ends(console, rows, top)
    return console.file.getvalue().splitlines()


def test_failures_have_their_reasons_and_those_stopped_early_are_counted():
    assert shown(ROWS, 0) == [
        "2 stopped early: others were better by then",
        "trial 2 (mlp): memory: [more] than its 9 MiB",
        "trial 4 (svm): time",
        "trial 5 (svm): run again after: crash",
    ]
    assert shown(ROWS, 1)[1:] == ["trial 2 (mlp): memory: [more] than its 9 MiB"]


def test_nothing_is_said_where_all_ended_well():
    assert shown(ROWS[:1], 20) == []


def test_a_trial_of_networks_has_no_model():
    assert shown([{"trial": 7, "state": "failed", "reason": "diverged"}], 20) == ["trial 7: diverged"]
