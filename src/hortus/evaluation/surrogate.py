"""Judging a candidate by its answers alone: a model that was taught by a few trained candidates predicts its score.

White et al. 2021, "How Powerful are Performance Predictors in Neural Architecture Search?" (NeurIPS), call these
model-based predictors. `Labels` trains some candidates drawn at random before the search, or takes their scores from
the table of NAS-Bench-201, and leaves answers and scores in the run's folder; after it `Surrogate` judges candidates in
milliseconds. The model is the one that the strategy ``predictor`` searches by.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.samplers import RandomSampler
from optuna.study import create_study
from optuna.trial import Trial, create_trial

from hortus.data.artifacts import UNFINISHED, write_artifact
from hortus.data.images import ImageData
from hortus.errors import ArtifactError, RunError, SettingError
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.network import NetworkTraining
from hortus.models.gaussian_process import GaussianProcess, quantiles
from hortus.seeds import derive
from hortus.spaces import SPACES
from hortus.spaces.base import Candidate, Space
from hortus.spaces.encoding import Encoder

LABELS = "artifacts/labels.json"
# Candidates that are trained, and that are looked up where nothing is trained.
TRAINED, LOOKED_UP = 24, 256
# With fewer than these nothing can be learned.
LEAST = 4


class Labels(Evaluator):
    """Have some candidates of a space judged by training; there is no score.

    Args:
        space: name and settings, as its ``to_json`` gives them.
        labels: how many; None for `TRAINED`, or of a table `LOOKED_UP`. A deadline may leave fewer.
        table: a data set of NAS-Bench-201, whose accuracies are taken instead of training; for the space ``cell``.
        epochs: of each training's schedule.
    """

    name: ClassVar[str] = "labels"
    trains: ClassVar[bool] = False
    inner: ClassVar[bool] = True

    def __init__(
        self,
        *,
        space: Mapping[str, Any],
        labels: int | None = None,
        table: str | None = None,
        epochs: float = 4.0,
    ) -> None:
        self.space = dict(space)
        self.count = labels or (TRAINED if table is None else LOOKED_UP)
        self.table = table
        self.epochs = epochs

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Judge them one after the other; what was judged before a kill is not judged again.

        Raises:
            RunError: the time was too short for as many as can be learned from.
            SettingError: the table has no such space.
        """
        del candidate
        begin = time.monotonic()
        place = context.out / LABELS
        found = json.loads(place.read_text(encoding="utf-8")) if place.exists() else _nothing()
        data = ImageData.load(context.data)
        settings = dict(self.space)
        space = SPACES[settings.pop("name")](data.facts(None), **settings)
        if self.table is not None and space.name != "cell":
            raise SettingError(
                f"NAS-Bench-201 has labels for the space 'cell' and none for {space.name!r}.",
                mend="Leave table out, so that candidates are trained.",
                code="table-space",
            )
        made = None
        for number in range(found["drawn"], self.count):
            spent = time.monotonic() - begin
            each = spent / max(1, number)
            if context.deadline is not None and time.monotonic() + each > context.deadline:
                break
            trial, drawn = _drawn(space, derive(context.seed, "label", number))
            score = self._score(drawn, trial.params, fidelity, replace(context, number=number))
            found["drawn"] = number + 1
            if score is not None:
                found["params"].append(trial.params)
                found["scores"].append(score)
                found["distributions"].update({n: distribution_to_json(d) for n, d in trial.distributions.items()})
            if self.table is None or number == self.count - 1:
                made = write_artifact(context.out, LABELS, _writer(found))
        if len(found["scores"]) < LEAST:
            raise RunError(
                f"{len(found['scores'])} candidates were trained in the time, and a model needs {LEAST}.",
                mend="Give more time, or take the evaluator 'train'.",
                code="labels-few",
            )
        made = made or write_artifact(context.out, LABELS, _writer(found))
        return Evaluation(
            fold_scores=(),
            score=None,
            seconds=time.monotonic() - begin,
            predict_seconds=float("nan"),
            work=float(len(found["scores"])),
            artifacts=(Artifact.of("labels", made),),
            notes={"labels": len(found["scores"])},
        )

    def _score(
        self, drawn: Candidate, params: dict[str, Any], fidelity: Fidelity, context: TrialContext
    ) -> float | None:
        """What training gives; None where it fails."""
        if self.table is not None:
            from hortus.spaces.cell import Cell
            from hortus.spaces.tables import CellTable

            table = CellTable.read(self.table)
            return float(table.mean[table.row(Cell.from_params(params))]) / 100.0
        from hortus.nets.training import DivergedError

        training = NetworkTraining(epochs=self.epochs)
        with TemporaryDirectory(prefix=UNFINISHED, dir=context.out) as out:
            try:
                return training(drawn, fidelity, replace(context, out=Path(out), report=_silent, rungs=())).score
            except DivergedError:
                return None


class Surrogate(Evaluator):
    """Predict a candidate's score from its answers.

    Args:
        space: name and settings, as its ``to_json`` gives them.
    """

    name: ClassVar[str] = "surrogate"
    trains: ClassVar[bool] = False
    prepares: ClassVar[str | None] = Labels.name
    prepared_by: ClassVar[frozenset[str]] = frozenset({"labels", "table", "epochs"})
    requires: ClassVar[frozenset[str]] = frozenset({"network", "encode"})

    def __init__(self, *, space: Mapping[str, Any]) -> None:
        self.space = dict(space)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Predict one score.

        Raises:
            RunError: nothing was judged by training before.
            TypeError: the candidate is no network.
        """
        del fidelity
        begin = time.monotonic()
        params = getattr(candidate, "params", None)
        if params is None:
            raise TypeError(f"A network is wanted here, and {type(candidate).__name__} has no params.")
        place = context.out / LABELS
        if not place.exists():
            raise RunError(
                "No candidate was trained yet, by which others could be judged.",
                mend="Let the run train some first (evaluator 'labels'), or judge candidates by 'train'.",
                code="labels-missing",
            )
        value, deviation = model(place, place.stat().st_mtime_ns).predict(params)
        return Evaluation(
            fold_scores=(value,),
            score=value,
            seconds=time.monotonic() - begin,
            predict_seconds=float("nan"),
            work=1.0,
            notes={"deviation": deviation},
        )


class Model:
    """Scores from answers.

    Args:
        params: n candidates' answers.
        scores: (n,) what training gave.
        distributions: of the questions, by name.
    """

    def __init__(
        self,
        params: list[dict[str, Any]],
        scores: NDArray[np.float64],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        trials = [
            create_trial(value=0.0, params=one, distributions={name: distributions[name] for name in one})
            for one in params
        ]
        self._encoder = Encoder.learned(trials)
        # Two answers of one category differ in two columns.
        self._weights = np.where(self._encoder.numeric, 1.0, 0.5)
        vectors = self._encoder.encode(params) * self._weights
        targets = quantiles(scores.tolist())
        self._process = GaussianProcess.learned(vectors, targets)
        order = np.argsort(targets, kind="stable")
        self._targets, self._scores = targets[order], scores[order]

    def predict(self, params: Mapping[str, Any]) -> tuple[float, float]:
        """The expected score, within those that were seen, and the standard deviation of its normal quantile."""
        mean, deviation = self._process.predict(self._encoder.encode([params]) * self._weights)
        return float(np.interp(mean[0], self._targets, self._scores)), float(deviation[0])


@lru_cache(maxsize=2)
def model(place: Path, _stamp: int) -> Model:
    """The model of the labels in a file.

    Raises:
        ArtifactError: the file is damaged.
    """
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        distributions = {name: json_to_distribution(text) for name, text in found["distributions"].items()}
        return Model(found["params"], np.array(found["scores"], dtype=np.float64), distributions)
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"The labels in {str(place)!r} cannot be read: {error}.",
            mend="Remove the file; the run judges the candidates again.",
            code="labels-damaged",
        ) from error


def _drawn(space: Space, seed: int) -> tuple[Trial, Candidate]:
    """A candidate at random. Optuna's announcement of the study that it takes is left out."""
    logger = logging.getLogger("optuna.storages._in_memory")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        trial = create_study(sampler=RandomSampler(seed=seed)).ask()
    finally:
        logger.setLevel(level)
    return trial, space(trial)


def _nothing() -> dict[str, Any]:
    return {"drawn": 0, "params": [], "scores": [], "distributions": {}}


def _silent(_step: int, _score: float) -> bool:
    return True


def _writer(found: Mapping[str, Any]) -> Any:
    text = json.dumps(found)
    return lambda path: path.write_text(text, encoding="utf-8")
