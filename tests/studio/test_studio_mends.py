"""Every kind of finding that can be provoked: Fix mends it, Ignore leaves it, and both can be taken back."""

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from hortus.studio.choices import MATTERS
from hortus.studio.mends import MENDS, plan

# Every finding but the one about time, of which no table is the cause.
PROVOKED = sorted(set(MENDS) - {"checks-skipped"})


def found(client: httpx.Client, table: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/data/tables/{table}/findings")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["findings"])


def say(client: httpx.Client, table: str, finding: dict[str, Any], choice: str | None) -> list[dict[str, Any]]:
    said = {name: finding[name] for name in ("code", "columns", "what")} | {"choice": choice}
    answer = client.post(f"/api/data/tables/{table}/decisions", json=said)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["findings"])


@pytest.mark.parametrize("code", PROVOKED)
def test_fix_mends_what_was_found_and_ignore_leaves_it(
    code: str, client: httpx.Client, spoilt: Callable[[str], str]
) -> None:
    table = spoilt(code)
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
    frame = pd.DataFrame({"a": rng.normal(size=420), "y": rng.choice(["yes", "no"], 420)})
    frame = frame.assign(remark=rng.choice(["short", "long and dry", "none"], 420), size=rng.integers(0, 9, 420))
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
