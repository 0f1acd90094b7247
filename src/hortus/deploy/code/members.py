"""The ensemble's members as functions of a script."""

from __future__ import annotations

from typing import Any

from hortus.deploy.code.literal import Call, Raw, quoted, written
from hortus.deploy.code.names import (
    LEARNERS,
    ROUNDS,
    SEEDED_LEARNERS,
    SEEDED_STEPS,
    STEPS,
    TEXT_DIRECTION,
    WITHOUT_TEXT,
)
from hortus.ensemble.predictor import Member
from hortus.features import STEPS as FEATURE_STEPS
from hortus.models import MODELS
from hortus.models.svm import HURRIED
from hortus.spaces.nodes import AnyNode, ModelNode, RowsNode, StackNode, StepNode


def function_name(number: int) -> str:
    """What a trial's function is called."""
    return f"trial_{number}" if number >= 0 else "baseline"


class MemberWriter:
    """Writes the function that makes one member.

    Args:
        member: of the ensemble.
        texts: names of the table's columns of text.
        rows: that each fold trains on.
    """

    def __init__(self, member: Member, texts: tuple[str, ...], rows: tuple[int, ...]) -> None:
        self.member = member
        self.texts = texts
        self.rows = rows
        # Parts of the script that it uses: module among the parts, and name there.
        self.used: set[tuple[str, str]] = set()
        self._inner: list[str] = []

    def write(self) -> str:
        """The function's text."""
        pipeline = self.member.folds[0].pipeline
        root = pipeline.root
        steps = self._steps(root.input, "0/0")
        chain = written(Call("Chain", (*steps, self._learner(root, Raw('derive(seed, "0")')))), indent=4, taken=11)
        head = f"def {function_name(self.member.number)}(fold: int, seed: int) -> Chain:"
        told = f'    """{pipeline.describe()}, with a weight of {self.member.weight:.4g}."""'
        inner = [*self._inner, ""] if self._inner else []
        return "\n".join([head, told, *inner, f"    return {chain}"])

    def _steps(self, node: AnyNode, path: str) -> list[Call]:
        """The steps from the rows to ``node``, in order."""
        if isinstance(node, RowsNode):
            return []
        branches = [self._steps(below, f"{path}/{i}") for i, below in enumerate(node.inputs)]
        steps = branches[0] if len(branches) == 1 else [self._union(branches)]
        if isinstance(node, StepNode):
            return [*steps, self._step(node, path)]
        return [*steps, self._stacked(node, path)] if isinstance(node, StackNode) else steps

    def _union(self, branches: list[list[Call]]) -> Call:
        self.used.add(("branches", "Union"))
        return Call("Union", tuple(branches))

    def _step(self, node: StepNode, path: str) -> Call:
        self.used.add(STEPS[node.step])
        options: dict[str, Any] = FEATURE_STEPS[node.step](**node.params).get_params()
        if node.step in WITHOUT_TEXT and self.texts:
            options["without"] = tuple(name + TEXT_DIRECTION for name in self.texts)
        if node.step in SEEDED_STEPS:
            options = {"seed": Raw(f"derive(seed, {quoted(path)})")} | options
        return Call(STEPS[node.step][1], options=options)

    def _stacked(self, node: StackNode, path: str) -> Call:
        self.used |= {("branches", "Stacked"), ("learner", "Learner")}
        name = f"learner_{sum('def ' in line for line in self._inner)}"
        learner = written(self._learner(node, Raw("derive(seed, name)")), indent=8, taken=15)
        self._inner += ["", f"    def {name}(name: str) -> Learner:", f"        return {learner}"]
        return Call("Stacked", (Raw(name), node.model, path, Raw("seed")))

    def _learner(self, node: ModelNode | StackNode, seed: Raw) -> Call:
        self.used.add(LEARNERS[node.model])
        options: dict[str, Any] = MODELS[node.model](**node.params).get_params()
        if isinstance(node, ModelNode) and "n_estimators" in options:
            options["n_estimators"] = _by_fold([fold.model.grown or 1 for fold in self.member.folds])
        if isinstance(node, ModelNode) and node.model == "svm":
            cut = [_cut(fold.model, rows) for fold, rows in zip(self.member.folds, self.rows, strict=False)]
            options |= {"rows": _by_fold(cut)} if any(cut) else {}
        if node.model in SEEDED_LEARNERS:
            options = {"seed": seed} | options
        if node.model in ROUNDS:
            options = {"rounds": _by_fold([_rounds(node.model, fold.model) for fold in self.member.folds])} | options
        return Call(LEARNERS[node.model][1], options=options)


def _by_fold(numbers: list[int | None]) -> Any:
    """One number where all folds have the same, else theirs."""
    return numbers[0] if len(set(numbers)) == 1 else Raw(f"{written(tuple(numbers))}[fold]")


def _rounds(name: str, model: Any) -> int:
    """Rounds of boosting that a fitted model kept; 1 where there was one class and so nothing to learn."""
    booster = model._booster
    if booster is None:
        return 1
    if name == "catboost":
        return int(booster.tree_count_)
    return int(booster.current_iteration() if name == "lightgbm" else booster.num_boosted_rounds())


def _cut(machine: Any, rows: int) -> int | None:
    """How many rows a support vector machine was trained on when its time was already up; None for all of them.

    It does not tell; but its work is so many rows times a whole number, and its vectors are among them.
    """
    vectors = len(machine._state.get("vectors", ()))
    few = vectors <= HURRIED + machine._outputs.count and rows > HURRIED
    return HURRIED if few and machine._state and machine.work % rows else None
