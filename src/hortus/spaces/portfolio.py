"""Strong and diverse starting points, tried before the strategy takes over.

The order is greedy: first what is best alone, then what adds most to an ensemble of those before it. So whatever
the budget, the models tried by its end are a good ensemble. Where rows are few, a second buys more of some models than
of others, and those come first (decision 18).
"""

from __future__ import annotations

from hortus.features import STEPS
from hortus.models import MODELS
from hortus.models.base import Params
from hortus.spaces.pipelines import PipelineSpace

# Each name stands for that model's next setting, its default first.
ORDER = (
    "lightgbm",
    "catboost",
    "linear",
    "extra_trees",
    "mlp",
    "xgboost",
    "lightgbm",
    "catboost",
    "svm",
    "lightgbm",
    "mlp",
    "forest",
    "neighbors",
)
# Where rows are few, what saves most regret a second: learned by benchmarks/portfolio.py, each table left out in turn.
QUICK = ("linear", "svm", "xgboost", "lightgbm", "catboost")
FEW_ROWS = 5_000
# Models that take long over many rows and learn little more from them.
SATURATING = ("linear", "neighbors")
MANY_ROWS = 100_000


def portfolio(space: PipelineSpace) -> list[Params]:
    """Params of the chains to start from, in the order to try them: `ORDER`, and then what is left of each model."""
    facts = space.facts
    settings = {name: [MODELS[name].default(facts), *MODELS[name].portfolio(facts)] for name in space.models}
    order = [*_order(facts.train_rows), *(name for name in space.models for _ in settings[name])]
    if facts.words and order[0] != "linear":
        # Of short texts a linear model of n-grams tells more than trees do (Wang and Manning 2012), and sooner.
        order = ["linear", *order]
    if facts.train_rows > MANY_ROWS:
        order = sorted(order, key=lambda name: name in SATURATING)
    return [_named(space, name, settings[name].pop(0)) for name in order if settings.get(name)]


def _order(rows: int) -> list[str]:
    """`ORDER`; where rows are few, with `QUICK` drawn to its front."""
    rest = list(ORDER)
    first = QUICK if rows <= FEW_ROWS else ()
    for name in first:
        rest.remove(name)
    return [*first, *rest]


def defaults(space: PipelineSpace) -> list[Params]:
    """Params of one chain for each model: its own default, with the plain preparation for it."""
    return [_named(space, name, MODELS[name].default(space.facts)) for name in space.models]


def _named(space: PipelineSpace, name: str, setting: Params) -> Params:
    """A model's setting as the params of a whole chain, with the plain preparation for that model."""
    model = MODELS[name]
    params: Params = {"model": name}
    for step in ("impute", "scale"):
        params |= {f"{name}.{step}.{key}": value for key, value in STEPS[step]().get_params().items()}
    for question in ("construct", "select", "extract"):
        params[f"{name}.{question}"] = "none"
    if space.facts.categorical:
        encoding = "native" if model.categories else "onehot" if model.scaled else "ordinal"
        params[f"{name}.encode"] = encoding
        if encoding != "native":
            chosen = STEPS[encoding]().get_params()
            params |= {f"{name}.encode.{encoding}.{key}": value for key, value in chosen.items()}
    return params | {f"{name}.{key}": value for key, value in setting.items()}
