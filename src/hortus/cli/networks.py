"""What the command line says of runs of networks, whether they tell images or pixels apart."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from hortus.cli.told import STOPPED
from hortus.errors import SettingError

if TYPE_CHECKING:
    from hortus.run.images.result import ImageResult
    from hortus.run.scenes.result import SceneResult


def refuse(foreign: Mapping[str, Any], *, what: str, mend: str) -> None:
    """Refuse options that mean nothing here.

    Args:
        foreign: what was given for each, by name; nothing that is true may be.
        what: there is instead: images, scenes.
        mend: what to do.

    Raises:
        SettingError: one of them was given.
    """
    given = [name for name, value in foreign.items() if value]
    if given:
        raise SettingError(
            f"{', '.join(given)} {'means' if len(given) == 1 else 'mean'} nothing where there are {what}.",
            mend=mend,
            code="table-option",
        )


def conclude(result: ImageResult | SceneResult, *, task: str, metric: str, out: str, as_json: bool, go_on: str) -> None:
    """Print what was made and the next command to type.

    Args:
        result: of the run.
        task: as ``--task`` has it.
        metric: what the score is.
        out: where predictions might go.
        as_json: for a program.
        go_on: how a run that was stopped goes on.
    """
    place = shlex.quote(str(result.folder))
    if as_json:
        found = {
            "folder": str(result.folder),
            "task": task,
            "metric": metric,
            "score": result.score,
            "network": result.model.describe,
            "trials": len(result.rows),
            "why": result.why,
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        typer.echo(f"The run is in {result.folder}. Next:")
        typer.echo(f"  hortus predict {place} new/ --out {out}")
        typer.echo(f"  hortus leaderboard {place}")
    if result.why == "interrupted":
        typer.echo(f"Stopped; the best so far is kept. {go_on}", err=True)
        raise typer.Exit(STOPPED)


def written(value: float | None, form: str) -> str:
    """A number by ``form``, and nothing where it is not known."""
    return "" if value is None or value != value else form.format(value)
