"""A pipeline's model fitted again on rows that are too many for memory, and judged on rows kept aside."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import Stored, read_archive, write_archive, write_artifact
from hortus.data.dataset import Dataset
from hortus.data.rows import Rows
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.models import MODELS
from hortus.models.base import FitContext, Streams
from hortus.seeds import derive
from hortus.spaces.base import Candidate
from hortus.spaces.nodes import StackNode, StepNode, walk
from hortus.spaces.pipeline import FittedPipeline, Pipeline

# Folders of the rows: to learn from, to stop by, to judge by.
LEARNED, WATCHED, JUDGED = "learned", "watched", "judged"
# Steps whose columns hold the target of the rows that they were fitted on: those rows are not learned from again.
TOLD = frozenset({"target"})


def streams(candidate: Candidate) -> bool:
    """Whether a candidate's model can learn from rows on disk, and what is below it can be applied part by part."""
    if not isinstance(candidate, Pipeline):
        return False
    stacked = any(isinstance(node, StackNode) for _, node in walk(candidate.root))
    return not stacked and issubclass(MODELS[candidate.root.model], Streams)


def stream_bytes(candidate: Pipeline, columns: int, classes: int) -> float:
    """Bytes in memory for each row that a pipeline's model learns from, about."""
    model = MODELS[candidate.root.model](**candidate.root.params)
    if not isinstance(model, Streams):
        raise TypeError(f"{candidate.root.model} does not learn from rows on disk.")
    return float(model.stream_bytes(columns, classes))


class Streaming(Evaluator):
    """Ask what a trial's pipelines say of the rows kept aside, and what its model says once it has learned from all.

    The steps below the model stay as the trial's first fold fitted them.

    Args:
        rows: the folder with `RowsOnDisk` of the names above.
        models: ``path``, ``sha256`` and ``size`` of the trial's fitted pipelines, in the run's folder.
        fit: whether to fit the model again, or only to ask the pipelines there are.
    """

    name: ClassVar[str] = "streaming"
    inner: ClassVar[bool] = True

    def __init__(self, *, rows: str, models: Mapping[str, Any], fit: bool = True) -> None:
        self.rows = Path(rows)
        self.models = dict(models)
        self.fit = fit

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:  # noqa: ARG002
        """Fit one pipeline; its predictions of the rows kept aside are what it leaves, and itself where it was fitted.

        Raises:
            TypeError: the candidate's model cannot learn from rows on disk.
            ArtifactError: the rows or the trial's pipelines are not there.
        """
        begin = time.monotonic()
        asked = RowsOnDisk.open(self.rows / WATCHED).whole(), RowsOnDisk.open(self.rows / JUDGED).whole()
        place = f"artifacts/streamed-{context.number:06d}"
        found: list[Artifact] = []
        rows, work = 0, 0.0
        with tempfile.TemporaryDirectory(prefix="hortus-") as made:
            read_archive(context.out, Stored(**self.models), Path(made) / "before")
            folds = sorted((Path(made) / "before").iterdir(), key=lambda fold: int(fold.name))
            before = _mean(folds, asked)
            found.append(_keep(context.out, f"{place}.before.npy", before, "before"))
            if self.fit:
                if not isinstance(candidate, Pipeline) or not streams(candidate):
                    raise TypeError("This candidate cannot learn from rows on disk.")
                fitted, rows = self._fitted(candidate, FittedPipeline.load(folds[0]), context)
                work = fitted.work
                after = np.concatenate([fitted.predict(part.X) for part in asked])
                found.append(_keep(context.out, f"{place}.after.npy", after, "after"))
                stored = write_archive(context.out, f"{place}.models.zip", lambda folder: _save(fitted, folder / "0"))
                found.append(Artifact.of("models", stored))
        return Evaluation(
            fold_scores=(),
            score=None,
            seconds=time.monotonic() - begin,
            predict_seconds=0.0,
            work=work,
            artifacts=tuple(found),
            notes={"rows": rows},
        )

    def _fitted(self, candidate: Pipeline, before: FittedPipeline, context: TrialContext) -> tuple[FittedPipeline, int]:
        data = Dataset.load(context.data)
        learned, watched = (RowsOnDisk.open(self.rows / name) for name in (LEARNED, WATCHED))
        steps = {node.step for _, node in walk(candidate.root) if isinstance(node, StepNode)}
        changed = self.rows / f"changed-{context.number:06d}"
        if steps:
            learned = learned.through(before.inputs, changed, unsampled=bool(steps & TOLD))
        valid = watched.whole()
        told = FitContext(
            kind=data.kind,
            classes=data.classes,
            seed=derive(context.seed, "streamed"),
            threads=context.threads,
            deadline=context.deadline,
        )
        fitted = before.again(learned, told, replace(valid, X=before.inputs(valid.X)))
        shutil.rmtree(changed, ignore_errors=True)
        return fitted, len(learned)


def _says(fold: Path, asked: Sequence[Rows]) -> NDArray[np.float64]:
    """What one fold's pipeline predicts of all ``asked``, after each other."""
    pipeline = FittedPipeline.load(fold)
    return np.concatenate([pipeline.predict(rows.X) for rows in asked])


def _mean(folds: Sequence[Path], asked: Sequence[Rows]) -> NDArray[np.float64]:
    """Of the folds' pipelines, of which one at a time is in memory."""
    total = _says(folds[0], asked)
    for fold in folds[1:]:
        total = total + _says(fold, asked)
    return total / len(folds)


def _save(fitted: FittedPipeline, folder: Path) -> None:
    folder.mkdir()
    fitted.save(folder)


def _keep(out: Path, place: str, predictions: NDArray[np.float64], name: str) -> Artifact:
    stored = write_artifact(out, place, lambda path: np.save(path, predictions, allow_pickle=False))
    return Artifact.of(name, stored)
