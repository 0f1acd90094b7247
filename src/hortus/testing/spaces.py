"""What every space of networks must do. An author supplies one fixture and inherits the tests:

class TestMine(NetworkSpaceContract):
    @pytest.fixture
    def make(self):
        return MySpace          # called with the facts, and with the settings that `to_json` tells
"""

# ruff: noqa: S101, D102 - tests assert, and their names say what they test
from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.trial import FixedTrial, Trial

from hortus.data.image_facts import ImageFacts
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Layer, Plan, Shape
from hortus.spaces.base import Space
from hortus.strategies.evolution import Evolution
from hortus.testing.strategies import ask_and_tell

Make = Callable[..., Space]

GREY, COLOUR, PHOTOGRAPH = (1, 8, 8), (3, 32, 32), (3, 224, 224)
ODD = ((1, 1, 1), (3, 7, 9), (1, 2, 40), (3, 33, 5))
CLASSES = 7


def facts_of(shape: Shape) -> ImageFacts:
    """Facts of images of ``shape``."""
    return ImageFacts(*shape, CLASSES, 100)


def drawn(space: Space, count: int, *, seed: int = 0) -> list[tuple[Trial, NetworkCandidate]]:
    """Random trials of a space and the candidates that they make."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    found = []
    for _ in range(count):
        trial = study.ask()
        candidate = space(trial)
        assert isinstance(candidate, NetworkCandidate)
        found.append((trial, candidate))
    return found


def learned(plan: Plan) -> int:
    """How many parameters the network of a plan has."""
    from hortus.nets.build import outline
    from hortus.nets.counting import parameters

    return parameters(outline(plan))


def check_shapes(plan: Plan, device: str) -> None:
    """Run a plan's network and compare every layer's output with what the plan says of it."""
    import torch

    from hortus.nets.build import outline

    network, wrong = outline(plan), []
    if device != "meta":
        network = network.to_empty(device=device)

    def watch(layer: Layer) -> Callable[..., None]:
        def compare(module: Any, inputs: Any, output: Any) -> None:  # noqa: ARG001
            expected = layer.shape[:1] if layer.operation == "head" else layer.shape
            if tuple(output.shape) != (2, *expected):
                wrong.append((layer.name, tuple(output.shape), layer.shape))

        return compare

    for layer in plan.layers:
        network.operations[layer.name].register_forward_hook(watch(layer))
    with torch.no_grad():
        network(torch.zeros((2, *plan.shape), device=device))
    assert wrong == []


class NetworkSpaceContract:
    """The tests; a subclass has a fixture ``make``: a function of the facts and the settings that returns a space.

    Class attributes:
        candidates: how many random ones are built.
    """

    candidates: ClassVar[int] = 20

    @pytest.fixture
    def make(self) -> Make:
        """The space's maker. Override it."""
        raise NotImplementedError("Override the fixture 'make'.")

    @pytest.mark.parametrize("shape", [GREY, COLOUR], ids=["grey", "colour"])
    def test_random_candidates_build_and_run(self, make: Make, shape: Shape) -> None:
        import torch

        for _, candidate in drawn(make(facts_of(shape)), self.candidates):
            network = candidate.build(shape, CLASSES, seed=0)
            logits = network(torch.randn((2, *shape), generator=torch.Generator().manual_seed(0)))
            assert logits.shape == (2, CLASSES)
            assert torch.isfinite(logits).all()
            plan = candidate.plan(shape, CLASSES)
            assert learned(plan) == sum(parameter.numel() for parameter in network.parameters())
            assert min(min(layer.shape) for layer in plan.layers) >= 1

    def test_every_size_of_image_fits_and_every_map_has_the_size_that_was_planned(self, make: Make) -> None:
        (_, first), (_, second) = drawn(make(facts_of(PHOTOGRAPH)), 2, seed=1)
        for candidate in (first.scaled(width=0.25, depth=0.5), second.scaled(width=0.25, depth=0.5)):
            for shape in (*ODD, GREY):
                check_shapes(candidate.plan(shape, CLASSES), "cpu")
        plan = first.plan(PHOTOGRAPH, CLASSES)
        check_shapes(plan, "meta")
        assert min(plan.layers[-2].shape[1:]) <= 56

    def test_a_candidate_is_its_params_as_json(self, make: Make) -> None:
        space = make(facts_of(GREY))
        settings = json.loads(json.dumps(space.to_json()))
        assert settings.pop("name") == space.name
        again = make(facts_of(GREY), **settings)
        seen: dict[str, str] = {}
        for trial, candidate in drawn(space, 30):
            assert dict(candidate.params) == trial.params
            assert candidate.space == space.name
            rebuilt = again(FixedTrial(json.loads(json.dumps(dict(candidate.params)))))
            assert isinstance(rebuilt, NetworkCandidate)
            assert rebuilt == candidate
            assert hash(rebuilt) == hash(candidate)
            assert rebuilt.key() == candidate.key()
            assert rebuilt.plan(GREY, CLASSES) == candidate.plan(GREY, CLASSES)
            assert seen.setdefault(candidate.describe(), candidate.key()) == candidate.key()

    def test_what_a_question_allows_never_changes(self, make: Make) -> None:
        space, asked = make(facts_of(GREY)), dict[str, BaseDistribution]()
        for trial, _ in drawn(space, 200):
            for question, distribution in trial.distributions.items():
                assert asked.setdefault(question, distribution) == distribution

    def test_children_of_evolution_are_networks(self, make: Make) -> None:
        space = make(facts_of(GREY))

        def objective(trial: Trial) -> float:
            candidate = space(trial)
            assert isinstance(candidate, NetworkCandidate)
            assert candidate.plan(GREY, CLASSES).layers[-1].shape == (CLASSES, 1, 1)
            # Something that hangs on the decisions in every space.
            return -float(len(candidate.describe()))

        study = optuna.create_study(direction="maximize")
        ask_and_tell(study, lambda seed: Evolution(seed=seed, population_size=10), objective, 40)
        values = [trial.values[0] for trial in study.trials]
        assert sum(values[-10:]) > sum(values[:10])

    def test_candidates_scale_and_are_drawn(self, make: Make, tmp_path: Path) -> None:
        for _, candidate in drawn(make(facts_of(COLOUR)), 4, seed=2):
            narrow, wide = candidate.scaled(width=0.5), candidate.scaled(width=2.0, depth=3.0)
            few, some, many = (learned(c.plan(COLOUR, CLASSES)) for c in (narrow, candidate, wide))
            assert few < some < many
            assert len({narrow.key(), candidate.key(), wide.key()}) == 3
            assert dict(wide.params) == dict(candidate.params)
            candidate.draw(tmp_path / "network.svg")
            root = ElementTree.fromstring((tmp_path / "network.svg").read_text(encoding="utf-8"))  # noqa: S314
            assert root.tag == "{http://www.w3.org/2000/svg}svg"

    def test_says_what_it_offers(self, make: Make) -> None:
        space = make(facts_of(GREY))
        assert {"sample", "mutate", "encode", "network", "scale"} <= space.provides
        if "canonical" in space.provides:
            assert isinstance(drawn(space, 1)[0][1].canonical, str)
        assert ("morphs" in space.provides) == hasattr(space, "parent")
