"""A server counts what it does, and tells it."""

import asyncio
from typing import Any

import httpx
import pytest

from hortus.deploy.serve.app import make_app
from hortus.deploy.serve.counters import Counters
from hortus.ensemble.predictor import Predictor


def asked(app: Any, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.request(method, path, json=body) for method, path, body in requests]

    return asyncio.run(send())


def test_requests_rows_refusals_and_values_out_of_range_are_counted(
    hostile_model: Predictor, hostile_row: dict[str, Any]
) -> None:
    odd = {**hostile_row, "age (years)": 400}
    *_, found = asked(
        make_app(hostile_model),
        ("POST", "/v1/predict", {"rows": [hostile_row, odd]}),
        ("POST", "/v1/predict", {"rows": [odd]}),
        ("POST", "/v1/predict", {"rows": [{}]}),
        ("GET", "/v1/counters", None),
    )
    said = found.json()
    assert (said["requests"], said["rows"], said["refused"]) == (3, 3, 1)
    assert said["outside"] == {"age (years)": 2}
    assert len(said["last_ms"]) == 2
    assert 0 < said["median_ms"] <= said["slow_ms"]


def test_before_the_first_request_there_is_nothing_to_tell(hostile_model: Predictor) -> None:
    (found,) = asked(make_app(hostile_model), ("GET", "/v1/counters", None))
    said = found.json()
    assert said["median_ms"] is None
    assert said["outside"] == {}


def test_the_counters_ask_for_the_token(hostile_model: Predictor) -> None:
    (found,) = asked(make_app(hostile_model, token="0123456789abcdef"), ("GET", "/v1/counters", None))  # noqa: S106
    assert found.status_code == 401


@pytest.mark.parametrize(("times", "median", "slow"), [([0.001], 1, 1), ([0.001] * 18 + [0.1, 0.2], 1, 100)])
def test_quantiles_are_of_the_times_that_were_taken(times: list[float], median: float, slow: float) -> None:
    counters = Counters()
    for seconds in times:
        counters.answered(seconds, [])
    found = counters.reply()
    assert found.median_ms == pytest.approx(median)
    assert found.slow_ms == pytest.approx(slow)
