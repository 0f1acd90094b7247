"""What a run knows that its model alone does not tell: how the model was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hortus.deploy.code import CodeInputs, export_code
from hortus.deploy.onnx import export_onnx
from hortus.run.result import open_run
from hortus.seeds import derive

BASELINE = -1


def export_run_code(folder: Path, out: Path) -> list[str]:
    """Write a run's model as a script, and say what was written; see `hortus.deploy.code.export_code`."""
    script = export_code(code_inputs(folder), out)
    return [f"{script} trains the model again, without Hortus; README.md beside it says how."]


def export_run_onnx(folder: Path, out: Path) -> list[str]:
    """Write a run's model as ONNX, and say how far it is from the model; see `hortus.deploy.onnx.export_onnx`."""
    evidence = open_run(folder).evidence
    return list(export_onnx(evidence.predictor, evidence.frame, out).lines)


def code_inputs(folder: Path) -> CodeInputs:
    """What a script is written from, gathered from a run's folder.

    Raises:
        RunError: the folder holds no run, or no trial of it has finished.
        ArtifactError: the folder is incomplete or damaged.
    """
    result = open_run(Path(folder))
    data, settings = result.prepared.data, result.settings
    numbers = [member.number for member in result.model.members]
    seeds = {number: derive(settings.seed, "trial", number) for number in numbers if number != BASELINE}
    shares: dict[int, float] = {}
    if BASELINE in numbers:
        from hortus.run.fit import BASELINE_ROWS

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
