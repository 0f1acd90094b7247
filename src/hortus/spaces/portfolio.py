"""Strong and diverse starting points, tried before the strategy takes over.

The order is greedy: first what is best alone, then what adds most to an ensemble of those before it. So whatever
the budget, the models tried by its end are a good ensemble.
"""

from __future__ import annotations

from hortus.features import STEPS
from hortus.models import MODELS
from hortus.models.base import Params
from hortus.spaces.pipelines import PipelineSpace

# Models that take long over many rows and learn little more from them.
SATURATING = ("linear", "neighbors")
MANY_ROWS = 100_000


def portfolio(space: PipelineSpace) -> list[Params]:
    """Params of the chains to start from, in the order to try them.

    Every model's default comes first, model by model in the space's order, and then their further settings in
    turn: the second setting of each model, the third, and so on.
    """
    facts = space.facts
    # Stable: where rows are many, what learns little more from them comes last.
    models = sorted(space.models, key=lambda name: facts.train_rows > MANY_ROWS and name in SATURATING)
    settings = {name: [MODELS[name].default(facts), *MODELS[name].portfolio(facts)] for name in models}
    depth = max((len(rows) for rows in settings.values()), default=0)
    levels = [(name, rows[level]) for level in range(depth) for name, rows in settings.items() if level < len(rows)]
    return [_named(space, name, setting) for name, setting in levels]


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
