"""The exact versions that a model runs with: what is installed here of what it needs, and of what that needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

from hortus.ensemble.predictor import Predictor
from hortus.libraries import require
from hortus.models import MODELS
from hortus.spaces.nodes import ModelNode, StackNode, walk

# What comes with one build of PyTorch and not with another: its libraries for accelerators.
_OF_A_BUILD = ("nvidia-", "cuda-", "triton", "pytorch-triton")
# A container is Linux, whatever made it.
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


def models_of(predictor: Predictor) -> list[str]:
    """Names of all the models in an ensemble's pipelines, stacked ones too, in order."""
    nodes = (
        node
        for member in predictor.members
        for fitted in member.folds
        for _, node in walk(fitted.pipeline.root)
        if isinstance(node, ModelNode | StackNode)
    )
    return sorted({node.model for node in nodes})


def locked(predictor: Predictor) -> dict[str, str]:
    """Versions by the names of distributions, in order; Hortus itself is left out.

    They are what Hortus needs, what serving needs, and the libraries of this model's learners alone.

    Raises:
        MissingExtraError: ``packaging``, which reads what a distribution needs, is not installed.
    """
    learners = [MODELS[name] for name in models_of(predictor)]
    modules = {name.partition(".")[0] for learner in learners for name in (*learner.modules, learner.__module__)}
    if predictor.encoder.sentences is not None:
        modules |= predictor.encoder.sentences.libraries
    brought = packages_distributions()
    return _closed([_normal(name) for module in sorted(modules) for name in brought.get(module, ())], ("serve",))


def locked_network() -> dict[str, str]:
    """The same for a network, of images or of scenes: PyTorch, Pillow and safetensors in the place of learners.

    What one build of PyTorch alone brings is left out: pip finds it, in the versions that PyTorch itself names.

    Raises:
        MissingExtraError: likewise.
    """
    found = _closed([], ("serve", "nets"))
    return {name: number for name, number in found.items() if not name.startswith(_OF_A_BUILD)}


def _closed(names: Iterable[str], extras: Iterable[str]) -> dict[str, str]:
    """Versions of distributions, of what Hortus with some extras needs, and of what all these need."""
    left = [*names, *_needs("hortus", extras)]
    found: dict[str, str] = {}
    seen = {"hortus"}
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            # What stands behind a plus tells one build from another, and only where it was made.
            found[name] = distribution(name).version.partition("+")[0]
        except PackageNotFoundError:
            continue
        left += _needs(name)
    return dict(sorted(found.items()))


def _needs(name: str, extras: Iterable[str] = ()) -> list[str]:
    """What a distribution asks for on Linux, with those extras."""
    requirements = require("packaging.requirements", "serve")
    needs = [requirements.Requirement(text) for text in distribution(name).requires or ()]
    markers = [{**_LINUX, "extra": extra} for extra in ("", *extras)]
    return [_normal(n.name) for n in needs if n.marker is None or any(n.marker.evaluate(found) for found in markers)]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
