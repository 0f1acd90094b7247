"""Training that ends where its learning curve says so.

The networks are trained as `hortus.evaluation.network` has it, and report after each epoch; whether one goes on is for
a stopper, which sees all curves of the run: one of the pruners by name. The default is the one that finds most for the
epochs spent in benchmarks/curves.py.
"""

from __future__ import annotations

from typing import Any, ClassVar

from hortus.evaluation.network import NetworkTraining


class EarlyStopping(NetworkTraining):
    """Train a network along its schedule, unless its curve is stopped.

    Args:
        stopper: the pruner that the run asks after each epoch, by name; it is the run that asks.
        more: as of `NetworkTraining`.
    """

    name: ClassVar[str] = "early_stopping"
    stopper: ClassVar[str] = "extrapolation"

    def __init__(self, *, stopper: str = stopper, **more: Any) -> None:
        super().__init__(**more)
        self.asked = stopper
