"""The code that is shown works as it is pasted, whatever a table's columns are called."""

import json
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hortus.deploy.snippets import snippets

ROW = {'it\'s "a" \\ name': 1.5, "größe ☃": None, "b`$(x)": True, "c": "</script>\n=1+1"}


class Echo(BaseHTTPRequestHandler):
    received: list[Any] = []

    def do_POST(self) -> None:
        self.received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        body = json.dumps({"predictions": [{"value": "late"}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address() -> Any:
    Echo.received.clear()
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_python_sends_the_row_and_prints_the_answer(address: str, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(snippets(address, "target", ROW)[1].code, encoding="utf-8")
    said = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "{'value': 'late'}"
    assert Echo.received == [{"rows": [ROW]}]


def test_a_shell_hands_curl_the_row_as_it_is() -> None:
    words = shlex.split(snippets("http://127.0.0.1:1", "target", ROW)[0].code.replace("\\\n", ""))
    assert words[:2] == ["curl", "http://127.0.0.1:1/v1/predict"]
    assert json.loads(words[words.index("-d") + 1]) == {"rows": [ROW]}


def test_names_stand_in_the_spreadsheet_s_code_as_texts() -> None:
    code = snippets("http://127.0.0.1:1", 'a "quoted" #(cr)', ROW)[2].code
    assert '"predicted a ""quoted"" #(#)(cr)"' in code
