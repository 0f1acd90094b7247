"""``hortus predict``: a run or a saved model, and new rows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hortus.cli import images, scenes
from hortus.cli.own_code import find_in_this_folder
from hortus.cli.told import Debug, told
from hortus.errors import SettingError

if TYPE_CHECKING:
    from hortus.ensemble.predictor import Predictor


def predict(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a .hortus file.", show_default=False)],
    table: Annotated[Path, typer.Argument(help="The rows to predict; or images.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="csv, tsv or parquet, standard output if not said; of masks a folder."),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="The classes' probabilities too.")] = False,
    level: Annotated[
        float | None, typer.Option("--level", help="Intervals, or sets of classes, that hold the truth so often: 0.9.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", help="A column of the new rows to copy beside the predictions.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", help="csv or tsv: rows that cannot be read go there, with the reason."),
    ] = None,
    refine: Annotated[bool, typer.Option("--refine", help="Of masks: let a CRF move borders to colours'.")] = False,
    net: Annotated[
        str | None, typer.Option("--net", help="Of `hortus search`: the function that it searched, as it was given.")
    ] = None,
    chunk: Annotated[int, typer.Option("--chunk", min=1, help="Rows that are in memory at a time.")] = 100_000,
    debug: Debug = False,
) -> None:
    """Predict new rows, in their order."""
    with told(debug=debug):
        from hortus.data.chunks import open_chunks
        from hortus.deploy.predictions_file import rejects_file, table_file
        from hortus.deploy.scoring import Asked, Scored, check_columns, score
        from hortus.engine.terminal import printable

        if net is not None:
            find_in_this_folder()
        check_paths(table, out, rejects)
        of_tables = {"--rejects": rejects, "--level": level, "--id": id_column}
        if scenes.holds_scenes(model):
            _refuse("scenes", {**of_tables, "--proba": proba or None, "--net": net})
            count = scenes.write_masks(model, table, out, refine=refine)
            typer.echo(f"{count:,} {'mask' if count == 1 else 'masks'} in {out}.", err=True)
            return
        if images.holds_images(model):
            _refuse("images", of_tables)
            with _printed() if out is None else table_file(out) as write:
                for frame in images.predicted(model, table, proba=proba, net=net):
                    write(frame)
            return
        if net is not None:
            raise SettingError(
                "--net is for models of images: this is one of a table.", mend="Leave it out.", code="option-of-images"
            )
        predictor = open_model(model)
        # Of the libraries that made it, say; predicting writes over them.
        loaded = list(predictor.notes)
        chunks = open_chunks(table, chunk, faults=rejects is not None)
        asked = Asked(proba, id_column, level)
        check_columns(predictor, chunks.columns, asked)
        done = Scored()
        with ExitStack() as files:
            write = files.enter_context(_printed() if out is None else table_file(out))
            reject = None if rejects is None else files.enter_context(rejects_file(rejects, chunks.columns))
            show = files.enter_context(_progress(chunks.survey, chunk))
            for done in score(predictor, chunks, asked, write=write, reject=reject):
                show(done.rows + done.rejected)
        for note in (*loaded, *chunks.notes, *done.notes):
            if note.warning:
                typer.echo(printable(f"warning: {note.what} {note.mend}".rstrip()), err=True)
        said = [f"{done.rows:,} predictions are in {out}"] if out is not None else []
        if rejects is not None:
            said.append(f"{done.rejected:,} {'row' if done.rejected == 1 else 'rows'} in {rejects}")
        if said:
            typer.echo(printable(", ".join(said)) + ".", err=True)


def _refuse(kind: str, options: Mapping[str, Any]) -> None:
    """Raise where an option was given that a model of this kind knows nothing of; None is one that was not."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise SettingError(
            f"A model of {kind} knows nothing of {', '.join(given)}.", mend="Leave it out.", code="option-of-tables"
        )


def check_paths(table: Path, out: Path | None, rejects: Path | None) -> None:
    """Raise where one file would be written over another of them."""
    if rejects is not None and rejects.resolve() in (table.resolve(), out.resolve() if out else None):
        raise SettingError(
            f"The rejected rows would be written over {str(rejects)!r}.",
            mend="Give --rejects a path of its own.",
            code="rejects-path",
        )


def open_model(path: Path) -> Predictor:
    """The model of a run's folder, or of a saved file.

    Raises:
        RunError: the folder holds no run.
        ArtifactError: the file is no model, or is damaged.
    """
    if path.is_dir():
        from hortus.run import open_run

        return open_run(path).model
    from hortus.deploy.bundle import load_bundle

    return load_bundle(path)


@contextmanager
def _printed() -> Iterator[Callable[[Any], None]]:
    """Write to standard output, all at the end: nothing is printed of what is refused in a later chunk."""
    from hortus.deploy.predictions_file import table_file

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.csv"
        with table_file(path) as add:
            yield add
        with path.open(encoding="utf-8", newline="") as opened:
            shutil.copyfileobj(opened, typer.get_text_stream("stdout"))


@contextmanager
def _progress(survey: Callable[[], int], size: int) -> Iterator[Callable[[int], None]]:
    """A line in a terminal while there is more than one chunk to go; takes the rows that are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns: Sequence[Any] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("reading", total=None)
        rows = survey()
        bar.update(line, description="predicting rows", total=rows, visible=rows > size)
        yield lambda done: bar.update(line, completed=done)
