"""Any function, and the habits of other systems: `tune`, `compare`, `blend`, `stack`, `tune_model`. They delegate.

import hortus

found = hortus.tune(lambda trial: (trial.suggest_float("x", -5, 5) - 2) ** 2, direction="minimize", trials=50)
found.best_params, found.best_value
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from hortus.engine.progress import Listener
from hortus.engine.terminal import listening
from hortus.run.compare import Comparison, Joint, compare_models
from hortus.run.prepare import Sides
from hortus.run.settings import Settings
from hortus.run.tune import TuneSettings, tune_function
from hortus.run.tuned import Tuned


def tune(
    objective: Callable[..., float] | str,
    space: Mapping[str, Any] | None = None,
    *,
    direction: Literal["maximize", "minimize"] = "maximize",
    time_budget: float | None = None,
    trials: int | None = None,
    memory_budget: int | None = None,
    trial_time: float | None = None,
    strategy: str = "auto",
    strategy_options: Mapping[str, Any] | None = None,
    pruner: str = "none",
    starts: Sequence[Mapping[str, Any]] = (),
    workers: int | None = None,
    executor: str = "auto",
    cluster: str | None = None,
    random_state: int = 0,
    verbosity: int = 1,
    run_folder: str | Path | None = None,
    listeners: Sequence[Listener] = (),
) -> Tuned:
    """Search for the arguments at which a function of your own is best.

    Args:
        objective: called as ``objective(trial)`` where it asks for its arguments itself, as in Optuna; with a
            ``space``, as ``objective(params)``, or ``objective(params, trial)`` where it takes two. It returns one
            number. Or its name, ``"module:function"``.
        space: name -> `Float`, `Int`, `Choice`, a list of choices, or one plain value.
        direction: whether greater or smaller values are better.
        time_budget: seconds in all; 60 where trials are not given either.
        trials: how many in all; the same call on a folder that has them makes no more.
        memory_budget: bytes resident at once, over all processes; a trial that takes more is killed.
        trial_time: seconds after which one trial is killed.
        strategy: a name in ``hortus.strategies.STRATEGIES``, or ``"auto"``.
        strategy_options: its own arguments.
        pruner: stops trials that report poor values early: ``"median"``, ``"percentile"``, ``"halving"``,
            ``"hyperband"``.
        starts: arguments to try first.
        workers: trials at once; None for one a core.
        executor: ``"local"`` for processes that can be killed, ``"threads"``, ``"inline"`` for one thread; ``"auto"``
            takes processes where they can import the function, and says so where they cannot; ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where trials run; every machine of it imports the function by its name. None for
            here, or for RAY_ADDRESS with ``"ray"``.
        random_state: the same number, trials and workers give the same result.
        verbosity: 0 silent, 1 a progress bar, 2 every improvement and failure too.
        run_folder: where the run is kept; the same call goes on with it. None for a temporary one.
        listeners: told of every event of the run.

    Returns:
        The run: ``best_params``, ``best_value``, ``leaderboard()``, pictures, ``to_optuna()``.

    Raises:
        SettingError: an argument or the space is not understood.
        InputError: the objective cannot be found by its name.
        RunError: the folder cannot be used, or holds another run; or the cluster cannot be used.

    >>> space = {"x": [1, 2, 3]}
    >>> found = tune(lambda p: -((p["x"] - 2) ** 2), space, strategy="grid", trials=3, workers=1, verbosity=0)
    >>> found.best_params, found.best_value
    ({'x': 2}, 0.0)
    """
    settings = TuneSettings(
        direction=direction,
        time=time_budget,
        trials=trials,
        memory=memory_budget,
        trial_time=trial_time,
        strategy=strategy,
        strategy_options=dict(strategy_options or {}),
        pruner=pruner,
        starts=tuple(starts),
        workers=workers,
        executor=executor,
        cluster=cluster,
        seed=random_state,
    )
    folder = Path(run_folder) if run_folder is not None else Path(tempfile.mkdtemp(prefix="hortus-tune-"))
    with listening(verbosity, *listeners) as heard:
        found = tune_function(objective, settings, folder=folder, space=space, listeners=heard)
    if run_folder is None:
        weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def compare(
    X: Any,
    y: Any,
    *,
    models: Sequence[str] | None = None,
    task: Literal["classification", "regression"] | None = None,
    metric: str | Callable[..., float] | None = None,
    time_budget: float | None = None,
    memory_budget: int | None = None,
    folds: int | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    n_jobs: int | None = -1,
    executor: str = "local",
    random_state: int = 0,
    verbosity: int = 1,
    run_folder: str | Path | None = None,
) -> Comparison:
    """Fit every family of models once, at its default and on the same folds, and put them side by side.

    Args:
        X: (n, p) frame or array; or the path of a table, and ``y`` the name of its target.
        y: (n,) classes or values, or the target's name.
        models: names; None for all that are installed and suit the table.
        task: what is asked; None to infer it from the target.
        metric: a name of scikit-learn's, ``f(y_true, y_pred)`` with greater better, or a scorer.
        time_budget: seconds; models that have no time are left out. None for as long as it takes.
        memory_budget: bytes resident at once, over all processes.
        folds: of the cross-validation; 1 for a holdout, None to choose by rows.
        sample_weight: (n,) non-negative weights.
        groups: (n,) rows of one group are never on both sides of a split.
        n_jobs: models at once; -1 for one a core.
        executor: ``"local"`` or ``"inline"``.
        random_state: the same number gives the same table.
        verbosity: 0 silent, 1 a progress bar.
        run_folder: where the run is kept; None for a temporary one.

    Returns:
        ``table`` with score, interval, seconds and size of each; ``blend()``, ``stack()`` and ``model(name)``.

    Raises:
        InputError: the table or its target cannot be used.
        SettingError: an argument is not understood.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> found = compare(X, y, models=["linear", "neighbors"], folds=2, executor="inline", verbosity=0)
    >>> sorted(found.models)
    ['linear', 'neighbors']
    """
    settings = Settings(
        kind=task,
        metric=metric,
        time=time_budget,
        trials=1,
        memory=memory_budget,
        folds=folds,
        ensemble=False,
        models=None if models is None else tuple(models),
        slots=n_jobs,
        executor=executor,
        seed=random_state,
    )
    folder = Path(run_folder) if run_folder is not None else Path(tempfile.mkdtemp(prefix="hortus-compare-"))
    with listening(verbosity) as heard:
        sides = Sides(weight=sample_weight, groups=groups)
        found = compare_models(X, y, settings, folder=folder, sides=sides, listeners=heard)
    if run_folder is None:
        weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def blend(models: Sequence[str], X: Any, y: Any, *, weights: Sequence[float] | None = None, **settings: Any) -> Joint:
    """The average of several models at their defaults.

    Args:
        models: names.
        X: as `compare` takes it.
        y: likewise.
        weights: one for each model; None for those that do best out of fold.
        settings: of `compare`.

    Raises:
        InputError: the table or its target cannot be used.
        SettingError: an argument is not understood.
    """
    return _kept(compare(X, y, models=models, **settings), lambda found: found.blend(weights=weights))


def stack(models: Sequence[str], X: Any, y: Any, **settings: Any) -> Joint:
    """A linear model over several models at their defaults, learned from what they predict out of fold.

    Args:
        models: names.
        X: as `compare` takes it.
        y: likewise.
        settings: of `compare`.

    Raises:
        InputError: the table or its target cannot be used.
        SettingError: an argument is not understood.
    """
    return _kept(compare(X, y, models=models, **settings), lambda found: found.stack())


def _kept(found: Comparison, join: Callable[[Comparison], Joint]) -> Joint:
    """The joint model, which keeps the comparison's folder as long as itself."""
    joint = join(found)
    weakref.finalize(joint, lambda _: None, found)
    return joint
