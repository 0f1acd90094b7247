"""Who may come in: everything that a page of somebody else's, or somebody beside the user, could try."""

import http.client
import re
import socket
from typing import Any

import httpx
import pytest

# What conftest.py's fixtures give.
Served = Any
TABLES = "/api/data/tables"


def ask(served: Served, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A request with exactly these headers; the cookie and the studio's header are there unless taken away."""
    own = {"Cookie": f"hortus-{served.port}={(served.home / 'secret').read_text()}", "X-Hortus": "1"}
    asked = own | {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in asked.items() if value}
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_the_printed_address_is_good_once_and_leaves_a_cookie_that_no_script_reads(own_server: Served) -> None:
    first = httpx.get(own_server.address)
    assert first.status_code == 303
    assert first.headers["location"] == "/"
    cookie = first.headers["set-cookie"].lower()
    assert cookie.startswith(f"hortus-{own_server.port}=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    again = httpx.get(own_server.address)
    assert again.status_code == 401
    assert "hortus studio" in again.text


def test_secrets_are_for_their_owner_alone(served: Served) -> None:
    assert (served.home / "secret").stat().st_mode & 0o077 == 0
    assert (served.home / "tokens").stat().st_mode & 0o077 == 0
    assert served.home.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("path", ["/", TABLES, "/api/train/runs", "/train/0123456789ab"])
def test_nothing_is_told_without_the_cookie(served: Served, path: str) -> None:
    for cookie in ("", f"hortus-{served.port}=", f"hortus-{served.port}=guess", "hortus-1=x", "a=b; =; ;;"):
        assert ask(served, "GET", path, Cookie=cookie)[0] == 401


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "[::1]x:{port}", "0.0.0.0:{port}"],
)
def test_another_host_is_refused(served: Served, host: str) -> None:
    assert ask(served, "GET", TABLES, Host=host.format(port=served.port))[0] == 421


def test_the_own_names_are_let_in(served: Served) -> None:
    for host in (f"localhost:{served.port}", f"127.0.0.1:{served.port}"):
        assert ask(served, "GET", TABLES, Host=host)[0] == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example", "https://127.0.0.1:{port}"],
)
def test_another_origin_is_refused_with_the_cookie_too(served: Served, origin: str) -> None:
    origin = origin.format(port=served.port)
    assert ask(served, "POST", "/api/data/samples/tumours.csv", Origin=origin)[0] == 403
    assert ask(served, "GET", TABLES, Origin=origin)[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused(served: Served, site: str) -> None:
    assert ask(served, "GET", TABLES, Sec_Fetch_Site=site)[0] == 403
    assert ask(served, "POST", "/api/data/samples/tumours.csv", Sec_Fetch_Site=site)[0] == 403
    assert ask(served, "GET", "/api/train/runs/0123456789ab/events", Sec_Fetch_Site=site)[0] == 403


def test_a_form_of_another_page_cannot_write(served: Served) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert ask(served, "POST", "/api/data/samples/tumours.csv", "a=b", X_Hortus="", **form)[0] == 403
    assert ask(served, "POST", "/api/data/samples/tumours.csv", "a=b", X_Hortus="0", **form)[0] == 403


def test_a_token_in_the_address_of_a_write_opens_nothing(own_server: Served) -> None:
    query = own_server.address.partition("?")[2]
    assert ask(own_server, "POST", f"/api/data/samples/tumours.csv?{query}", Cookie="")[0] == 401
    assert ask(own_server, "GET", f"{TABLES}?{query}", Cookie="")[0] == 401
    # It was not used up by that.
    assert httpx.get(own_server.address).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../secret",
        "/assets/..%2f..%2fsecret",
        "/assets/%2e%2e/secret",
        "/api/data/tables/..%2f..%2fsecret",
        "/api/data/tables/../../secret",
        "/api/data/tables/%2e%2e",
        "/api/train/runs/..%2f..%2f..%2fetc%2fpasswd/board",
        "/api/data/tables/0123456789ab%00",
    ],
)
def test_no_path_leads_out(served: Served, path: str) -> None:
    status, _, body = ask(served, "GET", path)
    assert status in (200, 404, 405, 422)
    assert (served.home / "secret").read_bytes() not in body
    assert b"root:" not in body
    if status == 200:
        # An address of no screen is the page, which sends its reader to the first one.
        assert b"<title>Hortus Studio</title>" in body


def test_a_body_that_says_it_is_too_large_is_not_read(served: Served) -> None:
    status, _, body = ask(served, "POST", "/api/train/runs", None, Content_Length=str(2**40))
    assert status == 413
    assert b"too-large" in body
    assert ask(served, "POST", TABLES, None, Content_Length=str(2**40))[0] == 413
    assert ask(served, "POST", "/api/train/runs", None, Content_Length="many")[0] in (400, 413)


def test_a_body_that_only_grows_too_large_is_cut_off(served: Served) -> None:
    head = (
        f"POST /api/train/runs HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        "X-Hortus: 1\r\nTransfer-Encoding: chunked\r\n"
        f"Cookie: hortus-{served.port}={(served.home / 'secret').read_text()}\r\nContent-Type: application/json\r\n\r\n"
    )
    block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
        line.sendall(head.encode())
        sent = 0
        try:
            for _ in range(400):
                line.sendall(block)
                sent += 0x10000
        except OSError:
            pass
        answer = b""
        try:
            answer = line.recv(4096)
        except ConnectionError:
            # It hung up with our bytes unread, which is an answer too.
            answer = b"HTTP/1.1 413"
    assert answer.startswith(b"HTTP/1.1 413")


def test_pages_may_load_nothing_from_elsewhere_and_run_no_text(served: Served) -> None:
    _, headers, body = ask(served, "GET", "/")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"script-src 'self'(;|$)", policy)
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert b"http://" not in body.replace(b"http://www.w3.org", b"")
    assert b"https://" not in body
    # A read of somebody else's must not come from a cache, nor across origins.
    _, headers, _ = ask(served, "GET", TABLES)
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_the_description_and_its_pages_are_not_served(served: Served) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert b"<title>Hortus Studio</title>" in ask(served, "GET", path)[2]


def test_an_address_that_others_reach_needs_a_word_for_it(tmp_path: Any) -> None:
    from hortus.errors import SettingError
    from hortus.studio.server import serve

    with pytest.raises(SettingError, match="other machines"):
        serve(tmp_path, host="192.0.2.1", browser=False)
    assert list(tmp_path.iterdir()) == []


def test_a_second_studio_of_the_same_folder_names_the_first(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    from hortus.studio.server import serve

    serve(served.home, browser=False)
    address = re.search(r"http://\S+", capsys.readouterr().out)
    assert address
    assert httpx.get(address[0]).status_code == 303
