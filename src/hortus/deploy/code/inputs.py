"""What a script is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.predictor import Predictor


@dataclass(frozen=True)
class CodeInputs:
    """A model, and what a bundle does not tell of how it was trained.

    Attributes:
        predictor: the model.
        seeds: of its members' trials, by number.
        assignment: (n,) the fold in which each training row was held back; -1 for none.
        ordered: whether a fold trains on the rows of earlier folds only.
        weight: (n,) how much each row counts; None where all count the same.
        shares: of the training rows that a member saw, by number, where it did not see all.
        told: what else a reader may want to know, such as the score, a line each; plain text.
    """

    predictor: Predictor
    seeds: Mapping[int, int]
    assignment: NDArray[np.integer]
    ordered: bool = False
    weight: NDArray[np.float64] | None = None
    shares: Mapping[int, float] = field(default_factory=dict)
    told: tuple[str, ...] = ()
