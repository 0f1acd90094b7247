"""The settings of a step or model, as its own search domain tells them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.engine.study import new_study
from hortus.features import STEPS
from hortus.models import MODELS
from hortus.run.graph.settings import Choice, Setting, Type
from hortus.run.graph.words import CHOICES, SETTINGS

# What a model is asked about before there is a table: some of everything.
TYPICAL = tuple(
    Facts(
        kind=kind,
        classes=2 if kind == "binary" else 0,
        rows=1000,
        train_rows=800,
        columns=(
            *(MatrixColumn(f"n{i}", f"n{i}") for i in range(8)),
            *(MatrixColumn(f"c{i}", f"c{i}", 5) for i in "ab"),
        ),
        missing=True,
        words=100,
    )
    for kind in ("binary", "regression")
)


def of_step(name: str) -> tuple[Setting, ...]:
    """The settings of a step: each of its constructor's arguments."""
    asked: dict[str, BaseDistribution] = {}
    for facts in TYPICAL:
        trial = new_study().ask()
        STEPS[name].domain(trial, "", facts)
        asked |= trial.distributions
    defaults = STEPS[name]().get_params()
    return tuple(_setting(name, key, asked.get(key), default) for key, default in sorted(defaults.items(), key=str))


def of_model(name: str) -> tuple[Setting, ...]:
    """The settings of a model: each of its constructor's arguments; by default what it finds good for the rows."""
    asked: dict[str, BaseDistribution] = {}
    typical: dict[str, Any] = {}
    for facts in reversed(TYPICAL):
        trial = new_study().ask()
        MODELS[name].domain(trial, "", facts)
        asked |= trial.distributions
        typical |= MODELS[name].default(facts)
    made = MODELS[name]().get_params()
    # In the order of its domain, which puts first what matters.
    keys = [*(key for key in asked if key in made), *(key for key in sorted(made) if key not in asked)]
    found = (_setting(name, key, asked.get(key), made[key]) for key in keys)
    return tuple(replace(one, default=None, typical=typical.get(one.name, made[one.name])) for one in found)


def _setting(owner: str, name: str, asked: BaseDistribution | None, default: Any) -> Setting:
    label, told = SETTINGS.get(f"{owner}.{name}") or SETTINGS.get(name) or (name.replace("_", " ").capitalize(), "")
    if isinstance(asked, CategoricalDistribution) and set(asked.choices) != {True, False}:
        choices = tuple(Choice(value, CHOICES.get(str(value), str(value))) for value in asked.choices)
        return Setting(name, label, "choice", default, told, choices=choices)
    kind: Type = "number"
    if isinstance(asked, CategoricalDistribution) or isinstance(default, bool):
        kind = "flag"
    elif isinstance(asked, IntDistribution) or isinstance(default, int):
        kind = "whole"
    elif isinstance(default, str):
        kind = "word"
    if isinstance(asked, (FloatDistribution, IntDistribution)):
        return Setting(name, label, kind, default, told, low=asked.low, high=asked.high, soft=True, log=asked.log)
    return Setting(name, label, kind, default, told, advanced=True)
