"""One trial of a run of images as a worker runs it: a candidate's, or what a strategy must learn before it proposes.

Strategies and evaluators know nothing of each other, so that the trial of a strategy stands here, above both.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hortus.data.images import ImageData
from hortus.evaluation import trial
from hortus.evaluation.base import Ask, Evaluation, Report
from hortus.evaluation.building import tensors, threads
from hortus.evaluation.function import load_object
from hortus.evaluation.network import CHECKPOINTS
from hortus.evaluation.trial import Order
from hortus.seeds import stream
from hortus.spaces import SPACES
from hortus.spaces.base import Space
from hortus.spaces.own import OwnSpace, offer_by_name
from hortus.strategies import make_sampler
from hortus.strategies.decoded import RELAXATION, Differentiable

if TYPE_CHECKING:
    from torch import Tensor

    from hortus.strategies.relaxation import History

# What executors are told to run.
ENTRY = "hortus.run.images.trial:run"
# Candidates that a supernet proposes at most, and how many draws are made for them.
PROPOSALS, DRAWS = 64, 640
# Of the chances, what is spread over all operations where an edge is drawn: a choice by perturbation leaves one alone.
SPREAD = 0.1


def run(payload: dict[str, Any], report: Report, ask: Ask | None = None) -> dict[str, Any]:
    """Run the trial that ``payload`` (an `Order` as JSON) describes; return its `Evaluation` as JSON.

    Raises:
        TrialPruned: the driver answered a report with stop.
    """
    if payload["space"]["name"] == OwnSpace.name:
        # The driver says so, and it is the driver's function: what a file says is imported by nobody.
        offer_by_name(payload["space"]["function"], load_object)
    if payload["evaluator"] == RELAXATION:
        return relax(Order.from_json(payload)).to_json()
    return trial.run(payload, report, ask)


def relax(order: Order) -> Evaluation:
    """Search by gradient descent on the space's supernet, or go on where a checkpoint was left; there is no score.

    Args:
        order: whose options are those of the strategy; its deadline is the end of the descent.

    Returns:
        An evaluation whose notes hold ``proposals``, params with the best first; ``warnings``; ``stopped``, why the
        descent ended early; ``epochs``; and ``held_bytes`` of a forward pass.
    """
    from hortus.nets.training import Normalizer, device
    from hortus.strategies.differentiable import search_differentiable

    data = ImageData.load(Path(order.data))
    facts = data.facts(order.budget)
    settings = dict(order.space)
    space = SPACES[settings.pop("name")](facts, **settings)
    strategy = make_sampler("differentiable", seed=order.seed, options=order.options)
    assert isinstance(strategy, Differentiable)  # noqa: S101 - the table's row
    place = Path(order.out) / CHECKPOINTS / f"{RELAXATION}.safetensors"
    place.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with threads(order.threads):
        pixels, y = tensors(Path(order.data), data.digest)
        rows = data.train_rows(0)
        params, history = search_differentiable(
            space,
            Normalizer(*data.moments, place=device())(pixels[rows]),
            y[rows],
            facts,
            settings=strategy.settings,
            seed=order.seed,
            seconds=None if order.deadline is None else max(0.1, order.deadline - begin),
            checkpoint=place,
        )
        proposals = proposals_of(space, params, history, seed=order.seed)
    place.unlink(missing_ok=True)
    return Evaluation(
        fold_scores=(),
        score=None,
        seconds=time.monotonic() - begin,
        predict_seconds=float("nan"),
        work=float(len(history.epochs) * len(rows)),
        notes={
            "proposals": proposals,
            "warnings": list(history.warnings),
            "stopped": history.stopped,
            "epochs": len(history.epochs),
            "held_bytes": history.held_bytes,
        },
    )


def proposals_of(space: Space, params: dict[str, str], history: History, *, seed: int) -> list[dict[str, str]]:
    """The decoded params, then distinct others by their chance under the learned weights.

    Each edge draws an operation, and each node its edges, by adding Gumbel noise to the logarithms of the weights and
    decoding what comes of it (Kool et al. 2019, "Stochastic Beams and Where to Find Them").

    Args:
        space: whose supernet was trained.
        params: that were decoded.
        history: of the descent.
        seed: of the draws.
    """
    import torch

    from hortus.spaces.relaxed import edges_kept, params_of
    from hortus.strategies.decoding import decode

    rng = stream(seed, "proposals")
    weights = np.array(history.weights)
    chances = np.log((1.0 - SPREAD) * weights + SPREAD / weights.shape[1])
    found = [params]
    for _ in range(DRAWS):
        noisy: Tensor = torch.from_numpy(np.exp(chances + rng.gumbel(size=chances.shape)))
        path = decode(noisy, history.names, history.operations, kept=edges_kept(space))
        other = params_of(space, path)
        if other not in found:
            found.append(other)
        if len(found) == PROPOSALS:
            break
    return found
