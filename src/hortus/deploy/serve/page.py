"""The try-it pages: each one file without outside assets, and without a word of the model.

Whatever one shows it asks of /v1/schema and /v1/predict like any client, so it can be open to all while these ask for a
token, and no name of a column or class is ever written into HTML. The policy lets that one script and that one style
run, by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_SHARED = ("try.css", "try.js")


@dataclass(frozen=True)
class Page:
    """A page with all that it needs.

    Attributes:
        html: it.
    """

    html: str

    @classmethod
    def named(cls, name: str) -> Page:
        """The page of a file beside this one, with the style and the script that the pages share put in."""
        beside = {one: Path(__file__).with_name(one).read_text(encoding="utf-8") for one in (name, *_SHARED)}
        html = beside[name]
        for part in _SHARED:
            html = html.replace(f"/* {part} */\n", beside[part])
        return cls(html)

    @cached_property
    def policy(self) -> str:
        """What it may load and run; a picture that was chosen is shown from memory."""
        return "; ".join(
            (
                "default-src 'none'",
                f"script-src {self._digests('script')}",
                f"style-src {self._digests('style')}",
                "connect-src 'self'",
                "img-src data: blob:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )

    def _digests(self, tag: str) -> str:
        """The digests of a tag's contents, as a content security policy names them."""
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", self.html, flags=re.DOTALL)
        hashed = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found)
        return " ".join(f"'sha256-{digest}'" for digest in hashed)


TRY_ROWS = Page.named("try_it.html")
TRY_IMAGES = Page.named("try_image.html")
