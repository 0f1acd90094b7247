"""``hortus predict``: a run or a saved model, and new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hortus.cli.told import Debug, told
from hortus.errors import InputError, SettingError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from hortus.ensemble.predictor import Predictor


def predict(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a .hortus file.", show_default=False)],
    table: Annotated[Path, typer.Argument(help="The rows to predict.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="csv, tsv or parquet; standard output if not said.")
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="The classes' probabilities too.")] = False,
    id_column: Annotated[
        str | None, typer.Option("--id", help="A column of the new rows to copy beside the predictions.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Predict new rows, in their order."""
    with told(debug=debug):
        from hortus.cli.predictions_file import write_csv, write_table
        from hortus.data.read import read_table
        from hortus.engine.terminal import printable

        predictor = open_model(model)
        # What differs from the libraries that made it; predicting notes what is odd about the rows instead.
        loaded = tuple(predictor.notes)
        frame, notes = read_table(table, empty_ok=True)
        found = predictions(predictor, frame, proba=proba, id_column=id_column)
        for note in (*loaded, *notes, *predictor.notes):
            if note.warning:
                typer.echo(printable(f"warning: {note.what} {note.mend}".rstrip()), err=True)
        if out is None:
            typer.echo(write_csv(found), nl=False)
        else:
            write_table(found, out)
            typer.echo(f"{len(found):,} predictions are in {out}.", err=True)


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


def predictions(predictor: Predictor, frame: pd.DataFrame, *, proba: bool, id_column: str | None) -> pd.DataFrame:
    """One row a row of ``frame``: the id where asked for, the prediction under the target's name, probabilities.

    Raises:
        InputError: there is no such id column.
        SchemaError: the rows do not match those trained on.
        SettingError: probabilities of a regression.
    """
    import pandas as pd

    columns = {}
    if id_column is not None:
        if id_column not in frame.columns:
            raise InputError(
                f"There is no column {id_column!r} in the rows to predict.",
                mend=nearest(id_column, map(str, frame.columns)),
                code="column-missing",
            )
        columns[id_column] = frame[id_column].to_numpy()
    task = predictor.task
    if proba and task.kind == "regression":
        raise SettingError(
            "A regression has no probabilities.", mend="Leave --proba out.", code="probabilities-of-regression"
        )
    raw = predictor.raw(frame.drop(columns=task.target, errors="ignore"))
    columns[task.target] = raw if task.kind == "regression" else task.decode(raw.argmax(axis=1))
    if proba:
        columns |= {f"proba_{label}": raw[:, code] for code, label in enumerate(task.classes)}
    return pd.DataFrame(columns)
