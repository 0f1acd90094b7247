"""The try-it page: one file without outside assets, and without a word of the model.

Whatever it shows it asks of /v1/schema and /v1/predict like any client, so it can be open to all while these ask for a
token, and no name of a column or class is ever written into HTML. The policy lets that one script and that one style
run, by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

PAGE = Path(__file__).with_name("try_it.html").read_text(encoding="utf-8")


def _digests(tag: str) -> str:
    """The digests of a tag's contents, as a content security policy names them."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE, flags=re.DOTALL)
    hashed = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found)
    return " ".join(f"'sha256-{digest}'" for digest in hashed)


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src {_digests('script')}",
        f"style-src {_digests('style')}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
