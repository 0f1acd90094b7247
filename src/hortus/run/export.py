"""What a run knows that its model alone does not tell: how the model was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.images import ImageData
from hortus.data.scenes import SceneData
from hortus.deploy.code import CodeInputs, export_code
from hortus.deploy.image_model import ImageModel
from hortus.deploy.network_parts import parts_of
from hortus.deploy.onnx import export_onnx
from hortus.deploy.scene_model import SceneModel
from hortus.engine.row import BASELINE
from hortus.errors import ArtifactError
from hortus.run.images.result import is_image_run, open_image_run
from hortus.run.result import open_run
from hortus.run.scenes.result import is_scene_run, open_scene_run
from hortus.seeds import derive

# Images on which a graph is compared with its network.
COMPARED = 32


def export_run_code(folder: Path, out: Path) -> list[str]:
    """Write a run's model as a script, and say what was written; see `hortus.deploy.code.export_code`.

    A network is written as plain PyTorch, see `hortus.deploy.network_code`.
    """
    network = _network(folder)
    if network is not None:
        from hortus.deploy.network_code import write_code

        script, weights = write_code(parts_of(network[0]), out)
        return [f"{script} is the network in plain PyTorch, without Hortus; {weights} holds its weights."]
    script = export_code(code_inputs(folder), out)
    return [f"{script} trains the model again, without Hortus; README.md beside it says how."]


def export_run_onnx(folder: Path, out: Path) -> list[str]:
    """Write a run's model as ONNX, and say how far it is from the model; see `hortus.deploy.onnx.export_onnx`."""
    network = _network(folder)
    if network is not None:
        from hortus.deploy.network_onnx import FILE, write_onnx

        parity = write_onnx(parts_of(network[0]), network[1], out)
        return [
            f"{out / FILE}: no probability differs from the network's by more than {parity.greatest:.2g}, "
            f"on {parity.images} images."
        ]
    evidence = open_run(folder).evidence
    return list(export_onnx(evidence.predictor, evidence.frame, out).lines)


def _network(folder: Path) -> tuple[ImageModel | SceneModel, NDArray[Any]] | None:
    """The model of a run of images or scenes, and some of those; None of a table's."""
    if is_image_run(folder):
        return open_image_run(folder).model, np.array(ImageData.load(folder / "data").pixels[:COMPARED])
    if is_scene_run(folder):
        return open_scene_run(folder).model, np.array(SceneData.load(folder / "data").pixels[:COMPARED])
    return None


def code_inputs(folder: Path) -> CodeInputs:
    """What a script is written from, gathered from a run's folder.

    Raises:
        RunError: the folder holds no run, or no trial of it has finished.
        ArtifactError: the folder is incomplete or damaged; or the model has learned from more rows than it holds.
    """
    result = open_run(Path(folder))
    if result.model.apart:
        raise ArtifactError(
            "This model cannot be written as a script: it has learned from all rows of a file, of which the run holds "
            "a sample.",
            mend="Save it as a bundle.",
            code="export-code-unsupported",
        )
    data, settings = result.prepared.data, result.settings
    numbers = [member.number for member in result.model.members]
    seeds = {number: derive(settings.seed, "trial", number) for number in numbers if number != BASELINE}
    shares: dict[int, float] = {}
    if BASELINE in numbers:
        from hortus.run.meanwhile import BASELINE_ROWS

        seeds[BASELINE] = derive(settings.seed, "baseline")
        shares[BASELINE] = min(1.0, BASELINE_ROWS / len(data.train_rows(0)))
    return CodeInputs(
        predictor=result.model,
        seeds=seeds,
        assignment=np.asarray(data.folds.assignment),
        ordered=data.folds.ordered,
        weight=None if data.weight is None else np.asarray(data.weight, dtype=np.float64),
        shares=shares,
        told=(f"**Score.** {data.metric().name} {result.score:.6g} out of fold, as Hortus measured it.",),
    )
