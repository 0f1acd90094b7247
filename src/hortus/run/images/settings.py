"""What a person may ask of a run of images, all in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from hortus.budget import Budget
from hortus.engine.goal import Goal
from hortus.errors import SettingError, nearest
from hortus.evaluation import EVALUATORS
from hortus.evaluation.base import Fidelity
from hortus.nets.recipe import check_recipe

# With neither time nor trials given, a run takes this long (seconds).
DEFAULT_TIME = 300.0
RUNGS = ("epochs", "rows", "resolution", "width")
# The stopper that finds most for the epochs spent, as docs/curves.md has it.
STOPPER = "extrapolation"
# Of a time budget, the share for the network that is handed over, for choosing and saving it, and for training the best
# candidates of a search that trained none; and the part of the first for trying it larger.
FINAL_SHARE, SAVING_SHARE, CONFIRMING_SHARE = 0.4, 0.03, 0.2
# Of a time budget, the share for what an evaluator needs before the search.
PREPARING_SHARE = 0.25
GROWING_PART = 0.4
# Saving takes so many seconds at least, but never more than this share of the time.
SAVING_SECONDS, SAVING_MOST = 2.5, 0.1
# With less time than this (seconds) nothing is tried larger.
GROWS_FROM = 60.0
# So many trials a search should have time for; but a trial should have so many seconds, as long as that leaves time for
# a few; and some at the very least.
TRIALS_AIM, TRIALS_LEAST = 24, 8
ENOUGH_SECONDS, LEAST_SECONDS = 8.0, 0.5
# What a core trains a cell on in a second, about; the epochs that a trial should have at least; and the side (pixels)
# below which images are not made smaller for that.
PIXELS_A_SECOND, LEAST_EPOCHS, LEAST_SIDE = 4e5, 10, 16
# Epochs of a trial when only trials count, and at most when time does; a final network gets so many times as many.
EPOCHS, MOST_EPOCHS, FINAL_TIMES = 12.0, 40.0, 2.0


@dataclass(frozen=True)
class ImageSettings:
    """How a run of images is to be made.

    Attributes:
        metric: what is optimized, by name; None for accuracy.
        objectives: the metric and what it is to cost: ``("accuracy", "latency")``, or ``"latency=0.002"`` with a
            target; costs are ``latency`` (seconds an image), ``params`` and ``macs``. None for the metric alone.
        time: seconds, from the call to the usable model.
        trials: how many candidates, those of earlier sittings in the same folder included.
        memory: bytes resident at once.
        space: a name in ``hortus.spaces.SPACES``.
        space_options: its own arguments.
        strategy: a name in ``hortus.strategies.STRATEGIES``.
        strategy_options: its own arguments.
        evaluator: a name in ``hortus.evaluation.EVALUATORS``.
        evaluator_options: its own arguments; ``steps`` is for the supernet's training, where there is one.
        pruner: stops trials early; ``"none"``, ``"median"``, ``"percentile"``, ``"halving"``, ``"hyperband"``,
            ``"extrapolation"``; ``"auto"`` for the evaluator's own, or for the last where it trains by the clock.
        rungs: what the pruner sees more of: ``"epochs"``, ``"rows"``, ``"resolution"`` or ``"width"``.
        epochs: of a candidate's training; None for `EPOCHS`, or for as many as its share of the time allows.
        recipe: how networks are trained, by the names of `hortus.nets.recipe.Recipe`.
        final: whether the best candidate is trained again on all images; else it is handed over as it was judged.
        grow: whether the best candidate is tried larger before that; None for where a minute or more is the budget.
        size: height and width of the images; None for their own.
        seed: the same seed and trials give the same leaderboard.
        slots: trials under way at once; None for one a core.
        executor: ``"local"`` (worker processes that can be killed), ``"inline"`` (the caller's process) or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where the trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
    """

    metric: str | None = None
    objectives: tuple[str, ...] | None = None
    time: float | None = None
    trials: int | None = None
    memory: int | None = None
    space: str = "cell"
    space_options: Mapping[str, Any] = field(default_factory=dict)
    strategy: str = "predictor"
    strategy_options: Mapping[str, Any] = field(default_factory=dict)
    evaluator: str = "train"
    evaluator_options: Mapping[str, Any] = field(default_factory=dict)
    pruner: str = "auto"
    rungs: str = "epochs"
    epochs: float | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    final: bool = True
    grow: bool | None = None
    size: tuple[int, int] | None = None
    seed: int = 0
    slots: int | None = None
    executor: str = "local"
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.rungs not in RUNGS:
            raise SettingError(
                f"There are no rungs called {self.rungs!r}.", mend=nearest(self.rungs, RUNGS), code="unknown-rungs"
            )
        if self.epochs is not None and not self.epochs > 0:
            raise SettingError(
                f"epochs is {self.epochs!r}, and a network needs more than none.",
                mend="Give a number above zero, such as epochs=12.",
                code="epochs-not-positive",
            )
        check_recipe(self.recipe)
        _ = self.budget, self.goal

    @property
    def budget(self) -> Budget:
        """Time, trials and memory together; `DEFAULT_TIME` where neither time nor trials are given."""
        time = DEFAULT_TIME if self.time is None and self.trials is None else self.time
        return Budget(time=time, trials=self.trials, memory=self.memory)

    @property
    def goal(self) -> Goal:
        """What the strategy is told of a trial."""
        return Goal() if self.objectives is None else Goal.read(self.objectives, metric=self.metric)

    @property
    def trains(self) -> bool:
        """Whether the search itself trains its candidates; else the best of them are trained after it."""
        return bool(self._told("trains", True))

    @property
    def training_options(self) -> dict[str, Any]:
        """How a candidate is trained."""
        epochs = self.epochs or (EPOCHS if self.budget.time is None else MOST_EPOCHS)
        return {"epochs": epochs, "recipe": dict(self.recipe)}

    @property
    def trial_options(self) -> dict[str, Any]:
        """What the evaluator of a trial is told."""
        own = {name: value for name, value in self.evaluator_options.items() if name not in self.preparation_options}
        return {**(self.training_options if self._told("scheduled", False) else {}), **own}

    @property
    def inherits(self) -> bool:
        """Whether a trial begins from its ancestor's weights."""
        return bool(self._told("inherits", False))

    @property
    def stopper(self) -> str:
        """The pruner that is asked: the one given, else the evaluator's own.

        Where only trials count, one that is stopped saves nothing that was asked for; and a network that inherits
        begins where others end.
        """
        if self.pruner != "auto":
            return self.pruner
        own: str = self._told("stopper", "none")
        if own != "none":
            return str(self.evaluator_options.get("stopper", own))
        timed = self._told("scheduled", False) and self.budget.time is not None and not self.inherits
        # Of several scores a curve is of one alone.
        return STOPPER if timed and self.rungs == "epochs" and self.objectives is None else "none"

    @property
    def preparation_options(self) -> dict[str, Any]:
        """What is told to the trial that an evaluator needs before the search."""
        asked: frozenset[str] = self._told("prepared_by", frozenset())
        return {name: value for name, value in self.evaluator_options.items() if name in asked}

    @property
    def final_options(self) -> dict[str, Any]:
        """What the training of the final network is told."""
        return {**self.training_options, "epochs": FINAL_TIMES * self.training_options["epochs"]}

    @property
    def reserve(self) -> float:
        """Seconds kept back from the search."""
        shares = (FINAL_SHARE if self.final else 0.0, 0.0 if self.trains else CONFIRMING_SHARE)
        return (self.budget.time or 0.0) * sum(shares) + self.saving

    @property
    def saving(self) -> float:
        """Seconds of that for choosing, saving and loading the network."""
        time = self.budget.time or 0.0
        return max(SAVING_SHARE * time, min(SAVING_SECONDS, SAVING_MOST * time))

    @property
    def preparing(self) -> float | None:
        """Seconds for what the evaluator needs before the search; None where only trials count."""
        return None if self.budget.time is None else self.budget.time * PREPARING_SHARE

    @property
    def grows(self) -> bool:
        """Whether the best candidate is tried larger."""
        time = self.budget.time
        return (time is not None and time >= GROWS_FROM) if self.grow is None else self.grow

    @property
    def growing(self) -> float | None:
        """Seconds for that; None where only trials count."""
        return None if self.budget.time is None else self.budget.time * FINAL_SHARE * GROWING_PART

    @property
    def confirming(self) -> float | None:
        """Seconds for training the best candidates of a search that trained none; None where only trials count."""
        return None if self.budget.time is None else self.budget.time * CONFIRMING_SHARE

    def trial_seconds(self, slots: int) -> float | None:
        """Seconds after which a trial is to end by itself; None where only trials count."""
        time = self.budget.time
        if time is None or not self.trains:
            return None
        search = (time - self.reserve) * slots
        enough = max(LEAST_SECONDS, min(ENOUGH_SECONDS, search / TRIALS_LEAST))
        return max(enough, search / min(TRIALS_AIM, self.trials or TRIALS_AIM))

    def fidelity(self, rows: int, height: int, width: int, slots: int) -> Fidelity:
        """Of a trial: at a lower resolution where its seconds are too few for several epochs of all pixels.

        >>> ImageSettings(time=60.0).fidelity(600, 48, 48, 2).resolution
        0.48
        >>> ImageSettings(trials=10).fidelity(1500, 48, 48, 2).resolution
        1.0
        """
        seconds = self.trial_seconds(slots)
        if seconds is None:
            return Fidelity()
        share = (PIXELS_A_SECOND * seconds / (LEAST_EPOCHS * rows * height * width)) ** 0.5
        return seen_at(share, height, width)

    @property
    def stages(self) -> tuple[Fidelity, ...]:
        """The rungs below full fidelity; none for epochs, each of which is a rung of its own."""
        if self.rungs == "rows":
            return Fidelity(rows=1 / 9), Fidelity(rows=1 / 3)
        if self.rungs == "resolution":
            return Fidelity(rounds=1 / 3, resolution=0.5), Fidelity(rounds=2 / 3, resolution=0.75)
        if self.rungs == "width":
            return (Fidelity(rounds=1 / 3, width=0.5),)
        return ()

    def _told(self, name: str, otherwise: Any) -> Any:
        """What the evaluator's class says of itself."""
        return getattr(EVALUATORS[self.evaluator], name, otherwise)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        found = asdict(self)
        mappings = ("space_options", "strategy_options", "evaluator_options", "recipe")
        return {**found, **{name: dict(getattr(self, name)) for name in mappings}}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> ImageSettings:
        """The inverse of ``to_json``."""
        return cls(**{**found, "size": _tuple(found["size"]), "objectives": _tuple(found.get("objectives"))})


def seen_at(share: float, height: int, width: int) -> Fidelity:
    """Images at a share of their height and width, but of `LEAST_SIDE` pixels a side at least where they have them."""
    least = min(1.0, LEAST_SIDE / min(height, width))
    return Fidelity(resolution=round(min(1.0, max(least, share)), 2))


def default_strategy(objectives: Sequence[str] | None) -> str:
    """What searches where nobody said: the predictor, which needs the fewest trainings; of several scores NSGA-II.

    >>> default_strategy(None), default_strategy(("accuracy", "latency")), default_strategy(("accuracy", "macs=1e6"))
    ('predictor', 'nsga2', 'predictor')
    """
    apart = any("=" not in one for one in (objectives or ())[1:])
    return "nsga2" if apart else "predictor"


def _tuple(found: list[Any] | None) -> Any:
    return None if found is None else tuple(found)
