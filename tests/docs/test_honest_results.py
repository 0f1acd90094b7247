"""The figures of docs/honest-score.md: written from the committed results alone, and counted as they say."""

import csv
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="no benchmarks here")

TEXT = "a <!-- scores: begin -->old<!-- scores: end --> b <!-- levels: begin -->old<!-- levels: end --> c"
USUAL = {"seconds": 10.0, "version": "1.0", "python": "3.11", "machine": "m, 2 cores", "date": "2026-01-02", "seed": 0}


@pytest.fixture
def coverage(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import coverage

    return coverage


def row(table: str = "a", **more: object) -> dict[str, str]:
    known = {"table": table, "task": "binary", "metric": "roc_auc", "naive": 0.93, "score": 0.9, "low": 0.88}
    known |= {
        "test_low": 0.89,
        "test_high": 0.93,
        "high": 0.92,
        "test": 0.91,
        "level": 0.9,
        "held": 90,
        "asked": 100,
        "width": 1.5,
    }
    return {name: str(value) for name, value in (known | USUAL | more).items()}


def line(text: str, begins: str) -> list[str]:
    (found,) = [part for part in text.splitlines() if part.startswith(f"| {begins} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_marked_places_are_what_the_committed_results_say(coverage: ModuleType) -> None:
    text = (ROOT / "docs" / "honest-score.md").read_text(encoding="utf-8")
    rows = coverage.read(ROOT / "benchmarks" / "results" / "trust.csv")
    assert coverage.document(text, rows) == text, "docs/honest-score.md is stale: python -m benchmarks.trust --report"


def test_without_results_each_place_says_so_and_all_else_stays(coverage: ModuleType) -> None:
    text = coverage.document(TEXT, [])
    assert text.count(coverage.NOTHING) == 2
    assert "old" not in text
    assert text.startswith("a <!--")
    assert text.endswith("--> c")
    with pytest.raises(SystemExit, match="scores: begin"):
        coverage.document("no places", [])


def test_lines_are_read_as_they_are_written(coverage: ModuleType, tmp_path: Path) -> None:
    place = tmp_path / "trust.csv"
    assert coverage.read(place) == []
    with place.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row()))
        writer.writeheader()
        writer.writerow(row())
    assert coverage.read(place) == [row()]


def test_errors_are_means_over_tables_in_standard_errors_of_the_test_score(coverage: ModuleType) -> None:
    # Of R2 one minus it is taken to the logarithm: half an interval is a factor of 1.1 here.
    half = {"metric": "r2", "test": 0.5, "test_low": 1 - 0.5 * 1.1, "test_high": 1 - 0.5 / 1.1}
    rows = [row("a", **half, naive=1 - 0.5 / 1.1**2, score=1 - 0.5 * 1.1), row("a", **half, naive=0.5, score=0.5)]
    rows.append(row("b", **half, naive=0.5, score=1 - 0.5 / 1.1))
    cells = line(coverage.scores_part(rows), "two classes")
    # Naive: table a is off by 2 halves and by none, so 1.96 on average, b by none. The estimate: a by -1 and 0, b by 1.
    assert cells[1:7] == ["2", "3", "+0.98 ± 0.98", "+0.49 ± 1.47", "1.31", "1.31"]
    assert line(coverage.scores_part(rows), "**all**")[1:] == cells[1:]


LOSS = {"metric": "neg_log_loss", "score": -0.4, "low": -0.5, "high": -0.3}


@pytest.mark.parametrize(
    ("more", "covered"),
    [
        ({}, True),
        ({"test": 0.924, "test_low": 0.905, "test_high": 0.94}, True),  # where both intervals together reach
        ({"test": 0.924, "test_low": 0.923, "test_high": 0.925}, False),
        ({"test": 0.85, "test_low": 0.84, "test_high": 0.86}, False),
        (LOSS | {"test": -0.52, "test_low": -0.6, "test_high": -0.42}, True),
        (LOSS | {"test": -0.8, "test_low": -0.9, "test_high": -0.7}, False),
        (LOSS | {"test": -0.01, "test_low": -0.45, "test_high": -0.005}, True),  # few rows, none of them a surprise
        ({"score": 0.99, "low": 0.96, "high": 1.0, "test": 1.0, "test_low": 0.97, "test_high": 1.0}, True),
        ({"score": 1.0, "low": 0.96, "high": 1.0, "test": 0.9, "test_low": 0.88, "test_high": 0.92}, False),
    ],
)
def test_a_test_score_is_covered_where_both_intervals_together_reach(
    coverage: ModuleType, more: dict[str, object], covered: bool
) -> None:
    assert coverage.covered(row(**more)) is covered


def test_levels_are_means_over_tables_and_the_worst_is_named(coverage: ModuleType) -> None:
    rows = [row("a"), row("a", held=80), row("b", held=95), row("c", held="", asked="")]
    cells = line(coverage.sets_part(rows), "two classes")
    assert cells[1:5] == ["2", "3", "0.9", "0.900"]
    assert cells[6] == "a 0.850"
    assert coverage.sets_part([row(asked="")]) == coverage.NOTHING
