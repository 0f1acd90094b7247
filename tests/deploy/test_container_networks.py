"""Networks as folders that become containers: what is in them, and that their app answers pictures."""

import asyncio
import base64
import io
import re
import runpy
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from optuna.samplers import RandomSampler
from optuna.study import create_study
from PIL import Image
from typer.testing import CliRunner

import hortus
from hortus.cli import app as commands
from hortus.data.image_facts import ImageFacts
from hortus.data.images import ImageData
from hortus.data.mask_classes import MaskClasses
from hortus.data.scenes import SceneData
from hortus.data.split import Folds
from hortus.data.task import Task
from hortus.deploy.image_bundle import write_image_bundle
from hortus.deploy.image_model import ImageModel
from hortus.deploy.lock import locked_network
from hortus.deploy.scene_bundle import write_scene_bundle
from hortus.deploy.scene_model import SceneModel
from hortus.spaces import SPACES

pytest.importorskip("torch")
TOKEN = "0123456789abcdef-token"  # noqa: S105
SHAPE = (3, 16, 20)
FOLDS = Folds(np.array([0, -1, -1, -1], dtype=np.int8), 1)


def saved(name: str, path: Path) -> Path:
    """A network of a space as a bundle, with the weights that it began with."""
    from hortus.nets.weights import save_tensors

    facts = ImageFacts(*SHAPE, 3, 4)
    space = SPACES[name](facts)
    trial = create_study(sampler=RandomSampler(1)).ask()
    network: Any = space(trial)
    weights = path.with_suffix(".safetensors")
    save_tensors(weights, network.build(SHAPE, 3, seed=0).state_dict())
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (4, *SHAPE), dtype=np.uint8)
    found: dict[str, Any] = {
        "facts": facts,
        "space": space.to_json(),
        "params": trial.params,
        "weights": weights,
        "about": {"score": 0.5},
    }
    if "dense" in space.provides:
        masks = rng.integers(0, 3, (4, *SHAPE[1:]), dtype=np.uint8)
        write_scene_bundle(path, data=SceneData(pixels, masks, FOLDS, MaskClasses.of([0, 1, 2])), **found)
    else:
        task = Task("multiclass", "kind <b>", ("a", "b", "c"), "accuracy")
        data = ImageData(pixels, np.array([0, 1, 2, 0]), FOLDS, task)
        write_image_bundle(path, data=data, scale={}, resolution=1.0, **found)
    return path


@pytest.fixture(scope="module", params=["cell", "deeplab"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("network")
    bundle = saved(request.param, place / "model.hortus")
    done = CliRunner().invoke(commands, ["export", str(bundle), "--to", "container", "--out", str(place / "out")])
    assert done.exit_code == 0, done.output
    assert "docker build" in done.output
    what = "a mask" if request.param == "deeplab" else "a class"
    assert f"a blank image of 20 by 16 pixels with 3 channels, and answered with {what}" in done.output
    return place / "out"


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
    readme = (exported / "README.md").read_text()
    assert "--data-binary @picture.png" in readme
    assert "PIP_EXTRA_INDEX_URL" in readme
    assert not re.findall(r"\$\{?(?!HORTUS_TOKEN)\w+|<b>", readme)


def test_the_container_has_no_rights_a_health_check_and_asks_for_a_token(exported: Path) -> None:
    lines = (exported / "Dockerfile").read_text().splitlines()
    assert lines[0] == f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    user = lines.index("USER 10001")
    assert not [line for line in lines[user:] if line.startswith(("RUN", "COPY", "ADD"))]
    assert any(line.startswith("HEALTHCHECK ") and line.endswith('CMD ["python", "app/health.py"]') for line in lines)
    assert lines[-1] == 'CMD ["python", "app/main.py"]'
    # What PyTorch's build brings is in no lock, so that pip must be let find it; of ours nothing is left to find.
    installs = [line for line in lines if "pip install" in line]
    assert ["--no-deps" in line for line in installs] == [False, True]
    assert lines.index("ARG PIP_EXTRA_INDEX_URL") < lines.index(installs[0])
    for copied in re.findall(r"^COPY (.+) \S+$", "\n".join(lines), flags=re.MULTILINE):
        assert all((exported / name).exists() for name in copied.split())


def test_the_lock_has_pytorch_and_no_learner_and_no_address(exported: Path) -> None:
    lines = (exported / "requirements.lock").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.!]+", line) for line in lines)
    found = dict(line.split("==") for line in lines)
    assert found == locked_network()
    assert found["torch"] == version("torch").partition("+")[0]
    for name in ("pillow", "safetensors", "numpy", "fastapi", "uvicorn", "sympy"):
        assert found[name] == version(name)
    assert not {"hortus", "catboost", "xgboost", "shap", "onnx", "pytest"} & set(found)


def test_what_a_build_of_pytorch_alone_brings_is_not_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "torch": "2.10.0",
        "triton": "3.6.0",
        "nvidia-cublas-cu12": "12.8.4.1",
        "cuda-bindings": "12.9",
        "numpy": "2",
    }
    monkeypatch.setattr("hortus.deploy.lock._closed", lambda _names, _extras: made)
    assert locked_network() == {"torch": "2.10.0", "numpy": "2"}


def test_the_app_answers_a_picture(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uvicorn

    apps: list[Any] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, **_: apps.append(self.config.app))
    for name, value in {"HOST": "0.0.0.0", "PORT": "0", "TOKEN": TOKEN}.items():  # noqa: S104
        monkeypatch.setenv(f"HORTUS_{name}", value)
    runpy.run_path(str(exported / "app/main.py"), run_name="__main__")
    picture = np.random.default_rng(1).integers(0, 256, (*SHAPE[1:], 3), dtype=np.uint8)
    made = io.BytesIO()
    Image.fromarray(picture).save(made, "PNG")
    headers = {"content-type": "image/png"}

    async def ask(**more: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=apps[0])
        async with httpx.AsyncClient(transport=transport, base_url="http://any") as asked:
            return await asked.post("/v1/predict", content=made.getvalue(), headers=headers | more)

    assert asyncio.run(ask()).status_code == 401
    (found,) = asyncio.run(ask(authorization=f"Bearer {TOKEN}")).json()["predictions"]
    model = hortus.load(exported / "app/model.hortus")
    if isinstance(model, SceneModel):
        mask = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["mask"]))))
        assert np.array_equal(mask, model.codes([picture])[0])
    else:
        assert isinstance(model, ImageModel)
        assert found["value"] == model.predict(picture[None])[0]


def test_without_a_token_it_does_not_start(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORTUS_HOST", "0.0.0.0")  # noqa: S104
    monkeypatch.delenv("HORTUS_TOKEN", raising=False)
    with pytest.raises(SystemExit, match="can be reached from other machines"):
        runpy.run_path(str(exported / "app/main.py"), run_name="__main__")
