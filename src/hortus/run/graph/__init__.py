"""A graph of steps, from the table to the model at work: typed, checked, run on the real engine, and kept.

Each node is a call of one function of this package, so that a graph and a script that does the same are one thing:

>>> from sklearn.datasets import load_iris
>>> frame = load_iris(as_frame=True).frame
>>> rows = split(load(frame, target="target", task="classification"))
>>> filled = step(rows, name="impute")
>>> scores = evaluate(model(filled, name="linear"))
>>> scores.measures[0].metric, scores.score > -0.3
('neg_log_loss', True)
"""

from hortus.run.graph.check import Problem, problems, refusal
from hortus.run.graph.deploying import deploy
from hortus.run.graph.execute import digests, run_graph, summary
from hortus.run.graph.features import side_by_side, stack, step
from hortus.run.graph.graph import Edge, Graph, Node, Randomness
from hortus.run.graph.kinds import Kind, kind_of, kinds
from hortus.run.graph.learners import blend, model
from hortus.run.graph.scores import compare, evaluate
from hortus.run.graph.searching import search
from hortus.run.graph.splits import split
from hortus.run.graph.tables import categories, dates, leave_out, load, text

__all__ = [
    "Edge",
    "Graph",
    "Kind",
    "Node",
    "Problem",
    "Randomness",
    "blend",
    "categories",
    "compare",
    "dates",
    "deploy",
    "digests",
    "evaluate",
    "kind_of",
    "kinds",
    "leave_out",
    "load",
    "model",
    "problems",
    "refusal",
    "run_graph",
    "search",
    "side_by_side",
    "split",
    "stack",
    "step",
    "summary",
    "text",
]
