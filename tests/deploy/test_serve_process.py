"""The command for real: a process, a port, and bodies that no test client would send."""

import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hortus.cli import app as commands

JSON = {"content-type": "application/json"}
HORTUS = str(Path(sys.executable).with_name("hortus"))
PORT = "PORT"
Running = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], int]]]


@pytest.fixture(scope="module")
def served(hostile_run: Path, running: Running) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with running(HORTUS, "serve", str(hostile_run), "--port", PORT) as found:
        yield found


@pytest.fixture
def port(served: tuple[subprocess.Popen[str], int]) -> int:
    return served[1]


def ask(port: int, method: str, path: str, **options: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, **options)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def resident(process: int) -> float:
    """MB."""
    text = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", text)
    assert found
    return int(found[1]) / 1024


def test_one_connection_carries_many_requests(port: int, hostile_row: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(5):
        connection.request("POST", "/v1/predict", json.dumps({"rows": [hostile_row]}), JSON)
        answer = connection.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["predictions"][0]["value"] in ("late", "on time")
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    assert json.loads(answer.read()) == {"status": "ready"}
    assert answer.headers["server"] is None
    connection.close()


def test_a_body_of_100_mb_is_refused_and_never_held(served: tuple[subprocess.Popen[str], int]) -> None:
    process, port = served
    before = resident(process.pid)
    piece = b" " * 2**20
    for length in ({"content-length": str(100 * len(piece))}, {"transfer-encoding": "chunked"}):
        body = (piece for _ in range(100))
        chunked = "transfer-encoding" in length
        status, found = ask(port, "POST", "/v1/predict", body=body, headers={**JSON, **length}, encode_chunked=chunked)
        assert (status, found["code"]) == (413, "body-too-large")
    assert resident(process.pid) - before < 60
    assert ask(port, "GET", "/healthz")[0] == 200


def test_a_length_that_is_a_lie_ends_the_request_and_not_the_server(port: int) -> None:
    for length in ("-5", "1e3", "9" * 400):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
            head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            raw.sendall(f"{head}Content-Length: {length}\r\n\r\n{{}}".encode())
            raw.shutdown(socket.SHUT_WR)
            assert re.match(rb"HTTP/1.1 4\d\d ", raw.recv(100))
    assert ask(port, "GET", "/healthz")[0] == 200


@pytest.mark.parametrize("beside", ["head", "trailers"])
def test_what_never_ends_beside_a_body_ends_the_connection_and_is_not_held(
    served: tuple[subprocess.Popen[str], int], beside: str
) -> None:
    process, port = served
    before = resident(process.pid)
    head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    begin = {"head": "X: ", "trailers": "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: "}[beside]
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        raw.sendall(f"{head}{begin}".encode())
        with suppress(ConnectionError):
            while sent < 50:
                raw.sendall(b"x" * 2**20)
                sent += 1
    assert sent < 50
    assert resident(process.pid) - before < 20
    assert ask(port, "GET", "/healthz")[0] == 200


def test_another_name_for_this_machine_is_refused(port: int) -> None:
    status, found = ask(port, "GET", "/v1/schema", headers={"host": "evil.example"})
    assert (status, found["code"]) == (421, "host-unknown")


@pytest.mark.parametrize(
    ("options", "code", "mend"),
    [
        (["--host", "0.0.0.0"], "token-missing", "--token-file"),  # noqa: S104
        (["--host", "0.0.0.0", "--token-file", "token"], "token-file", "Write a token to it."),  # noqa: S104
        (["--token-file", "nowhere"], "token-file", "Check the path."),
        (["--token", "guess"], "token-weak", "openssl rand -hex 32"),
        ([], "bundle-missing", ""),
    ],
)
def test_what_cannot_be_served_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: str, mend: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("token").write_text("\n")
    done = CliRunner().invoke(commands, ["serve", "none.hortus", *options])
    assert done.exit_code == 2
    assert f"[{code}]" in done.output
    assert mend in done.output


def test_a_port_that_is_taken_is_said(port: int, hostile_run: Path) -> None:
    done = CliRunner().invoke(commands, ["serve", str(hostile_run), "--port", str(port)])
    assert done.exit_code == 2
    assert "[port-taken]" in done.output
