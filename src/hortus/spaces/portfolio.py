"""Strong and diverse starting points, tried before the strategy takes over.

The order is greedy: first what is best alone, then what adds most to an ensemble of those before it. So whatever
the budget, the models tried by its end are a good ensemble.
"""

from __future__ import annotations

from hortus.models import MODELS
from hortus.models.base import Params
from hortus.spaces.pipelines import PipelineSpace


def portfolio(space: PipelineSpace) -> list[Params]:
    """Params of the chains to start from, in the order to try them.

    Every model's default comes first, model by model in the space's order, and then their further settings in
    turn: the second setting of each model, the third, and so on.
    """
    settings = {name: [MODELS[name].default(space.facts), *MODELS[name].portfolio(space.facts)] for name in space.models}
    depth = max((len(rows) for rows in settings.values()), default=0)
    return [
        _named(space, name, rows[level]) for level in range(depth) for name, rows in settings.items() if level < len(rows)
    ]


def _named(space: PipelineSpace, name: str, setting: Params) -> Params:
    """A model's setting as the params of a whole chain, with the plain preparation for that model."""
    params: Params = {"model": name}
    params |= {f"{name}.{key}": value for key, value in setting.items()}
    model = MODELS[name]
    for question in ("construct", "select", "extract"):
        params[f"{name}.{question}"] = "none"
    if space.facts.categorical:
        params[f"{name}.encode"] = "native" if model.categories else "onehot" if model.scaled else "ordinal"
    return params
