"""What the data gate finds, one fault at a time, and what it leaves in peace."""

from __future__ import annotations

import ast
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hortus.data import checks
from hortus.data.checks import Examined, examine, run_gate
from hortus.data.checks import gate as gate_module
from hortus.data.checks import subject as subject_module
from hortus.data.checks.gate import CHECKS
from hortus.data.checks.leaks import comes_after
from hortus.data.checks.one_column import score_columns
from hortus.data.checks.row_hashes import row_hashes
from hortus.data.finding import Finding, columns_of, ranked, said_once, scored
from hortus.data.infer import infer_schema
from hortus.data.notes import Note
from hortus.data.split import Folds
from hortus.data.task import Task
from hortus.errors import SettingError

N = 600
SOURCES = sorted(Path(checks.__file__).parent.glob("*.py"))


def table(seed: int = 0, **more: Any) -> pd.DataFrame:
    """Two weak features, and whatever a test adds."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, N)
    frame = pd.DataFrame({"a": rng.normal(size=N) + 0.7 * y, "b": rng.normal(size=N) - 0.5 * y, "y": y})
    return frame.assign(**more)


def found(frame: pd.DataFrame, **options: Any) -> dict[str, Finding]:
    """The findings by code; a code that comes twice is a test's fault."""
    findings = examine(frame, "y", **options).findings
    codes = [finding.code for finding in findings]
    assert len(codes) == len(set(codes)), codes
    return {finding.code: finding for finding in findings}


def values(seed: int = 0) -> pd.DataFrame:
    """A regression on two features."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, N))
    return pd.DataFrame({"a": a, "b": b, "y": 50 + 10 * a + 3 * b + rng.normal(0, 5, N)})


def test_an_ordinary_table_is_left_in_peace() -> None:
    assert found(table()) == {}
    assert found(values()) == {}


# --- columns ---------------------------------------------------------------------------------------------------


def test_ids_constants_and_empty_columns_are_left_out_and_come_back_when_kept() -> None:
    frame = table(customer_id=np.arange(N) + 7, same=1.0, none=np.nan)
    seen = found(frame)
    assert {code: finding.columns for code, finding in seen.items()} == {
        "column-id": ("customer_id",),
        "column-constant": ("same",),
        "column-empty": ("none",),
    }
    assert "--keep customer_id" in seen["column-id"].overrule
    assert "column-id" not in found(frame, keep=["customer_id"])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_copy_of_the_target_is_serious(kind: str) -> None:
    frame = values() if kind == "regression" else table()
    if kind == "multiclass":
        frame["y"] = np.random.default_rng(0).integers(0, 4, N)
    frame["copy"] = frame["y"] * -2.0 + 1 if kind == "regression" else frame["y"].map(lambda code: f"w{code}")
    seen = found(frame)
    assert seen["column-is-target"].columns == ("copy",)
    assert seen["column-is-target"].severity == "serious"
    assert "column-leaks" not in seen


def leaky(kind: str, noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = values() if kind == "regression" else table()
    if kind == "multiclass":
        frame["y"] = rng.integers(0, 6, N)
    spread = float(frame["y"].std()) if kind == "regression" else 1.0
    return frame.assign(told=frame["y"] + rng.normal(size=N) * noise * spread)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_column_that_is_almost_the_target_is_a_serious_leak(kind: str) -> None:
    leak = found(leaky(kind, 0.03))["column-leaks"]
    assert (leak.columns, leak.severity) == (("told",), "serious")
    assert leak.value is not None
    assert leak.value > 0.98
    assert "--ignore told" in leak.overrule
    assert found(leaky(kind, 0.03), ignore=["told"]) == {}


def test_a_leak_by_category_by_date_and_by_what_is_missing() -> None:
    rng = np.random.default_rng(2)
    y = table()["y"].to_numpy()
    odd = rng.random(N) < 0.004
    word = np.where(odd, "?!", np.where(y == 1, rng.choice(["p", "q"], N), rng.choice(["r", "s"], N)))
    day = np.datetime64("2020-01-01") + (np.where(y == 1, 400, 0) + rng.integers(0, 300, N)).astype("timedelta64[D]")
    gap = np.where(y == 1, rng.integers(0, 9, N).astype(float), np.nan)
    for cells in (word, day, gap):
        leaks = [f for f in examine(table(told=cells), "y").findings if f.code == "column-leaks"]
        assert [(leak.columns, leak.severity) for leak in leaks] == [(("told",), "serious")]


def test_a_strong_feature_is_no_leak() -> None:
    assert "column-leaks" not in found(leaky("binary", 0.4))
    assert "column-leaks" not in found(leaky("regression", 0.3))


def test_a_name_that_comes_after_makes_a_strong_feature_a_warning() -> None:
    strong = leaky("binary", 0.35)
    assert "column-leaks" not in found(strong)
    leak = found(strong.rename(columns={"told": "outcome_date"}))["column-leaks"]
    assert (leak.severity, leak.columns) == ("warning", ("outcome_date",))
    assert "column-leaks" not in found(table().rename(columns={"a": "outcome_date"}))


def test_where_every_column_tells_all_the_problem_is_easy() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, N)
    frame = pd.DataFrame({f"c{i}": y + rng.normal(0, 0.05, N) for i in range(6)}).assign(y=y)
    assert "serious" not in {finding.severity for finding in examine(frame, "y").findings}


def test_names_that_come_after() -> None:
    for name, target in [
        ("y_final", "y"),
        ("postOperation", "died"),
        ("loan status 2", "loan_status"),
        ("resultCode", "y"),
    ]:
        assert comes_after(name, target), name
    for name, target in [("poster", "y"), ("age", "wage"), ("income", "y"), ("result", "result"), ("yield", "y")]:
        assert not comes_after(name, target), name


def test_equal_columns_and_categories_under_other_names() -> None:
    rng = np.random.default_rng(0)
    grade = rng.choice(["low", "mid", "high"], N)
    number = pd.Series(grade).map({"low": 1, "mid": 5, "high": 2})
    frame = table(grade=grade, number=number, c=rng.normal(size=N))
    frame["d"] = frame["c"]
    findings = [f for f in examine(frame, "y").findings if f.code == "columns-equal"]
    assert {finding.columns for finding in findings} == {("grade", "number"), ("c", "d")}
    assert {finding.severity for finding in findings} == {"info"}


def test_missing_cells() -> None:
    rng = np.random.default_rng(0)
    frame = table()
    y = frame["y"].to_numpy()
    frame["rare"] = np.where(rng.random(N) < 0.02, rng.normal(size=N), np.nan)
    frame["told"] = np.where(rng.random(N) < np.where(y == 1, 0.8, 0.1), np.nan, rng.normal(size=N))
    frame["random"] = np.where(rng.random(N) < 0.3, np.nan, rng.normal(size=N))
    seen = found(frame)
    assert seen["column-mostly-missing"].columns == ("rare",)
    assert (seen["missing-tells-target"].columns, seen["missing-tells-target"].severity) == (("told",), "warning")


# --- rows ------------------------------------------------------------------------------------------------------


def gate(frame: pd.DataFrame, y: Any, *, kind: Any = "binary", **options: Any) -> dict[str, Finding]:
    schema, _ = infer_schema(frame)
    classes = () if kind == "regression" else tuple(np.unique(y).tolist())
    task = Task(kind, "y", classes, "roc_auc")
    return {f.code: f for f in run_gate(schema.apply(frame)[0], np.asarray(y), task, schema=schema, **options)}


def test_repeated_rows_count_where_they_cross_a_fold() -> None:
    frame = table()
    doubled = pd.concat([frame, frame[:60]], ignore_index=True)
    features, y = doubled.drop(columns="y"), doubled["y"].to_numpy()
    rows = len(doubled)
    apart = np.arange(rows, dtype=np.int8) % 2
    apart[N:] = 1 - apart[:60]
    together = apart.copy()
    together[N:] = apart[:60]
    crossing = gate(features, y, folds=Folds(apart, 2))["rows-repeated"]
    assert crossing.value == pytest.approx(120 / rows)
    assert crossing.severity == "warning"
    assert "60 of 660 rows" in crossing.what
    assert "120 rows are judged" in crossing.what
    inside = gate(features, y, folds=Folds(together, 2))["rows-repeated"]
    assert (inside.value, inside.severity) == (0.0, "info")
    # Of two equal rows in time, only the later is judged by a model that has seen the other.
    assert gate(features, y, folds=Folds(apart, 2, ordered=True))["rows-repeated"].value == pytest.approx(60 / rows)
    assert gate(features, y)["rows-repeated"].value == pytest.approx(120 / rows)


def test_repeats_are_no_warning_where_few_values_make_them_likely() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 4, N), "b": rng.choice(["u", "v"], N), "y": rng.integers(0, 2, N)})
    assert found(frame)["rows-repeated"].severity == "info"


def test_conflicting_rows_put_a_number_on_what_cannot_be_known() -> None:
    frame = table()
    other = frame[:90].assign(y=1 - frame["y"][:90])
    conflict = found(pd.concat([frame, other], ignore_index=True))["rows-conflict"]
    assert conflict.value == pytest.approx(90 / (N + 90))
    assert conflict.severity == "warning"
    numbers = values()
    other = numbers.assign(y=numbers["y"] + np.random.default_rng(5).normal(0, 20, N))
    assert found(pd.concat([numbers, other], ignore_index=True))["rows-conflict"].value == pytest.approx(0.5, abs=0.3)


def test_row_hashes_are_equal_where_rows_are() -> None:
    frame = pd.DataFrame({"x": [0.0, -0.0, np.nan, np.nan, 1.0], "w": ["u", "u", None, None, "u"]})
    frame["w"] = frame["w"].astype(object)
    hashes = row_hashes(frame)
    assert hashes[0] == hashes[1]
    assert hashes[2] == hashes[3]
    assert len(set(hashes.tolist())) == 3


def drifting(name: str, *, follows: bool, shuffled: bool) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    wave = np.sin(np.arange(N) / 40) if follows else np.zeros(N)
    frame = table().drop(columns="y").assign(**{name: pd.date_range("2020", periods=N)})
    frame["y"] = (rng.random(N) < 1 / (1 + np.exp(-3 * wave))).astype(int)
    return frame.sample(frac=1, random_state=0) if shuffled else frame


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_date_whose_neighbours_are_alike_is_a_warning(shuffled: bool) -> None:
    order = found(drifting("day", follows=True, shuffled=shuffled))["rows-ordered"]
    assert (order.columns, order.severity) == (("day",), "warning")
    assert order.value is not None
    assert order.value > 0.3
    assert ("sorted by it" in order.what) != shuffled
    assert "--order day" in order.overrule


def test_a_date_that_says_nothing_is_only_told_and_a_given_order_is_not() -> None:
    frame = drifting("day", follows=False, shuffled=False)
    assert found(frame)["rows-ordered"].severity == "info"
    assert "rows-ordered" not in found(drifting("day", follows=True, shuffled=False), order="day")


def test_sorted_numbers_order_the_rows_where_their_name_says_time() -> None:
    frame = drifting("day", follows=True, shuffled=False).drop(columns="day")
    assert found(frame.assign(step=np.arange(N) // 2))["rows-ordered"].columns == ("step",)
    assert "rows-ordered" not in found(frame.assign(length=np.arange(N) // 2))


def customers(*, alike: bool) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    who = rng.integers(0, 120, N)
    town, age = rng.integers(0, 9, 120)[who], rng.integers(20, 60, 120)[who]
    chance = rng.random(120)[who].round() * 0.8 + 0.1 if alike else np.full(N, 0.5)
    frame = table().drop(columns="y").assign(who=[f"c{i}" for i in who], town=town, age=age)
    return frame.assign(y=(rng.random(N) < chance).astype(int))


def test_an_entity_in_several_rows_is_told_where_its_rows_are_alike() -> None:
    group = found(customers(alike=True))["rows-grouped"]
    assert (group.columns, group.severity) == (("who",), "warning")
    assert "2 other columns hardly ever change" in group.what
    assert "--group who" in group.overrule
    assert "rows-grouped" not in found(customers(alike=False))
    assert "rows-grouped" not in found(customers(alike=True), group="who")
    # The end of its name is no "id", and what is measured is none either.
    humid = customers(alike=True).drop(columns=["town", "age"])
    humid["who"] = humid["who"].str[1:].astype(int) + 0.5
    assert "rows-grouped" not in found(humid.rename(columns={"who": "humid"}))
    assert "rows-grouped" not in found(humid.rename(columns={"who": "fluid"}).assign(fluid=humid["who"] + 0.5))
    assert "rows-grouped" in found(humid.rename(columns={"who": "userId"}).assign(userId=humid["who"] + 0.5))


def test_a_category_that_helps_is_no_entity() -> None:
    frame = customers(alike=True).rename(columns={"who": "colour"})
    frame["town"] = np.random.default_rng(0).integers(0, 9, N)
    frame["age"] = np.random.default_rng(1).integers(20, 60, N)
    assert "rows-grouped" not in found(frame)
    assert "rows-grouped" in found(frame.rename(columns={"colour": "customer_id"}))


# --- the target ------------------------------------------------------------------------------------------------


def test_rare_classes_and_labels_that_seem_to_be_one() -> None:
    y = np.array(["yes"] * 300 + ["no"] * 280 + ["YES "] * 15 + ["once"] + ["few"] * 4, dtype=object)
    seen = found(table(y=y), kind="classification")
    assert seen["target-class-once"].value == 1
    assert seen["target-imbalanced"].severity == "warning"
    assert seen["target-labels-alike"].severity == "serious"
    assert seen["target-labels-alike"].value == 15
    assert "target-imbalanced" in found(table(y=np.repeat([0, 1], [550, 50])))


def test_faults_of_numbers() -> None:
    frame = values()
    frame.loc[:2, "y"] = 99999.0
    outliers = found(frame)["target-outliers"]
    assert "always 99999" in outliers.what
    assert outliers.value is not None
    assert outliers.value > 20
    frame = values()
    capped = found(frame.assign(y=frame["y"].clip(upper=58)))["target-capped"]
    assert "highest value" in capped.what
    rng = np.random.default_rng(0)
    whole = (1000 + 300 * rng.normal(size=N)).round()
    heaped = np.where(rng.random(N) < 0.6, (whole / 100).round() * 100, whole)
    assert found(frame.assign(y=heaped))["target-rounded"].measure == "share of values that are multiples of 100"


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_skewed_numbers_are_no_faults(spread: float) -> None:
    rng = np.random.default_rng(9)
    assert found(values().assign(y=np.exp(rng.normal(size=N) * spread))) == {}


# --- the gate itself -------------------------------------------------------------------------------------------


def everything() -> pd.DataFrame:
    frame = leaky("binary", 0.03).assign(n_id=np.arange(N), same="x", day=pd.date_range("2020", periods=N))
    return pd.concat([frame, frame[:50]], ignore_index=True)


def test_the_same_table_gives_the_same_findings_serious_first() -> None:
    first, second = (examine(everything(), "y").findings for _ in range(2))
    assert first == second
    assert list(first) == list(ranked(reversed(ranked(reversed(first)))))
    assert first[0].severity == "serious"
    assert first[-1].severity == "info"


def test_without_time_the_cheap_checks_are_made_and_it_is_said_what_was_not() -> None:
    frame = everything()
    schema, _ = infer_schema(frame.drop(columns="y"))
    task = Task("binary", "y", (0, 1), "roc_auc")
    findings = run_gate(schema.apply(frame)[0], frame["y"].to_numpy(), task, schema=schema, seconds=0.0)
    (skipped,) = [finding for finding in findings if finding.code == "checks-skipped"]
    assert skipped.value == len(CHECKS)
    assert all(name in skipped.what for name in CHECKS)


def test_what_looks_at_every_cell_is_not_begun_where_it_would_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "SECONDS_A_CELL", 1.0)
    frame = everything()
    schema, _ = infer_schema(frame.drop(columns="y"))
    canonical, _ = schema.apply(frame.drop(columns="y"))
    task = Task("binary", "y", (0, 1), "roc_auc")
    codes = {
        seconds: {f.code for f in run_gate(canonical, frame["y"].to_numpy(), task, schema=schema, seconds=seconds)}
        for seconds in (60.0, None)
    }
    assert codes[None] - codes[60.0] == {"rows-repeated"}
    assert codes[60.0] - codes[None] == {"checks-skipped"}


def test_columns_after_the_deadline_are_not_scored() -> None:
    frame = table()
    columns = {name: frame[name].to_numpy() for name in ("a", "b")}
    y = frame["y"].to_numpy()
    assert score_columns(columns, y, "binary", seed=0).complete
    late = score_columns(columns, y, "binary", seed=0, deadline=time.monotonic() - 1)
    assert not late.complete
    assert late.rest(()) == (0.5, 0.0)


def test_the_more_classes_there_are_the_fewer_rows_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watched(columns: Any, y: Any, kind: Any, **more: Any) -> Any:
        seen.append(len(y))
        return score_columns(columns, y, kind, **more)

    monkeypatch.setattr(subject_module, "score_columns", watched)
    rows, classes = 9_000, 4_000
    frame = pd.DataFrame({"a": np.arange(rows) % 7, "y": [f"c{i % classes}" for i in range(rows)]})
    examine(frame, "y", kind="classification")
    assert seen == [subject_module.SAMPLE_CELLS // classes]


def test_a_column_s_score_is_honest() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 2000)
    columns = {"noise": rng.normal(size=2000), "names": np.array([f"n{i // 2}" for i in range(2000)], dtype=object)}
    scores = score_columns(columns, y, "binary", seed=0)
    assert scores.values["noise"] == pytest.approx(0.5, abs=0.05)
    assert scores.values["names"] == pytest.approx(0.5, abs=0.05)
    x = y + rng.normal(0, 1, 2000)
    # Two normals, one standard deviation apart: Phi(1 / sqrt 2).
    assert score_columns({"x": x}, y, "binary", seed=0).values["x"] == pytest.approx(0.760, abs=0.03)


ODD: list[Any] = [
    [1.0, np.nan, 2.0, np.inf] * 5,
    [1e300, -1e300, 0.0, 5.0] * 5,
    ["a", None, "", "b"] * 5,
    [True, False, None, True] * 5,
    pd.to_datetime(["2020-01-01", None, "2021-05-05", "1700-01-01"] * 5),
    [f"some words {i}" for i in range(20)],
    [np.nan] * 20,
]


@pytest.mark.parametrize("y", [[0, 1] * 10, ["a", "b", "c", "a"] * 5, list(np.linspace(-1e300, 1e300, 20))])
def test_odd_tables_come_through(y: list[Any]) -> None:
    for size in (20, 4):
        frame = pd.DataFrame({f"c{i}": cells for i, cells in enumerate(ODD)}).assign(y=y)[:size]
        findings = examine(frame, "y", kind="regression" if isinstance(y[0], float) else "classification").findings
        json.dumps([finding.to_json() for finding in findings], allow_nan=False)


def test_a_wide_table_is_looked_at_in_time() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 2000))).rename(columns=str).assign(y=rng.integers(0, 2, 400))
    frame["told"] = frame["y"] + rng.normal(0, 0.01, 400)
    begin = time.perf_counter()
    assert found(frame)["column-leaks"].columns == ("told",)
    assert time.perf_counter() - begin < 20


# --- findings as objects ---------------------------------------------------------------------------------------


def test_a_finding_goes_through_json_and_takes_scores() -> None:
    (leak,) = [f for f in examine(leaky("binary", 0.03), "y").findings if f.code == "column-leaks"]
    scored = leak.with_scores({"with": 0.99}, without=0.75)
    assert Finding.from_json(json.loads(json.dumps(scored.to_json()))) == scored
    assert leak.scores == {}
    assert "score with: 0.99; score without: 0.75" in scored.evidence
    assert scored.note().what.endswith(" A quick model scores 0.99 with it and 0.75 without it.")
    assert isinstance(hash(scored), int)


def test_what_a_run_measures_goes_to_the_findings_it_is_about() -> None:
    findings = examine(everything(), "y").findings
    assert columns_of(findings, "column-is-target", "column-leaks") == ("told",)
    assert columns_of(findings, "rows-ordered") == ("day",)
    after = scored(findings, ["rows-ordered"], {"random split": 0.9, "time split": 0.8})
    assert [f.code for f in after] == [f.code for f in findings]
    assert [f.code for f in after if f.scores] == ["rows-ordered"]


def test_a_finding_takes_the_place_of_the_note_that_says_the_same() -> None:
    notes = [Note("column-id", "…", "n"), Note("column-sentinel", "…", "n"), Note("target-imbalanced", "…", "y")]
    findings = [Finding("column-id", "An id.", ("n",), severity="warning"), Finding("target-imbalanced", "Rare.")]
    left = said_once(notes, findings)
    assert [note.code for note in left] == ["column-sentinel", "column-id", "target-imbalanced"]
    assert [(note.what, note.warning) for note in left[1:]] == [("An id.", True), ("Rare.", False)]


def test_what_is_no_finding_stays_a_note() -> None:
    got: Examined = examine(table(c=[0, "?"] * (N // 2), i=range(N)), "y")
    assert {note.code for note in got.notes} >= {"column-sentinel"}
    assert "column-id" not in {note.code for note in got.notes}


def test_columns_that_are_not_there_are_named() -> None:
    with pytest.raises(SettingError, match="Did you mean 'a'"):
        examine(table(), "y", group="A")


def codes() -> set[str]:
    """The code of every finding that the sources make."""
    calls = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Finding"]
    given = [{word.arg: word.value for word in call.keywords}["code"] for call in made]
    assert all(isinstance(code, ast.Constant) for code in given)
    return {str(code.value) for code in given if isinstance(code, ast.Constant)}


def test_every_finding_has_its_heading_and_no_other_has() -> None:
    document = Path(__file__).parents[2] / "docs" / "checks.md"
    assert set(re.findall(r"^## (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)) == codes()


def test_every_check_stands_in_the_table() -> None:
    with_check = {path.stem for path in SOURCES if re.search(r"^def check\(", path.read_text(), flags=re.MULTILINE)}
    assert {check.__module__.rpartition(".")[2] for check in CHECKS.values()} == with_check
