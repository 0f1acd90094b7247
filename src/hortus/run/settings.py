"""What a person may ask of a run, all in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from hortus.budget import Budget
from hortus.errors import SettingError, nearest
from hortus.spaces import SPACES

TaskKind = Literal["classification", "binary", "multiclass", "regression"]
# With neither time nor trials given, a run takes this long (seconds).
DEFAULT_TIME = 60.0
RUNGS = ("folds", "rows", "rounds")


@dataclass(frozen=True)
class Settings:
    """How a run is to be made.

    Attributes:
        kind: the task; None to infer it from the target.
        metric: what is optimized: a name, ``f(y_true, y_pred)`` with greater better, or a scorer; None for the
            task's own.
        time: seconds, from the call to the usable model.
        trials: how many candidates, those of earlier sittings in the same folder included.
        memory: bytes resident at once.
        strategy: a name in ``hortus.strategies.STRATEGIES``, or ``"auto"``.
        strategy_options: the strategy's own arguments.
        space: ``"pipelines"`` (chains), ``"trees"``, or ``"auto"``: trees for evolution, chains for the rest.
        pruner: stops trials early: ``"none"``, ``"racing"``, ``"median"``, ``"percentile"``, ``"halving"``,
            ``"hyperband"``; ``"auto"`` for racing where the strategy is left to Hortus too, and none elsewhere.
        rungs: what the pruner sees more of from rung to rung: ``"folds"``, ``"rows"`` or boosting ``"rounds"``.
        folds: of the cross-validation; 1 for a holdout, None to choose by rows and time.
        ensemble: whether several candidates are blended; False for the single best.
        seed: the same seed and trials give the same leaderboard.
        slots: trials under way at once; None for one a core.
        executor: ``"local"`` (worker processes that can be killed), ``"inline"`` (the caller's process) or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where the trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
        ignore: columns left out.
        keep: columns kept though they look useless (an id, say).
        text: columns read as free text, whatever they look like.
        embeddings: the folder of a model of sentences, whose vectors of each text are features too; None for none.
        models: names to choose from; None for all.
        weight, group, order: columns of the table that hold sample weights, groups that stay together in a split,
            and the order of the rows in time; they are no features.
    """

    kind: TaskKind | None = None
    metric: str | Callable[..., float] | None = None
    time: float | None = None
    trials: int | None = None
    memory: int | None = None
    strategy: str = "auto"
    strategy_options: Mapping[str, Any] = field(default_factory=dict)
    space: str = "auto"
    pruner: str = "auto"
    rungs: str = "folds"
    folds: int | None = None
    ensemble: bool = True
    seed: int = 0
    slots: int | None = None
    executor: str = "local"
    cluster: str | None = None
    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    embeddings: str | None = None
    models: tuple[str, ...] | None = None
    weight: str | None = None
    group: str | None = None
    order: str | None = None

    def __post_init__(self) -> None:
        if self.space not in ("auto", *SPACES):
            known = ("auto", "pipelines", "trees")
            raise SettingError(
                f"There is no space called {self.space!r}.", mend=nearest(self.space, known), code="unknown-space"
            )
        if self.rungs not in RUNGS:
            raise SettingError(
                f"There are no rungs called {self.rungs!r}.", mend=nearest(self.rungs, RUNGS), code="unknown-rungs"
            )
        _ = self.budget

    @property
    def budget(self) -> Budget:
        """Time, trials and memory together; `DEFAULT_TIME` where neither time nor trials are given."""
        time = DEFAULT_TIME if self.time is None and self.trials is None else self.time
        return Budget(time=time, trials=self.trials, memory=self.memory)

    @property
    def space_name(self) -> str:
        """The space that is searched."""
        if self.space != "auto":
            return self.space
        return "trees" if self.strategy == "evolution" else "pipelines"

    @property
    def stopper(self) -> str:
        """The pruner that is asked."""
        if self.pruner != "auto":
            return self.pruner
        return "racing" if self.strategy == "auto" else "none"

    @property
    def space_options(self) -> dict[str, Any]:
        """What the space is told besides the facts of the table."""
        return {} if self.models is None else {"models": list(self.models)}

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; a metric that is a function is None."""
        found = asdict(replace(self, metric=self.metric if isinstance(self.metric, str) else None))
        return {**found, "strategy_options": dict(self.strategy_options)}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Settings:
        """The inverse of ``to_json``."""
        # Journals that are older than it have no ``text``.
        tuples = {name: tuple(found.get(name, ())) for name in ("ignore", "keep", "text")}
        models = None if found["models"] is None else tuple(found["models"])
        return cls(**{**found, **tuples, "models": models})
