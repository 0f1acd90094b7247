"""From a trained model to one file that ``hortus serve`` and ``hortus predict`` take, every fitted step inside."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hortus.data.artifacts import write_archive
from hortus.deploy.bundle import Chosen, compress, write_bundle
from hortus.ensemble.combination import Combination
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.honest import honest_estimate
from hortus.ensemble.predictor import Member
from hortus.run.graph.learners import Trained
from hortus.run.graph.scores import judged


@dataclass(frozen=True)
class Deployment:
    """A model as a file.

    Attributes:
        path: of the file.
        name: of the model.
        score: on the rows that judge.
        size: bytes.
    """

    path: Path
    name: str
    score: float
    size: int


def deploy(trained: Trained, path: str | Path, *, graph: Mapping[str, Any] | None = None) -> Deployment:
    """Write a model as one file. No code and no pickle is in it.

    Args:
        trained: the model.
        path: of the file, which usually ends in ``.hortus``.
        graph: the graph that made it, kept in the file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".deploy-") as made:
        loose = Path(made) / "model.hortus"
        write_trained(trained, loose, graph=graph)
        small = Path(made) / "small.hortus"
        compress(loose.read_bytes(), small)
        small.replace(path)
    return Deployment(path, trained.name, trained.score, path.stat().st_size)


def write_trained(trained: Trained, path: Path, *, graph: Mapping[str, Any] | None = None) -> None:
    """Write a model as a bundle whose parts are not compressed."""
    if trained.search is not None:
        path.write_bytes((trained.search / "model.hortus").read_bytes())
        return
    split, predictor = trained.split, trained.predictor
    said, y, folds, weight = judged(trained)
    alone = Combination(np.ones(1), None, None, said)
    estimate = honest_estimate([said], alone, y, split.metric, weight=weight, folds=folds)
    facts: dict[str, Any] = {
        "score": trained.score,
        "bounds": (estimate.low, estimate.high),
        "estimate": estimate.to_json(),
        "rows": len(split.data),
        "findings": [],
        "ranges": split.ranges,
        "made": "designed as a graph",
    }
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".members-") as made:
        chosen = [_stored(member, Path(made)) for member in predictor.members]
        write_bundle(
            path,
            task=split.task,
            schema=split.schema,
            encoder=split.encoder,
            members=chosen,
            stacking=predictor.stacking,
            calibration=predictor.calibration,
            # The rows that judge were learned from by nothing: their errors are what new rows will have.
            conformal=Conformal.fit(y, said, weight=weight, folds=folds, seed=0),
            facts=facts if graph is None else {**facts, "graph": dict(graph)},
        )


def _stored(member: Member, folder: Path) -> Chosen:
    found = write_archive(folder, f"{member.number:06d}.models.zip", _filler(member))
    return Chosen(member.number, member.name, member.weight, folder / found.path)


def _filler(member: Member) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        for number, pipeline in enumerate(member.folds):
            (folder / str(number)).mkdir()
            pipeline.save(folder / str(number))

    return fill
