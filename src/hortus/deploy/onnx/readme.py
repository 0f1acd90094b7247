"""What is told beside an ONNX model to whoever gets it."""

from __future__ import annotations

from hortus.data.task import Task
from hortus.deploy.onnx.encoder import NO_DATE, Input
from hortus.deploy.onnx.parity import Parity

MISSING = {"double": "NaN", "string": '`""`', "int64": f"`{NO_DATE}`"}
HOLDS = {
    "numeric": "number",
    "boolean": "1 or 0",
    "categorical": "category, written as in training",
    "text": "free text",
    "date": "microseconds since 1970-01-01 UTC",
}


def readme(task: Task, inputs: list[Input], parity: Parity) -> str:
    """The folder's README."""
    if task.kind == "regression":
        outputs = f"- `value`: double, (rows,): {_cell(task.target)}"
    else:
        outputs = (
            f"- `label`: (rows,): the likeliest class of {_cell(task.target)}\n"
            f"- `probabilities`: double, (rows, {len(task.classes)}): in the order "
            f"{', '.join(_cell(str(label)) for label in task.classes)}"
        )
    table = "\n".join(
        f"| {_cell(which.name)} | {which.type} | {HOLDS[which.kind]} | {MISSING[which.type]} |" for which in inputs
    )
    runtime = ""
    if any(which.kind == "text" for which in inputs):
        runtime = "Text is cut apart by an operator of onnxruntime's own, `com.microsoft.Tokenizer`.\n"
    return f"""# A model of {_cell(task.target)}

`model.onnx` runs wherever onnxruntime does (1.21 or newer), without the program that trained it. On {parity.rows} rows
it is within {parity.greatest:.2g} of the model it was made from; see `parity.md`.

    pip install numpy onnxruntime
    python predict.py rows.csv > predictions.csv

`predict.py` is short and shows how the model is called:

    session = onnxruntime.InferenceSession("model.onnx")
    outputs = session.run(None, {{"column": numpy.array([[1.5], [2.0]]), ...}})

Many rows are best predicted some hundred at a time, as `predict.py` does: what is looked up takes memory.
{runtime}
## Inputs

Each is one column, of shape (rows, 1). Text is compared as it stands: give it without blanks around it.

| input | type | holds | missing |
|---|---|---|---|
{table}

## Outputs

{outputs}

The classes, the target and the columns also stand in the model's metadata, as JSON.
"""


def _cell(text: str) -> str:
    """Whatever a name holds, as code in one cell of a table."""
    plain = " ".join(text.split()).replace("|", "\\|").replace("`", "'")
    return f"`{plain}`"
