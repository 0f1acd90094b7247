"""Samples to start from: the project's examples as notebooks.

The examples are kept once, as scripts and notebooks that the tests run; a wheel carries them beside this file
(pyproject.toml), and in a checkout they lie at its top. A script becomes a notebook when it is asked for: what its
docstring says comes first, and each comment at its left edge begins a new part.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hortus.studio.home import AbsentError

_PLACES = (Path(__file__).parent / "gallery", Path(__file__).parents[3] / "examples")
_NAME = re.compile(r"^\d\d_[a-z_]+\.(py|ipynb)$")
# Blank lines before a line that is not indented.
_BETWEEN = re.compile(r"\n\n+(?=\S)")


@dataclass(frozen=True)
class Sample:
    """A notebook of the gallery.

    Attributes:
        name: of the file, without its suffix.
        title: what it shows, in a few words.
        told: the rest of its first sentence.
        path: of the script or the notebook.
    """

    name: str
    title: str
    told: str
    path: Path


def samples() -> tuple[Sample, ...]:
    """All of them, the notebook for beginners first; none where they were not brought along."""
    place = next((place for place in _PLACES if place.is_dir()), None)
    found = [] if place is None else sorted(path for path in place.iterdir() if _NAME.match(path.name))
    return tuple(_sample(path) for path in sorted(found, key=lambda path: (path.suffix == ".py", path.name)))


def notebook(name: str) -> str:
    """A sample as the text of a notebook.

    Raises:
        AbsentError: there is none of that name.
    """
    for sample in samples():
        if sample.name == name:
            text = sample.path.read_text(encoding="utf-8")
            return text if sample.path.suffix == ".ipynb" else json.dumps(as_notebook(text), indent=1) + "\n"
    raise AbsentError("There is no sample of that name.", mend="Choose one of the gallery.", code="sample-absent")


def as_notebook(script: str) -> dict[str, Any]:
    r"""A script as a notebook (nbformat 4.5).

    >>> cells = as_notebook('"Add: one and one."\n\nimport os\n\n# Now.\nprint(1 + 1)\n')["cells"]
    >>> [(cell["cell_type"], cell["source"]) for cell in cells]
    [('markdown', '# Add\n\nOne and one.'), ('code', 'import os'), ('markdown', 'Now.'), ('code', 'print(1 + 1)')]
    """
    title, told = _heading(script)
    cells = [_cell("markdown", f"# {title}\n\n{told}".strip(), 0)]
    first = ast.parse(script).body[0]
    rest = "\n".join(script.splitlines()[first.end_lineno or 0 :])
    for block in filter(None, (part.strip("\n") for part in _BETWEEN.split(rest.strip("\n")))):
        lines = block.splitlines()
        said = 0
        while said < len(lines) and lines[said].startswith("# "):
            said += 1
        if said:
            cells.append(_cell("markdown", "\n".join(line.removeprefix("# ") for line in lines[:said]), len(cells)))
        code = "\n".join(lines[said:])
        if code and cells[-1]["cell_type"] == "code":
            cells[-1]["source"] += f"\n\n{code}"
        elif code:
            cells.append(_cell("code", code, len(cells)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _sample(path: Path) -> Sample:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        lines = "".join(json.loads(text)["cells"][0]["source"]).splitlines()
        title, told = lines[0].removeprefix("# "), " ".join(lines[2:])
    else:
        title, told = _heading(text)
    first = told.split("\n\n")[0].split(". ")[0].replace("`", "").rstrip(".")
    return Sample(path.stem, title, f"{first}." if first else "", path)


def _heading(script: str) -> tuple[str, str]:
    """What stands before and after the colon of the docstring's first sentence; the command line is left out."""
    paragraphs = (ast.get_docstring(ast.parse(script)) or "").split("\n\n")
    title, _, told = " ".join(paragraphs[0].split()).partition(": ")
    kept = [told[:1].upper() + told[1:], *(p for p in paragraphs[1:] if not p.strip().startswith("python "))]
    return title.rstrip("."), "\n\n".join(filter(None, kept))


def _cell(kind: str, source: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
