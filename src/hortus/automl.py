"""AutoClassifier and AutoRegressor: the run as scikit-learn estimators. They translate and delegate.

Their constructors take more than eight arguments because scikit-learn wants every setting there by name, and the file
is long because every public method of an estimator is described where its user looks for it.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted, check_random_state, column_or_1d, validate_data

from hortus.data.finding import Finding
from hortus.data.notes import Note
from hortus.deploy.bundle import compress, with_threshold
from hortus.engine.progress import Listener
from hortus.engine.terminal import listening
from hortus.ensemble.honest import Estimate
from hortus.ensemble.predictor import Predictor
from hortus.ensemble.threshold import Threshold, tune_threshold
from hortus.errors import RunError, SettingError
from hortus.explain.evidence import Evidence
from hortus.run import Result, Settings
from hortus.run import fit as run_fit
from hortus.run.prepare import Sides
from hortus.run.variant import Variant

if TYPE_CHECKING:
    from hortus.explain.report import Report

# The population of evolution where none is given.
POPULATION = 50


class _AutoEstimator(BaseEstimator):
    """What both estimators share.

    Args:
        time_budget: seconds, from the call of `fit` to the usable model; 60 where nothing else limits the run.
        trials: how many candidates are evaluated.
        memory_budget: bytes resident at once, over all processes.
        metric: what is optimized: a name of scikit-learn's, ``f(y_true, y_pred)`` with greater better, or a scorer.
        strategy: a name in ``hortus.strategies.STRATEGIES``, or ``"auto"``.
        strategy_options: the strategy's own arguments.
        generations, population_size: of ``strategy="evolution"``; together they set the trials:
            population_size x (generations + 1).
        pruner: stops poor trials early: ``"racing"``, ``"median"``, ``"percentile"``, ``"halving"``, ``"hyperband"`` or
            ``"none"``; ``"auto"`` for racing where the strategy is left to Hortus too, and none elsewhere.
        rungs: what it sees more of from rung to rung: ``"folds"``, ``"rows"`` or boosting ``"rounds"``.
        models: names to choose from; None for all that are installed.
        folds: of the cross-validation; 1 for a holdout, None to choose by rows and time.
        ensemble: whether several candidates are blended.
        ignore: columns left out.
        keep: columns kept though they look useless.
        text: columns read as free text, whatever they look like.
        embeddings: the folder of a model of sentences on this machine (`hortus.features.sentences`), whose vectors of
            each text are features too; None for none.
        n_jobs: trials under way at once; -1 for one a core.
        executor: ``"local"`` (processes that can be killed), ``"inline"`` (this process, for debugging) or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
        random_state: the same number and the same trials give the same leaderboard.
        verbosity: 0 silent, 1 a progress bar, 2 every improvement too.
        run_folder: where the run is kept, to be resumed or opened; None for a temporary one.

    Attributes:
        predictor_: the fitted whole, see `hortus.ensemble.predictor.Predictor`.
        score_: of the ensemble, out of fold; greater is better.
        estimate_: what it is expected to score on new rows, corrected for having been chosen, with a 95 % interval.
        findings_: what the checks of the data found: leaks, ids, repeated rows and their kin.
        notes_: what was noticed about the data, findings included.
        n_features_in_, feature_names_in_: as in scikit-learn.
    """

    _kinds: ClassVar[Mapping[str, Literal["classification", "regression"]]] = {
        "classifier": "classification",
        "regressor": "regression",
    }

    def __init__(
        self,
        *,
        time_budget: float | None = None,
        trials: int | None = None,
        memory_budget: int | None = None,
        metric: str | Callable[..., float] | None = None,
        strategy: str = "auto",
        strategy_options: Mapping[str, Any] | None = None,
        generations: int | None = None,
        population_size: int | None = None,
        pruner: str = "auto",
        rungs: str = "folds",
        models: Sequence[str] | None = None,
        folds: int | None = None,
        ensemble: bool = True,
        ignore: Sequence[str] = (),
        keep: Sequence[str] = (),
        text: Sequence[str] = (),
        embeddings: str | Path | None = None,
        n_jobs: int | None = -1,
        executor: str = "local",
        cluster: str | None = None,
        random_state: Any = None,
        verbosity: int = 1,
        run_folder: str | Path | None = None,
    ) -> None:
        self.time_budget = time_budget
        self.trials = trials
        self.memory_budget = memory_budget
        self.metric = metric
        self.strategy = strategy
        self.strategy_options = strategy_options
        self.generations = generations
        self.population_size = population_size
        self.pruner = pruner
        self.rungs = rungs
        self.models = models
        self.folds = folds
        self.ensemble = ensemble
        self.ignore = ignore
        self.keep = keep
        self.text = text
        self.embeddings = embeddings
        self.n_jobs = n_jobs
        self.executor = executor
        self.cluster = cluster
        self.random_state = random_state
        self.verbosity = verbosity
        self.run_folder = run_folder

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        order: ArrayLike | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Search for a model of ``y`` from ``X``.

        Args:
            X: (n, p) frame, array or sparse matrix; numbers, categories, dates and text as they are, gaps too.
            y: (n,) classes or values.
            sample_weight: (n,) non-negative weights.
            groups: (n,) rows of one group are never on both sides of a split.
            order: (n,) numbers or dates; every split trains on what came before.
            listeners: told of every event of the run.

        Raises:
            InputError: the table or its target cannot be used.
            SettingError: an argument is not understood.
        """
        X = self._checked(X, reset=True)
        y = column_or_1d(y, warn=True) if not isinstance(y, pd.Series) else y
        sides = Sides(weight=sample_weight, groups=groups, order=order)
        settings = self._settings()
        with listening(self.verbosity, *listeners) as heard:
            self._keep(run_fit(X, y, settings, folder=self._folder(), sides=sides, listeners=heard))
        return self

    def _folder(self) -> Path:
        """The run's folder: the one that was asked for, or one that lasts as long as this estimator."""
        if self.run_folder is not None:
            return Path(self.run_folder)
        made = Path(tempfile.mkdtemp(prefix="hortus-run-"))
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    def _keep(self, result: Result) -> None:
        self._result = result
        self._variant: Variant | None = None
        self.predictor_: Predictor = result.model
        self.score_: float = result.score
        self.estimate_: Estimate = result.estimate
        self.findings_: tuple[Finding, ...] = result.findings
        self.notes_: tuple[Note, ...] = result.notes
        self._bundle: bytes = (result.folder / "model.hortus").read_bytes()

    def _settings(self) -> Settings:
        options = dict(self.strategy_options or {})
        trials = self.trials
        if self.population_size is not None:
            options["population_size"] = self.population_size
        if self.generations is not None:
            if self.strategy != "evolution":
                raise SettingError(
                    f"generations={self.generations} means nothing to the strategy {self.strategy!r}.",
                    mend="Give strategy='evolution', or trials instead of generations.",
                    code="generations-without-evolution",
                )
            wanted = options.get("population_size", POPULATION) * (self.generations + 1)
            trials = wanted if trials is None else min(trials, wanted)
        return Settings(
            kind=self._kinds[self._estimator_type_name()],
            metric=self.metric,
            time=self.time_budget,
            trials=trials,
            memory=self.memory_budget,
            strategy=self.strategy,
            strategy_options=options,
            pruner=self.pruner,
            rungs=self.rungs,
            models=None if self.models is None else tuple(self.models),
            folds=self.folds,
            ensemble=self.ensemble,
            ignore=tuple(self.ignore),
            keep=tuple(self.keep),
            text=tuple(self.text),
            embeddings=None if self.embeddings is None else str(self.embeddings),
            slots=1 if self.n_jobs is None else self.n_jobs,
            executor=self.executor,
            cluster=self.cluster,
            seed=self._seed(),
        )

    def _estimator_type_name(self) -> str:
        return str(self.__sklearn_tags__().estimator_type)

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        if self.random_state is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _checked(self, X: Any, *, reset: bool) -> Any:
        """X with scikit-learn's checks of shape and names done; arrays stay arrays, frames stay frames."""
        if not hasattr(X, "columns"):
            X = check_array(X, accept_sparse=True, dtype=None, ensure_all_finite=False, estimator=self)
        validate_data(self, X, reset=reset, skip_check_array=True)
        if reset and X.shape[1] == 0:
            raise ValueError(f"0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
        return X

    def _frame(self, X: Any) -> pd.DataFrame:
        from hortus.data.read import read_rows

        check_is_fitted(self, "predictor_")
        return read_rows(self._checked(X, reset=False), self.predictor_.schema)

    def predict(self, X: Any) -> NDArray[Any]:
        """(n,) classes as they came in ``y``, or values.

        Raises:
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict(self._frame(X))

    def predict_interval(self, X: Any, level: float = 0.9) -> NDArray[np.float64]:
        """(n, 2) lower and upper bounds that hold the true value with probability ``level`` (conformal prediction).

        Raises:
            SettingError: the level is none, or higher than the rows can vouch for; or the model predicts classes, for
                which there is `predict_set`.
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict_interval(self._frame(X), level)

    def evidence(self) -> Evidence:
        """What the functions of `hortus.explain` take: the model, and rows that it is judged on.

        Raises:
            RunError: the run's folder is gone, or this is a faster model that was made from the run's.
        """
        run = self._run()
        if self._variant is not None:
            raise RunError(
                "A model that was picked, refitted or distilled has no folds to be judged by.",
                mend="Explain the model that it was made from.",
                code="variant-unexplained",
            )
        return replace(run.evidence, predictor=self.predictor_)

    def report(
        self, path: str | Path, *, card: str | Path | None = None, sensitive: str | None = None, seconds: float = 30
    ) -> Report:
        """Write a page that says in plain words how good the model is, what it looks at and where it is weak.

        Args:
            path: of the HTML file, which loads nothing from anywhere.
            card: of a model card in Markdown, where one is wanted.
            sensitive: a column by whose groups the model is compared.
            seconds: about how long the analyses may take.

        Returns:
            All of it as numbers.

        Raises:
            SettingError: there is no such column.
            RunError: the run's folder is gone.
        """
        from hortus.explain.report import build_report, write_card, write_html

        found = build_report(self.evidence(), seconds=seconds, sensitive=sensitive, made=self._result.made)
        write_html(found, path)
        if card is not None:
            write_card(found, card)
        return found

    def _html_repr(self) -> str:
        """In a notebook: the model in short once it is fitted, and scikit-learn's own picture before."""
        if not hasattr(self, "predictor_") or self._variant is not None or not self._result.folder.exists():
            return str(super()._html_repr())
        from hortus.explain.page.summary import summary_html

        return str(summary_html(self.evidence()))

    def leaderboard(self) -> pd.DataFrame:
        """Every candidate, the best first: score and its 95 % interval, weight in the ensemble, cost, reason."""
        check_is_fitted(self, "predictor_")
        return self._result.leaderboard()

    def agreement(self) -> pd.DataFrame:
        """Whether fewer folds, rows or rounds rank the candidates of this run as the full evaluation does; see
        `hortus.run.result.Result.agreement`.
        """
        check_is_fitted(self, "predictor_")
        return self._result.agreement()

    def budgets(self) -> pd.DataFrame:
        """Spearman's correlation between every two budgets; see `hortus.run.result.Result.budgets`."""
        check_is_fitted(self, "predictor_")
        return self._result.budgets()

    def pick(self, max_latency: float | str) -> Self:
        """A faster model from the same run, without a new search: the best that predicts one row in time.

        Args:
            max_latency: seconds, or text such as ``"1ms"``, for one row on this machine.

        Raises:
            RunError: no candidate is as fast as that; the fastest is named.
            SettingError: the latency is not understood.
        """
        from hortus.run.pick import pick, seconds

        return self._as(pick(self._run(), latency=seconds(max_latency)))

    def refit(self) -> Self:
        """The same model, each member fitted once on all rows in place of once a fold: as many times faster to use."""
        from hortus.run.refit import refit

        return self._as(refit(self._run()))

    def distill(self, student: str = "lightgbm") -> Self:
        """One pipeline with one learner that imitates the whole ensemble.

        Args:
            student: a name in ``hortus.models.MODELS``.

        Raises:
            SettingError: there is no such model.
        """
        from hortus.run.distill import distill

        return self._as(distill(self._run(), student=student))

    def _run(self) -> Result:
        """The run behind this estimator.

        Raises:
            RunError: its folder is gone, as it is for an estimator that was pickled and read elsewhere.
        """
        check_is_fitted(self, "predictor_")
        if not self._result.folder.exists():
            raise RunError(
                "The folder of the run that made this model is gone.",
                mend="Give run_folder=... when fitting, so that the run is kept.",
                code="run-gone",
            )
        return self._result

    def _as(self, variant: Variant) -> Self:
        """This estimator with another model of its run."""
        other = copy.copy(self)
        other._variant, other.predictor_, other.score_ = variant, variant.predictor, variant.score
        other.estimate_ = variant.estimate
        other._bundle = (variant.folder / "model.hortus").read_bytes()
        return other

    def save(self, path: str | Path) -> None:
        """Write the model as one file that `hortus.load` and ``hortus predict`` read; no pickle is in it."""
        check_is_fitted(self, "predictor_")
        compress(self._bundle, Path(path))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.non_deterministic = True
        return tags


class AutoClassifier(ClassifierMixin, _AutoEstimator):
    """Find, blend and fit the best classifier for a table.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = AutoClassifier(trials=2, models=["linear"], random_state=0, executor="inline", verbosity=0)
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    """

    @property
    def classes_(self) -> NDArray[Any]:
        """(K,) the classes, in the order of `predict_proba`'s columns."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.task.labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(n, K) probabilities of the classes in `classes_`.

        Raises:
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict_proba(self._frame(X))

    def predict_set(self, X: Any, level: float = 0.9) -> NDArray[np.bool_]:
        """(n, K) which classes, in the order of `classes_`, are in the set that holds the true one with probability
        ``level`` (conformal prediction).

        Raises:
            SettingError: the level is none, or higher than the rows can vouch for.
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict_set(self._frame(X), level)

    def tune_threshold(
        self, *, metric: str | Callable[..., float] | None = None, costs: Mapping[Any, float] | ArrayLike | None = None
    ) -> Threshold:
        """Decide by a metric or by costs from now on, where `predict` else says the likeliest class.

        Args:
            metric: of predicted classes, for two classes: ``"f1"``, ``"balanced_accuracy"``, ``"mcc"``.
            costs: what mistakes cost: ``{"fp": 1, "fn": 5}``, ``{"cat": 5}``, or a (K, K) table, true by predicted.

        Returns:
            What was chosen out of fold, and what it gains.

        Raises:
            SettingError: both or none are given, or one that fits no such decision.
            RunError: the run's folder is gone.
        """
        data, seed = self._run().prepared.data, self._result.settings.seed
        made = self._result.evidence if self._variant is None else self._variant
        found = tune_threshold(
            np.asarray(data.y)[made.judged],
            made.predictions,
            metric=metric,
            costs=costs,
            classes=self.predictor_.task.classes,
            weight=None if data.weight is None else np.asarray(data.weight)[made.judged],
            folds=np.asarray(data.folds.assignment)[made.judged],
            seed=seed,
        )
        self.predictor_ = replace(self.predictor_, threshold=found)
        self._bundle = with_threshold(self._bundle, found)
        return found


class AutoRegressor(RegressorMixin, _AutoEstimator):
    """Find, blend and fit the best regressor for a table.

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = AutoRegressor(trials=2, models=["linear"], random_state=0, executor="inline", verbosity=0)
    >>> model.fit(X, y).score(X, y) > 0.4
    True
    """
