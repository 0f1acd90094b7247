"""What is asked of a cluster before anything is sent to it, with doors that open to anybody, to some, or to nobody."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hortus.engine.executors.cluster import address_of, connect
from hortus.errors import RunError, SettingError

grpc = pytest.importorskip("grpc")
pytest.importorskip("ray")

TOKEN = "t" * 64


@pytest.fixture
def door(monkeypatch):
    """A head's client port that knows one token; without one it lets anybody in."""
    from ray.core.generated import ray_client_pb2, ray_client_pb2_grpc

    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS", "RAY_USE_TLS"):
        monkeypatch.delenv(name, raising=False)
    opened = []

    def open_door(token):
        class Head(ray_client_pb2_grpc.RayletDriverServicer):
            def ClusterInfo(self, request, context):  # noqa: N802
                if token and ("authorization", f"Bearer {token}") not in context.invocation_metadata():
                    context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid or missing authentication token")
                return ray_client_pb2.ClusterInfoResponse(type=request.type, json="{}")

        server = grpc.server(ThreadPoolExecutor(2))
        ray_client_pb2_grpc.add_RayletDriverServicer_to_server(Head(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        opened.append(server)
        return f"ray://127.0.0.1:{port}"

    yield open_door
    for server in opened:
        server.stop(0).wait()


def refused(url):
    begin = time.monotonic()
    with pytest.raises(RunError) as caught:
        connect(url)
    assert time.monotonic() - begin < 6
    return caught.value


def test_a_cluster_that_lets_anybody_in_is_refused(door, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    error = refused(door(""))
    assert error.code == "cluster-without-token"
    assert "RAY_AUTH_MODE=token" in error.mend
    # Also to one who holds a token: it is the cluster that lacks one.
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    assert refused(door("")).code == "cluster-without-token"


def test_a_caller_without_a_token_is_told_so(door, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert refused(door(TOKEN)).code == "cluster-token-missing"
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    assert refused(door(TOKEN)).code == "cluster-token-missing"


def test_a_wrong_token_is_told_at_once(door, monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    file = tmp_path / "token"
    file.write_text("x" * 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(file))
    assert refused(door(TOKEN)).code == "cluster-token-wrong"


def test_nobody_at_the_address(monkeypatch):
    monkeypatch.delenv("RAY_USE_TLS", raising=False)
    assert refused("ray://127.0.0.1:9").code == "cluster-unreachable"


@pytest.mark.parametrize(
    "wrong", ["head:10001", "ray://head", "ray://:10001", "http://head:10001", "ray://head:port", ""]
)
def test_an_address_that_is_none(wrong):
    with pytest.raises(SettingError) as caught:
        address_of(wrong, {})
    assert caught.value.code == "cluster-address"
    assert "ray://HOST:PORT" in caught.value.mend


def test_the_address_of_the_environment():
    assert address_of(None, {"RAY_ADDRESS": "ray://[::1]:10001"}) == "[::1]:10001"
