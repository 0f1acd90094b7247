"""A model as a Python script that trains it again, without Hortus."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hortus.deploy.code.columns import column_calls
from hortus.deploy.code.inputs import CodeInputs
from hortus.deploy.code.literal import Call, Raw, written
from hortus.deploy.code.members import MemberWriter, function_name
from hortus.deploy.code.names import DISTRIBUTIONS, PARTS
from hortus.deploy.code.readme import readme
from hortus.deploy.code.refusals import refuse
from hortus.deploy.code.sources import Gathering, Import, import_lines
from hortus.errors import SettingError

SCRIPT = "train.py"
FOLDS = "folds.csv"
CURVES = "calibration.json"
_HEAD = '''"""Trains the model that Hortus found, and predicts with it. See README.md for how to run it.

First comes what is particular to this model: the columns, the members of the ensemble, how they are combined.
The general part, what these are made of, follows.
"""
'''
_GENERAL = "# From here on: what the model is made of, the same for every model that has such parts.\n\n\n"


def export_code(inputs: CodeInputs, out: Path) -> Path:
    """Write a model as a folder with a script, the folds it was trained on, its requirements and a readme.

    Args:
        inputs: the model and how it was trained.
        out: the folder, which is made; one that is there must be empty.

    Returns:
        The script.

    Raises:
        ArtifactError: the model holds what a script could not train again; nothing is written.
        SettingError: ``out`` holds files.
    """
    refuse(inputs)
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(f"{str(out)!r} is there already.", mend="Name a new folder.", code="export-folder-taken")
    script, imports = _script(inputs)
    texts = {
        SCRIPT: script,
        FOLDS: _folds(inputs),
        "requirements.txt": "".join(f"{line}\n" for line in _requirements(imports)),
        "README.md": readme(inputs),
        "ruff.toml": "line-length = 120\n",
    }
    if "curves" in _calibration(inputs):
        texts[CURVES] = json.dumps(_calibration(inputs)["curves"])
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="")
    return out / SCRIPT


def _script(inputs: CodeInputs) -> tuple[str, set[Import]]:
    predictor = inputs.predictor
    columns = column_calls(predictor)
    texts = tuple(column.name for column in predictor.schema.features if column.kind == "text")
    fold_of = inputs.assignment
    rows = tuple(
        int(((fold_of < fold) if inputs.ordered else (fold_of != fold)).sum()) for fold in range(int(fold_of.max()) + 1)
    )
    writers = [MemberWriter(member, texts, rows) for member in predictor.members]
    members = [writer.write() for writer in writers]
    combined = _combination(inputs)
    general = Gathering()
    for module, name in (
        *(("text" if call.name == "Text" else "columns", call.name) for call in columns.values()),
        *(used for writer in writers for used in sorted(writer.used)),
        *(("combine", name) for name in combined[1]),
        ("model", "Member"),
        ("model", "Model"),
        ("main", "main"),
    ):
        general.take(f"{PARTS}.{module}", name)
    general.take("hortus.seeds", "derive")
    imports = general.imports | {
        Import("typing", "Any", "Any"),
        Import("numpy", "", "np"),
        Import("numpy.typing", "NDArray", "NDArray"),
    }
    if "curves" in _calibration(inputs):
        imports |= {Import("json", "", "json"), Import("pathlib", "Path", "Path")}
    parts = [
        f"{_HEAD}\nfrom __future__ import annotations\n\n{import_lines(imports)}\n\n{_constants(inputs)}",
        _function("columns() -> dict[str, Any]", "The table's columns, by what they hold.", columns),
        *members,
        combined[0],
        _function("model() -> Model", "The whole, untrained.", _whole(inputs)),
        f"{_GENERAL}{general.text}",
        'if __name__ == "__main__":\n    main(model())\n',
    ]
    return "\n\n\n".join(parts), imports


def _function(head: str, told: str, returned: Any) -> str:
    return f'def {head}:\n    """{told}"""\n    return {written(returned, indent=4, taken=11)}'


def _constants(inputs: CodeInputs) -> str:
    task = inputs.predictor.task
    classes = tuple(label.item() if hasattr(label, "item") else label for label in task.classes)
    found = {"TARGET": task.target, "KIND": task.kind, "CLASSES": classes, "ORDERED": inputs.ordered}
    if "curves" in _calibration(inputs):
        # Their points would fill pages.
        found["CURVES"] = Raw(f'json.loads(Path(__file__).with_name("{CURVES}").read_text(encoding="utf-8"))')
    return "\n".join(f"{name} = {written(value, taken=len(name) + 3)}" for name, value in found.items())


def _combination(inputs: CodeInputs) -> tuple[str, list[str]]:
    """The function that brings predictions together, and the general ones it uses."""
    predictor = inputs.predictor
    weights = tuple(float(member.weight) for member in predictor.members)
    call, used = Call("blend", (Raw("predictions"), weights)), ["blend"]
    if predictor.stacking is not None:
        bias: Any = tuple(map(float, predictor.stacking.bias))
        name = "pool" if predictor.task.classes else "stack"
        bias = bias if predictor.task.classes else bias[0]
        call, used = Call(name, (Raw("predictions"), tuple(map(float, predictor.stacking.weights)), bias)), [name]
    calibration = _calibration(inputs)
    if "power" in calibration:
        call, used = Call("temper", (call, float(calibration["power"]))), [*used, "temper"]
    elif calibration:
        call, used = Call("bend", (call, Raw("CURVES"))), [*used, "bend"]
    head = "combine(predictions: list[NDArray[np.float64]]) -> NDArray[np.float64]"
    return _function(head, "One array of predictions from the members', in their order.", call), used


def _calibration(inputs: CodeInputs) -> dict[str, Any]:
    calibration = inputs.predictor.calibration
    return {} if calibration is None else calibration.to_json()


def _whole(inputs: CodeInputs) -> Call:
    members = []
    for member in inputs.predictor.members:
        options: dict[str, Any] = {"seed": int(inputs.seeds[member.number]), "folds": len(member.folds)}
        share = inputs.shares.get(member.number, 1.0)
        members.append(
            Call("Member", (Raw(function_name(member.number)),), options | ({"share": share} if share < 1 else {}))
        )
    return Call("Model", (Raw("columns()"), members, Raw("combine")))


def _folds(inputs: CodeInputs) -> str:
    if inputs.weight is None:
        return "fold\n" + "".join(f"{fold}\n" for fold in inputs.assignment.tolist())
    pairs = zip(inputs.assignment.tolist(), inputs.weight.tolist(), strict=True)
    return "fold,weight\n" + "".join(f"{fold},{weight!r}\n" for fold, weight in pairs)


def _requirements(imports: set[Import]) -> list[str]:
    """Third-party distributions in the versions that trained the model here."""
    found = set()
    for name in {one.module.split(".")[0] for one in imports} | {"scipy"}:
        for distribution in (DISTRIBUTIONS.get(name, name), f"{name}-cpu"):
            try:
                found.add(f"{distribution}=={version(distribution)}")
                break
            except PackageNotFoundError:
                continue
    return sorted(found)
