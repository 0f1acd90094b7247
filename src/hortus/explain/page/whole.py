"""The page from top to bottom."""

from __future__ import annotations

from hortus.explain.card import Part, card
from hortus.explain.page.columns import columns
from hortus.explain.page.glossary import glossary
from hortus.explain.page.html import Markup, details, page, prose, tag
from hortus.explain.page.made import made
from hortus.explain.page.opening import findings, opening
from hortus.explain.page.quality import quality
from hortus.explain.page.weak import fairness, segments
from hortus.explain.report import Report


def page_of(report: Report) -> Markup:
    """The report as one page that loads nothing from anywhere."""
    sections = {
        "Verdict": ("verdict", opening(report)),
        "What to look at first": ("findings", findings(report)),
        "How good it is": ("quality", quality(report)),
        "What it looks at": ("columns", columns(report)),
        "Where it is weak": ("weak", segments(report)),
        "Whom it serves worse": ("fairness", fairness(report)),
        "How it was made": ("made", made(report)),
        "Model card": ("card", _card(card(report))),
        "Words": ("words", glossary(report)),
    }
    there = {name: (place, section) for name, (place, section) in sections.items() if section is not None}
    links = [tag("li", tag("a", name, href=f"#{place}")) for name, (place, _) in there.items()]
    body = tag(
        "div",
        tag("nav", tag("p", "Hortus report"), tag("ol", links), aria_label="Contents"),
        tag("main", [section for _, section in there.values()], tag("footer", _foot(report))),
        class_="frame",
    )
    return page(f"{report.task.target}: report on a model", body)


def _card(parts: tuple[Part, ...]) -> Markup:
    told = [
        tag(
            "div",
            tag("h4", part.heading),
            [tag("p", prose(sentence)) for sentence in part.sentences],
            tag("ul", [tag("li", prose(point)) for point in part.points]) if part.points else None,
        )
        for part in parts
    ]
    return tag(
        "section",
        tag("h2", "Model card"),
        tag("p", "What goes with the model when it is handed on.", class_="intro"),
        details("Show the card", told, class_="card"),
        id="card",
    )


def _foot(report: Report) -> str:
    return f"Everything on this page was counted on {report.rows:,} rows; nothing is loaded from anywhere else."
