"""What OpenAPI says is what is done: requests made up from it, honest and otherwise, get answers that it names."""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hortus.deploy.serve.app import make_app
from hortus.ensemble.predictor import Predictor


@pytest.fixture(scope="module")
def described(hostile_model: Predictor) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(hostile_model))


def test_every_path_is_described(described: Any) -> None:
    found = {operation.ok().label for operation in described.get_all_operations()}
    assert found == {"POST /v1/predict", "GET /v1/schema", "GET /v1/counters", "GET /healthz", "GET /readyz"}


HONEST, OTHERWISE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@pytest.mark.parametrize(
    ("method", "path", "mode", "times"),
    [
        ("POST", "/v1/predict", HONEST, 60),
        ("POST", "/v1/predict", OTHERWISE, 60),
        # Nothing is sent to the others that could be otherwise.
        ("GET", "/v1/schema", HONEST, 3),
        ("GET", "/v1/counters", HONEST, 3),
        ("GET", "/healthz", HONEST, 3),
        ("GET", "/readyz", HONEST, 3),
    ],
)
def test_every_answer_is_one_that_is_described(
    described: Any, method: str, path: str, mode: GenerationMode, times: int
) -> None:
    answers: Counter[int] = Counter()

    @settings(
        max_examples=times, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        # A date whose offset leads out of all calendars is a date to JSON schema.
        answers[case.call_and_validate(excluded_checks=[positive_data_acceptance]).status_code] += 1

    ask()
    # That something was tried at all: most of the honest are taken, and none of the others is.
    assert (answers[200] > 0.7 * answers.total()) == (mode == HONEST)
    assert answers[200] == 0 or mode == HONEST
    assert set(answers) <= {200, 400, 413, 415, 422}
