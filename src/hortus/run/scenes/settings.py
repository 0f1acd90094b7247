"""What a person may ask of a run of scenes, all in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hortus.budget import Budget
from hortus.errors import SettingError, nearest
from hortus.nets.recipe import check_recipe

# With neither time nor trials given, a run takes this long (seconds).
DEFAULT_TIME = 600.0
# The strategy that learns the architecture by gradients, before any trial.
DIFFERENTIABLE = "differentiable"
# How candidates are judged, and the evaluator that does it.
EVALUATORS = {"train": "segment", "weight_sharing": "segment_inherited"}
# Of a time budget, the shares for the search by gradients or the training of the shared network, for training the best
# of what was judged by shared weights, for the network that is handed over, and for choosing and saving it.
PREPARING_SHARE, CONFIRMING_SHARE, FINAL_SHARE, SAVING_SHARE = 0.4, 0.25, 0.2, 0.03
SAVING_SECONDS, SAVING_MOST = 2.5, 0.1
# With time, so many candidates are drawn from an architecture that was learned by gradients; they share the time as so
# many that are trained to the end do, for halving stops the others.
PROPOSALS, PROPOSALS_TRAINED = 8, 3
# So many candidates a search that trains each should have time for, and seconds that each should have at least.
TRIALS_AIM, ENOUGH_SECONDS = 12, 20.0
# Epochs of a trial when only trials count, and at most when time does; and the final training's share of them.
EPOCHS, MOST_EPOCHS, FINAL_PART = 30.0, 120.0, 0.3


@dataclass(frozen=True)
class SceneSettings:
    """How a run of scenes is to be made.

    Attributes:
        time: seconds, from the call to the usable model.
        trials: how many candidates are judged, those of earlier sittings in the same folder included.
        memory: bytes resident at once.
        space: a name in ``hortus.spaces.SPACES`` whose networks tell pixels apart.
        space_options: its own arguments.
        strategy: ``"differentiable"``, or a name in ``hortus.strategies.STRATEGIES``.
        strategy_options: its own arguments; of ``differentiable`` those of `hortus.nets.trellis_search.Settings`.
        evaluator: ``"train"`` or ``"weight_sharing"``.
        steps: of the search by gradients, or of the shared network's training, where only trials count.
        pruner: stops trials early; ``"none"``, ``"median"``, ``"percentile"``, ``"halving"``, ``"hyperband"``;
            ``"auto"`` for halving where an architecture is learned by gradients and no number of trials is asked for,
            and none elsewhere.
        epochs: of a candidate's training; None for `EPOCHS`, or for as many as its share of the time allows.
        recipe: how networks are trained, by the names of `hortus.nets.recipe.Recipe`.
        final: whether the best candidate goes on training on all scenes; else it is handed over as it was judged.
        classes: names of the values 0, 1, 2 and so on in the masks.
        void: the value, or the name, of pixels that count for nothing.
        size: height and width of the scenes; None for their own.
        seed: the same seed and trials give the same leaderboard.
        slots: trials under way at once; None for one a core.
        executor: ``"local"`` (worker processes that can be killed), ``"inline"`` (the caller's process) or ``"ray"``.
        cluster: ``"ray://HOST:PORT"``, where the trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
    """

    time: float | None = None
    trials: int | None = None
    memory: int | None = None
    space: str = "auto_deeplab"
    space_options: Mapping[str, Any] = field(default_factory=dict)
    strategy: str = DIFFERENTIABLE
    strategy_options: Mapping[str, Any] = field(default_factory=dict)
    evaluator: str = "train"
    steps: int = 400
    pruner: str = "auto"
    epochs: float | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    final: bool = True
    classes: tuple[str, ...] | None = None
    void: int | str | None = None
    size: tuple[int, int] | None = None
    seed: int = 0
    slots: int | None = None
    executor: str = "local"
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.evaluator not in EVALUATORS:
            raise SettingError(
                f"Scenes have no evaluator called {self.evaluator!r}.",
                mend=nearest(self.evaluator, EVALUATORS),
                code="evaluator-unfit",
            )
        if self.epochs is not None and not self.epochs > 0:
            raise SettingError(
                f"epochs is {self.epochs!r}, and a network needs more than none.",
                mend="Give a number above zero, such as epochs=30.",
                code="epochs-not-positive",
            )
        if self.differentiable and self.space != "auto_deeplab":
            raise SettingError(
                f"The strategy 'differentiable' needs a network that all candidates share, and the space "
                f"{self.space!r} has none for scenes.",
                mend="Take the space 'auto_deeplab', or a strategy such as 'evolution'.",
                code="space-without-supernet",
            )
        check_recipe(self.recipe)
        _ = self.budget

    @property
    def budget(self) -> Budget:
        """Time, trials and memory together; `DEFAULT_TIME` where neither time nor trials are given."""
        time = DEFAULT_TIME if self.time is None and self.trials is None else self.time
        return Budget(time=time, trials=self.trials, memory=self.memory)

    @property
    def differentiable(self) -> bool:
        """Whether the architecture is learned before any trial."""
        return self.strategy == DIFFERENTIABLE

    @property
    def shares(self) -> bool:
        """Whether candidates are judged with weights that they share."""
        return self.evaluator == "weight_sharing"

    @property
    def prepares(self) -> bool:
        """Whether the network that all share is trained before the first trial."""
        return self.differentiable or self.shares

    @property
    def most_trials(self) -> int | None:
        """How many there may be: `PROPOSALS` of what was learned by gradients, where no number is asked for."""
        return PROPOSALS if self.proposes else self.trials

    @property
    def proposes(self) -> bool:
        """Whether it is for the run to say how many of what was learned by gradients are tried."""
        return self.differentiable and self.trials is None

    @property
    def stopper(self) -> str:
        """The pruner that is asked."""
        if self.pruner != "auto":
            return self.pruner
        return "halving" if self.proposes else "none"

    @property
    def training_options(self) -> dict[str, Any]:
        """How a candidate is trained."""
        epochs = self.epochs or (EPOCHS if self.budget.time is None else MOST_EPOCHS)
        return {"epochs": epochs, "recipe": dict(self.recipe)}

    @property
    def final_options(self) -> dict[str, Any]:
        """How the best goes on."""
        return {**self.training_options, "epochs": FINAL_PART * self.training_options["epochs"]}

    @property
    def saving(self) -> float:
        """Seconds for choosing, saving and loading the network."""
        time = self.budget.time or 0.0
        return max(SAVING_SHARE * time, min(SAVING_SECONDS, SAVING_MOST * time))

    @property
    def reserve(self) -> float:
        """Seconds kept back from the search."""
        shares = (FINAL_SHARE if self.final else 0.0, CONFIRMING_SHARE if self.shares else 0.0)
        return (self.budget.time or 0.0) * sum(shares) + self.saving

    @property
    def preparing(self) -> float | None:
        """Seconds for what comes before the first trial; None where only trials count."""
        return None if self.budget.time is None else self.budget.time * PREPARING_SHARE

    @property
    def confirming(self) -> float | None:
        """Seconds for training the best of those judged by shared weights; None where only trials count."""
        return None if self.budget.time is None else self.budget.time * CONFIRMING_SHARE

    def trial_seconds(self, slots: int, left: float) -> float | None:
        """Seconds after which a trial is to end by itself; None where only trials count.

        Args:
            slots: trials at once.
            left: seconds until the run must end.
        """
        if self.budget.time is None or self.shares:
            return None
        search = max(1.0, left - self.reserve)
        thinned = self.proposes and self.stopper == "halving"
        aim = PROPOSALS_TRAINED if thinned else min(TRIALS_AIM, self.most_trials or TRIALS_AIM)
        return max(min(ENOUGH_SECONDS, search), search * min(slots, aim) / aim)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        mappings = ("space_options", "strategy_options", "recipe")
        return {**asdict(self), **{name: dict(getattr(self, name)) for name in mappings}}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> SceneSettings:
        """The inverse of ``to_json``."""
        tuples = {name: None if found[name] is None else tuple(found[name]) for name in ("size", "classes")}
        return cls(**{**found, **tuples})
