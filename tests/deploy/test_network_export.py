"""Found networks as plain PyTorch and as ONNX: what leaves says what the model says."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from optuna.samplers import RandomSampler
from optuna.study import create_study

from hortus.data.image_facts import ImageFacts
from hortus.data.mask_classes import MaskClasses
from hortus.data.task import Task
from hortus.deploy.image_model import ImageModel
from hortus.deploy.network_code import write_code
from hortus.deploy.network_onnx import write_onnx
from hortus.deploy.network_parts import parts_of
from hortus.deploy.scene_model import SceneModel
from hortus.errors import SettingError
from hortus.nets.randomness import own_randomness
from hortus.spaces import SPACES

SHAPE = (3, 20, 24)
NAMES = ("cell", "darts", "entire", "hierarchical", "mnasnet", "morphism", "deeplab", "auto_deeplab")


def model_of(name, *, resolution=1.0):
    """A network of the space with weights and normalizations of its own, as a model."""
    space = SPACES[name](ImageFacts(*SHAPE, 4, 50))
    candidate = space(create_study(sampler=RandomSampler(1)).ask())
    network = candidate.build(SHAPE, 4, seed=0).train()
    with own_randomness(0), torch.no_grad():
        network(torch.randn(8, *SHAPE))
    how = {
        "network": network.eval(),
        "shape": SHAPE,
        "whole": True,
        "mean": (100.0, 110.0, 120.0),
        "deviation": (50.0, 60.0, 70.0),
        "candidate": candidate,
    }
    if "dense" in space.provides:
        return SceneModel(classes=MaskClasses.of(list(range(4))), **how)
    task = Task("multiclass", "label", ("a", "b", "c", "d"), "accuracy")
    return ImageModel(task=task, resolution=resolution, **how)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (6, *SHAPE), dtype=np.uint8)


def loaded(path):
    spec = importlib.util.spec_from_file_location("found_network", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_plain_pytorch_says_what_the_model_says(name, pixels, tmp_path):
    model = model_of(name)
    script, weights = write_code(parts_of(model), tmp_path)
    assert "hortus" not in script.read_text().replace("Hortus", "").lower()
    module = loaded(script)
    found = module.probabilities(module.load(), torch.from_numpy(pixels)).numpy()
    assert np.abs(found - model.predict_proba(pixels)).max() < 1e-5
    assert weights.stat().st_size > 100


@pytest.mark.parametrize("name", NAMES)
def test_onnx_says_what_the_model_says(name, pixels, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = model_of(name)
    parity = write_onnx(parts_of(model), pixels, tmp_path)
    assert parity.passed
    assert parity.equal == 1.0
    assert json.loads((tmp_path / "parity.json").read_text())["images"] == 6
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    # Another number of images than it was written with.
    (found,) = session.run(None, {"pixels": pixels[:3].astype(np.float32)})
    assert np.abs(found - model.predict_proba(pixels[:3])).max() < 1e-4


def test_a_network_that_sees_images_smaller_does_so_elsewhere(pixels, tmp_path):
    model = model_of("cell", resolution=0.6)
    module = loaded(write_code(parts_of(model), tmp_path)[0])
    wanted = model.predict_proba(pixels)
    assert np.abs(module.probabilities(module.load(), torch.from_numpy(pixels)).numpy() - wanted).max() < 1e-5
    onnxruntime = pytest.importorskip("onnxruntime")
    write_onnx(parts_of(model), pixels, tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    (found,) = session.run(None, {"pixels": pixels.astype(np.float32)})
    assert np.abs(found - wanted).max() < 1e-4


def test_the_file_runs_where_hortus_is_not(pixels, tmp_path):
    from PIL import Image

    model = model_of("cell")
    write_code(parts_of(model), tmp_path)
    Image.fromarray(pixels[0].transpose(1, 2, 0)).save(tmp_path / "one.png")
    (tmp_path / "hortus.py").write_text("raise ImportError('not here')")
    done = subprocess.run(
        [sys.executable, "network.py", "one.png"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["one.png", *model.predict(pixels[:1])]


def test_code_of_one_s_own_is_not_written_down():
    model = model_of("cell")
    own = ImageModel(**{**model.__dict__, "network": torch.nn.Linear(2, 2)})
    with pytest.raises(SettingError, match="code of one's own"):
        parts_of(own)
