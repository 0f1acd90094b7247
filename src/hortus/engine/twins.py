"""Candidates that are the same network as one that was judged: they are answered from the journal, not trained again.

Different answers often make the same network: an edge that leads nowhere may hold any operation. Its canonical form is
what the candidate says of it (`hortus.nets.network.NetworkCandidate.key`); candidates without one have no twins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optuna.trial import FixedTrial, TrialState

from hortus.engine.history import Outcome
from hortus.spaces.base import Space

# After so many twins in a row a space is taken to hold nothing new.
MOST = 200


class Twins:
    """What was judged, by canonical form.

    Args:
        space: of the candidates.

    Attributes:
        row: how many twins there were in a row.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._judged: dict[tuple[str, float], list[tuple[int, Outcome]]] = {}
        self.row = 0

    def note(self, number: int, params: Mapping[str, Any], rows: float, outcome: Outcome) -> None:
        """Note what came of a trial that was judged on a share of the rows; a twin's end says nothing new."""
        twin = outcome.evaluation is not None and "same_as" in outcome.evaluation.notes
        self.row = self.row + 1 if twin else 0
        if twin or outcome.state != TrialState.COMPLETE:
            return
        key = self._key(params)
        if key is not None:
            self._judged.setdefault((key, rows), []).append((number, outcome))

    def of(self, params: Mapping[str, Any], rows: float, *, before: int | None) -> Outcome | None:
        """What is known of the same network; None where nothing is.

        Args:
            params: of the candidate.
            rows: the share of the rows that it would be judged on.
            before: only trials of lower numbers count; None for all that have ended.
        """
        key = self._key(params)
        judged = [one for one in self._judged.get((key or "", rows), ()) if before is None or one[0] < before]
        if key is None or not judged:
            return None
        number, outcome = min(judged, key=lambda one: one[0])
        assert outcome.evaluation is not None  # noqa: S101 - a complete trial has one
        notes = {**outcome.evaluation.notes, "same_as": number}
        # Its files are the other's, which alone is chosen from.
        evaluation = replace(outcome.evaluation, seconds=0.0, work=0.0, artifacts=(), notes=notes)
        return replace(outcome, evaluation=evaluation, reason=f"the same network as trial {number}")

    def _key(self, params: Mapping[str, Any]) -> str | None:
        candidate = self._space(FixedTrial(dict(params)))
        key = getattr(candidate, "key", None)
        return None if key is None else str(key())
