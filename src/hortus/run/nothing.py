"""A run whose every trial failed, told with the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from hortus.engine.journal import TrialRow
from hortus.errors import RunError

# Reasons that are named.
MOST = 3


def none_ended_well(
    rows: Sequence[TrialRow],
    *,
    mend: str = "Give more time, or look at the reasons in the leaderboard.",
    code: str = "no-model",
) -> RunError:
    """What to raise where no trial of ``rows`` has ended well."""
    reasons = sorted({row.reason for row in rows if row.reason})[:MOST]
    return RunError(
        f"None of {len(rows)} trials ended well: {'; '.join(reasons) or 'there was no time for one'}.",
        mend=mend,
        code=code,
    )
