"""The report: what the page says is what was counted, and nothing of the user's is more than text in it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris

from hortus import AutoClassifier, AutoRegressor
from hortus.errors import SettingError
from hortus.explain.card import as_markdown, card
from hortus.explain.evidence import Evidence
from hortus.explain.figures import hundred
from hortus.explain.page.summary import summary_html
from hortus.explain.page.whole import page_of
from hortus.explain.report import Report, build_report, write_card, write_html

QUICK = {"trials": 3, "models": ["linear", "lightgbm"], "folds": 2, "executor": "inline", "verbosity": 0}
HOSTILE = ['<script>alert("name")</script>', "a\"b'c & d", "שלום", "\u202eevil", "”><img src=x onerror=alert(1)>"]
VOID = {"meta", "br", "hr", "col"}


class Page(HTMLParser):
    """What a browser would make of the page; raises where an element is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.scripts += tag == "script"
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self._open):
            self.text.append(data)


def evidence_of(model: AutoClassifier | AutoRegressor) -> Evidence:
    return model._result.evidence


@pytest.fixture(scope="module")
def hostile() -> Evidence:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(240, 5)), columns=HOSTILE)
    X["</svg><b>"] = rng.choice(["<i>x</i>", '"q"', "ö 🌱"], 240)
    labels = ["</script><script>alert(2)</script>", "no' onload=x"]
    y = pd.Series(np.where(X.iloc[:, 0] + rng.normal(size=240) > 0, *labels), name="<h1>target</h1>")
    return evidence_of(AutoClassifier(**QUICK, random_state=0).fit(X, y))


@pytest.fixture(scope="module")
def binary(hostile: Evidence) -> Report:
    return build_report(hostile, seconds=4, sensitive="</svg><b>", made={"settings": {"trials": 3, "seed": 0}})


@pytest.fixture(scope="module")
def regression() -> Report:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return build_report(evidence_of(AutoRegressor(**QUICK, random_state=0).fit(X, y)), seconds=3)


@pytest.fixture(scope="module")
def multiclass() -> Report:
    X, y = load_iris(return_X_y=True, as_frame=True)
    return build_report(evidence_of(AutoClassifier(**QUICK, random_state=0).fit(X, y)), seconds=3)


@pytest.fixture(params=["binary", "multiclass", "regression"])
def report(request: pytest.FixtureRequest) -> Report:
    found: Report = request.getfixturevalue(request.param)
    return found


def test_a_page_is_whole_small_and_loads_nothing(report: Report, tmp_path: Path) -> None:
    write_html(report, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 2_000_000
    page = Page(text)
    assert page.scripts == 1
    assert any(name == "content" and (value or "").startswith("default-src 'none'") for name, value in page.attributes)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert all(name != "src" and not name.startswith("on") for name, _ in page.attributes)
    places = [value for name, value in page.attributes if name == "href"]
    assert {f"#{place}" for place in page.ids} == set(places)
    assert not re.search(r"https?://|@import|url\(", text)


def test_names_of_the_user_are_text_and_nothing_else(binary: Report) -> None:
    text = page_of(binary)
    page = Page(text)
    assert "i" not in page.tags
    assert "img" not in page.tags
    assert page.tags.count("h1") == 1
    assert "\u202e" not in text
    shown = "".join(page.text)
    assert "<h1>target</h1>" in shown
    assert "שלום" in shown


def test_pictures_can_be_heard(report: Report) -> None:
    text = page_of(report)
    pictures = re.findall(r"<svg[^>]*>(.{0,20})", text)
    assert len(pictures) >= 6
    assert all(picture.startswith("<title>") for picture in pictures)
    assert text.count("<desc>") == len(pictures)
    assert "NaN" not in text
    assert "nan " not in text


def test_the_verdict_says_what_was_counted(hostile: Evidence, binary: Report) -> None:
    called = hostile.predictions.argmax(axis=1) == 1
    right = float(np.mean(hostile.y[called] == 1))
    figure = binary.verdict.figures[0]
    assert figure.share == pytest.approx(right)
    assert figure.value == hundred(right)
    assert hundred(right) in binary.verdict.lead
    assert binary.score.guess == pytest.approx(0.5)
    page = "".join(Page(page_of(binary)).text)
    assert binary.score.in_figures(binary.score.value) in page
    assert binary.importance is not None
    assert f"{binary.importance.mean[0]:.4f}" in page


def test_a_regression_is_told_in_the_target_s_units(regression: Report) -> None:
    assert "off by" in regression.verdict.lead
    assert regression.verdict.grade in ("little", "clear", "much")


def test_a_model_of_noise_is_called_no_better_than_guessing(binary: Report) -> None:
    from hortus.explain.verdict import judge

    score = replace(binary.score, value=0.51, low=0.45, high=0.57)
    assert judge(binary.task, binary.outcomes, score).grade == "none"
    blind = replace(score, low=float("nan"), high=float("nan"))
    assert judge(binary.task, binary.outcomes, blind).grade == "unknown"


def test_a_leak_heads_the_page_with_both_scores(multiclass: Report) -> None:
    from hortus.explain.verdict import judge

    leak = {"code": "column-leaks", "what": "It tells.", "columns": ["petal <x>"], "severity": "serious"}
    found = {**leak, "scores": {"with": -0.01, "without": -0.6}}
    verdict = judge(multiclass.task, multiclass.outcomes, multiclass.score, [found])
    text = page_of(replace(multiclass, verdict=verdict, findings=(found,)))
    first = text[text.index("<h1>") : text.index("</h1>")]
    assert "petal &lt;x&gt;" in first
    assert "0.600" in first
    assert text.index("<h1>") < text.index("<h2>")


def test_a_report_is_json(report: Report) -> None:
    found = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert found["score"]["value"] == pytest.approx(report.score.value)
    assert found["verdict"]["headline"] == report.verdict.headline


def test_the_card_has_its_nine_parts_and_no_markup(binary: Report, tmp_path: Path) -> None:
    write_card(binary, tmp_path / "card.md")
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert text == as_markdown(card(binary))
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    assert not re.search(r"(?<!\\)<", text)


def test_a_notebook_s_summary_is_well_formed_and_touches_nothing_else(hostile: Evidence) -> None:
    text = summary_html(hostile)
    page = Page(text)
    assert page.scripts == 0
    assert "style" not in page.tags
    assert "img" not in page.tags


def test_no_time_is_refused(hostile: Evidence) -> None:
    with pytest.raises(SettingError, match="0 seconds"):
        build_report(hostile, seconds=0)
    with pytest.raises(SettingError, match="no column"):
        build_report(hostile, sensitive="nowhere")
