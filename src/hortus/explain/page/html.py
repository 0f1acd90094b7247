"""HTML in which nothing of the user's is anything but text: every string is escaped unless it is `Markup` already."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape as escape_text
from importlib.resources import files
from typing import Any

from hortus.explain.names import clean

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
_VOID = {"br", "hr", "meta", "col"}


class Markup(str):
    """Text that is HTML already, made by `tag` and `join` alone."""

    __slots__ = ()


def escape(content: Any) -> Markup:
    """Content as HTML: `Markup` as it is, a list piece by piece, None as nothing, all else as text.

    >>> escape("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    if isinstance(content, Markup):
        return content
    if content is None:
        return Markup()
    if isinstance(content, (list, tuple)):
        return join(*content)
    return Markup(escape_text(clean(content)))


def join(*contents: Any) -> Markup:
    """Contents one after the other."""
    return Markup("".join(escape(content) for content in contents))


def tag(name: str, /, *contents: Any, **attributes: Any) -> Markup:
    """An element.

    Args:
        name: of the element.
        contents: escaped unless they are `Markup`.
        attributes: an underscore at the end is dropped, others become hyphens; None and False leave an attribute out,
            True gives it without a value.

    >>> tag("p", "1 < 2", class_="small", data_tip='"')
    '<p class="small" data-tip="&quot;">1 &lt; 2</p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*contents)}</{name}>")


def _attribute(key: str, value: Any) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'


def prose(sentence: str) -> Markup:
    """A sentence whose names stand in “ ”: each is set apart, and its direction kept to itself.

    >>> prose("It is “<b>”.")
    'It is <bdi class="name">&lt;b&gt;</bdi>.'
    """
    return Markup(re.sub("“([^“”]*)”", r'<bdi class="name">\1</bdi>', escape(sentence)))


def table(head: list[Any], rows: list[list[Any]], *, words: int = 1, caption: str = "") -> Markup:
    """A table; its first ``words`` columns hold words, the others numbers, set to the right."""

    def cell(element: str, column: int, content: Any) -> Markup:
        return tag(element, content, class_=None if column < words else "number", scope=_scope(element))

    def _scope(element: str) -> str | None:
        return "col" if element == "th" else None

    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption) if caption else None,
            tag("thead", tag("tr", [cell("th", i, content) for i, content in enumerate(head)])),
            tag("tbody", [tag("tr", [cell("td", i, content) for i, content in enumerate(row)]) for row in rows]),
        ),
        class_="scroll",
    )


def figure(
    picture: Markup, heading: Any, *, caption: Any = None, numbers: Markup | None = None, wide: bool = False
) -> Markup:
    """A picture with its heading above, what to see in it below, and its numbers for who cannot see it."""
    return tag(
        "figure",
        tag("h3", heading),
        picture,
        tag("figcaption", caption) if caption is not None else None,
        details("The numbers", numbers, class_="numbers") if numbers is not None else None,
        class_="wide" if wide else None,
    )


def details(summary: Any, *contents: Any, class_: str | None = None) -> Markup:
    """What is shown when asked for."""
    return tag("details", tag("summary", summary), *contents, class_=class_)


def page(title: str, body: Markup) -> Markup:
    """A whole page that loads nothing: its style and its script are inside, and its policy forbids all else."""
    style, script = (_part(f"report.{kind}") for kind in ("css", "js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{_POLICY} script-src 'sha256-{digest}'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    whole = tag("html", head, tag("body", body, Markup(f"<script>{script}</script>")), lang="en")
    return Markup(f"<!doctype html>\n{whole}\n")


def _part(file: str) -> str:
    return files("hortus.explain.page").joinpath(file).read_text(encoding="utf-8").strip()
