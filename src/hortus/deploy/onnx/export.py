"""A model as ONNX: written only if all of it can be, and only if it says what the model says."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from hortus.data.cells import FALSE, MISSING_NUMBERS, TRUE
from hortus.deploy.onnx.encoder import Input, inputs_of
from hortus.deploy.onnx.ensemble import whole
from hortus.deploy.onnx.graph import IR, ML, ML_OPSET, OPSET, RUNTIME, Graph, Refusal
from hortus.deploy.onnx.parity import TOLERANCE, Parity, compare, session
from hortus.deploy.onnx.pipeline import unknown
from hortus.deploy.onnx.readme import readme
from hortus.ensemble.predictor import Predictor
from hortus.errors import ArtifactError, SettingError

# Protocol buffers hold no more.
MOST_BYTES = 2**31 - 1
# Learners for which the last bit of a number may decide, and where.
DELICATE = {
    "neighbors": "of training rows that are equally near it takes others",
    "xgboost": "its thresholds are values of training rows, which a last bit puts on the other side",
}
MODEL, SCRIPT = "model.onnx", "predict.py"


@dataclass(frozen=True)
class OnnxExport:
    """What was written.

    Attributes:
        path: of ``model.onnx``; beside it lie ``parity.json``, ``parity.md``, ``README.md`` and ``predict.py``.
        parity: the graph's differences from the model.
    """

    path: Path
    parity: Parity

    @property
    def lines(self) -> list[str]:
        """What to tell of it."""
        away = max(self.parity.greatest, self.parity.stress_greatest)
        told = f"{self.path} is within {away:.2g} of the model on {self.parity.rows} rows"
        return [f"{told}; README.md beside it says how to use it."]


def refusals(predictor: Predictor) -> tuple[Refusal, ...]:
    """What of a model has no exact counterpart in ONNX; none where it can be exported.

    Raises:
        MissingExtraError: onnx is not installed.
    """
    return _graph(predictor)[2]


def export_onnx(predictor: Predictor, rows: pd.DataFrame, out: Path, *, tolerance: float = TOLERANCE) -> OnnxExport:
    """Write a model as ONNX, with a report of how far it is from the model.

    Args:
        predictor: the model.
        rows: (n, p) rows of the user's table to compare both on; best some that it was not trained on.
        out: the folder to write into; made where it is not there.
        tolerance: the most that any row may differ by: in probability, or for a regression in standard deviations of
            its predictions.

    Raises:
        SettingError: a part of the model has no counterpart (each is named, with the reason), or there are no rows.
        ArtifactError: the graph is further from the model than the tolerance, or too large. Nothing is written.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    if not len(rows):
        raise SettingError(
            "There are no rows to compare the ONNX model with the model on.",
            mend="Give some rows of the table, best such as were not trained on.",
            code="onnx-no-rows",
        )
    model, parity = _compared(predictor, rows, tolerance)
    if not parity.passed:
        raise _unlike(parity, _astray(predictor, rows, tolerance))
    inputs = inputs_of(predictor.schema)
    files = {
        MODEL: model,
        "parity.json": json.dumps(parity.to_json(), indent=1).encode(),
        "parity.md": parity.to_markdown().encode(),
        "README.md": readme(predictor.task, inputs, parity).encode(),
        SCRIPT: Path(__file__).with_name(SCRIPT).read_bytes(),
    }
    _write(out, files)
    return OnnxExport(out / MODEL, parity)


def _compared(predictor: Predictor, rows: pd.DataFrame, tolerance: float) -> tuple[bytes, Parity]:
    graph, outputs, refused = _graph(predictor)
    if refused:
        raise _refused(refused)
    inputs = inputs_of(predictor.schema)
    model = _serialized(graph, predictor, inputs, outputs)
    return model, compare(predictor, session(model), inputs, rows, tolerance)


def _astray(predictor: Predictor, rows: pd.DataFrame, tolerance: float) -> list[str]:
    """The members that are too far off, each for itself, and why where that is known."""
    found = []
    for member in predictor.members:
        alone = replace(predictor, members=(replace(member, weight=1.0),), stacking=None, calibration=None)
        parity = _compared(alone, rows, tolerance)[1]
        if not parity.passed:
            off = max(parity.greatest, parity.stress_greatest)
            why = "".join(f"; {reason}" for learner, reason in DELICATE.items() if learner in member.name)
            found.append(f"member {member.number}, {member.name} (by {off:.3g}{why})")
    return found


def _graph(predictor: Predictor) -> tuple[Graph, list[Any], tuple[Refusal, ...]]:
    inputs = inputs_of(predictor.schema)
    graph = Graph([which.name for which in inputs])
    refused = unknown(predictor.members)
    refused += [
        Refusal(f"column {which.column!r}", "a sparse matrix has no form as columns of a graph")
        for which in inputs
        if which.kind == "sparse"
    ]
    if refused:
        return graph, [], tuple(refused)
    outputs, refused = whole(graph, predictor, inputs)
    return graph, outputs, tuple(refused)


def _serialized(graph: Graph, predictor: Predictor, inputs: list[Input], outputs: list[Any]) -> bytes:
    helper, types = graph.onnx.helper, graph.types
    kinds = {"double": types.DOUBLE, "string": types.STRING, "int64": types.INT64}
    made = helper.make_graph(
        graph.nodes,
        "hortus",
        [helper.make_tensor_value_info(which.name, kinds[which.type], ["rows", 1]) for which in inputs],
        outputs,
        graph.initializers,
    )
    if made.ByteSize() > MOST_BYTES:
        raise ArtifactError(
            f"As ONNX this model would take {made.ByteSize() / 2**30:.1f} GiB, and the format holds 2.",
            mend="Export a smaller model: one member, or a refit on all rows.",
            code="onnx-too-large",
        )
    domains = {"": OPSET, ML: ML_OPSET} | ({RUNTIME: 1} if any(node.domain == RUNTIME for node in graph.nodes) else {})
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid(domain, number) for domain, number in domains.items()],
        ir_version=IR,
        producer_name="hortus",
        producer_version=version("hortus"),
    )
    helper.set_model_props(model, _metadata(predictor, inputs))
    serialized: bytes = model.SerializeToString()
    return serialized


def _metadata(predictor: Predictor, inputs: list[Input]) -> dict[str, str]:
    columns = {column.name: column for column in predictor.schema.features}
    found = {
        "task": predictor.task.to_json(),
        "columns": [
            {"column": i.column, "input": i.name, "kind": i.kind, "type": i.type, **columns[i.column].detail}
            for i in inputs
        ],
        "words": {"missing": sorted(MISSING_NUMBERS), "true": sorted(TRUE), "false": sorted(FALSE)},
    }
    return {"hortus_version": version("hortus")} | {name: json.dumps(value) for name, value in found.items()}


def _write(out: Path, files: dict[str, bytes]) -> None:
    """All files, each whole or not at all; the model last."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".onnx-") as made:
        for name, content in reversed(files.items()):
            place = Path(made) / name
            place.write_bytes(content)
            place.replace(out / name)


def _refused(refused: tuple[Refusal, ...]) -> SettingError:
    named = "; ".join(f"{one.name} ({one.reason})" for one in refused)
    return SettingError(
        f"This model cannot be written as ONNX exactly, so it was not written at all. In the way: {named}.",
        mend="Export it as code, or save it as a bundle, which takes every model; or fit without what is in the way "
        "(models=[...], ignore=[...]).",
        code="onnx-refused",
    )


def _unlike(parity: Parity, astray: list[str]) -> ArtifactError:
    unit = "standard deviations" if parity.equal_labels is None else "in probability"
    named = f" Off are: {', '.join(astray)}." if astray else ""
    return ArtifactError(
        f"The ONNX model differs from the model by {max(parity.greatest, parity.stress_greatest):.3g} {unit}, where "
        f"{parity.tolerance:.3g} is allowed, and in {parity.strayed} labels; {parity.within['1e-05']:.2%} of "
        f"{parity.rows} rows lie within 1e-5. It was not written.{named}",
        mend="Export the model as code or as a bundle, or without such members; or give a higher tolerance if that is "
        "near enough for its use.",
        code="onnx-parity",
    )
