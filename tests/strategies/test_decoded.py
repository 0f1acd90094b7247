"""Differentiable search as a strategy: it goes on after a kill, proposes what it decoded, refuses without images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

torch = pytest.importorskip("torch")
from optuna.trial import FixedTrial  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from torch import Tensor  # noqa: E402

from hortus.data.image_facts import ImageFacts  # noqa: E402
from hortus.errors import SettingError  # noqa: E402
from hortus.run.images.trial import proposals_of  # noqa: E402
from hortus.spaces.cell import CellSpace  # noqa: E402
from hortus.spaces.darts_cell import DartsSpace  # noqa: E402
from hortus.strategies import differentiable, make_sampler  # noqa: E402
from hortus.strategies.decoding import perturbed  # noqa: E402
from hortus.strategies.differentiable import search_differentiable  # noqa: E402
from hortus.strategies.relaxation import History, Settings  # noqa: E402

FACTS = ImageFacts(1, 8, 8, 10, 60)
SPACE = CellSpace(FACTS, width=2)


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    X, y = load_digits(return_X_y=True)
    return ((torch.tensor(X[:60]).float() - 4.88) / 6.0).reshape(-1, 1, 8, 8), torch.tensor(y[:60])


def told(history: History) -> History:
    """Without what the clock decides, and a measurement of memory that depends on what is drawn."""
    return replace(history, epochs=tuple(replace(epoch, seconds=0.0) for epoch in history.epochs), held_bytes=0)


@pytest.mark.parametrize(
    ("method", "selection"), [("darts", "perturbation"), ("darts2", "weights"), ("pc_darts", "weights"), ("gdas", None)]
)
def test_a_search_that_is_killed_goes_on_to_the_same_end(
    method: str, selection: str | None, digits: tuple[Tensor, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(method=method, selection=selection, epochs=3, batch=15, partial=2, tuning=1, warmup=0.3)
    whole = search_differentiable(SPACE, *digits, FACTS, settings=settings, seed=5)
    monkeypatch.setattr(differentiable, "STORE_SECONDS", 0.0)
    epoch = differentiable._Search._epoch

    def killed(self: object, number: int) -> tuple[float, float]:
        if number == 2:
            raise KeyboardInterrupt
        return epoch(self, number)  # type: ignore[arg-type]

    place = tmp_path / "search.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(differentiable._Search, "_epoch", killed)
        with pytest.raises(KeyboardInterrupt):
            search_differentiable(SPACE, *digits, FACTS, settings=settings, seed=5, checkpoint=place)
    assert place.exists()
    params, history = search_differentiable(SPACE, *digits, FACTS, settings=settings, seed=5, checkpoint=place)
    assert params == whole[0]
    assert repr(told(history)) == repr(told(whole[1]))


def test_where_the_time_is_over_the_weights_choose_and_it_is_said(digits: tuple[Tensor, Tensor]) -> None:
    settings = Settings(epochs=1, batch=30, tuning=1)
    _, history = search_differentiable(SPACE, *digits, FACTS, settings=settings, seconds=1e-6)
    assert "6 edges by perturbation" in history.warnings[0]
    weights = torch.softmax(torch.randn(6, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    rng = np.random.default_rng(0)
    kept = perturbed(weights, SPACE.operations, lambda _: (0.0, 0.0), lambda _: None, rng, late=lambda: True)
    assert torch.equal(kept, weights)


@pytest.mark.parametrize("space", [SPACE, DartsSpace(FACTS, width=4, cells=3)], ids=["cell", "darts"])
def test_proposals_are_candidates_of_the_space_the_decoded_one_first(
    space: CellSpace | DartsSpace, digits: tuple[Tensor, Tensor]
) -> None:
    params, history = search_differentiable(space, *digits, FACTS, settings=Settings(method="gdas", epochs=1, batch=30))
    found = proposals_of(space, params, history, seed=0)
    assert found[0] == params
    assert len({str(sorted(one.items())) for one in found}) == len(found) > 10
    for one in found:
        space(FixedTrial(one))
    assert proposals_of(space, params, history, seed=0) == found


def test_the_likeliest_operations_are_proposed_more_often() -> None:
    names, operations = SPACE_NAMES, SPACE.operations
    weights = tuple(tuple(0.96 if k == 3 else 0.01 for k in range(5)) for _ in names)
    history = History((), names, operations, weights, 0, "", ())
    found = proposals_of(SPACE, dict.fromkeys(names, "nor_conv_3x3"), history, seed=0)
    assert "".join(str(one) for one in found).count("nor_conv_3x3") > 0.5 * 6 * len(found)


SPACE_NAMES = ("0>1", "0>2", "1>2", "0>3", "1>3", "2>3")


def test_a_study_without_images_is_refused_with_the_reason() -> None:
    study = optuna.create_study(sampler=make_sampler("differentiable", seed=0))
    with pytest.raises(SettingError, match="learns from images") as refused:
        study.ask()
    assert "evolution" in refused.value.mend
    with pytest.raises(SettingError, match="darts"):
        make_sampler("differentiable", seed=0, options={"method": "dart"})


def test_what_was_proposed_is_answered_once_and_then_anything() -> None:
    first = dict.fromkeys(SPACE_NAMES, "skip_connect")
    second = first | {"0>1": "none"}
    options = {"proposals": [first, second]}
    study = optuna.create_study()
    for _ in range(4):
        study.sampler = make_sampler("differentiable", seed=0, options=options)
        trial = study.ask()
        SPACE(trial)
        study.tell(trial, 0.0)
    assert [trial.params for trial in study.trials[:2]] == [first, second]
    assert study.trials[2].params not in (first, second)
