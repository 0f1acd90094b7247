"""How good the model is, in pictures."""

from __future__ import annotations

from hortus.explain.outcomes import ValueOutcomes
from hortus.explain.page.classes import of_classes
from hortus.explain.page.html import Markup, tag
from hortus.explain.page.values import of_values
from hortus.explain.report import Report


def quality(report: Report) -> Markup:
    """Confusion, trade-offs and calibration of classes; predicted and true values, and errors, of numbers."""
    outcomes = report.outcomes
    pictures = of_values(report, outcomes) if isinstance(outcomes, ValueOutcomes) else of_classes(report, outcomes)
    return tag(
        "section",
        tag("h2", "How good it is"),
        tag("p", "Every row was predicted by models that had not seen it in training.", class_="intro"),
        tag("div", pictures, class_="pictures"),
        id="quality",
    )
