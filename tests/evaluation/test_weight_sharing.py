"""Candidates scored with the weights of a supernet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from optuna import create_study  # noqa: E402
from optuna.samplers import RandomSampler  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

from hortus.data.image_facts import ImageFacts  # noqa: E402
from hortus.errors import ArtifactError, BudgetError  # noqa: E402
from hortus.evaluation.weight_sharing import SupernetTraining, fair_group, predict, score, train_supernet  # noqa: E402
from hortus.nets.supernet import Supernet  # noqa: E402
from hortus.nets.training import DivergedError  # noqa: E402
from hortus.seeds import stream  # noqa: E402
from hortus.spaces.cell import NAMES, OPERATIONS, CellSpace  # noqa: E402
from hortus.spaces.darts_cell import DartsSpace  # noqa: E402
from hortus.spaces.relaxed import path_of, relax  # noqa: E402

FACTS = ImageFacts(1, 8, 8, 10, 600)
SPACE, THIN = CellSpace(FACTS, width=4), CellSpace(FACTS, width=2)


@pytest.fixture(scope="module")
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    X, y = load_digits(return_X_y=True)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    return ((torch.tensor(X).float() - 4.88) / 6.0).reshape(-1, 1, 8, 8)[order], torch.tensor(y)[order]


@pytest.fixture(scope="module")
def trained(digits: tuple[torch.Tensor, torch.Tensor]) -> Supernet:
    x, y = digits
    return train_supernet(SPACE, x[:600], y[:600], FACTS, steps=40, seed=0, batch=32)


def test_in_a_group_each_operation_of_each_edge_runs_once() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for step in range(7):
        group = fair_group(NAMES, OPERATIONS, stream(0, step))
        assert len(group) == len(OPERATIONS)
        for name in NAMES:
            assert sorted(path[name] for path in group) == sorted(OPERATIONS)
        counts.update(item for path in group for item in path.items())
    assert set(counts.values()) == {7}
    assert len(counts) == len(NAMES) * len(OPERATIONS)
    assert fair_group(NAMES, OPERATIONS, stream(0, 0)) != fair_group(NAMES, OPERATIONS, stream(0, 1))


def test_where_a_node_keeps_two_edges_so_does_every_path() -> None:
    names = ["normal 0>2", "normal 1>2", "normal 0>3", "normal 1>3", "normal 2>3"]
    operations = ("none", "skip_connect", "sep_conv_3x3", "max_pool_3x3")
    group = fair_group(names, operations, stream(0, 0), kept=2)
    assert len(group) == 3
    present = [name for name in names if group[0][name] != "none"]
    assert len(present) == 4
    for name in names:
        assert sorted(path[name] for path in group) == (sorted(operations[1:]) if name in present else ["none"] * 3)


def test_inherited_scores_tell_a_cell_from_a_cut_one(
    trained: Supernet, digits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, y = digits
    cells = {
        operation: score(trained, dict.fromkeys(NAMES, operation), x[600:900], y[600:900], calibration=x[:256])
        for operation in ("avg_pool_3x3", "none")
    }
    # A cut cell says the same of every image, and a tenth of the images are of each class.
    assert cells["none"] < 0.15
    assert cells["avg_pool_3x3"] > cells["none"] + 0.08


def test_a_score_does_not_depend_on_what_was_scored_before(
    trained: Supernet, digits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, y = digits
    first, other = dict.fromkeys(NAMES, "skip_connect"), dict.fromkeys(NAMES, "nor_conv_1x1")
    found = [
        score(trained, params, x[600:800], y[600:800], calibration=x[:128]) for params in (first, other, first, other)
    ]
    assert found[:2] == found[2:]
    assert found[0] != found[1]


def test_a_training_repeats_and_continues_where_it_was_stored(
    tmp_path: Path, digits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, y = digits[0][:100], digits[1][:100]

    def begun() -> SupernetTraining:
        return SupernetTraining(relax(THIN, FACTS, seed=3), seed=4, steps=6, batch=16)

    whole = begun().advance(x, y)
    half = begun().advance(x, y, until=0.5)
    assert half.step == 3
    half.save(tmp_path / "supernet.safetensors")
    continued = begun().restore(tmp_path / "supernet.safetensors").advance(x, y)
    assert continued.step == whole.step == 6
    for name, tensor in whole.supernet.state_dict().items():
        assert torch.equal(tensor, continued.supernet.state_dict()[name]), name


def test_a_checkpoint_is_taken_up_and_a_foreign_one_refused(
    tmp_path: Path, digits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, y = digits[0][:64], digits[1][:64]
    place = tmp_path / "supernet.safetensors"
    settings = {"steps": 2, "batch": 16, "checkpoint": place}
    first = train_supernet(THIN, x, y, FACTS, **settings)
    again = train_supernet(THIN, x, y, FACTS, **settings)
    assert [p.name for p in tmp_path.iterdir()] == ["supernet.safetensors"]
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    with pytest.raises(ArtifactError, match="not those of this network"):
        train_supernet(SPACE, x, y, FACTS, **settings)


def test_darts_cells_share_weights(digits: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = digits[0][:40], digits[1][:40]
    space = DartsSpace(FACTS, operations=("skip_connect", "max_pool_3x3"), cells=3, width=2)
    supernet = train_supernet(space, x, y, FACTS, steps=1, batch=20)
    study = create_study(sampler=RandomSampler(seed=0))
    trial = study.ask()
    space(trial)
    found = predict(supernet, path_of(space, trial.params), x[:7], calibration=x)
    assert found.shape == (7, 10)
    torch.testing.assert_close(found.sum(1), torch.ones(7, dtype=torch.float64))


def test_seconds_end_a_training(digits: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = digits[0][:64], digits[1][:64]
    training = SupernetTraining(relax(THIN, FACTS), seconds=0.2, batch=8).advance(x, y)
    assert training.at == 1.0
    assert training.step >= 1


@pytest.mark.parametrize("limits", [{}, {"steps": 3, "seconds": 1.0}, {"steps": 0}, {"seconds": float("nan")}])
def test_a_training_needs_one_budget(limits: dict[str, float]) -> None:
    with pytest.raises(BudgetError, match="one of the two"):
        SupernetTraining(relax(THIN, FACTS), **limits)


def test_images_that_are_no_numbers_are_said_to_diverge(digits: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = torch.full((16, 1, 8, 8), torch.nan), digits[1][:16]
    with pytest.raises(DivergedError, match="diverged"):
        train_supernet(THIN, x, y, FACTS, steps=1)
