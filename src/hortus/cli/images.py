"""What ``hortus fit``, ``resume``, ``predict`` and ``leaderboard`` do where there are images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hortus.cli import networks
from hortus.cli.ends import show_ends
from hortus.cli.networks import written

if TYPE_CHECKING:
    import pandas as pd

    from hortus.engine.progress import Listener
    from hortus.run.images.result import ImageResult
    from hortus.run.images.settings import ImageSettings

# Images that are in memory at a time when new ones are predicted.
AT_ONCE = 512


def image_settings(*, space: str, strategy: str, rungs: str, foreign: Mapping[str, Any], **more: Any) -> ImageSettings:
    """The settings of a run of images, from what was typed.

    Args:
        space: ``"auto"`` for the cell.
        strategy: ``"auto"`` for the predictor; for ``nsga2`` where there are several objectives without targets.
        rungs: ``"folds"``, the default of tables, for epochs.
        foreign: options that only tables know, by name; none of them may be given.
        more: the other settings, under their own names.

    Raises:
        SettingError: a setting is not understood, or means nothing to images.
    """
    from hortus.run.images.settings import ImageSettings, default_strategy

    networks.refuse(foreign, what="images", mend="Leave it out, or leave out --task image.")
    return ImageSettings(
        space="cell" if space == "auto" else space,
        strategy=default_strategy(more.get("objectives")) if strategy == "auto" else strategy,
        rungs="epochs" if rungs == "folds" else rungs,
        **more,
    )


def fit_folder(
    folder: Path, settings: ImageSettings, *, out: Path, listeners: Sequence[Listener], spent: float
) -> ImageResult:
    """Make a network from a folder of class folders.

    Raises:
        HortusError: whatever stands in the way.
    """
    from hortus.run.images.fit import fit_images

    return fit_images(folder, None, settings, folder=out, listeners=listeners, spent=spent)


def conclude(result: ImageResult, *, as_json: bool, go_on: str) -> None:
    """Print what was made and the next command to type."""
    metric = result.model.task.metric
    networks.conclude(result, task="image", metric=metric, out="predictions.csv", as_json=as_json, go_on=go_on)


def show(result: ImageResult, top: int, *, as_json: bool) -> None:
    """Print the leaderboard of a run of images."""
    from hortus.engine.events_file import finite
    from hortus.engine.terminal import printable

    board = result.leaderboard()
    if as_json:
        typer.echo(json.dumps(finite(board.to_dict(orient="records")), ensure_ascii=False, indent=1))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    told, task = result.estimate, result.task
    lines = [
        f"{task.kind}, {task.metric} {told.score:.4f} ({told.low:.4f} to {told.high:.4f}, 95 %) "
        "is to be expected on new images",
        f"the best of {len(result.rows)} networks; '=': no worse than the best, as far as can be told",
    ]
    for line in lines:
        console.print(printable(line), markup=False, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("#", "trial", "network", "score", "=", "parameters", "multiply-adds", "ms/image", "epochs", "fit s"):
        justify: Any = "left" if head == "network" else "right"
        table.add_column(head, justify=justify, no_wrap=True, overflow="ellipsis")
    for row in board.to_dict(orient="records")[: top or None]:
        cells = (
            str(row["rank"]),
            str(row["trial"]),
            str(row["network"]),
            written(row["score"], "{:.4f}") or str(row["state"]),
            "=" if row["tied"] else "",
            written(row["params"], "{:,.0f}"),
            written(row["macs"], "{:,.0f}"),
            written(1000 * row["latency"], "{:.2f}"),
            written(row["epochs"], "{:.1f}"),
            written(row["fit_seconds"], "{:.1f}"),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells), style="bold" if row["weight"] else "")
    console.print(table)
    for cost in result.settings.goal.costs:
        front = ", ".join(
            f"trial {row['trial']} ({row['score']:.4f}, {1000 * row[cost]:.2f} ms)"
            if cost == "latency"
            else f"trial {row['trial']} ({row['score']:.4f}, {row[cost]:,.0f})"
            for row in result.pareto(cost).to_dict(orient="records")
        )
        console.print(printable(f"Pareto front of {task.metric} and {cost}: {front}"), markup=False, highlight=False)
    show_ends(console, board.to_dict(orient="records"), top)


def holds_images(model: Path) -> bool:
    """Whether a run's folder, or a saved model, is one of images.

    Raises:
        ArtifactError: the file is no model.
    """
    if model.is_dir():
        from hortus.run.images.result import is_image_run

        return is_image_run(model)
    from hortus.deploy.sealed import kind_of

    return kind_of(model) == "images"


def predicted(model: Path, place: Path, *, proba: bool, net: str | None = None) -> Iterator[pd.DataFrame]:
    """What a network says of an image, or of all images in a folder, some at a time.

    Args:
        model: a run's folder or a saved model.
        place: a file, or a folder; images in folders within it are found too.
        proba: whether the probabilities are told.
        net: the function that made the network, where it was one of the user's own.

    Raises:
        ReadError: there is no image, or one cannot be read.
        SettingError: the function is none, or another one than the network's.
    """
    import pandas as pd

    from hortus.data.image_files import found_in
    from hortus.deploy.image_bundle import load_image_bundle
    from hortus.run.images.result import open_image_run

    with ExitStack() as known:
        if net is not None:
            from hortus.searching import handed

            known.enter_context(handed(net))
        network = open_image_run(model).model if model.is_dir() else load_image_bundle(model)
    paths = found_in(place)
    for first in range(0, len(paths), AT_ONCE):
        some = paths[first : first + AT_ONCE]
        probabilities = network.predict_proba(some)
        frame = pd.DataFrame({"path": [str(path) for path in some], "label": network.decide(probabilities)})
        if proba:
            for label, column in zip(network.task.classes, probabilities.T, strict=True):
                frame[f"proba_{label}"] = column
        yield frame
