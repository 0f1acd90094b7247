"""Notebooks: a run as a notebook, and samples to start from."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from hortus.errors import RunError
from hortus.run.images.notebook import JUDGED
from hortus.run.notebook import NOTEBOOK
from hortus.studio.gallery import notebook as sample_notebook
from hortus.studio.gallery import samples
from hortus.studio.home import read_note, write_note
from hortus.studio.kept import kept
from hortus.studio.laboratory import Laboratory, notebooks
from hortus.studio.process import Children
from hortus.studio.runs import Run, require_over
from hortus.studio.state import Here, Id, Studio

router = APIRouter(prefix="/api/notebooks", tags=["notebooks"])

COMMAND = "hortus.cli"
NOTE, LOG, MADE = "notebook.json", "log.txt", "made"
Name = Annotated[str, PathParameter(pattern=r"^\d\d_[a-z_]{1,60}$")]


class Writer(Children):
    """The processes that write notebooks."""

    def __init__(self) -> None:
        super().__init__()
        self.guard = threading.Lock()


class GalleryLine(BaseModel):
    """A notebook of the gallery."""

    name: str
    title: str
    told: str


class Gallery(BaseModel):
    """Samples to start from."""

    samples: list[GalleryLine]
    lab: bool = Field(description="Whether JupyterLab is installed.")


@router.get("")
def gallery() -> Gallery:
    """Every sample."""
    found = [GalleryLine(name=one.name, title=one.title, told=one.told) for one in samples()]
    return Gallery(samples=found, lab=Laboratory.there())


@router.get("/samples/{name}.ipynb", response_class=Response)
def sample(name: Name) -> Response:
    """A sample, to keep."""
    headers = {"content-disposition": f'attachment; filename="{name}.ipynb"'}
    return Response(sample_notebook(name), media_type="application/x-ipynb+json", headers=headers)


class Opened(BaseModel):
    """Where a notebook is open."""

    address: str


@router.post("/samples/{name}/lab")
def open_sample(request: Request, studio: Here, name: Name) -> Opened:
    """Open a copy of a sample in JupyterLab; one that was changed before stays as it is."""
    path = notebooks(studio.home) / "samples" / f"{name}.ipynb"
    text = sample_notebook(name)
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    return Opened(address=kept(request, Laboratory).address(studio.home, path))


class Written(BaseModel):
    """How far a run's notebook is."""

    name: str
    kind: Literal["table", "image"]
    state: Literal["none", "working", "ready", "failed"]
    what: str = Field(description="Why it failed.")
    rows: int = Field(description="Of the training table, or images, that lie beside it.")


@router.get("/runs/{run}")
def written(request: Request, studio: Here, run: Id) -> Written:
    """How far it is."""
    return _written(request, studio, studio.runs.get(run))


@router.post("/runs/{run}")
def write(request: Request, studio: Here, run: Id) -> Written:
    """Begin to write a run's notebook, which is executed on the way; a new one where there was one."""
    found = studio.runs.get(run)
    require_over(found, studio.runs.state(found))
    writer = kept(request, Writer)
    with writer.guard:
        if _written(request, studio, found).state != "working":
            place = _place(studio, found)
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            line = [COMMAND, "export", str(found.folder), "--to", "notebook", "--out", str(place / MADE)]
            write_note(place / NOTE, writer.begin(line, log=place / LOG, folder=place))
    return _written(request, studio, found)


@router.get("/runs/{run}/model.ipynb", response_class=Response)
def download(request: Request, studio: Here, run: Id) -> Response:
    """The notebook alone, with its outputs."""
    path = _ready(request, studio, run) / NOTEBOOK
    return FileResponse(path, media_type="application/x-ipynb+json", filename=NOTEBOOK)


@router.get("/runs/{run}/notebook.zip", response_class=Response)
def download_all(request: Request, studio: Here, run: Id) -> Response:
    """The notebook and the files that it needs to run again."""
    made = _ready(request, studio, run)
    packed = Path(tempfile.mkdtemp(prefix="hortus-notebook-"))
    archive = shutil.make_archive(str(packed / "notebook"), "zip", made)
    return FileResponse(
        archive,
        media_type="application/zip",
        filename="notebook.zip",
        background=BackgroundTask(shutil.rmtree, packed, ignore_errors=True),
    )


@router.post("/runs/{run}/lab")
def open_in_lab(request: Request, studio: Here, run: Id) -> Opened:
    """Open a run's notebook in JupyterLab."""
    made = _ready(request, studio, run)
    return Opened(address=kept(request, Laboratory).address(studio.home, made / NOTEBOOK))


def _place(studio: Studio, run: Run) -> Path:
    return notebooks(studio.home) / run.id


def _written(request: Request, studio: Studio, run: Run) -> Written:
    place = _place(studio, run)
    note: dict[str, Any] = read_note(place / NOTE)
    found = Written(name=run.name, kind=run.kind, state="none", what="", rows=0)
    if not note:
        return found
    if kept(request, Writer).lives(note):
        return found.model_copy(update={"state": "working"})
    if (place / MADE / NOTEBOOK).exists():
        return found.model_copy(update={"state": "ready", "rows": _rows(place / MADE)})
    try:
        said = (place / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        said = []
    what = next((line.removeprefix("Error: ") for line in said if line.startswith("Error: ")), "It was interrupted.")
    return found.model_copy(update={"state": "failed", "what": what})


def _ready(request: Request, studio: Studio, run: str) -> Path:
    found = studio.runs.get(run)
    if _written(request, studio, found).state != "ready":
        raise RunError("The notebook is not written yet.", mend="Write it first, or wait for it.", code="no-notebook")
    return _place(studio, found) / MADE


def _rows(made: Path) -> int:
    if (made / JUDGED).exists():
        with np.load(made / JUDGED, allow_pickle=False) as held:
            return len(held["labels"])
    from pyarrow import parquet

    return int(parquet.read_metadata(made / "sample.parquet").num_rows)
