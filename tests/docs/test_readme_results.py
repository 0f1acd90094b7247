"""README's figures: written from the committed results alone, and by the definitions that are stated."""

import csv
import doctest
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="no benchmarks here")

COSTS = {"fit_s": 10.5, "predict_one_ms": 2.0, "peak_mb": 1500.0, "model_mb": 0.5}
DIGITS = {"pipelines", "fit_s", "accuracy"}
USUAL = {"version": "1.0", "budget_s": 10.0, "seed": 0, "split": 42, "when": "2026-01-02T03:04:05"}
README = "<!-- peers: begin -->old<!-- peers: end -->\n<!-- engine: begin -->\nold\n<!-- engine: end -->\n"


@pytest.fixture
def readme(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import readme

    return readme


def write(folder: Path, *runs: dict[str, object]) -> None:
    with (folder / "peers.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(runs[0]))
        writer.writeheader()
        writer.writerows(runs)


def run(dataset: str, peer: str, score: float | None, metric: str = "roc_auc", **more: object) -> dict[str, object]:
    """A line of peers.csv; a run without a score has failed."""
    known = {"dataset": dataset, "peer": peer, "metric": metric, "score": score, "ok": score is not None}
    costs = COSTS if score is not None else dict.fromkeys(COSTS)
    budget = {"budget_s": 0.0} if peer.startswith("baseline_") else {}
    return {**known, **USUAL, **costs, **budget, **more}


def line(text: str, system: str) -> list[str]:
    (found,) = [row for row in text.splitlines() if row.startswith(f"| {system} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_marked_places_are_what_the_committed_results_say(readme: ModuleType) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.filled(text, readme.RESULTS) == text, "README.md is stale: make bench-readme"


def test_the_picture_is_what_the_committed_results_say(readme: ModuleType) -> None:
    found = readme.drawn(readme.read_runs(readme.RESULTS / "peers.csv"))
    assert found.svg == readme.PICTURE.read_text(encoding="utf-8"), "the picture is stale: make bench-readme"


def test_the_picture_tells_each_system_s_rank_at_each_budget(readme: ModuleType, tmp_path: Path) -> None:
    rows = [
        run(table, peer, score, budget_s=budget)
        for budget, better in ((10.0, "flaml"), (60.0, "hortus"))
        for table in ("a", "b")
        for peer, score in (("hortus", 0.8), ("flaml", 0.9 if better == "flaml" else 0.7))
    ]
    write(tmp_path, *rows)
    runs = readme.read_runs(tmp_path / "peers.csv")
    found = readme.drawn(runs).svg
    assert "Hortus: 2.00 at 10 s, 1.00 at 60 s. FLAML: 1.00 at 10 s, 2.00 at 60 s." in found
    assert readme.drawn([one for one in runs if one.budget == 10.0]) is None


def test_without_results_each_place_says_so_and_all_else_stays(readme: ModuleType, tmp_path: Path) -> None:
    text = readme.filled(README, tmp_path)
    assert text.count(readme.NOTHING) == 2
    assert "old" not in text
    assert readme.filled(text, tmp_path) == text
    with pytest.raises(SystemExit, match="peers: begin"):
        readme.filled("no places", tmp_path)


def test_ranks_scores_wins_and_costs(readme: ModuleType, tmp_path: Path) -> None:
    write(
        tmp_path,
        run("a", "hortus", 0.9),
        run("a", "other", 0.7, fit_s=14.0, version="2.1"),
        run("a", "baseline_constant", 0.5),
        # The smaller the better, and what failed is last.
        run("b", "hortus", 2.0, "rmse"),
        run("b", "other", None, "rmse", version="2.1"),
        run("b", "baseline_constant", 4.0, "rmse"),
        # Equal: half a win each.
        run("c", "hortus", 0.4, "log_loss"),
        run("c", "other", 0.4, "log_loss", version="2.1"),
        run("c", "baseline_constant", 0.8, "log_loss"),
    )
    text = readme.filled(README, tmp_path)
    assert "**10 seconds**: 3 tables, 1 split and 1 seed each" in text
    assert "2026-01-02." in text
    # Ranks 1, 1, 1.5 and 2, 3, 1.5.
    assert line(text, "**Hortus**")[2:6] == ["3 of 3", "1.17 ± 0.17", "1.000", ""]
    assert line(text, "other")[1:6] == ["2.1", "2 of 3", "2.17 ± 0.44", "0.500", "83%"]
    assert line(text, "other")[6:] == ["12.2", "4.0", "2.0", "1,500", "0.5"]
    assert line(text, "constant (baseline)")[2:6] == ["3 of 3", "2.67 ± 0.33", "0.000", "100%"]


def test_only_what_every_system_has_is_compared_and_the_latest_run_counts(readme: ModuleType, tmp_path: Path) -> None:
    runs = [run(table, "hortus", 0.5, seed=seed) for table in "abcd" for seed in (0, 1)]
    runs += [run(table, "hortus", 0.9, seed=seed, when="2026-01-03") for table in "abcd" for seed in (0, 1)]
    runs += [run(table, "other", 0.8, seed=seed) for table in "abc" for seed in (0, 1)]
    # A baseline is the same for all seeds of a split; a peer with a quarter of the tables would spoil the comparison.
    runs += [run(table, "baseline_constant", 0.6) for table in "abcd"]
    runs += [run("a", "begun", 0.99, seed=seed) for seed in (0, 1)]
    write(tmp_path, *runs, run("a", "other", 0.8, budget_s=60.0))
    text = readme.filled(README, tmp_path)
    assert "**10 seconds**: 3 tables, 1 split and 2 seeds each" in text
    assert line(text[: text.index("**60 seconds**")], "**Hortus**")[2:5] == ["6 of 6", "1.00 ± 0.00", "1.000"]
    assert "Not compared, for want of runs: begun (2 of 8 runs)." in text
    assert "| begun |" not in text
    assert "**60 seconds**: 1 table, 1 split and 1 seed each" in text


def test_peers_on_few_tables_are_compared_on_those_and_hortus_alone_is_no_comparison(
    readme: ModuleType, tmp_path: Path
) -> None:
    more = [run(f"table {number}", "hortus", 0.9) for number in range(20)]
    write(tmp_path, *more, run("table 3", "other", 0.8), run("table 4", "other", 0.8))
    text = readme.filled(README, tmp_path)
    assert "**10 seconds**: 2 tables, 1 split and 1 seed each" in text
    assert line(text, "other")[2:4] == ["2 of 2", "2.00 ± 0.00"]
    write(tmp_path, *more)
    assert readme.filled(README, tmp_path).count(readme.NOTHING) == 2


def test_the_engine_s_figures_and_the_floors(readme: ModuleType, tmp_path: Path) -> None:
    machine = {"date": "2026-01-02", "machine": "x86_64, 2 cores", "python": "3.11.9"}
    figures = {"import_hortus_s": 0.01234, "tpe_ms_a_trial": 5.678, "over_s": -0.4}
    (tmp_path / "engine.json").write_text(json.dumps({"machine": machine, "figures": figures}))
    digits = {"machine": machine, "figures": {"pipelines": 300, "accuracy": 0.98}, "splits": [{}, {}, {}]}
    (tmp_path / "digits.json").write_text(json.dumps(digits))
    (tmp_path / "floors.csv").write_text("table,reached,date\na,True,2026-01-02\nb,False,2026-01-03\n")
    text = readme.filled(README, tmp_path)
    assert "| `import hortus` | 0.0123 s |" in text
    assert "| the same: TPE | 5.68 ms |" in text
    assert "beyond the 10 s | -0.4 s |" in text
    assert "| pipelines of the digits example above | 300 |" in text
    assert "its accuracy on the images held out | 0.9800 |" in text
    assert "Means over 3 splits, measured on x86_64, 2 cores" in text
    assert "Measured on x86_64, 2 cores, Python 3.11.9; 2026-01-02." in text
    assert "on 1 of 2 open tables (`make bench-floors`, 2026-01-02 to 2026-01-03)" in text
    assert readme.NOTHING not in text


def test_what_the_search_adds_is_told(readme: ModuleType, tmp_path: Path) -> None:
    figures = {"tables": 25, "searched": 20, "better": 13, "worse": 6, "loss_ratio": 0.98765}
    found = {"machine": {"seconds": 60.0, "date": "2026-01-02"}, "figures": figures, "tables": []}
    (tmp_path / "search_pays.json").write_text(json.dumps(found))
    text = readme.filled(README, tmp_path)
    assert "in 60 s it got beyond them on 20 of 25 tables" in text
    assert "the smaller loss on 13 and the larger on 6" in text
    assert "0.988 on average" in text


def test_the_figures_that_have_words_are_those_that_the_engine_s_benchmark_writes(readme: ModuleType) -> None:
    source = (ROOT / "benchmarks/engine.py").read_text(encoding="utf-8")
    written = set(re.findall(r'^        "(\w+)": (?!platform)', source, flags=re.MULTILINE))
    assert {name for name in written if name.endswith(("_s", "_ms_a_trial"))} == set(readme.FIGURES) - DIGITS


def test_the_examples_of_the_definitions_hold(readme: ModuleType) -> None:
    from benchmarks import standings

    found = doctest.testmod(standings)
    assert found.attempted >= 3
    assert found.failed == 0
