"""What cannot be written as a script: said by name and reason, before anything is written."""

from __future__ import annotations

from hortus.deploy.code.inputs import CodeInputs
from hortus.deploy.code.names import LEARNERS, ROUNDS, STEPS, TEXT_DIRECTION
from hortus.errors import ArtifactError
from hortus.spaces.nodes import ModelNode, StackNode, StepNode, walk


def refuse(inputs: CodeInputs) -> None:
    """Refuse a model that a script could not train again as it was.

    Raises:
        ArtifactError: naming every part that cannot be written, and why.
    """
    reasons = list(dict.fromkeys(_reasons(inputs)))
    if reasons:
        raise ArtifactError(
            f"This model cannot be written as a script: {'; '.join(reasons)}.",
            mend="Save it as a bundle, or fit again with models=[…] that leaves them out.",
            code="export-code-unsupported",
        )


def _reasons(inputs: CodeInputs) -> list[str]:
    predictor = inputs.predictor
    found: list[str] = []
    for member in predictor.members:
        where = f"trial {member.number}"
        if member.number not in inputs.seeds:
            found.append(f"the seed of {where} is not known")
        for _, node in walk(member.folds[0].pipeline.root):
            if isinstance(node, StepNode) and node.step not in STEPS:
                found.append(f"the step {node.step!r} of {where} is not one of Hortus's own")
            if isinstance(node, StackNode | ModelNode) and node.model not in LEARNERS:
                found.append(f"the model {node.model!r} of {where} has no plain form yet")
            if isinstance(node, StackNode) and node.model in ROUNDS:
                found.append(f"{node.model!r} inside {where} does not tell how many rounds it took")
    if predictor.calibration is not None and not {"power", "curves"} & set(predictor.calibration.to_json()):
        found.append(f"its calibration is a {type(predictor.calibration).__name__}, which has no plain form yet")
    found += [
        f"the column {column.name!r} is a sparse matrix, which a script that reads a file has no form for"
        for column in predictor.schema.features
        if column.kind == "sparse"
    ]
    if predictor.encoder.sentences is not None:
        found.append("its texts are read by a model of sentences, which is no part of a script")
    texts = [column.name for column in predictor.schema.features if column.kind == "text"]
    found += [
        f"the column {name!r} is called like what is made of the column {text!r}"
        for text in texts
        for name in predictor.schema.names
        if name.startswith(text + TEXT_DIRECTION)
    ]
    return found
