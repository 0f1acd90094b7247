"""Deploy: a model at work, on this computer, in a container, on a file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from hortus.deploy.serve.replies import CountersReply, ImageSchemaReply, Prediction, SchemaReply
from hortus.deploy.snippets import image_snippets, snippets
from hortus.errors import RunError
from hortus.run.result import BUNDLE
from hortus.studio.calling import ask
from hortus.studio.deployments import Deployments
from hortus.studio.home import ID
from hortus.studio.kept import kept
from hortus.studio.opened import AnyRun, ImageRun, OpenImages, OpenRun, TableRun
from hortus.studio.scoring import Score, new_place, receive, score_file, scored
from hortus.studio.scoring_images import SUFFIXES, score_images
from hortus.studio.security import UPLOAD
from hortus.studio.state import Here, Studio

router = APIRouter(prefix="/api/deploy", tags=["deploy"])

# Images of its own that a network can be tried on.
EXAMPLES = 8


class Code(BaseModel):
    """A way to ask the model."""

    name: str
    language: str
    how: str
    code: str


class Deployed(BaseModel):
    """How a run's model is at work."""

    name: str
    on: bool
    address: str | None
    since: float | None
    current: bool = Field(description="Whether the model that is served is the run's as it is now.")
    form: SchemaReply | None = Field(description="Of a model of tables.")
    row: dict[str, Any] = Field(description="To begin with.")
    image: ImageSchemaReply | None = Field(description="Of a network of images.")
    examples: list[int] = Field(description="Images of the run to begin with, by their numbers.")
    code: list[Code]
    most_file_bytes: int = Field(default=UPLOAD, description="Of a file that is scored.")


class Switch(BaseModel):
    """On or off."""

    on: bool


@router.get("/runs/{run}")
def deployed(request: Request, studio: Here, found: AnyRun) -> Deployed:
    """How the model is at work, and what is sent to it."""
    here = kept(request, Deployments).find(studio.home, found.run)
    address = here.address if here is not None else "http://127.0.0.1:8600"
    at_work: dict[str, Any] = {
        "name": found.run.name,
        "on": here is not None,
        "address": here.address if here is not None else None,
        "since": here.since if here is not None else None,
        "current": here is None or here.current,
    }
    if isinstance(found, OpenImages):
        from hortus.deploy.serve.image_app import image_schema

        places = found.judged.places
        chosen = places[np.unique(np.linspace(0, len(places) - 1, EXAMPLES).round().astype(int))]
        code = [Code(**vars(one)) for one in image_snippets(address)]
        form = image_schema(found.result.model)
        return Deployed(**at_work, form=None, row={}, image=form, examples=chosen.tolist(), code=code)
    from hortus.deploy.serve.app import Limits
    from hortus.deploy.serve.described import schema_reply

    desk, limits = found.desk, Limits()
    row = {name: None if cell in ("text", "⁇ hortus probes ⁇") else cell for name, cell in desk.typical.items()}
    return Deployed(
        **at_work,
        form=schema_reply(desk, most_rows=limits.rows, most_bytes=limits.bytes),
        row=row,
        image=None,
        examples=[],
        code=[Code(**vars(one)) for one in snippets(address, found.result.model.task.target, row)],
    )


@router.put("/runs/{run}/switch")
def switch(request: Request, studio: Here, found: AnyRun, wanted: Switch) -> Deployed:
    """Switch it on, and come back when it answers; or off."""
    deployments = kept(request, Deployments)
    if wanted.on:
        deployments.switch_on(studio.home, found.run)
    else:
        deployments.switch_off(studio.home, found.run)
    return deployed(request, studio, found)


class Row(BaseModel):
    """A row to predict."""

    row: dict[str, Any]


@router.post("/runs/{run}/try")
def try_it(request: Request, studio: Here, found: TableRun, sent: Row) -> Prediction:
    """Ask the served model, as any client would."""
    answer = ask(_address(request, studio, found), "/v1/predict", {"rows": [sent.row]})
    return Prediction(**answer["predictions"][0])


@router.post("/image/{run}")
async def try_image(request: Request, studio: Here, found: ImageRun) -> Prediction:
    """Ask the served network about the picture that is the body, as any client would."""
    content = await request.body()
    kind = request.headers.get("content-type", "")[:100] or "application/octet-stream"

    def asked() -> Any:
        return ask(_address(request, studio, found), "/v1/predict", content, kind=kind)

    answer = await run_in_threadpool(asked)
    return Prediction(**answer["predictions"][0])


@router.get("/runs/{run}/counters")
def counters(request: Request, studio: Here, found: AnyRun) -> CountersReply | None:
    """What the served model has done since it was switched on; null where it is off."""
    here = kept(request, Deployments).find(studio.home, found.run)
    return None if here is None else CountersReply(**ask(here.address, "/v1/counters"))


def _address(request: Request, studio: Studio, found: OpenRun | OpenImages) -> str:
    here = kept(request, Deployments).find(studio.home, found.run)
    if here is None:
        raise RunError("The model is not switched on.", mend="Switch it on above.", code="deployment-off")
    return here.address


@router.get("/runs/{run}/container.zip", response_class=Response)
def container(found: AnyRun) -> Response:
    """The folder that becomes a container, in one file."""
    from hortus.deploy.container import export_container

    return _zipped("container", lambda out: export_container(found.run.folder / BUNDLE, out))


@router.get("/runs/{run}/network-{form}.zip", response_class=Response)
def network(found: ImageRun, form: Literal["code", "onnx"]) -> Response:
    """A network without Hortus: as plain PyTorch, or as a graph that other runtimes take."""
    from hortus.run.export import export_run_code, export_run_onnx

    write = export_run_code if form == "code" else export_run_onnx
    return _zipped(form, lambda out: write(found.run.folder, out))


def _zipped(form: str, write: Callable[[Path], Any]) -> Response:
    """A folder that ``write`` fills, in one file."""
    made = Path(tempfile.mkdtemp(prefix=f"hortus-{form}-"))
    try:
        (made / "model").mkdir()
        write(made / "model")
        archive = shutil.make_archive(str(made / "archive"), "zip", made, "model")
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return FileResponse(
        archive,
        media_type="application/zip",
        filename=f"model-{form}.zip",
        background=BackgroundTask(shutil.rmtree, made, ignore_errors=True),
    )


@router.post("/score/{run}")
async def score(
    request: Request,
    studio: Here,
    found: AnyRun,
    name: Annotated[str, Query(max_length=255, description="What its owner calls the file.")],
) -> Score:
    """Predict every row of the file that is the body, or every picture of a zip; what cannot be read is set apart."""
    mark, folder = new_place(studio.home)
    try:
        if isinstance(found, OpenImages):
            path = await receive(request.stream(), folder, name, suffixes=SUFFIXES, what="a zip of pictures")
            return await run_in_threadpool(score_images, found.result.model, path, folder, mark)
        path = await receive(request.stream(), folder, name)
        return await run_in_threadpool(score_file, found.result.model, path, folder, mark)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@router.get("/scored/{mark}/{part}", response_class=Response)
def download(
    studio: Here,
    mark: Annotated[str, PathParameter(pattern=ID)],
    part: Literal["predictions.csv", "rejects.csv"],
) -> Response:
    """What came of a file."""
    return FileResponse(scored(studio.home, mark, part), media_type="text/csv; charset=utf-8", filename=part)
