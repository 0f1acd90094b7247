"""The strategy is told a fixed past, whichever trial finishes first."""

from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from hortus.engine.history import LAG, History, Outcome
from hortus.strategies.halving import make_pruner


def asked(history, count):
    for _ in range(count):
        history.ask(RandomSampler(seed=0), {}).suggest_float("x", 0, 1)


def done(score):
    return Outcome(TrialState.COMPLETE, score)


def states(history):
    return [trial.state.name for trial in history.study.get_trials(deepcopy=False)]


def ended(study):
    return [trial.number for trial in study.trials if trial.state.is_finished()]


def test_in_order_an_ask_waits_for_the_trial_it_must_see():
    history = History([], ordered=True)
    asked(history, LAG)
    history.take(3, done(0.3))
    assert not history.ready()
    history.take(0, done(0.0))
    assert history.ready()
    assert states(history)[:4] == ["COMPLETE", "RUNNING", "RUNNING", "RUNNING"]
    asked(history, 1)
    assert history.seen_by(LAG) == 1
    assert not history.ready()


def test_without_order_outcomes_are_told_as_they_come():
    history = History([], ordered=False)
    asked(history, 3)
    history.take(2, done(0.2))
    assert history.ready()
    assert states(history) == ["RUNNING", "RUNNING", "COMPLETE"]


def test_a_pruner_is_shown_only_what_the_trials_ask_saw():
    history = History([], ordered=True)
    asked(history, LAG)
    history.take(0, done(0.0))
    assert history.ready()
    asked(history, 1)
    history.take(1, done(0.1))
    assert history.ready()
    assert ended(history.shown_to(LAG)) == [0]
    assert ended(history.shown_to(2)) == []


def test_the_best_of_each_family():
    history = History([], ordered=False)
    asked(history, 3)
    for number, score in enumerate((0.3, 0.9, 0.5)):
        history.take(number, done(score))
    assert history.best(lambda params: "low" if params["x"] < 2 else "high") == {"low": 0.9}


def test_successive_halving_stops_what_is_worse_than_those_its_ask_saw():
    history = History([], ordered=False)
    asked(history, 4)
    stopped = {}
    for number, score in enumerate((0.9, 0.8, 0.1, 0.95)):
        history.report(number, 1, score)
        stopped[number] = history.stops(make_pruner("halving"), number)
        history.take(number, Outcome(TrialState.PRUNED if stopped[number] else TrialState.COMPLETE, score))
    assert stopped == {0: False, 1: True, 2: True, 3: False}
    rungs = [trial.system_attrs.get("completed_rung_0") for trial in history.study.trials]
    assert rungs == [0.9, 0.8, 0.1, 0.95]


def test_trials_that_were_told_share_their_names_and_distributions():
    history = History([], ordered=True, lag=1)
    for number in range(3):
        history.ask(RandomSampler(seed=number), {}).suggest_float(f"{'x' * 3}.y", 0, 1)
        history.take(number, done(0.5))
        assert history.ready()
    first, second, last = history.study.get_trials(deepcopy=False)
    assert first.distributions is second.distributions is last.distributions
    assert next(iter(first.params)) is next(iter(last.params))
    assert first.params != second.params
