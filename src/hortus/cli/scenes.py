"""What ``hortus fit``, ``resume``, ``predict`` and ``leaderboard`` do where there are scenes with masks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hortus.cli import networks
from hortus.cli.ends import show_ends
from hortus.cli.networks import written
from hortus.errors import SettingError

if TYPE_CHECKING:
    from hortus.engine.progress import Listener
    from hortus.run.scenes.result import SceneResult

TASK = "segmentation"


def fit_folder(
    folder: Path,
    *,
    out: Path,
    listeners: Sequence[Listener],
    spent: float,
    foreign: Mapping[str, Any],
    space: str,
    strategy: str,
    void: str | None,
    **more: Any,
) -> SceneResult:
    """Make a network from a folder of scenes and masks.

    Args:
        folder: with ``images`` and ``masks``, or with pairs.
        out: the run's.
        listeners: told of everything that happens.
        spent: seconds of the budget that have been used.
        foreign: options that mean nothing to scenes, by name; none of them may be given.
        space: ``"auto"`` for Auto-DeepLab's.
        strategy: ``"auto"`` for the search by gradients.
        void: the value or the name of pixels that count for nothing.
        more: the other settings, under their own names.

    Raises:
        HortusError: whatever stands in the way.
    """
    from hortus.run.scenes.fit import fit_scenes
    from hortus.run.scenes.settings import SceneSettings

    networks.refuse(foreign, what="scenes", mend=f"Leave it out, or leave out --task {TASK}.")
    space = "auto_deeplab" if space == "auto" else space
    alone = "differentiable" if space == "auto_deeplab" and more.get("evaluator") == "train" else "evolution"
    settings = SceneSettings(
        space=space,
        strategy=alone if strategy == "auto" else strategy,
        void=int(void) if void is not None and void.isdigit() else void,
        **more,
    )
    return fit_scenes(folder, None, settings, folder=out, listeners=listeners, spent=spent)


def conclude(result: SceneResult, *, as_json: bool, go_on: str) -> None:
    """Print what was made and the next command to type."""
    networks.conclude(result, task=TASK, metric="mean_iou", out="masks/", as_json=as_json, go_on=go_on)


def show(result: SceneResult, top: int, *, as_json: bool) -> None:
    """Print the classes and the leaderboard of a run of scenes."""
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
    low, high = result.chosen["low"], result.chosen["high"]
    line = f"mean IoU {result.score:.4f} ({low:.4f} to {high:.4f}, 95 %) on scenes that were set aside"
    console.print(printable(line), markup=False, highlight=False)
    classes = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("class", "IoU", "pixels"):
        classes.add_column(head, justify="left" if head == "class" else "right")
    for row in result.report().to_dict(orient="records"):
        classes.add_row(
            Text(printable(str(row["class"]))), written(row["iou"], "{:.3f}"), written(row["share"], "{:.1%}")
        )
    console.print(classes)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    heads = (
        "#",
        "trial",
        "network",
        "score",
        *(("trained",) if "trained" in board else ()),
        "parameters",
        "ms",
        "fit s",
    )
    for head in heads:
        wide = head == "network"
        table.add_column(
            head, justify="left" if wide else "right", no_wrap=True, overflow="ellipsis", max_width=36 if wide else None
        )
    for row in board.to_dict(orient="records")[: top or None]:
        cells = [str(row["rank"]), str(row["trial"]), str(row["network"])]
        cells.append(written(row["score"], "{:.4f}") or str(row["state"]))
        cells += [written(row["trained"], "{:.4f}")] if "trained" in board else []
        cells += [
            written(row["params"], "{:,.0f}"),
            written(1000 * row["latency"], "{:.1f}"),
            written(row["fit_seconds"], "{:.1f}"),
        ]
        table.add_row(*(Text(printable(cell)) for cell in cells), style="bold" if row["weight"] else "")
    console.print(table)
    show_ends(console, board.to_dict(orient="records"), top)


def holds_scenes(model: Path) -> bool:
    """Whether a run's folder, or a saved model, is one of scenes.

    Raises:
        ArtifactError: the file is no model.
    """
    if model.is_dir():
        from hortus.run.scenes.result import is_scene_run

        return is_scene_run(model)
    from hortus.deploy.sealed import kind_of

    return kind_of(model) == "scenes"


def write_masks(model: Path, place: Path, out: Path | None, *, refine: bool) -> int:
    """Write a mask for a scene, or for all scenes in a folder and in the folders within it; return how many.

    Args:
        model: a run's folder or a saved model.
        place: a file or a folder.
        out: the folder of masks; they go by the names of their scenes.
        refine: whether a CRF follows the network.

    Raises:
        ReadError: there is no scene, or one cannot be read.
        SettingError: there is no folder to write to.
    """
    from hortus.data.image_files import found_in
    from hortus.deploy.mask_png import write_mask
    from hortus.deploy.scene_bundle import load_scene_bundle
    from hortus.run.scenes.result import open_scene_run

    if out is None or (out.exists() and not out.is_dir()):
        raise SettingError("Masks are pictures, and go to a folder.", mend="Give one: --out masks/", code="masks-out")
    if place.resolve() == out.resolve():
        raise SettingError(
            "The masks would be written over the scenes.", mend="Give another folder: --out masks/", code="masks-out"
        )
    network = open_scene_run(model).model if model.is_dir() else load_scene_bundle(model)
    paths = found_in(place)
    for path in paths:
        target = out / (path.relative_to(place) if place.is_dir() else Path(path.name)).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_mask(target, network.codes([path], refine=refine)[0], network.classes)
    return len(paths)
