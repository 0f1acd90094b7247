"""A finished search as a graph that can be edited: its pipelines node by node, with the settings it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from optuna.trial import FixedTrial

from hortus.engine.journal import TrialRow
from hortus.errors import RunError
from hortus.run.finish import pool
from hortus.run.graph.graph import Edge, Graph, Node, Randomness
from hortus.run.graph.layout import laid_out
from hortus.run.graph.words import TITLES
from hortus.run.result import Result
from hortus.seeds import derive
from hortus.spaces import SPACES
from hortus.spaces.nodes import AnyNode, ModelNode, RowsNode, StackNode, StepNode
from hortus.spaces.pipeline import Pipeline

Which = Literal["best", "ensemble"]


def from_run(result: Result, *, source: str, which: Which = "best") -> Graph:
    """The best pipeline of a search, or all of its ensemble, as a graph.

    Run on the same table, it divides the rows as the search did, fits every step and model with the same settings
    and randomness, and so comes to the same scores, wherever the search's own fits were not cut short by its clock.

    Args:
        result: the search.
        source: where its table lies; a run does not keep it.
        which: the best pipeline alone, or every member of the ensemble and a blend of them.

    Raises:
        RunError: no trial has ended well, or the target was no column of the table.
    """
    settings, data = result.settings, result.prepared.data
    rows = {row.number: row for row in pool(result.rows, result.prepared, result.folder).rows}
    if not rows:
        raise RunError(
            "No trial of this run has ended well, so that there is nothing to draw.",
            mend="Go on with the run for longer.",
            code="no-model",
        )
    weights = {int(number): float(weight) for number, weight in result.chosen["weights"].items()}
    members = [number for number in weights if number in rows]
    numbers = members if which == "ensemble" and members else [next(iter(rows))]
    table: dict[str, Any] = {"source": source, "target": result.prepared.task.target}
    table |= {"task": settings.kind or "", "metric": settings.metric if isinstance(settings.metric, str) else ""}
    table |= {"ignore": list(settings.ignore), "keep": list(settings.keep), "weight": settings.weight or ""}
    side = "by_group" if settings.group else "by_time" if settings.order else ""
    divided: dict[str, Any] = {"method": f"folds_{side}" if side else "folds", "folds": data.folds.count}
    divided |= {"column": settings.group or settings.order or "", "stopped_by_test": True}
    growing = _Growing(result)
    growing.add(Node("load", "load", {key: value for key, value in table.items() if value not in ("", [])}))
    read = "load"
    if settings.text:
        growing.add(Node("text", "text", {"columns": list(settings.text)}), read)
        read = "text"
    growing.add(Node("split", "split", divided, randomness=Randomness(settings.seed)), read)
    ends = [growing.pipeline(rows[number]) for number in numbers]
    if len(ends) > 1:
        blended: dict[str, Any] = {"weights": [weights[number] for number in numbers]}
        model = result.searched
        if model.stacking is not None and len(members) == len(weights):
            blended["stacking"] = model.stacking.to_json()
        if model.calibration is not None and len(members) == len(weights):
            blended["calibration"] = model.calibration.to_json()
        growing.add(Node("blend", "blend", blended, "Ensemble"), *ends)
        ends = ["blend"]
    growing.add(Node("evaluate", "evaluate"), *ends)
    growing.add(Node("deploy", "deploy"), *ends)
    title = "The ensemble of a search" if len(numbers) > 1 else "The best of a search"
    return laid_out(Graph(tuple(growing.nodes), tuple(growing.edges), title, settings.seed))


class _Growing:
    """A graph under way."""

    def __init__(self, result: Result) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.result = result
        settings = result.settings
        facts = result.prepared.data.facts(settings.budget.time)
        self.space = SPACES[settings.space_name](facts, **settings.space_options)

    def add(self, node: Node, *inputs: str) -> str:
        """Add a node under a name that is free; return it."""
        taken = {one.id for one in self.nodes}
        name, count = node.id, 2
        while name in taken:
            name, count = f"{node.id}-{count}", count + 1
        self.nodes.append(replace(node, id=name))
        self.edges += [Edge(source, name) for source in inputs]
        return name

    def pipeline(self, row: TrialRow) -> str:
        """Add a trial's pipeline; return its model's id."""
        candidate = self.space(FixedTrial(dict(row.params)))
        if not isinstance(candidate, Pipeline):
            raise TypeError(f"A pipeline can be drawn, not a {type(candidate).__name__}.")
        seed = derive(self.result.settings.seed, "trial", row.number)
        return self.node(candidate.root, "0", seed, row.number)

    def node(self, node: AnyNode, path: str, seed: int, number: int) -> str:
        """Add a node of a pipeline and all below it; return its id."""
        if isinstance(node, RowsNode):
            return "split"
        below = [self.node(one, f"{path}/{i}", seed, number) for i, one in enumerate(node.inputs)]
        drawn = Randomness(seed, path)
        if isinstance(node, StepNode):
            return self.add(Node(node.step, node.step, _plain(node.params), randomness=drawn), *below)
        if isinstance(node, ModelNode):
            settings = {**_plain(node.params), "prepare": False}
            title = f"{TITLES[node.model][0]} {number}"
            return self.add(Node(node.model, node.model, settings, title, randomness=drawn), *below)
        if isinstance(node, StackNode):
            stacked = {"name": node.model, "params": _plain(node.params)}
            return self.add(Node("stack", "stack", stacked, randomness=drawn), *below)
        return self.add(Node("side_by_side", "side_by_side"), *below)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON knows them."""
    return {name: value.item() if hasattr(value, "item") else value for name, value in params.items()}
