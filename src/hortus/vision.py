"""ImageClassifier: a run of images as a scikit-learn estimator. It translates and delegates.

Its constructor takes more than eight arguments because scikit-learn wants every setting there by name.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, check_random_state

from hortus.data.notes import Note
from hortus.deploy.bundle import compress
from hortus.deploy.image_model import ImageModel
from hortus.engine.progress import Listener
from hortus.engine.terminal import listening
from hortus.ensemble.honest import Estimate
from hortus.run.images.fit import fit_images
from hortus.run.images.grow import Growth
from hortus.run.images.result import ImageResult
from hortus.run.images.settings import ImageSettings, default_strategy


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Search for a network that tells images apart, and train it.

    Args:
        space: what is searched: a name in ``hortus.spaces.SPACES``.
        strategy: how: a name in ``hortus.strategies.STRATEGIES``; ``"auto"`` for the predictor, or for ``"nsga2"``
            where the objectives have costs without targets.
        evaluator: by what candidates are judged: a name in ``hortus.evaluation.EVALUATORS``.
        time_budget: seconds, from the call of `fit` to the usable network; 300 where nothing else limits the run.
        trials: how many candidates are evaluated.
        memory_budget: bytes resident at once, over all processes.
        metric: what is optimized: a name of scikit-learn's; accuracy if not said.
        objectives: the metric and what it is to cost: ``("accuracy", "latency")`` for a Pareto front by ``"nsga2"``, or
            ``("accuracy", "latency=0.002")`` for MnasNet's reward by any strategy; ``params`` and ``macs`` likewise.
        space_options, strategy_options, evaluator_options: their own arguments.
        pruner: stops poor trials early: ``"median"``, ``"percentile"``, ``"halving"``, ``"hyperband"``,
            ``"extrapolation"`` or ``"none"``; ``"auto"`` for the last but one where the clock runs, else none.
        rungs: what it sees more of from rung to rung: ``"epochs"``, ``"rows"``, ``"resolution"`` or ``"width"``.
        epochs: of a candidate's training; None for as many as its share of the time allows.
        recipe: how networks are trained: ``{"flip": True, "learning_rate": 0.05}`` and so on, by the names of
            `hortus.nets.recipe.Recipe`.
        final: whether the best candidate is trained again on all images.
        grow: whether it is tried larger before that; None for where a minute or more is the budget.
        size: height and width that images are brought to; None for their own.
        n_jobs: trials under way at once; -1 for one a core.
        executor: ``"local"`` (processes that can be killed), ``"inline"`` (this process, for debugging) or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
        random_state: the same number and the same trials give the same leaderboard.
        verbosity: 0 silent, 1 a progress bar, 2 every improvement too.
        run_folder: where the run is kept, to be resumed or opened; None for a temporary one.

    Attributes:
        model_: the trained network with all that it needs, see `hortus.deploy.image_model.ImageModel`.
        growth_: what came of trying it larger; None where that was not done.
        score_: of the chosen candidate on images that were set aside; greater is better.
        estimate_: what it is expected to score on new images, corrected for having been chosen, with a 95 % interval.
        classes_: (K,) the classes, in the order of `predict_proba`'s columns.
        notes_: what was noticed about the images.
    """

    def __init__(
        self,
        space: str = "cell",
        strategy: str = "auto",
        evaluator: str = "train",
        *,
        time_budget: float | None = None,
        trials: int | None = None,
        memory_budget: int | None = None,
        metric: str | None = None,
        objectives: Sequence[str] | None = None,
        space_options: Mapping[str, Any] | None = None,
        strategy_options: Mapping[str, Any] | None = None,
        evaluator_options: Mapping[str, Any] | None = None,
        pruner: str = "auto",
        rungs: str = "epochs",
        epochs: float | None = None,
        recipe: Mapping[str, Any] | None = None,
        final: bool = True,
        grow: bool | None = None,
        size: tuple[int, int] | None = None,
        n_jobs: int | None = -1,
        executor: str = "local",
        cluster: str | None = None,
        random_state: Any = None,
        verbosity: int = 1,
        run_folder: str | Path | None = None,
    ) -> None:
        self.space = space
        self.strategy = strategy
        self.evaluator = evaluator
        self.time_budget = time_budget
        self.trials = trials
        self.memory_budget = memory_budget
        self.metric = metric
        self.objectives = objectives
        self.space_options = space_options
        self.strategy_options = strategy_options
        self.evaluator_options = evaluator_options
        self.pruner = pruner
        self.rungs = rungs
        self.epochs = epochs
        self.recipe = recipe
        self.final = final
        self.grow = grow
        self.size = size
        self.n_jobs = n_jobs
        self.executor = executor
        self.cluster = cluster
        self.random_state = random_state
        self.verbosity = verbosity
        self.run_folder = run_folder

    def fit(self, images: Any, labels: Any = None, *, listeners: Sequence[Listener] = ()) -> Self:
        """Search for a network, and train it.

        Args:
            images: (n, h, w), (n, h, w, c) or (n, c, h, w) array or torch tensor; a list of arrays or of paths; a
                frame with a column of paths; or a folder that has a folder for each class.
            labels: (n,) classes; the name of the frame's column of them; None where the folders tell them.
            listeners: told of every event of the run.

        Raises:
            InputError: the images or their labels cannot be used.
            SettingError: an argument is not understood.
        """
        with listening(self.verbosity, *listeners) as heard:
            self._keep(fit_images(images, labels, self._settings(), folder=self._folder(), listeners=heard))
        return self

    def _keep(self, result: ImageResult) -> None:
        self._result = result
        self.model_: ImageModel = result.model
        self.growth_: Growth | None = result.growth
        self.score_: float = result.score
        self.estimate_: Estimate = result.estimate
        self.notes_: tuple[Note, ...] = result.notes
        self.classes_: NDArray[Any] = result.model.task.labels
        self._bundle: bytes = (result.folder / "model.hortus").read_bytes()

    def _folder(self) -> Path:
        """The run's folder: the one that was asked for, or one that lasts as long as this estimator."""
        if self.run_folder is not None:
            return Path(self.run_folder)
        made = Path(tempfile.mkdtemp(prefix="hortus-run-"))
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    def _settings(self) -> ImageSettings:
        return ImageSettings(
            metric=self.metric,
            objectives=None if self.objectives is None else tuple(self.objectives),
            time=self.time_budget,
            trials=self.trials,
            memory=self.memory_budget,
            space=self.space,
            space_options=dict(self.space_options or {}),
            strategy=default_strategy(self.objectives) if self.strategy == "auto" else self.strategy,
            strategy_options=dict(self.strategy_options or {}),
            evaluator=self.evaluator,
            evaluator_options=dict(self.evaluator_options or {}),
            pruner=self.pruner,
            rungs=self.rungs,
            epochs=self.epochs,
            recipe=dict(self.recipe or {}),
            final=self.final,
            grow=self.grow,
            size=self.size,
            seed=self._seed(),
            slots=1 if self.n_jobs is None else self.n_jobs,
            executor=self.executor,
            cluster=self.cluster,
        )

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        if self.random_state is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def predict(self, images: Any) -> NDArray[Any]:
        """(n,) classes as they came in training.

        Raises:
            InputError: an image cannot be used.
        """
        check_is_fitted(self, "model_")
        return self.model_.predict(images)

    def predict_proba(self, images: Any) -> NDArray[np.float64]:
        """(n, K) probabilities of the classes in `classes_`.

        Raises:
            InputError: an image cannot be used.
        """
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(images)

    def score(self, images: Any, labels: Any, sample_weight: Any = None) -> float:
        """The share of images whose class is told rightly."""
        from sklearn.metrics import accuracy_score

        return float(accuracy_score(labels, self.predict(images), sample_weight=sample_weight))

    def leaderboard(self) -> pd.DataFrame:
        """Every candidate, the best first: score, its 95 % interval, what it costs, why it failed."""
        check_is_fitted(self, "model_")
        return self._result.leaderboard()

    def pareto(self, cost: str | None = None) -> pd.DataFrame:
        """The candidates that none is better than at the same cost or less, the cheapest first.

        Args:
            cost: ``"latency"`` (seconds an image, measured here), ``"params"`` or ``"macs"`` (multiply-adds); None for
                the first of the objectives, or latency.

        Raises:
            SettingError: another cost.
        """
        check_is_fitted(self, "model_")
        return self._result.pareto(cost)

    def agreement(self) -> pd.DataFrame:
        """Whether what is cheap (fewer epochs, parameters, the search's own score) ranks the candidates of this run as
        full training does; see `hortus.run.images.result.ImageResult.agreement`.
        """
        check_is_fitted(self, "model_")
        return self._result.agreement()

    def budgets(self) -> pd.DataFrame:
        """Spearman's correlation between every two parts of the schedule; see
        `hortus.run.images.result.ImageResult.budgets`.
        """
        check_is_fitted(self, "model_")
        return self._result.budgets()

    def draw(self, path: str | Path) -> None:
        """Draw the chosen network as a graph, in SVG.

        Raises:
            SettingError: candidates of this space cannot be drawn.
        """
        check_is_fitted(self, "model_")
        self.model_.draw(Path(path))

    def save(self, path: str | Path) -> None:
        """Write the network as one file that `hortus.load` reads; no pickle is in it."""
        check_is_fitted(self, "model_")
        compress(self._bundle, Path(path))
