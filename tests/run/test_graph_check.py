"""Graphs looked at before they run: what is wrong with them, and why an edge cannot be, in plain words."""

from dataclasses import replace

import pytest

from hortus.errors import HortusError, InputError, SettingError
from hortus.features import STEPS
from hortus.models import MODELS
from hortus.run.graph import Edge, Graph, Node, kind_of, kinds, problems, refusal
from hortus.run.graph.templates import from_template
from hortus.run.graph.values import FUNCTIONS


def graph_of(*rows, edges=()):
    nodes = tuple(Node(name, kind) for name, kind in rows)
    return Graph(nodes, tuple(Edge(*edge) for edge in edges))


EVERYTHING = graph_of(
    ("load", "load"),
    ("split", "split"),
    ("other", "split"),
    ("fill", "impute"),
    ("scale", "scale"),
    ("model", "linear"),
    ("search", "search"),
    ("blend", "blend"),
    ("mix", "blend"),
    ("judge", "evaluate"),
    ("compare", "compare"),
    ("deploy", "deploy"),
    edges=[("load", "split"), ("split", "fill"), ("fill", "scale"), ("split", "search")],
)


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("load", "fill", "Fill gaps takes a divided table or prepared columns, and Load data gives a table."),
        ("load", "model", "Connect it from Split or a step that prepares."),
        ("fill", "search", "A search prepares the columns by itself. Connect it to Split."),
        ("split", "load", "Load data is where a graph begins"),
        ("scale", "fill", "comes after Fill gaps already, so this would be a circle."),
        ("fill", "fill", "A step cannot take from itself."),
        ("split", "fill", "connected already"),
        ("model", "compare", "Compare takes scores, and Linear model gives a model. Connect it from Evaluate."),
        ("judge", "deploy", "Deploy takes a model, and Evaluate gives scores."),
        ("search", "blend", "A search blends by itself."),
        ("blend", "mix", "A blend is several models already."),
        ("compare", "judge", "Evaluate takes a model"),
        ("other", "scale", "different splits"),
    ],
)
def test_a_wrong_edge_is_refused_in_plain_words(source, target, why):
    assert why in refusal(EVERYTHING, source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("load", "other"),
        ("split", "model"),
        ("scale", "model"),
        ("model", "judge"),
        ("model", "deploy"),
        ("judge", "compare"),
    ],
)
def test_a_right_edge_is_not_refused(source, target):
    assert refusal(EVERYTHING, source, target) == ""


def test_one_connection_where_one_is_taken():
    full = replace(EVERYTHING, edges=(*EVERYTHING.edges, Edge("model", "judge")))
    assert "takes one connection and has one, from Linear model" in refusal(full, "search", "judge")


def test_what_is_missing_is_named():
    found = {(one.node, one.code): one for one in reversed(problems(EVERYTHING))}
    assert found["load", "graph-setting"].what == "Load data: Table is not set."
    assert found["model", "graph-no-input"].mend == "Connect it from Split or a step that prepares."
    assert ("fill", "graph-no-input") not in found


def test_circles_other_splits_and_unknown_steps_are_problems():
    circle = graph_of(("a", "impute"), ("b", "scale"), edges=[("a", "b"), ("b", "a")])
    assert [one.code for one in problems(circle)] == ["graph-circle", "graph-circle"]
    two = graph_of(
        ("l", "load"),
        ("s", "split"),
        ("t", "split"),
        ("m", "linear"),
        edges=[("l", "s"), ("l", "t"), ("s", "m"), ("t", "m")],
    )
    assert "graph-splits" in [one.code for one in problems(two) if one.node == "m"]
    assert [one.code for one in problems(graph_of(("x", "no-such")))] == ["unknown-node"]
    wrong = graph_of(("l", "load"), ("m", "linear"), edges=[("l", "m")])
    assert "graph-wrong-edge" in [one.code for one in problems(wrong)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_estimators": 10.5}, "Trees is a whole number"),
        ({"n_estimators": "many"}, "Trees is a number"),
        ({"criterion": "ginny"}, "Did you mean 'gini'?"),
        ({"colour": 1}, "has no setting 'colour'"),
        ({"prepare": "yes"}, "is yes or no"),
        ({"max_features": -1}, "less than 0 is not possible"),
    ],
)
def test_a_wrong_setting_is_named(settings, words):
    made = from_template("by-hand", source="x.csv", target="y")
    made = replace(made, nodes=tuple(replace(n, settings=settings) if n.id == "forest" else n for n in made.nodes))
    (found,) = problems(made)
    assert words in found.what


def test_a_split_by_time_needs_its_column():
    made = from_template("first", source="x.csv", target="y")
    made = replace(
        made, nodes=tuple(replace(n, settings={"method": "time"}) if n.id == "split" else n for n in made.nodes)
    )
    assert [one.what for one in problems(made)] == ["Split: By which column is not set."]


def test_every_step_and_model_is_a_kind_with_words_for_all_its_settings():
    found = kinds()
    assert set(STEPS) | set(MODELS) <= set(found)
    for kind in found.values():
        assert kind.function in FUNCTIONS
        assert kind.title
        assert kind.about.endswith(".")
        for setting in kind.settings:
            assert setting.label, (kind.name, setting.name)
            assert setting.fault(setting.default) == "" or setting.required, (kind.name, setting.name)
            if setting.typical is not None:
                assert setting.fault(setting.typical) == ""


def test_what_is_no_graph_is_refused():
    with pytest.raises(InputError, match="newer"):
        Graph.from_json({"format": 2, "nodes": [], "edges": []})
    with pytest.raises(InputError, match="no graph"):
        Graph.from_json({"format": 1, "nodes": [{"id": "a", "kind": "load"}] * 2, "edges": []})
    with pytest.raises(InputError, match="an edge has an end"):
        Graph.from_json({"format": 1, "nodes": [], "edges": [{"source": "a", "target": "b"}]})
    for other in (None, [], {"format": 1}, {"format": "x"}, {"format": 1, "nodes": 3, "edges": []}):
        with pytest.raises(HortusError):
            Graph.from_json(other)
    with pytest.raises(SettingError, match="Did you mean 'lightgbm'"):
        kind_of("lightgbn")
