"""The try-it pages, one for each kind of model: each one file without outside assets, and without a word of the model.

Whatever one shows it asks of /v1/schema and /v1/predict like any client, so it can be open to all while these ask for a
token, and no name of a column or class is ever written into HTML. The policy lets that one script and that one style
run, by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Page:
    """A page with all that it needs.

    Attributes:
        html: it.
    """

    html: str

    @classmethod
    def of(cls, form: str, *scripts: str, begin: str) -> Page:
        """The page of the files beside this one.

        Args:
            form: the file of the page's left half.
            scripts: the files of what is its own, in order.
            begin: what a person is told to do first.
        """
        html = _beside("try_page.html")
        for place, text in (
            ("    <!-- form -->\n", textwrap.indent(_beside(form), "    ")),
            ("<!-- begin -->", begin),
            ("/* try.css */\n", _beside("try.css")),
            ("/* try.js */\n", _beside("try.js")),
            ("/* page.js */\n", "".join(map(_beside, scripts))),
        ):
            html = html.replace(place, text)
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


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


TRY_ROWS = Page.of("try_rows.html", "try_rows.js", begin="Change a value to begin.")
TRY_IMAGES = Page.of("try_picture.html", "try_picture.js", "try_images.js", begin="Choose a picture to begin.")
TRY_MASKS = Page.of("try_picture.html", "try_picture.js", "try_masks.js", begin="Choose a picture to begin.")
