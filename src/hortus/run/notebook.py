"""A run as a notebook that was executed: it loads, checks, searches, explains and predicts, with its files beside it.

What the user's table says (names, labels) stands in the code as literals alone, and in no text that a page would run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hortus.ensemble.predictor import Predictor
from hortus.errors import MissingExtraError, RunError
from hortus.libraries import installed, require
from hortus.run.evidence_folder import known_metric, write_evidence
from hortus.run.images.notebook import JUDGED, write_images
from hortus.run.images.result import is_image_run, open_image_run
from hortus.run.result import BUNDLE, open_run

NOTEBOOK = "model.ipynb"
# Seconds that a cell may take; the search and the report keep to budgets of their own far below.
CELL_SECONDS = 600
SEARCH = 'trials=6, time_budget=20, executor="inline", random_state=0, verbosity=0'
EXPLAIN_SECONDS = 20
LEVEL = 0.9

_TOP = """\
# A model, and how it came about

Made by Hortus from the rows of a table. The outputs below can be read without it; to run the cells again, keep the
files of this folder together and `pip install 'hortus[notebook]'`.

- `model.hortus`: the model that the run ended with.
- `sample.parquet`: rows of the table that it was trained on, with their target. Whoever has this folder has them.
- `judged.parquet`, `candidates.parquet`: what the model predicted of these rows without having learned from them, and
  everything that the run tried.
"""
_CHECK = """\
## Check

What could make a score lie: columns that give the answer away, ids, repeated rows, classes with few rows.
"""
_SEARCH = """\
## Search

A short search on these rows, to see how it goes. The model below comes from the whole run.
"""
_MODEL = """\
## The model

What it is worth on new rows, from predictions of rows that it had not learned from.
"""
_EXPLAIN = """\
## Why it says what it says

`report.html` is written beside this notebook, with pictures. First, what the score loses when a column's values are
shuffled among the rows; around 0, the model has no use for the column.
"""
_SEGMENTS = """\
Rows for which it is worse than for the others, beyond chance; none where there are none.
"""
_PREDICT = """\
## Predict

Any frame with the columns of `X` will do; further columns are ignored. The model has seen the rows below, so how near
it comes here says nothing of new ones. On the command line:

    hortus predict model.hortus new.csv --out predictions.csv
"""


# Where the model has learned from all rows of a file but those kept aside, which then go with it.
_APART = (
    ("rows of the table that it was trained on", "rows of the table that were kept aside when it was trained"),
    (
        "The model has seen the rows below, so how near\nit comes here says nothing of new ones.",
        "It has not seen them.",
    ),
)


def export_notebook(folder: Path, out: Path) -> Iterable[str]:
    """Write an executed notebook of a run, and the files that it needs, and say what was written.

    Args:
        folder: the run's.
        out: an empty folder.

    Raises:
        RunError: the folder holds no run, or a cell failed.
        ArtifactError: the run's folder is incomplete or damaged.
        MissingExtraError: what runs notebooks is not installed.
    """
    nbformat, nbclient = require("nbformat", "notebook"), require("nbclient", "notebook")
    if not installed("ipykernel"):
        raise MissingExtraError(
            "The library 'ipykernel' is needed here and is not installed.",
            mend="Install it with: pip install 'hortus[notebook]'",
            code="extra-missing",
        )
    if is_image_run(folder):
        return _of_images(folder, out, nbformat, nbclient)
    run = open_run(folder)
    write_evidence(run.evidence, run.folder / BUNDLE, out)
    _write(nbformat, nbclient, cells(run.model), out)
    return [
        f"{NOTEBOOK} loads, checks, searches, explains and predicts; its outputs can be read without Hortus.",
        f"{len(run.evidence.frame):,} rows of the training table are beside it, in sample.parquet; report.html has "
        "the pictures.",
    ]


def _of_images(folder: Path, out: Path, nbformat: Any, nbclient: Any) -> list[str]:
    made, images = write_images(open_image_run(folder), out)
    _write(nbformat, nbclient, made, out)
    return [
        f"{NOTEBOOK} loads, draws, judges, searches and predicts; its outputs can be read without Hortus.",
        f"{images:,} images that were set aside are beside it, in {JUDGED}.",
    ]


def _write(nbformat: Any, nbclient: Any, made: list[tuple[str, str]], out: Path) -> None:
    notebook = _notebook(nbformat, made)
    _execute(nbclient, notebook, out)
    nbformat.validate(notebook)
    (out / NOTEBOOK).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def cells(model: Predictor) -> list[tuple[str, str]]:
    """The cells in order, as ("markdown" or "code", its source)."""
    task = model.task
    regression = task.kind == "regression"
    kind = "regression" if regression else "classification"
    estimator = "AutoRegressor" if regression else "AutoClassifier"
    metric = known_metric(task.metric)
    asked = f"metric={metric!r}, {SEARCH}" if metric else SEARCH
    # Only what is ASCII can be no other text than it looks like.
    target = ascii(task.target)
    top, predict = _TOP, _PREDICT
    if model.apart:
        for usual, apart in _APART:
            top, predict = top.replace(usual, apart), predict.replace(usual, apart)
    return [
        ("markdown", top),
        (
            "code",
            f"""\
import pandas as pd
from IPython.display import HTML

import hortus

pd.options.display.max_colwidth = 200
TARGET = {target}
table = pd.read_parquet("sample.parquet")
X, y = table.drop(columns=TARGET), table[TARGET]
print(f"{{len(table):,}} rows, {{X.shape[1]:,}} columns; to predict: {{TARGET!a}}. Hortus {{hortus.__version__}}")
table.head()""",
        ),
        ("markdown", _CHECK),
        (
            "code",
            f"""\
from hortus.data.checks import examine

findings = examine(table, TARGET, kind={kind!r}).findings
pd.DataFrame(
    [(finding.severity, finding.what, finding.evidence) for finding in findings],
    columns=["severity", "what", "evidence"],
)""",
        ),
        ("markdown", _SEARCH),
        (
            "code",
            f"""\
from hortus import {estimator}

search = {estimator}({asked})
search.fit(X, y)
search.leaderboard()[["rank", "model", "pipeline", "score", "low", "high", "weight", "state"]]""",
        ),
        ("markdown", _MODEL),
        (
            "code",
            """\
from hortus.explain.page.summary import summary_html
from hortus.run.evidence_folder import open_evidence

evidence = open_evidence(".")
model = evidence.predictor  # as hortus.load("model.hortus")
HTML(summary_html(evidence))""",
        ),
        ("markdown", _EXPLAIN),
        (
            "code",
            f"""\
from hortus.explain.report import build_report, write_html

report = build_report(evidence, seconds={EXPLAIN_SECONDS})
write_html(report, "report.html")
importance = report.importance
pd.DataFrame(
    {{"column": importance.columns, "loss": importance.mean, "low": importance.low, "high": importance.high}}
).head(20)""",
        ),
        ("markdown", _SEGMENTS),
        (
            "code",
            """\
pd.DataFrame(
    [(s.words, s.rows, s.metric, s.score, s.overall, s.low, s.high) for s in report.segments],
    columns=["rows where", "rows", "metric", "score", "score of all", "gap, from", "to"],
)""",
        ),
        ("markdown", predict),
        ("code", _predicting(model)),
    ]


def _predicting(model: Predictor) -> str:
    lines = ["new = X.tail(10)", 'found = pd.DataFrame({"predicted": model.predict(new)}, index=new.index)']
    level = _level(model)
    if model.task.kind == "regression":
        if level is not None:
            lines.append(f'found[["low", "high"]] = model.predict_interval(new, level={level})')
    else:
        if level is not None:
            lines += [
                f"held = model.predict_set(new, level={level})",
                'found["one of"] = [" | ".join(str(c) for c in model.task.labels[row]) for row in held]',
            ]
        lines += [
            'names = [f"probability of {c}" for c in model.task.classes]',
            "probabilities = pd.DataFrame(model.predict_proba(new), index=new.index, columns=names)",
            "found = pd.concat([found, probabilities], axis=1)",
        ]
    return "\n".join([*lines, "found"])


def _level(model: Predictor) -> float | None:
    """The level of intervals and sets: the usual one, or the highest that the rows can vouch for."""
    if model.conformal is None:
        return None
    highest = float(np.floor(100 * model.conformal.ladder.highest) / 100)
    return min(LEVEL, highest) if highest > 0 else None


def _notebook(nbformat: Any, made: list[tuple[str, str]]) -> Any:
    new = nbformat.v4
    notebook = new.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for number, (kind, source) in enumerate(made):
        cell = new.new_code_cell(source) if kind == "code" else new.new_markdown_cell(source.rstrip())
        # The same run gives the same notebook.
        cell["id"] = f"cell-{number}"
        notebook.cells.append(cell)
    return notebook


def _execute(nbclient: Any, notebook: Any, folder: Path) -> None:
    """Run the cells in ``folder``, by this interpreter, and keep what they show."""
    with tempfile.TemporaryDirectory() as private:
        client = nbclient.NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=CELL_SECONDS,
            record_timing=False,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(folder)}},
        )
        manager = client.create_kernel_manager()
        # Kernels that are installed may belong to other interpreters; without any, it is the one running.
        manager.kernel_spec_manager.kernel_dirs = []
        manager.connection_file = str(Path(private) / "connection.json")
        try:
            client.execute(env={**os.environ, "IPYTHONDIR": private})
        except nbclient.exceptions.CellExecutionError as error:
            raise _failed(f"A cell of the notebook failed: {error.ename}: {error.evalue}", folder) from error
        except (nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError) as error:
            raise _failed(f"The notebook did not come to its end: {str(error).splitlines()[0]}", folder) from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # Warnings of libraries, which name this machine's folders.
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


def _failed(what: str, folder: Path) -> RunError:
    return RunError(what, mend=f"{folder.name!r} holds its files, but no notebook.", code="notebook-cell")
