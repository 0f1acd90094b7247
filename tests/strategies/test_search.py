"""What the strategies find, and what they say to wrong names."""

import math

import numpy as np
import optuna
import pytest

from hortus.errors import MissingExtraError, SettingError
from hortus.strategies import STRATEGIES, make_sampler
from hortus.strategies.base import LINEAGE
from hortus.testing.strategies import ask_and_tell, conditional, tree

optuna.logging.set_verbosity(optuna.logging.WARNING)


def families(trial):
    """Four families, of which the best has a narrow optimum and a worse one is easy."""
    kind = trial.suggest_categorical("kind", ("a", "b", "c", "d"))
    if kind == "a":
        x = trial.suggest_float("a.x", -5, 5)
        rate = trial.suggest_float("a.rate", 1e-4, 1e2, log=True)
        count = trial.suggest_int("a.count", 1, 30)
        return 1 - ((x - 2) / 5) ** 2 - (math.log10(rate) - 0.5) ** 2 / 9 - ((count - 17) / 30) ** 2
    if kind == "b":
        return 0.6 - sum((trial.suggest_float(f"b.{i}", 0, 1) - 0.3) ** 2 for i in range(4))
    return 0.5 * trial.suggest_float("c.x", 0, 1) if kind == "c" else 0.2


def regret(name, objective, best, *, trials, seeds=5, **options):
    found = []
    for seed in range(seeds):
        study = optuna.create_study(direction="maximize")
        ask_and_tell(study, lambda s: make_sampler(name, seed=s, options=options), objective, trials, seed=seed)
        found.append(best - study.best_value)
    return float(np.mean(found))


@pytest.mark.parametrize(("name", "options"), [("evolution", {"population_size": 20}), ("frugal", {}), ("local", {})])
@pytest.mark.parametrize(("objective", "best", "trials"), [(families, 1.0, 200), (tree, 0.0, 100)])
def test_is_far_better_than_random(name, options, objective, best, trials):
    found = regret(name, objective, best, trials=trials, **options)
    assert found < 0.5 * regret("random", objective, best, trials=trials)


def test_evolution_breeds_from_the_latest_population_alone():
    study = optuna.create_study(direction="maximize")
    ask_and_tell(study, lambda s: make_sampler("evolution", seed=s, options={"population_size": 10}), families, 60)
    for trial in study.trials:
        parents = trial.system_attrs[LINEAGE]
        assert all(trial.number - 10 <= parent < trial.number for parent in parents)
    assert any(len(trial.system_attrs[LINEAGE]) == 2 for trial in study.trials)


def test_evolution_repeats_no_candidate_while_there_are_others():
    study = optuna.create_study(direction="maximize")
    make = lambda s: make_sampler("evolution", seed=s, options={"population_size": 10, "sample_size": 10})  # noqa: E731
    ask_and_tell(study, make, lambda t: float(sum(t.suggest_int(f"x{i}", 0, 3) for i in range(6))), 80)
    bred = [tuple(sorted(t.params.items())) for t in study.trials if t.system_attrs[LINEAGE]]
    assert len(bred) == len(set(bred))


def test_frugal_spends_less_on_the_dear_family():
    def dear_and_cheap(trial):
        kind = trial.suggest_categorical("kind", ("cheap", "dear"))
        value = -((trial.suggest_float(f"{kind}.x", 0, 1) - 0.4) ** 2)
        trial.set_user_attr("work", 100.0 if kind == "dear" else 1.0)
        return value

    study = optuna.create_study(direction="maximize", sampler=make_sampler("frugal", seed=0))
    study.optimize(dear_and_cheap, n_trials=60)
    kinds = [trial.params["kind"] for trial in study.trials]
    assert kinds.count("cheap") > 3 * kinds.count("dear")


def test_frugal_begins_at_the_cheap_start():
    study = optuna.create_study(direction="maximize")
    study.sampler = make_sampler("frugal", seed=0, options={"start": {"kind": "a", "a.count": 1}})
    trial = study.ask()
    families(trial)
    assert trial.params["kind"] == "a"
    assert trial.params["a.count"] == 1


def grown(options, trials):
    """A study of a score that more rows make better, with the share of rows of each trial."""
    study = optuna.create_study(direction="maximize")
    rows = []
    for number in range(trials):
        study.sampler = make_sampler("frugal", seed=number, options=options)
        trial = study.ask()
        share = study.trials[-1].system_attrs["hortus:rows"]
        value = -((trial.suggest_float("x", 0, 1) - 0.7) ** 2) - (trial.suggest_float("y", 0, 1) - 0.2) ** 2
        trial.set_user_attr("work", 1000 * share)
        study.tell(trial, value - 0.1 * (1 - share))
        rows.append(share)
    return study, rows


def test_frugal_begins_with_few_rows_and_doubles_them():
    study, rows = grown({"sample": 0.1}, 60)
    assert rows[0] == 0.1
    assert rows == sorted(rows)
    assert set(rows) == {0.1, 0.2, 0.4, 0.8, 1.0}
    first_at = {share: rows.index(share) for share in set(rows)}
    for share in (0.2, 0.4, 0.8, 1.0):
        # The sample grows under the best point so far.
        again = study.trials[first_at[share]].params
        assert again in [trial.params for trial in study.trials[: first_at[share]]]
    assert study.best_value > -0.01


def test_frugal_takes_all_rows_where_nobody_knows_of_samples():
    study, rows = grown({}, 20)
    assert set(rows) == {1.0}
    found = [tuple(sorted(trial.params.items())) for trial in study.trials]
    assert len(found) == len(set(found))


def test_grid_tries_every_combination_once_and_stops():
    study = optuna.create_study(direction="maximize", sampler=make_sampler("grid", seed=0, options={"points": 3}))
    study.optimize(conditional, n_trials=200)
    # a: 3 points x 9 counts; b: 3 points; c alone.
    found = {tuple(sorted(trial.params.items())) for trial in study.trials}
    assert len(study.trials) == len(found) == 3 * 9 + 3 + 1


def test_nsga2_takes_several_scores():
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=make_sampler("nsga2", seed=0, options={"population_size": 8})
    )
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)), n_trials=40)
    assert max(t.values[0] - t.values[1] for t in study.best_trials) > 0.8


def test_one_score_strategies_refuse_several():
    study = optuna.create_study(directions=["maximize", "maximize"], sampler=make_sampler("evolution", seed=0))
    with pytest.raises(SettingError, match="one score"):
        study.ask()


def test_unknown_strategy_names_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'evolution'"):
        make_sampler("evolutoin", seed=0)


def test_unknown_option_names_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'population_size'"):
        make_sampler("evolution", seed=0, options={"populaton_size": 10})


def test_options_without_sense_are_refused():
    for name, options in [
        ("evolution", {"population_size": 1}),
        ("evolution", {"crossover_rate": 1.5}),
        ("nsga2", {"population_size": 0}),
        ("grid", {"points": "many"}),
        ("frugal", {"start": 3}),
    ]:
        with pytest.raises(SettingError):
            make_sampler(name, seed=0, options=options)


def test_missing_library_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr("hortus.strategies.borrowed.find_spec", lambda _: None)
    for name in ("gp", "cmaes"):
        with pytest.raises(MissingExtraError, match="pip install"):
            make_sampler(name, seed=0)


def test_the_table_has_what_is_promised():
    assert {"random", "grid", "tpe", "gp", "cmaes", "nsga2", "evolution", "frugal", "local"} <= set(STRATEGIES)
