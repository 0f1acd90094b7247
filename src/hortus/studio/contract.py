"""The description of the studio's interface, from which the pages' types are made.

``python -m hortus.studio.contract FILE`` writes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hortus.studio.app import make_api


def described() -> str:
    """The description as JSON; the same for the same source."""
    return json.dumps(make_api().openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(described(), encoding="utf-8")
