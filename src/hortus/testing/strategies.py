"""What every strategy must do. An author supplies one fixture and inherits the tests:

class TestMine(StrategyContract):
@pytest.fixture
def make(self):
return lambda seed: Mine(seed=seed)
"""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import Trial, TrialState, create_trial

from hortus.seeds import derive
from hortus.strategies.genes import fits

Make = Callable[[int], BaseSampler]
Objective = Callable[[Trial], float]


def flat(trial: Trial) -> float:
    """A mixed space in which every question is always asked."""
    x = trial.suggest_float("x", -5.0, 5.0)
    rate = trial.suggest_float("rate", 1e-4, 1e2, log=True)
    count = trial.suggest_int("count", 1, 30)
    kind = trial.suggest_categorical("kind", ("a", "b", "c"))
    return -abs(x - 2) - abs(math.log10(rate)) - abs(count - 17) / 10 + (kind == "b")


def conditional(trial: Trial) -> float:
    """A space in which the first answer decides what else is asked."""
    kind = trial.suggest_categorical("kind", ("a", "b", "c"))
    if kind == "a":
        return 1.0 - (trial.suggest_float("a.x", 0.0, 1.0) - 0.3) ** 2 - trial.suggest_int("a.n", 0, 8) / 10
    if kind == "b":
        return 0.5 - abs(math.log10(trial.suggest_float("b.rate", 1e-3, 1e3, log=True)))
    return 0.0


def tree(trial: Trial, path: str = "root/0", depth: int = 3) -> float:
    """A space of arithmetic trees of varying depth; the nearer to 5 the better."""
    return -abs(_value(trial, path, depth) - 5.0)


def _value(trial: Trial, path: str, depth: int) -> float:
    kind = trial.suggest_categorical(f"{path}/kind", ("leaf", "sum", "product")) if depth else "leaf"
    if kind == "leaf":
        return trial.suggest_float(f"{path}/value", 0.0, 2.0)
    left, right = (_value(trial, f"{path}/{i}", depth - 1) for i in (0, 1))
    return left + right if kind == "sum" else left * right


OBJECTIVES: tuple[Objective, ...] = (flat, conditional, tree)


def ask_and_tell(study: Study, make: Make, objective: Objective, count: int, *, seed: int = 0) -> None:
    """Run ``count`` trials as a driver does: with a fresh sampler, of its own seed, for every ask."""
    for _ in range(count):
        study.sampler = make(derive(seed, "ask", len(study.get_trials(deepcopy=False))))
        trial = study.ask()
        value = objective(trial)
        trial.set_user_attr("work", 1.0 + trial.number % 3)
        study.tell(trial, value)


def answers(study: Study) -> list[dict[str, Any]]:
    """What was answered, trial by trial."""
    return [trial.params for trial in study.get_trials(deepcopy=False)]


def rebuilt(study: Study) -> Study:
    """The same trials in another study, without what a sampler may have written beside them."""
    other = optuna.create_study(direction=study.direction)
    for trial in study.get_trials(deepcopy=False):
        other.add_trial(
            create_trial(
                state=trial.state,
                value=trial.value if trial.state is TrialState.COMPLETE else None,
                params=dict(trial.params),
                distributions=dict(trial.distributions),
                user_attrs=dict(trial.user_attrs),
                intermediate_values=dict(trial.intermediate_values),
            )
        )
    return other


def with_mishaps(make: Make, objective: Objective, count: int) -> Study:
    """A study in which trials failed, were pruned, have no finite score, or still run."""
    study = optuna.create_study(direction="maximize")
    ask_and_tell(study, make, objective, count)
    for mishap in ("failed", "pruned", "infinite", "running"):
        study.sampler = make(derive(0, mishap))
        trial = study.ask()
        objective(trial)
        if mishap == "failed":
            study.tell(trial, state=TrialState.FAIL)
        elif mishap == "pruned":
            trial.report(0.1, 0)
            study.tell(trial, state=TrialState.PRUNED)
        elif mishap == "infinite":
            study.tell(trial, float("-inf"))
    return study


class StrategyContract:
    """The tests; a subclass has a fixture ``make`` that returns a sampler for a seed.

    Class attributes:
        trials: how many a test runs; enough that the strategy's own way of proposing is at work.
        objectives: what is searched; fewer where a strategy is slow.
    """

    trials: ClassVar[int] = 24
    objectives: ClassVar[tuple[Objective, ...]] = OBJECTIVES

    def test_the_same_seed_gives_the_same_trials(self, make: Make) -> None:
        """Two runs are one."""
        for objective in self.objectives:
            found = []
            for _ in range(2):
                study = optuna.create_study(direction="maximize")
                ask_and_tell(study, make, objective, self.trials)
                found.append(answers(study))
            assert found[0] == found[1]

    def test_goes_on_the_same_in_a_rebuilt_study(self, make: Make) -> None:
        """All that counts is in the trials."""
        for objective in self.objectives:
            study = optuna.create_study(direction="maximize")
            ask_and_tell(study, make, objective, self.trials)
            other = rebuilt(study)
            ask_and_tell(study, make, objective, 4)
            ask_and_tell(other, make, objective, 4)
            assert answers(study) == answers(other)

    def test_takes_failed_pruned_and_running_trials(self, make: Make) -> None:
        """Mishaps of the past neither stop it nor make it unsteady."""
        for objective in self.objectives:
            study = with_mishaps(make, objective, self.trials)
            other = rebuilt(study)
            ask_and_tell(study, make, objective, 3)
            ask_and_tell(other, make, objective, 3)
            assert answers(study) == answers(other)

    def test_answers_are_allowed(self, make: Make) -> None:
        """Every answer is one that its distribution has."""
        for objective in self.objectives:
            study = optuna.create_study(direction="maximize")
            ask_and_tell(study, make, objective, self.trials)
            for trial in study.get_trials(deepcopy=False):
                assert all(fits(trial.distributions[name], value) for name, value in trial.params.items())

    def test_works_in_a_plain_study(self, make: Make) -> None:
        """One sampler, many trials, either direction."""
        for objective in self.objectives:
            up = optuna.create_study(direction="maximize", sampler=make(1))
            up.optimize(objective, n_trials=self.trials)
            down = optuna.create_study(direction="minimize", sampler=make(1))
            down.optimize(_negative(objective), n_trials=self.trials)
            assert len(up.trials) == len(down.trials) == self.trials
            assert answers(up) == answers(down)

    def test_enqueued_trials_are_answered_as_told(self, make: Make) -> None:
        """What was enqueued comes first, and counts."""
        study = optuna.create_study(direction="maximize")
        study.enqueue_trial({"x": 1.5, "kind": "b", "count": 3, "rate": 1.0})
        ask_and_tell(study, make, flat, self.trials)
        assert study.trials[0].params == {"x": 1.5, "kind": "b", "count": 3, "rate": 1.0}

    def test_goes_on_in_any_order_of_ending(self, make: Make) -> None:
        """Trials under way together all get answers, whichever ends first."""
        study = optuna.create_study(direction="maximize")
        for wave in range(4):
            trials = []
            for slot in range(3):
                study.sampler = make(derive(0, wave, slot))
                trial = study.ask()
                trials.append((trial, tree(trial)))
            for trial, value in reversed(trials):
                study.tell(trial, value)
        assert len(study.get_trials(states=(TrialState.COMPLETE,))) == 12

    def test_global_random_state_is_left_alone(self, make: Make) -> None:
        """Nobody else's numbers change."""
        before = _global_states()
        for objective in self.objectives:
            study = optuna.create_study(direction="maximize")
            ask_and_tell(study, make, objective, self.trials)
        assert _global_states() == before


def _negative(objective: Objective) -> Objective:
    return lambda trial: -objective(trial)


def _global_states() -> list[str]:
    states = [repr(random.getstate()), repr([*map(repr, np.random.get_state(legacy=True))])]  # noqa: NPY002
    if "torch" in sys.modules:
        states.append(repr(sys.modules["torch"].get_rng_state().tolist()))
    return states
