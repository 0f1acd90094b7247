"""``hortus export``: a run handed over in another form. A form is one line of `FORMS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from hortus.cli.told import Debug, told
from hortus.errors import SettingError, nearest

# A form's name -> the function that writes it and what it is handed as its first argument: the model's ``.hortus``
# file (then a saved model can be exported too), or the run's folder. Its second is the empty folder to fill; it gives
# back the lines to show.
Exporter = Callable[[Path, Path], Iterable[str]]
FORMS: dict[str, tuple[str, str]] = {
    "code": ("hortus.run.export:export_run_code", "run"),
    "onnx": ("hortus.run.export:export_run_onnx", "run"),
    "notebook": ("hortus.run.notebook:export_notebook", "run"),
    "container": ("hortus.deploy.container:export_container", "model"),
}


def export(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a .hortus file.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help=f"{', '.join(FORMS)}.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write; new or empty.", show_default=False)],
    debug: Debug = False,
) -> None:
    """Hand a model over in a form that others can use."""
    with told(debug=debug):
        if to not in FORMS:
            raise SettingError(f"There is no form called {to!r}.", mend=nearest(to, FORMS), code="unknown-form")
        place, wanted = FORMS[to]
        source = _run_folder(model) if wanted == "run" else model_file(model)
        empty_folder(out)
        module, _, name = place.partition(":")
        exporter: Exporter = getattr(import_module(module), name)
        for line in exporter(source, out):
            typer.echo(line)


def model_file(path: Path) -> Path:
    """The ``.hortus`` file of a run's folder, or the file itself.

    Raises:
        RunError: the folder holds no run.
    """
    return _run_folder(path) / _bundle_name() if path.is_dir() else path


def empty_folder(out: Path) -> None:
    """Make the folder.

    Raises:
        SettingError: there is something in it, or it is a file.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(
            f"{str(out)!r} is {'not empty' if out.is_dir() else 'a file'}, and nothing is written over.",
            mend="Give a folder that is new or empty.",
            code="out-not-empty",
        )
    out.mkdir(parents=True, exist_ok=True)


def _run_folder(path: Path) -> Path:
    from hortus.run import open_run
    from hortus.run.images.result import is_image_run
    from hortus.run.scenes.result import is_scene_run

    if is_image_run(path) or is_scene_run(path):
        return path
    # A run that was killed gets its model by being opened.
    return open_run(path).folder


def _bundle_name() -> str:
    from hortus.run.result import BUNDLE

    return BUNDLE
