"""ImageSegmenter: a run of scenes as an estimator. It translates and delegates.

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
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, check_random_state

from hortus.data.notes import Note
from hortus.data.overlap import mean_overlap, overlaps
from hortus.deploy.bundle import compress
from hortus.deploy.scene_model import SceneModel
from hortus.engine.progress import Listener
from hortus.engine.terminal import listening
from hortus.run.scenes.fit import fit_scenes
from hortus.run.scenes.result import SceneResult, open_scene_run
from hortus.run.scenes.settings import DIFFERENTIABLE, SceneSettings


class ImageSegmenter(BaseEstimator):
    """Search for a network that tells each pixel's class, and train it.

    Args:
        space: what is searched: ``"auto_deeplab"`` or ``"deeplab"``.
        strategy: how: ``"differentiable"`` (cell and path are learned by gradients), or a name in
            ``hortus.strategies.STRATEGIES``.
        evaluator: by what candidates are judged: ``"train"``, or ``"weight_sharing"``.
        time_budget: seconds, from the call of `fit` to the usable network; 600 where nothing else limits the run.
        trials: how many candidates are judged; with ``"differentiable"`` eight, where not said.
        memory_budget: bytes resident at once, over all processes.
        classes: names of the values 0, 1, 2 and so on in the masks.
        void: the value, or the name, of pixels that count for nothing; None for a class called void, or for 255.
        space_options, strategy_options: their own arguments.
        steps: of the search by gradients, or of the shared network's training, where there is no time budget.
        pruner: stops poor trials early: ``"median"``, ``"percentile"``, ``"halving"``, ``"hyperband"`` or ``"none"``;
            ``"auto"`` for halving with ``"differentiable"`` and no number of trials, and none elsewhere.
        epochs: of a candidate's training; None for as many as its share of the time allows.
        recipe: how networks are trained, by the names of `hortus.nets.recipe.Recipe`.
        final: whether the best candidate goes on training on all scenes.
        size: height and width that scenes are brought to; None for their own.
        n_jobs: trials under way at once; -1 for one a core.
        executor: ``"local"`` (processes that can be killed), ``"inline"`` (this process, for debugging) or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
        random_state: the same number and the same trials give the same leaderboard.
        verbosity: 0 silent, 1 a progress bar, 2 every improvement too.
        run_folder: where the run is kept, to be resumed or opened; None for a temporary one.

    Attributes:
        model_: the trained network with all that it needs, see `hortus.deploy.scene_model.SceneModel`.
        score_: mean intersection over union of the chosen candidate on scenes that were set aside.
        classes_: (K,) values of the classes in the masks, in the order of `predict_proba`'s planes.
        class_names_: (K,) their names.
        notes_: what was noticed about the scenes.
    """

    def __init__(
        self,
        space: str = "auto_deeplab",
        strategy: str = DIFFERENTIABLE,
        evaluator: str = "train",
        *,
        time_budget: float | None = None,
        trials: int | None = None,
        memory_budget: int | None = None,
        classes: Sequence[str] | None = None,
        void: int | str | None = None,
        space_options: Mapping[str, Any] | None = None,
        strategy_options: Mapping[str, Any] | None = None,
        steps: int = 400,
        pruner: str = "auto",
        epochs: float | None = None,
        recipe: Mapping[str, Any] | None = None,
        final: bool = True,
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
        self.classes = classes
        self.void = void
        self.space_options = space_options
        self.strategy_options = strategy_options
        self.steps = steps
        self.pruner = pruner
        self.epochs = epochs
        self.recipe = recipe
        self.final = final
        self.size = size
        self.n_jobs = n_jobs
        self.executor = executor
        self.cluster = cluster
        self.random_state = random_state
        self.verbosity = verbosity
        self.run_folder = run_folder

    def fit(self, scenes: Any, masks: Any = None, *, listeners: Sequence[Listener] = ()) -> Self:
        """Search for a network, and train it.

        Args:
            scenes: (n, h, w), (n, h, w, c) or (n, c, h, w) array or torch tensor; a list of arrays or of paths; or a
                folder with folders ``images`` and ``masks``, or with pairs such as ``a.jpg`` and ``a_mask.png``.
            masks: (n, h, w) values of the classes; a list of arrays or of paths; None where the folder has them.
            listeners: told of every event of the run.

        Raises:
            InputError: the scenes or their masks cannot be used, or do not match.
            SettingError: an argument is not understood.
        """
        with listening(self.verbosity, *listeners) as heard:
            self._keep(fit_scenes(scenes, masks, self._settings(), folder=self._folder(), listeners=heard))
        return self

    @classmethod
    def from_run(cls, folder: str | Path) -> Self:
        """The segmenter of a run that is on disk.

        Raises:
            RunError: the folder holds no run of scenes.
        """
        result = open_scene_run(Path(folder))
        found = cls(run_folder=folder)
        found._keep(result)
        return found

    def _keep(self, result: SceneResult) -> None:
        self._result = result
        self.model_: SceneModel = result.model
        self.score_: float = result.score
        self.notes_: tuple[Note, ...] = result.notes
        self.classes_: NDArray[np.int64] = np.array(result.model.classes.values)
        self.class_names_: tuple[str, ...] = result.model.classes.names
        self._bundle: bytes = (result.folder / "model.hortus").read_bytes()

    def _folder(self) -> Path:
        """The run's folder: the one that was asked for, or one that lasts as long as this estimator."""
        if self.run_folder is not None:
            return Path(self.run_folder)
        made = Path(tempfile.mkdtemp(prefix="hortus-run-"))
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    def _settings(self) -> SceneSettings:
        return SceneSettings(
            time=self.time_budget,
            trials=self.trials,
            memory=self.memory_budget,
            space=self.space,
            space_options=dict(self.space_options or {}),
            strategy=self.strategy,
            strategy_options=dict(self.strategy_options or {}),
            evaluator=self.evaluator,
            steps=self.steps,
            pruner=self.pruner,
            epochs=self.epochs,
            recipe=dict(self.recipe or {}),
            final=self.final,
            classes=None if self.classes is None else tuple(self.classes),
            void=self.void,
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

    def predict(self, scenes: Any, *, way: str = "resized", refine: bool = False) -> Any:
        """The value of each pixel: (n, h, w), or a list where scenes differ in size.

        Args:
            scenes: arrays, tensors, a list of either or of paths, or one path; each is answered at its own size.
            way: ``"resized"`` sees scenes at the size trained on, ``"sliding"`` windows of that size that overlap.
            refine: whether a fully connected CRF follows, which moves borders to where colours change.

        Raises:
            InputError: a scene cannot be used.
        """
        check_is_fitted(self, "model_")
        return self.model_.predict(scenes, way=way, refine=refine)

    def predict_proba(self, scenes: Any, *, way: str = "resized", refine: bool = False) -> Any:
        """The probability of each class in `classes_` at each pixel: (n, K, h, w), or a list; see `predict`."""
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(scenes, way=way, refine=refine)

    def score(self, scenes: Any, masks: Any, *, way: str = "resized", refine: bool = False) -> float:
        """The mean intersection over union, of the classes that are there or predicted; void counts for nothing.

        Raises:
            InputError: a scene or a mask cannot be used, or they do not match.
        """
        check_is_fitted(self, "model_")
        return mean_overlap(self.model_.score(scenes, masks, way=way, refine=refine).sum(axis=0))

    def report(
        self, scenes: Any = None, masks: Any = None, *, way: str = "resized", refine: bool = False
    ) -> pd.DataFrame:
        """Class by class: ``class``, ``iou`` and ``share`` of the pixels.

        Args:
            scenes: None for those that were set aside in training.
            masks: of them.
            way: as in `predict`.
            refine: as in `predict`.
        """
        check_is_fitted(self, "model_")
        if scenes is None:
            return self._result.report()
        counts = self.model_.score(scenes, masks, way=way, refine=refine).sum(axis=0)
        share = counts.sum(axis=1) / max(1, counts.sum())
        return pd.DataFrame({"class": list(self.class_names_), "iou": overlaps(counts), "share": share})

    def leaderboard(self) -> pd.DataFrame:
        """Every candidate, the best first: score, its 95 % interval, what it costs, why it failed."""
        check_is_fitted(self, "model_")
        return self._result.leaderboard()

    def draw(self, path: str | Path) -> None:
        """Draw the chosen network, its cell and its path, as a graph in SVG."""
        check_is_fitted(self, "model_")
        self.model_.draw(Path(path))

    def save(self, path: str | Path) -> None:
        """Write the network as one file that `hortus.load` reads; no pickle is in it."""
        check_is_fitted(self, "model_")
        compress(self._bundle, Path(path))
