"""`hortus.search`: a search space of one's own, as one function in PyTorch. It translates and delegates.

def net(trial):
width = trial.suggest_int("width", 8, 64)
return nn.Sequential(nn.Conv2d(1, width, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))

found = hortus.search(net, images, labels, trials=20)
found.params, found.score, found.network
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.notes import Note
from hortus.deploy.image_model import ImageModel
from hortus.engine.progress import Listener, ProgressEvent
from hortus.engine.terminal import listening
from hortus.ensemble.honest import Estimate
from hortus.errors import SettingError
from hortus.evaluation.function import load_object
from hortus.run.images.fit import fit_images
from hortus.run.images.result import ImageResult, open_image_run
from hortus.run.images.settings import ImageSettings, default_strategy
from hortus.spaces.own import OwnSpace, name_of, offered, unreachable

if TYPE_CHECKING:
    from torch import nn

Function = Callable[..., "nn.Module"]


@dataclass(frozen=True)
class Found:
    """What a search of one's own space has found.

    Attributes:
        result: the run, open for reading.
        function: the space.
        notes: what was noticed.
    """

    result: ImageResult
    function: Function = field(repr=False)
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        """The function's: what workers import it by."""
        return str(self.result.settings.space_options["function"])

    @cached_property
    def model(self) -> ImageModel:
        """The network with all that it needs: the classes, how its input is normalized."""
        with offered(self.function, self.name):
            return self.result.model

    @property
    def network(self) -> nn.Module:
        """The best network, trained, in evaluation mode; it takes normalized input, which `predict` sees to."""
        return self.model.network

    @property
    def params(self) -> dict[str, Any]:
        """What the trial of the best network answered."""
        return dict(self.result.rows[int(self.result.chosen["number"])].params)

    @property
    def score(self) -> float:
        """Of the best network on the rows that were set aside; greater is better."""
        return self.result.score

    @property
    def estimate(self) -> Estimate:
        """What it is expected to score on new rows, corrected for having been chosen, with a 95 % interval."""
        return self.result.estimate

    @property
    def folder(self) -> Path:
        """The run's: the same call on it, or `open_search`, goes on or looks again."""
        return self.result.folder

    def leaderboard(self) -> pd.DataFrame:
        """Every candidate, the best first; see `hortus.run.images.result.ImageResult.leaderboard`."""
        return self.result.leaderboard()

    def pareto(self, cost: str | None = None) -> pd.DataFrame:
        """The candidates that none is better than at the same ``"latency"``, ``"params"`` or ``"macs"`` or less.

        Raises:
            SettingError: another cost.
        """
        return self.result.pareto(cost)

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """(n, K) probabilities of the classes in ``model.task.labels``."""
        return self.model.predict_proba(_shaped(x)[0])

    def predict(self, x: Any) -> NDArray[Any]:
        """(n,) labels as they came in training."""
        return self.model.predict(_shaped(x)[0])


def search(
    net: Function | str,
    x: Any,
    y: Any = None,
    *,
    strategy: str = "auto",
    strategy_options: Mapping[str, Any] | None = None,
    evaluator: str = "train",
    evaluator_options: Mapping[str, Any] | None = None,
    time_budget: float | None = None,
    trials: int | None = None,
    memory_budget: int | None = None,
    metric: str | None = None,
    objectives: Sequence[str] | None = None,
    pruner: str = "none",
    rungs: str = "epochs",
    epochs: float | None = None,
    recipe: Mapping[str, Any] | None = None,
    final: bool = True,
    workers: int | None = None,
    executor: str = "auto",
    cluster: str | None = None,
    random_state: int = 0,
    verbosity: int = 1,
    run_folder: str | Path | None = None,
    listeners: Sequence[Listener] = (),
) -> Found:
    """Search the networks that a function of your own makes, and train the best.

    Args:
        net: called as ``net(trial)``, or as ``net(trial, facts)`` with the images' `ImageFacts` where it takes two;
            asks the trial as in Optuna, and returns an ``nn.Module`` from (b, ...) to (b, K) logits, lazy layers
            welcome. Workers import it by its module and name, so that it should stand in a module of its own. Or its
            name, ``"module:function"`` or ``"script.py:function"``.
        x: (n, d) rows, whose columns are brought to mean 0 and variance 1 and are the facts' channels; or images:
            (n, h, w), (n, h, w, c) or (n, c, h, w), or a folder of class folders.
        y: (n,) class labels; None where the folders tell them.
        strategy: a name in ``hortus.strategies.STRATEGIES`` that needs no more of a space than params and scores;
            ``"auto"`` for ``"predictor"``, or for ``"nsga2"`` where the objectives have costs without targets.
        strategy_options: its own arguments.
        evaluator: ``"train"`` or ``"training_free"``.
        evaluator_options: its own arguments.
        time_budget: seconds in all; 300 where trials are not given either.
        trials: how many candidates; the same call on a folder that has them makes no more.
        memory_budget: bytes resident at once, over all processes.
        metric: what is optimized: a name of scikit-learn's; accuracy if not said.
        objectives: the metric and what it is to cost: ``("accuracy", "latency")`` for a Pareto front, or
            ``("accuracy", "latency=0.002")`` with a target; costs are ``latency`` (seconds an image), ``params`` and
            ``macs``.
        pruner: stops poor trials early; ``"halving"``, ``"hyperband"``, ``"median"`` and others.
        rungs: what it sees more of: ``"epochs"``, ``"rows"`` or ``"resolution"``.
        epochs: of a candidate's training; None for as many as its share of the time allows.
        recipe: how networks are trained, by the names of `hortus.nets.recipe.Recipe`.
        final: whether the best is trained again on all rows.
        workers: trials under way at once; None for one a core.
        executor: ``"local"`` (processes that can be killed), ``"inline"`` (this process), or ``"auto"`` for the first
            where workers can import the function; or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where trials run; every machine of it imports the function by its name. None for
            here, or for RAY_ADDRESS with ``"ray"``.
        random_state: the same number and the same trials give the same leaderboard.
        verbosity: 0 silent, 1 a progress bar, 2 every improvement too.
        run_folder: where the run is kept, to be gone on with; None for a temporary one.
        listeners: told of every event of the run.

    Raises:
        InputError: the data cannot be used.
        SettingError: an argument is not understood, or the strategy or evaluator needs more than such a space has.
        RunError: no candidate ended well, with the reasons; or the folder holds another run.
    """
    data, flat = _shaped(x)
    function, name = _named(net)
    why = "" if isinstance(net, str) else unreachable(function)
    away = executor == "ray" or cluster is not None
    if away and why:
        raise SettingError(
            f"The machines of a cluster cannot import the function, since {why}.",
            mend="Put it into a module of its own that every machine of the cluster has.",
            code="search-not-importable",
        )
    notes = [] if executor != "auto" or not why else [_inline_note(why)]
    settings = ImageSettings(
        metric=metric,
        objectives=None if objectives is None else tuple(objectives),
        time=time_budget,
        trials=trials,
        memory=memory_budget,
        space=OwnSpace.name,
        space_options={"function": name, "flat": flat},
        strategy=default_strategy(objectives) if strategy == "auto" else strategy,
        strategy_options=dict(strategy_options or {}),
        evaluator=evaluator,
        evaluator_options=dict(evaluator_options or {}),
        pruner=pruner,
        rungs=rungs,
        epochs=epochs,
        recipe=dict(recipe or {}),
        final=final,
        grow=False,
        # Said, so that nobody is told how little there is to see in so narrow an image.
        size=data.shape[1:] if flat else None,
        seed=random_state,
        slots=workers,
        executor=("inline" if why else "local") if executor == "auto" else executor,
        cluster=cluster,
    )
    temporary = run_folder is None
    folder = Path(tempfile.mkdtemp(prefix="hortus-run-")) if run_folder is None else Path(run_folder)
    with listening(verbosity, *listeners) as heard, offered(function, name):
        for note in notes:
            for listener in heard:
                listener(ProgressEvent("note", 0.0, note.to_json()))
        result = fit_images(data, y, settings, folder=folder, listeners=heard)
        found = Found(result, function, (*notes, *result.notes))
        # Loaded while the function is known, and while a temporary folder is there.
        _ = found.model
    if temporary:
        weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def open_search(folder: str | Path, net: Function | str) -> Found:
    """A search that has been, from its folder and its function; one that was killed gets its network from its trials.

    Args:
        folder: the run's.
        net: the function, or the name that it was searched by.

    Raises:
        RunError: the folder holds no such run, or no trial of it has finished.
        SettingError: the run's function is another one.
    """
    with handed(net) as function:
        result = open_image_run(Path(folder))
        found = Found(result, function, result.notes)
        _ = found.model
        return found


@contextmanager
def handed(net: Function | str) -> Iterator[Function]:
    """Inside the block networks of the space that ``net`` is can be loaded; yields the function.

    Raises:
        SettingError: it names no function.
    """
    function, name = _named(net)
    with offered(function, name):
        yield function


def _named(net: Function | str) -> tuple[Function, str]:
    """The function, and the name by which workers import it: a script's by its whole path."""
    if not isinstance(net, str):
        return net, name_of(net)
    place, colon, function = net.rpartition(":")
    if not (place and colon and function):
        raise SettingError(
            f"{net!r} names no function.", mend="Write module:function or script.py:function.", code="search-function"
        )
    name = f"{Path(place).resolve()}:{function}" if place.endswith(".py") else net
    return load_object(name), name


def _shaped(x: Any) -> tuple[Any, bool]:
    """Rows as images of one column, and whether they are rows."""
    if getattr(x, "ndim", 0) != 2:
        return x, False
    rows = np.asarray(x.detach().cpu() if hasattr(x, "detach") else x, dtype=np.float32)
    return np.ascontiguousarray(rows)[:, :, None], True


def _inline_note(why: str) -> Note:
    return Note(
        "search-inline",
        "Trials run in this process, one after the other, without limits of time and memory: workers cannot import "
        f"the function, since {why}.",
        place="net",
        mend="Put it into a module of its own and import it from there.",
        warning=True,
    )
