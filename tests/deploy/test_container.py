"""The folder that becomes a container: what is in it, and that its app serves."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import hortus
from hortus.cli import app as commands
from hortus.cli.export import FORMS
from hortus.deploy.bundle import load_bundle
from hortus.deploy.lock import locked, models_of
from hortus.ensemble.predictor import Predictor

TOKEN = "0123456789abcdef-token"  # noqa: S105


@pytest.fixture(scope="module")
def exported(hostile_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "container"
    done = CliRunner().invoke(commands, ["export", str(hostile_run), "--to", "container", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "docker build" in done.output
    assert "the model takes both" in done.output
    return out


def test_what_is_in_the_folder(exported: Path) -> None:
    found = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    assert found == {
        ".dockerignore",
        "Dockerfile",
        "README.md",
        "app/health.py",
        "app/main.py",
        "app/model.hortus",
        f"hortus-{version('hortus')}-py3-none-any.whl",
        "requirements.lock",
    }


def test_the_container_has_no_rights_a_health_check_and_asks_for_a_token(exported: Path) -> None:
    lines = (exported / "Dockerfile").read_text().splitlines()
    assert lines[0] == f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    user = next(i for i, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] == "USER 10001"
    assert not [line for line in lines[user:] if line.startswith(("RUN", "COPY", "ADD"))]
    assert any(line.startswith("HEALTHCHECK ") and line.endswith('CMD ["python", "app/health.py"]') for line in lines)
    assert lines[-1] == 'CMD ["python", "app/main.py"]'
    assert "HORTUS_HOST=0.0.0.0" in "\n".join(lines)
    assert "HORTUS_TOKEN" not in "\n".join(lines)  # a token in an image is no secret
    for copied in re.findall(r"^COPY (.+) \S+$", "\n".join(lines), flags=re.MULTILINE):
        assert all((exported / name).exists() for name in copied.split())


def test_the_lock_has_exact_versions_of_what_is_needed_and_no_address(exported: Path, hostile_model: Predictor) -> None:
    lines = (exported / "requirements.lock").read_text().splitlines()
    assert len(lines) == len(set(lines)) > 20
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.!]+", line) for line in lines)
    found = dict(line.split("==") for line in lines)
    assert found == locked(hostile_model)
    for name in ("numpy", "pandas", "lightgbm", "fastapi", "uvicorn", "httptools", "uvloop", "scikit-learn"):
        assert found[name] == version(name)
    assert not {"hortus", "catboost", "xgboost", "torch", "shap", "onnx", "pytest", "nbformat"} & set(found)
    assert set(models_of(hostile_model)) <= {"baseline", "linear", "lightgbm"}


def test_a_member_s_own_library_is_locked_too(hostile_model: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("catboost")
    monkeypatch.setattr("hortus.deploy.lock.models_of", lambda _predictor: ["catboost"])
    found = locked(hostile_model)
    assert found["catboost"] == version("catboost")
    assert "xgboost-cpu" not in found


def test_the_wheel_holds_this_hortus_and_can_be_installed(exported: Path, tmp_path: Path) -> None:
    (wheel,) = exported.glob("*.whl")
    with zipfile.ZipFile(wheel) as parts:
        assert "hortus/deploy/serve/try_page.html" in parts.namelist()
        parts.extractall(tmp_path)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import hortus; print(hortus.__file__, hortus.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == [str(tmp_path / "hortus/__init__.py"), hortus.__version__]
    place = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(place)]
    subprocess.run([*command, "--disable-pip-version-check", str(wheel)], check=True, capture_output=True)
    assert (place / "hortus/deploy/serve/try_page.html").exists()


def test_the_app_serves_the_model(exported: Path, hostile_row: dict[str, Any], running: Any) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    variables = {"HORTUS_HOST": "0.0.0.0", "HORTUS_PORT": "PORT", "HORTUS_TOKEN": TOKEN}  # noqa: S104
    health = [sys.executable, str(exported / "app/health.py")]
    with running(sys.executable, str(exported / "app/main.py"), **variables) as (process, port):
        address = f"http://127.0.0.1:{port}"
        body = json.dumps({"rows": [hostile_row]}).encode()
        assert subprocess.run(health, check=False, env={"HORTUS_PORT": str(port)}).returncode == 0
        request = urllib.request.Request(f"{address}/v1/predict", body)  # noqa: S310
        request.add_header("content-type", "application/json")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            opener.open(request, timeout=20)
        request.add_header("authorization", f"Bearer {TOKEN}")
        with opener.open(request, timeout=20) as answer:
            found = json.load(answer)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in (0, -signal.SIGTERM)
    assert found["predictions"][0]["value"] in ("late", "on time")
    gone = subprocess.run(health, check=False, env={"HORTUS_PORT": str(port)}, capture_output=True, text=True)
    assert gone.returncode == 1
    assert f"127.0.0.1:{port}" in gone.stderr


def test_without_a_token_it_does_not_start(exported: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(exported / "app/main.py")],
        check=False,
        env={"HORTUS_HOST": "0.0.0.0"},  # noqa: S104
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: '0.0.0.0' can be reached from other machines")


def test_a_saved_model_is_exported_as_a_run_is(hostile_run: Path, tmp_path: Path) -> None:
    saved = tmp_path / "model.hortus"
    saved.write_bytes((hostile_run / "model.hortus").read_bytes())
    out = tmp_path / "out"
    done = CliRunner().invoke(commands, ["export", str(saved), "--to", "container", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert load_bundle(out / "app/model.hortus").task.target == "target"


@pytest.mark.parametrize("name", ["file", "full"])
def test_nothing_is_written_over(hostile_run: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    command = ["export", str(hostile_run), "--to", "container", "--out", str(tmp_path / name)]
    done = CliRunner().invoke(commands, command)
    assert (done.exit_code, "[out-not-empty]" in done.output) == (2, True)
    assert (tmp_path / "full/mine.txt").read_text() == "mine"


def test_an_unknown_form_is_refused_with_the_nearest(hostile_run: Path, tmp_path: Path) -> None:
    command = ["export", str(hostile_run), "--to", "contaner", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(commands, command)
    assert (done.exit_code, "Did you mean 'container'?" in done.output) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_leads_to_a_function(form: str) -> None:
    from importlib import import_module

    place, wanted = FORMS[form]
    module, _, name = place.partition(":")
    assert callable(getattr(import_module(module), name))
    assert wanted in ("model", "run")
