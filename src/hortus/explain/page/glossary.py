"""The words of the page that not everybody knows, each in a sentence or two."""

from __future__ import annotations

from hortus.explain import metric_words
from hortus.explain.page.html import Markup, details, tag
from hortus.explain.report import Report

ALWAYS = {
    "Guessing": "The best that can be said without looking at a row: the commonest class, how often each class comes "
    "up, or the middle value. A model that is no better has learned nothing.",
    "95 % interval": "If the whole were done again with other rows of the same kind, the number would lie between "
    "these two bounds in about 19 of 20 cases. The fewer the rows, the wider it is.",
    "Rows not seen in training": "The table is cut into parts; each part is predicted by models trained on the others "
    "(cross-validation). So no row is judged by a model that knows its answer.",
    "Candidate": "One way to get from the table to a prediction: how columns are prepared, and what learns from them. "
    "The model is the best candidate, or several of them brought together (an ensemble).",
    "Tied": "So close to the best that the difference may be chance.",
    "Importance": "How much worse the model gets when the values of one column are shuffled among the rows. Two "
    "columns that say the same can each look unimportant, because the other one stands in.",
    "Shapley values": "A fair way to share out one prediction among the columns: how far each of them pushed it from "
    "the average prediction. For every row they add up to what the model said.",
    "Partial dependence": "What the model would answer on average if one column had a certain value in all rows and "
    "everything else stayed. Where columns go together, some such rows never occur.",
    "Leak": "A column that holds the answer, or what is only known after it. Scores with a leak are too good, and the "
    "model fails where it is needed, because the column is not known yet.",
}
CLASSES = {
    "Confusion table": "What was true against what the model said, counted. On the diagonal it was right.",
    "Precision and recall": "Precision: of the rows called so, how many are. Recall: of the rows that are so, how many "
    "were found. One can be had at the cost of the other, by the threshold.",
    "Threshold": "The probability from which on a row is called so. It is one half unless it is chosen otherwise; "
    "where a missed case costs more than a false alarm, a lower one is better.",
    "ROC AUC": "How often the model ranks the right one of two rows higher, one of each class. 1 is perfect, 0.5 is "
    "guessing.",
    "Calibration": "Whether probabilities come true: of the rows that it gives 70 %, about 70 of 100 should be so.",
}
VALUES = {
    "Mean error": "How far a prediction is off on average, in the units of what is predicted.",
    "Root mean squared error": "Like the mean error, but large errors count more. It is never smaller than that.",
    "R²": "The share of the differences between rows that the model explains: 1 is all, 0 is none.",
}


def glossary(report: Report) -> Markup:
    """Those that this page uses."""
    words = {**ALWAYS, **(VALUES if report.task.kind == "regression" else CLASSES)}
    name, meaning = metric_words.words(report.score.metric)
    known = {word.lower() for word in words}
    if name.lower() not in known:
        words = {name[0].upper() + name[1:]: f"{meaning[0].upper()}{meaning[1:]}.", **words}
    return tag(
        "section",
        tag("h2", "Words"),
        tag("div", [details(word, tag("p", meaning)) for word, meaning in words.items()], class_="glossary"),
        id="words",
    )
