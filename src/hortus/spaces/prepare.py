"""The steps a model needs below it, when no step there has done the work yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hortus.data.facts import Facts
from hortus.models.base import Model
from hortus.spaces.nodes import Node, RowsNode, StackNode, StepNode, UnionNode


@dataclass(frozen=True)
class Traits:
    """What the columns behind a node may hold.

    Attributes:
        missing: NaN.
        categories: category codes.
        scaled: whether all numbers are on one scale.
    """

    missing: bool
    categories: bool
    scaled: bool


# What a step makes of its input's traits; a step that is not here leaves them as they are.
EFFECTS: dict[str, dict[str, bool]] = {
    "impute": {"missing": False},
    "onehot": {"categories": False},
    "ordinal": {"categories": False},
    "count": {"categories": False},
    "scale": {"scaled": True},
    "common_scale": {"scaled": True},
    "pca": {"scaled": False},
    "arithmetic": {"scaled": False},
    "groups": {"scaled": False},
    "crosses": {"categories": True},
}


def traits(node: Node, facts: Facts) -> Traits:
    """What the columns behind ``node`` may hold."""
    if isinstance(node, RowsNode):
        # Rows to predict may have gaps where the training rows have none.
        return Traits(missing=True, categories=facts.categorical > 0, scaled=False)
    below = [traits(part, facts) for part in node.inputs]
    merged = Traits(
        missing=any(part.missing for part in below),
        categories=any(part.categories for part in below),
        scaled=all(part.scaled for part in below),
    )
    if isinstance(node, StepNode):
        return replace(merged, **EFFECTS.get(node.step, {}))
    if isinstance(node, StackNode) and facts.kind == "regression":
        return replace(merged, scaled=False)
    return merged


def prepare(model: type[Model], facts: Facts, node: Node, *, scale: str = "scale") -> Node:
    """Return ``node`` with the fewest steps on top of it that make its columns fit for ``model``.

    Categories become indicators for a model that measures distances, codes for one that splits; gaps are filled;
    numbers are brought to one scale.

    Args:
        model: the learner above.
        facts: of the encoded rows.
        node: what is to be its input.
        scale: the step that scales, where one is needed.
    """
    found = traits(node, facts)
    if found.categories and not model.categories:
        node = StepNode("onehot" if model.scaled else "ordinal", {}, (node,))
    if found.missing and not model.missing:
        node = StepNode("impute", {}, (node,))
    if model.scaled and not found.scaled:
        node = StepNode(scale, {}, (node,))
    return node


def merged(parts: tuple[Node, ...]) -> Node:
    """The union of ``parts``, which is the part itself where there is one or all are equal."""
    return parts[0] if all(part == parts[0] for part in parts) else UnionNode(parts)
