"""What a candidate is worth: an evaluator is called with a candidate and a fidelity, and returns an evaluation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from hortus.data.artifacts import Stored
from hortus.spaces.base import Candidate


@dataclass(frozen=True)
class Fidelity:
    """How much of the full evaluation is done. 1.0 is all of it.

    Attributes:
        folds: how many of the folds, from the first; None for all.
        rows: share of each fold's training rows.
        rounds: share of the learner's growth (boosting rounds, trees, epochs).
        resolution: share of an image's height and width.
        width: share of a network's channels.
        depth: share of a network's cells or layers.
    """

    folds: int | None = None
    rows: float = 1.0
    rounds: float = 1.0
    resolution: float = 1.0
    width: float = 1.0
    depth: float = 1.0

    @property
    def step(self) -> int:
        """A rung as a whole number, for pruners that count resources: hundredths of the full cost."""
        cost = self.rows * self.rounds * self.resolution**2 * self.width**2 * self.depth
        return max(1, round(100 * cost))


@dataclass(frozen=True)
class Artifact:
    """A file that an evaluation left behind.

    Attributes:
        name: its role: ``"predictions"``, ``"models"``.
        path: relative to the run's folder.
        sha256: hexadecimal digest of its bytes.
        size: bytes.
    """

    name: str
    path: str
    sha256: str
    size: int

    @classmethod
    def of(cls, name: str, stored: Stored) -> Artifact:
        """``stored`` in the role ``name``."""
        return cls(name, stored.path, stored.sha256, stored.size)

    @property
    def stored(self) -> Stored:
        """The file itself, whatever its role."""
        return Stored(self.path, self.sha256, self.size)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator found.

    Attributes:
        fold_scores: the metric on each fold's validation rows, greater is better; empty where the driver computes
            it from the predictions (a metric that is the user's own function).
        score: their mean over the validation rows; None likewise.
        seconds: of wall clock, fitting and predicting.
        predict_seconds: per row.
        work: rows x rounds, the same on every machine.
        artifacts: the files left in the run's folder.
        notes: whatever else a leaderboard can show: rounds stopped at, warnings kept.
    """

    fold_scores: tuple[float, ...]
    score: float | None
    seconds: float
    predict_seconds: float
    work: float
    artifacts: tuple[Artifact, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict)

    def left(self, name: str) -> Stored | None:
        """The file left in the role ``name``; None if there is none."""
        return next((artifact.stored for artifact in self.artifacts if artifact.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Evaluation:
        """The inverse of ``to_json``."""
        artifacts = tuple(Artifact(**a) for a in found["artifacts"])
        return cls(**{**found, "fold_scores": tuple(found["fold_scores"]), "artifacts": artifacts})


# Told after each rung (a fold, an epoch) with the rung's number and the score so far. It returns False when the
# trial should stop there.
Report = Callable[[int, float], bool]
# Asked with a question's name and its distribution as Optuna's JSON; it returns the answer.
Ask = Callable[[str, str], Any]


@dataclass(frozen=True)
class TrialContext:
    """Where and how one trial runs.

    Attributes:
        data: the folder of the encoded data set.
        out: the run's folder, under which artifacts go.
        number: the trial's.
        seed: of this trial alone.
        threads: how many it may use.
        deadline: on ``time.monotonic()``, when it should have ended by itself; None for never.
        report: called after each rung.
        rungs: cheap fidelities to go through before the full evaluation; without any, the folds are the rungs.
        ask: answers the questions of a candidate that is asked while it is evaluated; None where all was asked before.
        memory: bytes that it may hold; None for no limit.
    """

    data: Path
    out: Path
    number: int
    seed: int
    threads: int
    deadline: float | None
    report: Report
    rungs: tuple[Fidelity, ...] = ()
    ask: Ask | None = None
    memory: int | None = None


class Evaluator(ABC):
    """Base of every evaluator.

    Class attributes:
        name: in the table ``hortus.evaluation.EVALUATORS``.
        trains: whether it leaves fitted models and predictions. Where it does not, the best candidates of a search are
            trained after it.
        inherits: whether a trial begins from what the nearest ancestor of its candidate has left.
        prepares: the evaluator whose one trial must have ended before the search, as that of a supernet; None for none.
        scheduled: whether it trains along a schedule of epochs, which a run sets.
        stopper: the pruner that is asked about its trials where a run names none.
        prepared_by: the options that are told to that one.
        requires: what it asks of a space, by the words of `Space.provides`.
        inner: whether a run calls upon it by itself, so that nobody chooses it.
    """

    name: ClassVar[str]
    trains: ClassVar[bool] = True
    scheduled: ClassVar[bool] = False
    stopper: ClassVar[str] = "none"
    inherits: ClassVar[bool] = False
    prepares: ClassVar[str | None] = None
    prepared_by: ClassVar[frozenset[str]] = frozenset()
    requires: ClassVar[frozenset[str]] = frozenset()
    inner: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Evaluate one candidate. Raises `TrialPruned` of Optuna when ``context.report`` says stop."""
