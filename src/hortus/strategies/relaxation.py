"""What a differentiable search is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from hortus.errors import SettingError, nearest

METHODS = ("darts", "darts2", "pc_darts", "gdas")
SELECTIONS = ("weights", "perturbation")


@dataclass(frozen=True)
class Settings:
    """How the architecture is learned. The defaults are DARTS's, but for what is said of them.

    Attributes:
        method: one of ``METHODS``.
        selection: "weights" decodes the greatest ones, "perturbation" what the supernet misses most (DARTS-PT).
            None for perturbation; for weights with gdas, which trains no mixture.
        eigenvalue_stop: stop, and go back, where the Hessian's dominant eigenvalue grows (RobustDARTS).
        epochs: passes over the half that trains; DARTS has 50.
        batch: images a step.
        partial: k of pc_darts; the others use whole edges.
        warmup: share of the epochs in which pc_darts leaves the architecture alone.
        learning_rate: of the weights, falling to ``last_rate`` along a cosine.
        last_rate: at the end.
        alpha_rate: of the architecture, by Adam. DARTS has 3e-4 for 19,500 steps; a short search needs more.
        temperature: of gdas in the first and the last epoch.
        tuning: steps between two edges of the selection by perturbation.
    """

    method: str = "darts"
    selection: str | None = None
    eigenvalue_stop: bool = False
    epochs: int = 20
    batch: int = 64
    partial: int = 4
    warmup: float = 0.3
    learning_rate: float = 0.025
    last_rate: float = 0.001
    momentum: float = 0.9
    weight_decay: float = 3e-4
    clip: float = 5.0
    alpha_rate: float = 3e-3
    alpha_decay: float = 1e-3
    temperature: tuple[float, float] = (10.0, 0.1)
    tuning: int = 10

    @property
    def chosen_by(self) -> str:
        """The selection, with None resolved."""
        return self.selection or ("weights" if self.method == "gdas" else "perturbation")

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            SettingError: a name is unknown, a number out of its range, or a remedy does not fit the method.
        """
        for what, name, known in (("method", self.method, METHODS), ("selection", self.chosen_by, SELECTIONS)):
            if name not in known:
                raise SettingError(
                    f"Differentiable search has no {what} {name!r}.", mend=nearest(name, known), code=f"unknown-{what}"
                )
        if self.epochs < 1 or self.batch < 1:
            raise SettingError(
                f"Differentiable search was given epochs={self.epochs} and batch={self.batch}.",
                mend="Give at least 1 of each.",
                code="bad-option",
            )
        if self.method == "gdas" and (self.eigenvalue_stop or self.selection == "perturbation"):
            raise SettingError(
                "GDAS trains single paths; the mixed supernet that this remedy measures is never trained by it.",
                mend="Use the method 'darts', 'darts2' or 'pc_darts' with it, or GDAS without it.",
                code="remedy-without-mixture",
            )


@dataclass(frozen=True)
class Epoch:
    """One pass, as it stands in the history.

    Attributes:
        number: from 0.
        train_loss: mean, of the supernet's weights.
        valid_loss: mean, of the architecture; nan while it is left alone.
        params: what would be decoded by the weights now.
        skips: how many of them are skip connections.
        eigenvalue: the Hessian's dominant one, where it is watched.
        seconds: since the beginning.
    """

    number: int
    train_loss: float
    valid_loss: float
    params: dict[str, str]
    skips: int
    eigenvalue: float | None
    seconds: float


@dataclass(frozen=True)
class History:
    """What happened.

    Attributes:
        epochs: one by one.
        names: of the edges, the rows of the weights.
        operations: the columns of the weights.
        weights: operations' final weights on each edge.
        held_bytes: what one forward pass kept in memory for its backward pass, at the size of a batch.
        stopped: why it ended early; "" where it did not.
        warnings: such as a collapse to skip connections or pooling.
    """

    epochs: tuple[Epoch, ...]
    names: tuple[str, ...]
    operations: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    held_bytes: int
    stopped: str
    warnings: tuple[str, ...]
