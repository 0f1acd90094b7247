"""Requests made up from the description of the studio's interface, honest and otherwise: none makes it fail."""

import re
from collections import Counter
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode

from hortus.studio.app import make_api

DESCRIBED = schemathesis.openapi.from_dict(make_api().openapi())
OPERATIONS = sorted(operation.ok().label for operation in DESCRIBED.get_all_operations())
# A run's events are a stream: of a run that is at work it has no end.
STREAMS = ("/events",)


@pytest.mark.parametrize("label", [label for label in OPERATIONS if not label.endswith(STREAMS)])
def test_no_request_makes_the_studio_fail(label: str, served: Any, long: bool) -> None:
    method, _, path = label.partition(" ")
    answers: Counter[int] = Counter()
    cookies = {f"hortus-{served.port}": (served.home / "secret").read_text()}

    @settings(
        max_examples=50 if long else 5,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=DESCRIBED[path][method].as_strategy(generation_mode=GenerationMode.POSITIVE)
        | DESCRIBED[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    def ask(case: Any) -> None:
        answer = case.call(base_url=served.base, headers={"X-Hortus": "1"}, cookies=cookies, timeout=60)
        case.validate_response(answer, checks=[not_a_server_error])
        answers[answer.status_code] += 1

    ask()
    assert answers.total() > 0
    assert not {status for status in answers if status >= 500}


def test_every_operation_is_refused_without_the_cookie(served: Any, figure: Any) -> None:
    for label in OPERATIONS:
        method, _, path = label.partition(" ")
        asked = served.base + re.sub(r"{\w+}", "x", path)
        answer = httpx.request(method, asked, headers={"X-Hortus": "1"}, timeout=60)
        assert answer.status_code == 401, label
    figure("operations of the studio, each refused without its cookie", len(OPERATIONS))


def test_the_operations_of_data_and_train_are_all_described() -> None:
    assert {label for label in OPERATIONS if "/api/data/" in label or "/api/train/" in label} == {
        "DELETE /api/data/tables/{table}",
        "GET /api/data/samples",
        "GET /api/data/tables",
        "GET /api/data/tables/{table}",
        "GET /api/data/tables/{table}/findings",
        "GET /api/data/tables/{table}/pictures/{number}",
        "GET /api/data/tables/{table}/rows",
        "GET /api/train/questions",
        "GET /api/train/runs",
        "GET /api/train/runs/{run}",
        "GET /api/train/runs/{run}/board",
        "GET /api/train/runs/{run}/events",
        "POST /api/data/samples/{name}",
        "POST /api/data/tables",
        "POST /api/data/tables/{table}/decisions",
        "POST /api/train/runs",
        "POST /api/train/runs/{run}/resume",
        "POST /api/train/runs/{run}/stop",
        "PUT /api/data/tables/{table}/columns",
        "PUT /api/data/tables/{table}/target",
    }
