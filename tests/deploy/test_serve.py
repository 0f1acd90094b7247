"""The server, asked in every way that a client may get wrong."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from hortus.deploy.serve.app import Limits, make_app
from hortus.deploy.serve.door import check, is_loopback
from hortus.deploy.serve.page import TRY_ROWS
from hortus.deploy.serve.probing import Probed, probe
from hortus.deploy.serve.row_model import RowReader
from hortus.deploy.serve.server import bound, serve
from hortus.deploy.serve.waiting import MOST_WAITING, Waiting
from hortus.ensemble.predictor import Predictor
from hortus.ensemble.threshold import Threshold
from hortus.errors import SettingError

JSON = {"content-type": "application/json"}
TOKEN = "0123456789abcdef-token"  # noqa: S105
AGE, TOWN, DAY, SIZE, STORY = "age (years)", 'home "town" </script>', "model_config", "größe ☃ 中", "it's\\a story"


class Client:
    """Requests to an application in this process."""

    def __init__(self, app: Any, host: str = "localhost") -> None:
        self.app, self.host = app, host

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{self.host}") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def predict(self, *rows: Any, **options: Any) -> httpx.Response:
        # As Python writes JSON, NaN and all; httpx would refuse to.
        return self("POST", "/v1/predict", content=json.dumps({"rows": rows}), headers=JSON, **options)


@pytest.fixture(scope="module")
def client(hostile_model: Predictor) -> Client:
    return Client(make_app(hostile_model, hosts=("localhost",), limits=Limits(rows=200, bytes=100_000)))


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    (found,) = answer.json()["problems"]
    return dict(found)


def codes(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["predictions"]
    return {(warning["code"], warning["column"]) for warning in one["warnings"]}


def test_predictions_are_the_model_s(client: Client, hostile_model: Predictor, hostile_row: dict[str, Any]) -> None:
    rows = [hostile_row, {**hostile_row, "__private": -2.0}, dict.fromkeys(hostile_row)]
    answer = client.predict(*rows)
    assert answer.status_code == 200
    found = answer.json()
    assert found["target"] == "target"
    wanted = hostile_model.predict_proba(pd.DataFrame(rows))
    got = [[one["probabilities"][str(c)] for c in hostile_model.task.classes] for one in found["predictions"]]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
    assert [one["value"] for one in found["predictions"]] == list(hostile_model.predict(pd.DataFrame(rows)))
    assert found["predictions"][0]["warnings"] == []


def test_one_row_and_many_are_read_alike(client: Client, hostile_row: dict[str, Any]) -> None:
    rows = [{**hostile_row, "schema": value} for value in ("5", 5, 5.0, True, 1, "1", None, "", " a ", "N/A")] * 10
    many = client.predict(*rows).json()["predictions"]
    assert [client.predict(row).json()["predictions"][0] for row in rows[:10]] == many[:10]


def test_half_a_character_is_no_fault(client: Client, hostile_row: dict[str, Any]) -> None:
    for column in (TOWN, STORY, "class", DAY):
        answer = client.predict({**hostile_row, column: "\ud800"})
        assert answer.status_code in (200, 422), answer.text


def test_no_rows_are_no_error(client: Client) -> None:
    assert client.predict().json() == {"target": "target", "predictions": [], "warnings": []}


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (AGE, "thirty", "cell-type"),
        (AGE, "30", "cell-type"),
        (AGE, True, "cell-type"),
        (AGE, [30], "cell-type"),
        (AGE, {"a": 1}, "cell-type"),
        (AGE, 10**400, "cell-type"),
        (AGE, float("nan"), "cell-not-finite"),
        (AGE, float("inf"), "cell-not-finite"),
        (AGE, -float("inf"), "cell-not-finite"),
        (TOWN, float("nan"), "cell-not-finite"),
        (TOWN, ["Kyōto"], "cell-type"),
        ("class", "maybe", "cell-type"),
        ("class", 2, "cell-type"),
        (DAY, "2020-13-01", "cell-type"),
        (DAY, 20200101, "cell-type"),
        (STORY, 5, "cell-type"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(
    client: Client, hostile_row: dict[str, Any], column: str, value: Any, code: str
) -> None:
    found = problem(client.predict(hostile_row, {**hostile_row, column: value}))
    assert (found["code"], found["column"], found["row"]) == (code, column, 1)
    assert all(found[key] for key in ("came", "wanted", "mend"))
    assert len(found["came"]) <= 60


def test_a_number_beyond_64_bits_is_none(client: Client, hostile_row: dict[str, Any]) -> None:
    body = json.dumps({"rows": [{**hostile_row, AGE: 12345}]}).replace("12345", "1e999")
    assert problem(client("POST", "/v1/predict", content=body, headers=JSON))["code"] == "cell-not-finite"


def test_a_missing_column_is_named_with_the_nearest_that_came(client: Client, hostile_row: dict[str, Any]) -> None:
    hostile_row["Age (years)"] = hostile_row.pop(AGE)
    found = problem(client.predict(hostile_row))
    assert (found["code"], found["column"], found["came"]) == ("column-missing", AGE, "nothing")
    assert "'Age (years)'" in found["mend"]


def test_a_row_that_is_no_object_is_named(client: Client, hostile_row: dict[str, Any]) -> None:
    for row in (None, 1, "a", [1]):
        found = problem(client.predict(hostile_row, row))
        assert (found["code"], found["row"], found["column"]) == ("row-type", 1, None)


def test_at_most_twenty_problems_are_listed(client: Client) -> None:
    answer = client.predict(*[{} for _ in range(100)])
    assert len(answer.json()["problems"]) == 20
    assert answer.json()["code"] == "column-missing"


def test_extra_columns_are_warned_of_once_and_known_ones_are_not(client: Client, hostile_row: dict[str, Any]) -> None:
    row = {**hostile_row, "row id": 7, "target": "late", "<img src=x>": 1, "\ud800": 2}
    found = client.predict(row, row).json()
    assert [(w["code"], w["column"]) for w in found["warnings"]] == [
        ("column-extra", "<img src=x>"),
        ("column-extra", "\ud800"),
    ]


def test_values_outside_the_training_table_are_warned_of(client: Client, hostile_row: dict[str, Any]) -> None:
    assert codes(client.predict({**hostile_row, AGE: 134})) == {("above-range", AGE)}
    assert codes(client.predict({**hostile_row, AGE: 1, TOWN: "Oslo"})) == {
        ("below-range", AGE),
        ("category-unseen", TOWN),
    }
    assert codes(client.predict({**hostile_row, DAY: "1999-01-01"})) == {("below-range", DAY)}
    assert codes(client.predict({**hostile_row, AGE: None, SIZE: None})) == {("null-unseen", SIZE)}


def test_without_ranges_nothing_is_warned_of(hostile_model: Predictor, hostile_row: dict[str, Any]) -> None:
    facts = {name: value for name, value in hostile_model.facts.items() if name != "ranges"}
    app = Client(make_app(replace(hostile_model, facts=facts)))
    assert codes(app.predict({**hostile_row, AGE: 134, TOWN: "Oslo"})) == set()
    (age, *_) = app("GET", "/v1/schema").json()["columns"]
    assert (age["low"], age["typical"], age["categories"]) == (None, None, [])


@pytest.mark.parametrize(
    "ranges",
    [
        5,
        [1],
        {AGE: 5},
        {AGE: {"low": "x", "high": [1], "missing": 3, "typical": {}}},
        {AGE: {"low": "2020-99-01T00:00:00", "typical": "2020-01-01T00:00:00"}},
    ],
)
def test_ranges_that_are_none_are_as_if_not_there(
    hostile_model: Predictor, hostile_row: dict[str, Any], ranges: Any
) -> None:
    facts = {**hostile_model.facts, "ranges": ranges, "score": float("nan")}
    app = Client(make_app(replace(hostile_model, facts=facts)))
    assert codes(app.predict({**hostile_row, AGE: 134})) == set()
    found = app("GET", "/v1/schema").json()
    assert (found["columns"][0]["low"], found["score"]) == (None, None)


@pytest.mark.parametrize(
    "known", [{"low": "2020-01-01T00:00:00", "high": "2021-01-01T00:00:00"}, {"low": 1, "high": "x"}]
)
def test_ranges_of_another_kind_of_column_are_as_if_not_there(
    hostile_model: Predictor, hostile_row: dict[str, Any], known: Any
) -> None:
    facts = {**hostile_model.facts, "ranges": {AGE: known, DAY: {"low": 1.0, "high": 2.0}, TOWN: {"complete": True}}}
    assert codes(Client(make_app(replace(hostile_model, facts=facts))).predict(hostile_row)) == set()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "json-malformed"),
        (b"{", 400, "json-malformed"),
        (b"\xff\xfe", 400, "json-encoding"),
        (b"\xef\xbb\xbf{}", 400, "json-malformed"),
        (b"[" * 50_000, 400, "json-nested"),
        (b'{"rows":' * 9_000, 400, "json-nested"),
        (b'{"rows": [1' + b"0" * 5_000 + b"]}", 400, "json-number"),
        (b'{"rows": [], "rows": []}', 400, "json-repeated-name"),
        (b'{"rows": [{"a": 1, "a": 2}]}', 400, "json-repeated-name"),
        (b"[]", 422, "request-shape"),
        (b"null", 422, "request-shape"),
        (b'{"rows": {}}', 422, "request-shape"),
        (b'{"rows": [], "more": 1}', 422, "request-name"),
        (b'{"rows": [' + b"{}," * 200 + b"{}]}", 413, "rows-too-many"),
        (b" " * 100_001, 413, "body-too-large"),
    ],
)
def test_a_body_that_is_none(client: Client, body: bytes, status: int, code: str) -> None:
    answer = client("POST", "/v1/predict", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["what"]
    assert answer.json()["mend"]


def test_a_cell_as_deep_as_json_can_be_read_is_no_fault(client: Client, hostile_row: dict[str, Any]) -> None:
    for depth in range(100, 1_000, 50):
        body = json.dumps({"rows": [{**hostile_row, AGE: 12345}]}).replace("12345", "[" * depth + "]" * depth)
        answer = client("POST", "/v1/predict", content=body, headers=JSON)
        assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_another_content_type_is_refused(client: Client, headers: dict[str, str]) -> None:
    answer = client("POST", "/v1/predict", content=b'{"rows": []}', headers=headers)
    assert answer.status_code == 415
    assert answer.json()["code"].startswith("content-")


def test_a_charset_and_capitals_are_no_other_type(client: Client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert client("POST", "/v1/predict", content=b'{"rows": []}', headers=headers).status_code == 200


def test_a_chunked_body_is_dropped_as_soon_as_it_is_too_large(client: Client) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 50_000

    answer = client("POST", "/v1/predict", content=chunks(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert answer.headers["connection"] == "close"
    assert sent == 100  # read to its end, and thrown away: else the client would not come to read the answer


def test_a_body_that_does_not_come_is_given_up(hostile_model: Predictor) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    app = Client(make_app(hostile_model, limits=Limits(seconds=0.05)))
    answer = app("POST", "/v1/predict", content=never(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (408, "body-slow")


def test_whatever_is_not_there_is_said_in_json(client: Client) -> None:
    assert client("GET", "/docs").json()["code"] == "not-found"
    answer = client("GET", "/v1/predict")
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method", "POST")


def test_no_other_origin_is_let_in(client: Client) -> None:
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = client("OPTIONS", "/v1/predict", headers=headers)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", ""])
def test_a_request_to_another_name_is_refused(hostile_model: Predictor, host: str) -> None:
    app = Client(make_app(hostile_model, hosts=("127.0.0.1", "localhost", "[::1]")))
    answer = app("GET", "/", headers={"host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host-unknown")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "LOCALHOST", "[::1]:8000", "localhost:1"])
def test_a_request_to_this_machine_is_taken(hostile_model: Predictor, host: str) -> None:
    app = Client(make_app(hostile_model, hosts=("127.0.0.1", "localhost", "[::1]")))
    assert app("GET", "/healthz", headers={"host": host}).status_code == 200


def test_a_token_is_asked_for_where_the_model_speaks(hostile_model: Predictor) -> None:
    app = Client(make_app(hostile_model, token=TOKEN))
    for path in ("/", "/healthz", "/readyz"):
        assert app("GET", path).status_code == 200
    for path in ("/v1/schema", "/openapi.json", "/nothing"):
        for given in (None, TOKEN, f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", "Bearer ÿ".encode("latin-1")):
            answer = app("GET", path, headers={} if given is None else {"authorization": given})  # type: ignore[dict-item]
            assert (answer.status_code, answer.json()["code"]) == (401, "token")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert app("GET", "/v1/schema", headers={"authorization": f"bearer {TOKEN}"}).status_code == 200
    described = app("GET", "/openapi.json", headers={"authorization": f"Bearer {TOKEN}"}).json()
    assert described["paths"]["/v1/predict"]["post"]["security"] == [{"token": []}]


def test_another_address_asks_for_a_good_token() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""):  # noqa: S104
        assert not is_loopback(host)
        with pytest.raises(SettingError, match="HORTUS_TOKEN"):
            check(host, None)
        check(host, TOKEN)
    for host in ("127.0.0.1", "127.0.0.53", "localhost", "::1"):
        check(host, None)
    for weak in ("short", "x" * 15, "with a space in it", "schlüssel-schlüssel"):
        with pytest.raises(SettingError, match="token"):
            check("127.0.0.1", weak)


def test_nothing_is_bound_before_that_is_checked(tmp_path: Any) -> None:
    with pytest.raises(SettingError, match="other machines"):
        serve(tmp_path / "missing.hortus", host="0.0.0.0")  # noqa: S104


def test_answers_are_sent_without_delay() -> None:
    # asyncio looks at the protocol, which a socket made in passing does not have, and would wait for 40 ms.
    with bound("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_the_page_has_nothing_from_outside_and_sets_text_as_text_alone(client: Client) -> None:
    answer = client("GET", "/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy == TRY_ROWS.policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", TRY_ROWS.html)
    assert not re.findall(r"(?:src|href)=\"(?!data:)", TRY_ROWS.html)
    # An attribute would be neither the script nor the style that the policy lets in.
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", TRY_ROWS.html)
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert unsafe not in TRY_ROWS.html
    assert "prefers-color-scheme: dark" in TRY_ROWS.html


def test_the_schema_has_what_a_form_needs(client: Client, hostile_model: Predictor) -> None:
    found = client("GET", "/v1/schema").json()
    columns = {column["name"]: column for column in found["columns"]}
    assert tuple(columns) == hostile_model.schema.names
    assert (found["target"], found["task"], found["classes"]) == ("target", "binary", ["late", "on time"])
    assert found["ignored"] == ["row id"]
    assert columns[AGE]["low"] >= 18
    assert columns[TOWN]["typical"] in columns[TOWN]["categories"]
    assert columns[TOWN]["complete"]
    assert set(columns[TOWN]["categories"]) == {"Kyōto", "=1+1", "<b>x</b>"}
    assert {column["kind"] for column in columns.values()} == {"numeric", "categorical", "boolean", "date", "text"}
    assert found["versions"]["hortus"]


def test_openapi_shows_the_names_as_the_user_knows_them(client: Client, hostile_row: dict[str, Any]) -> None:
    described = client("GET", "/openapi.json").json()
    row = described["components"]["schemas"]["Row"]
    assert set(row["properties"]) == set(hostile_row) == set(row["required"])
    assert described["components"]["schemas"]["PredictRequest"]["properties"]["rows"]["maxItems"] == 200


def test_every_header_that_keeps_a_browser_careful_is_there(client: Client) -> None:
    for path in ("/", "/v1/schema", "/nothing"):
        headers = client("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


class Fussy(Predictor):
    """A model that falls over a missing size and over towns it has not seen, as a pipeline by hand may."""

    def raw_arrays(self, arrays: Sequence[Any], rows: int) -> Any:
        canonical = pd.DataFrame(dict(zip(self.schema.names, arrays, strict=True)))
        if canonical[SIZE].isna().any() or not set(canonical[TOWN].dropna()) <= {"Kyōto", "=1+1", "<b>x</b>"}:
            raise ValueError("fussy")
        if (canonical[AGE] == 66).any():
            raise RuntimeError("66")
        found = super().raw_arrays(arrays, rows)
        found[(canonical[AGE] == 77).to_numpy()] = np.nan
        return found


@pytest.fixture(scope="module")
def fussy(hostile_model: Predictor) -> Predictor:
    made: Predictor = Fussy(**{name: getattr(hostile_model, name) for name in hostile_model.__dataclass_fields__})
    return made


def test_what_the_model_cannot_take_is_found_by_trying(hostile_model: Predictor, fussy: Predictor) -> None:
    assert probe(hostile_model) == Probed()
    assert probe(fussy) == Probed(null=(SIZE,), unseen=(TOWN,))


def test_what_the_model_cannot_take_is_refused_by_the_schema(fussy: Predictor, hostile_row: dict[str, Any]) -> None:
    app = Client(make_app(fussy))
    assert problem(app.predict({**hostile_row, SIZE: None}))["code"] == "cell-null"
    assert problem(app.predict({**hostile_row, TOWN: "Oslo"}))["code"] == "category-unseen"
    assert codes(app.predict(hostile_row)) == set()
    row = app("GET", "/openapi.json").json()["components"]["schemas"]["Row"]["properties"]
    assert "null" not in json.dumps(row[SIZE])
    assert {"enum": ["<b>x</b>", "=1+1", "Kyōto"]} in row[TOWN]["anyOf"]
    columns = {column["name"]: column["null"] for column in app("GET", "/v1/schema").json()["columns"]}
    assert not columns[SIZE]
    assert columns[AGE]


def test_values_that_the_model_falls_over_are_no_fault_of_the_server(
    fussy: Predictor, hostile_row: dict[str, Any]
) -> None:
    app = Client(make_app(fussy))
    found = problem(app.predict(hostile_row, {**hostile_row, AGE: 66}))
    assert (found["code"], found["row"]) == ("row-unpredictable", 1)
    answer = app.predict({**hostile_row, AGE: 77})
    assert codes(answer) == {("prediction-not-finite", None)}
    assert answer.json()["predictions"][0]["value"] is None


def test_a_refused_cell_of_every_kind_where_null_is_refused(hostile_model: Predictor) -> None:
    reader = RowReader(hostile_model.schema, Probed(null=hostile_model.schema.names), {})
    _, problems = reader.read([dict.fromkeys(hostile_model.schema.names)])
    assert [p.code for p in problems] == ["cell-null"] * len(hostile_model.schema.names)
    assert not any("null" in p.wanted for p in problems)


def test_too_many_at_once_are_told_to_come_again(
    hostile_model: Predictor, hostile_row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Client(make_app(hostile_model))
    full: Callable[[Waiting], bool] = lambda _waiting: True  # noqa: E731
    monkeypatch.setattr(Waiting, "full", property(full))
    assert app("GET", "/readyz").status_code == 503
    assert app("GET", "/healthz").status_code == 200
    answer = app.predict(hostile_row)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")


def test_what_is_short_and_alone_is_done_at_once_and_all_else_in_threads() -> None:
    waiting, loop = Waiting(), threading.get_ident()

    async def turns(*short: bool) -> list[int]:
        return await asyncio.gather(*(waiting.turn(threading.get_ident, short=one) for one in short))

    assert asyncio.run(turns(True)) == [loop]
    assert loop not in asyncio.run(turns(False))
    assert loop not in asyncio.run(turns(True, False, True))


def test_many_at_once_do_not_mix_their_rows(hostile_model: Predictor, hostile_row: dict[str, Any]) -> None:
    app = make_app(hostile_model)
    rows = [{**hostile_row, "__private": i / 10, f"extra {i}": 1} for i in range(MOST_WAITING // 2)]

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await asyncio.gather(*(client.post("/v1/predict", json={"rows": [row]}) for row in rows))

    answers = [answer.json() for answer in asyncio.run(all_at_once())]
    wanted = hostile_model.predict_proba(pd.DataFrame(rows)[list(hostile_row)])[:, 0]
    got = [answer["predictions"][0]["probabilities"]["late"] for answer in answers]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
    assert [answer["warnings"][0]["column"] for answer in answers] == [f"extra {i}" for i in range(len(rows))]


def test_a_tuned_threshold_decides_what_is_served(hostile_model: Predictor, hostile_row: dict[str, Any]) -> None:
    second = hostile_model.task.classes[1]
    always = replace(hostile_model, threshold=Threshold("f1", 0.0, None, 0.5, 0.5, 0.1))
    never = replace(hostile_model, threshold=Threshold("f1", 1.0, None, 0.5, 0.5, 0.1))
    said = [
        Client(make_app(model, hosts=("localhost",))).predict(hostile_row).json()["predictions"][0]["value"]
        for model in (always, never)
    ]
    assert said == [second, hostile_model.task.classes[0]]
