"""Every kind of finding that can be provoked: Fix mends it, Ignore leaves it, and both can be taken back."""

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from hortus.studio.choices import MATTERS
from hortus.studio.mends import MENDS, plan

ROWS = 420
Spoil = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def base(rng: np.random.Generator) -> pd.DataFrame:
    x = rng.normal(size=(ROWS, 3)).round(3)
    y = np.where(x[:, 0] + rng.normal(size=ROWS) > 0, "yes", "no")
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y})


def values(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return (100 + 20 * frame["a"] + rng.normal(size=len(frame)) * 5).round(2)


def in_time(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    wave = np.sin(np.arange(ROWS) / 40)
    y = np.where(wave + 0.3 * rng.normal(size=ROWS) > 0, "yes", "no")
    return frame.assign(when=pd.date_range("2024", periods=ROWS).strftime("%Y-%m-%d"), y=y)


def in_groups(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    customer = np.arange(ROWS) % 140
    y = np.where(rng.normal(size=140)[customer] + 0.3 * rng.normal(size=ROWS) > 0, "yes", "no")
    return frame.assign(customer_id=[f"K{number}" for number in customer], y=y)


def conflicting(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    coarse = frame[["a", "b"]].round(0)
    return coarse.assign(y=np.where(rng.random(ROWS) < 0.4, "yes", "no"))


# A code -> what is done to a good table so that it is found.
SPOILS: dict[str, Spoil] = {
    "column-id": lambda f, rng: f.assign(customer_id=[f"C{n:05d}" for n in rng.permutation(ROWS)]),
    "column-constant": lambda f, rng: f.assign(country="Italy"),
    "column-empty": lambda f, rng: f.assign(remark=np.nan),
    "column-is-target": lambda f, rng: f.assign(answer=np.where(f["y"] == "yes", "1 yes", "2 no")),
    "column-leaks": lambda f, rng: f.assign(after=np.where(f["y"] == "yes", 5.0, 0.0) + rng.random(ROWS).round(3)),
    "column-dominates": lambda f, rng: f.assign(
        score=(np.where(f["y"] == "yes", 1.0, -1.0) + 0.9 * rng.normal(size=ROWS)).round(3), a=rng.normal(size=ROWS)
    ),
    "column-mostly-missing": lambda f, rng: f.assign(
        rare=np.where(rng.random(ROWS) < 0.02, 1.5 + rng.random(ROWS), np.nan)
    ),
    "missing-tells-target": lambda f, rng: f.assign(b=f["b"].where((f["y"] == "no") | (rng.random(ROWS) < 0.2))),
    "columns-equal": lambda f, rng: f.assign(again=f["a"]),
    "rows-repeated": lambda f, rng: pd.concat([f, f.sample(150, random_state=0)], ignore_index=True),
    "rows-conflict": conflicting,
    "rows-ordered": in_time,
    "rows-grouped": in_groups,
    "target-class-once": lambda f, rng: f.assign(y=[*f["y"][:-1], "maybe"]),
    "target-imbalanced": lambda f, rng: f.assign(y=np.where(np.arange(ROWS) % 60 == 0, "yes", "no")),
    "target-labels-alike": lambda f, rng: f.assign(y=f["y"].where((f["y"] == "no") | (rng.random(ROWS) < 0.8), "Yes.")),
    "target-outliers": lambda f, rng: f.assign(y=values(f, rng).where(np.arange(ROWS) != 7, 99999.0)),
    "target-capped": lambda f, rng: f.assign(y=values(f, rng).clip(upper=110.0)),
    "target-rounded": lambda f, rng: f.assign(y=(values(f, rng) / 10).round() * 10),
}


def brought(client: httpx.Client, code: str) -> str:
    rng = np.random.default_rng(3)
    table = SPOILS[code](base(rng), rng)
    answer = client.post("/api/data/tables", params={"name": f"{code}.csv"}, content=table.to_csv(index=False).encode())
    assert answer.status_code == 200, answer.text
    identity = str(answer.json()["id"])
    assert client.put(f"/api/data/tables/{identity}/target", json={"target": "y"}).status_code == 200
    return identity


def found(client: httpx.Client, table: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/data/tables/{table}/findings")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["findings"])


def say(client: httpx.Client, table: str, finding: dict[str, Any], choice: str | None) -> list[dict[str, Any]]:
    said = {name: finding[name] for name in ("code", "columns", "what")} | {"choice": choice}
    answer = client.post(f"/api/data/tables/{table}/decisions", json=said)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["findings"])


def test_a_table_that_provokes_it_is_here_for_every_finding_but_the_one_about_time() -> None:
    assert set(SPOILS) == set(MENDS) - {"checks-skipped"}


@pytest.mark.parametrize("code", SPOILS)
def test_fix_mends_what_was_found_and_ignore_leaves_it(code: str, client: httpx.Client) -> None:
    table = brought(client, code)
    before = client.get(f"/api/data/tables/{table}/rows").json()
    (finding,) = (f for f in found(client, table) if f["code"] == code and f["choice"] is None)

    after = say(client, table, finding, "fix")
    (decided,) = (f for f in after if f["choice"] == "fix")
    assert decided["code"] == code
    assert decided["outcome"] == MENDS[code].done
    assert not [f for f in after if f["code"] == code and f["choice"] is None]
    mend = MENDS[code]
    asked = client.get("/api/train/questions", params={"table": table}).json()
    columns = {c["name"]: c["role"] for c in client.get(f"/api/data/tables/{table}").json()["columns_told"]}
    rows = client.get(f"/api/data/tables/{table}/rows").json()
    if mend.effect == "leave-out":
        assert {columns[name] for name in finding["columns"]} == {"ignored"}
    elif mend.effect == "leave-out-others":
        assert [columns[name] for name in finding["columns"]] == ["feature", "ignored"]
    elif mend.effect in ("order", "group"):
        assert (asked["use"], asked["column"]) == (
            "later" if mend.effect == "order" else "groups",
            finding["columns"][0],
        )
    elif mend.effect == "metric":
        assert asked["matter"] == mend.value
    else:
        assert rows != before

    back = say(client, table, finding, None)
    assert [f["code"] for f in back if f["code"] == code and f["choice"] is None] == [code]
    assert client.get(f"/api/data/tables/{table}/rows").json() == before

    ignored = say(client, table, finding, "ignore")
    assert [f["outcome"] for f in ignored if f["choice"] == "ignore"] == [mend.ignored]
    columns = {c["name"]: c["role"] for c in client.get(f"/api/data/tables/{table}").json()["columns_told"]}
    assert all(columns[name] == "feature" for name in finding["columns"])
    assert client.get(f"/api/data/tables/{table}/rows").json() == before


def test_every_metric_that_a_mend_asks_for_is_among_those_that_can_matter() -> None:
    known = {matter.metric for matters in MATTERS.values() for matter in matters}
    assert {mend.value for mend in MENDS.values() if mend.effect == "metric"} <= known


def test_every_check_is_made_where_that_is_decided() -> None:
    note = {"target": "y", "decisions": [{"code": "checks-skipped", "columns": [], "what": "", "choice": "fix"}]}
    assert plan(note).thorough


def test_a_column_is_read_as_text_by_choice_here_in_the_run_and_in_a_graph(client: httpx.Client) -> None:
    rng = np.random.default_rng(0)
    frame = base(rng).assign(remark=rng.choice(["short", "long and dry", "none"], ROWS), size=rng.integers(0, 9, ROWS))
    table = client.post("/api/data/tables", params={"name": "text.csv"}, content=frame.to_csv(index=False).encode())
    place = f"/api/data/tables/{table.json()['id']}"
    for name in ("remark", "size"):
        found = client.put(f"{place}/columns", json={"name": name, "kind": "text", "role": None})
        assert found.status_code == 200, found.text
        column = next(one for one in found.json()["columns_told"] if one["name"] == name)
        assert (column["kind"], column["role"]) == ("text", "feature")
    client.put(f"{place}/target", json={"target": "y"})
    assert client.get(f"{place}/findings").status_code == 200
    begun = client.post("/api/train/runs", json={"table": table.json()["id"], "target": "y", "seconds": 5}).json()
    client.post(f"/api/train/runs/{begun['id']}/stop")
    asked = {"template": "first", "table": table.json()["id"], "target": "y", "run": None, "which": "best"}
    graph = client.post("/api/designer/graphs", json=asked).json()["graph"]
    (step,) = [node for node in graph["nodes"] if node["kind"] == "text"]
    assert step["settings"] == {"columns": ["remark", "size"]}
    taken = {edge["source"] for edge in graph["edges"] if edge["target"] != step["id"]}
    assert step["id"] in taken
    assert "load" not in taken
    undone = client.put(f"{place}/columns", json={"name": "size", "kind": None, "role": None}).json()
    assert next(one for one in undone["columns_told"] if one["name"] == "size")["kind"] == "numeric"


def test_text_is_told_to_the_run_by_name() -> None:
    found = plan({"target": "y", "kinds": {"remark": "text", "size": "categorical", "y": "text"}})
    assert found.text == ("remark",)
    assert dict(found.edits.kinds) == {"size": "categorical"}
