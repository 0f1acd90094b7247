"""``hortus fit`` and ``hortus resume``: make a model, or a better one.

`fit` takes more than eight arguments: each is a setting of `hortus.run.Settings` under its own name.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hortus.cli import images, scenes
from hortus.cli.begun import seconds_used
from hortus.cli.options import (
    AsJson,
    Cluster,
    Executor,
    Jobs,
    Memory,
    Out,
    Quiet,
    StrategyOption,
    Time,
    Trials,
    Verbose,
    default_folder,
    options,
)
from hortus.cli.told import STOPPED, Debug, told
from hortus.errors import SettingError

if TYPE_CHECKING:
    from hortus.engine.progress import Listener
    from hortus.run import Result

EVENTS = "events.jsonl"


def fit(
    context: typer.Context,
    table: Annotated[
        Path, typer.Argument(help="csv, tsv, parquet, xlsx or jsonl; a folder of class folders.", show_default=False)
    ],
    target: Annotated[str | None, typer.Option("--target", "-t", help="The column to predict.")] = None,
    time: Time = None,
    trials: Trials = None,
    memory: Memory = None,
    metric: Annotated[str | None, typer.Option(help="What is optimized: a metric of scikit-learn's by name.")] = None,
    task: Annotated[
        str | None, typer.Option(help="classification, binary, multiclass, regression, image or segmentation.")
    ] = None,
    void: Annotated[str | None, typer.Option(help="Of masks: the value of pixels that count for nothing.")] = None,
    strategy: Annotated[str, typer.Option(help="How the space is searched.")] = "auto",
    strategy_option: StrategyOption = None,
    space: Annotated[str, typer.Option(help="auto, pipelines or trees; of networks: cell and others.")] = "auto",
    objective: Annotated[
        list[str] | None, typer.Option(help="A cost of networks too: latency, params, macs; latency=0.002 as a target.")
    ] = None,
    evaluator: Annotated[str, typer.Option(help="By what networks are judged: train, training_free.")] = "train",
    pruner: Annotated[
        str, typer.Option(help="auto, none, racing, median, halving, hyperband or extrapolation.")
    ] = "auto",
    rungs: Annotated[str, typer.Option(help="What a pruner sees more of: folds, rows or rounds.")] = "folds",
    models: Annotated[list[str] | None, typer.Option("--model", help="Only this model; may be repeated.")] = None,
    folds: Annotated[int | None, typer.Option(help="Of the cross-validation; 1 for a holdout.")] = None,
    single: Annotated[bool, typer.Option("--single", help="The best candidate alone, no ensemble.")] = False,
    ignore: Annotated[list[str] | None, typer.Option(help="Leave a column out; may be repeated.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Keep a column that looks useless.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="Read a column as free text; may be repeated.")] = None,
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A model of sentences: its vectors of texts are features too.")
    ] = None,
    weight: Annotated[str | None, typer.Option(help="The column of sample weights.")] = None,
    group: Annotated[str | None, typer.Option(help="Rows equal here are never on both sides of a split.")] = None,
    order: Annotated[str | None, typer.Option(help="Splits train on what comes earlier here.")] = None,
    jobs: Jobs = None,
    executor: Executor = None,
    cluster: Cluster = None,
    seed: Annotated[int, typer.Option(help="Same seed, same trials, same leaderboard.")] = 0,
    out: Out = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make a model from a table, or from a folder of images. Without --time or --trials a table takes a minute."""
    folder = out or default_folder(table)
    with told(debug=debug, stopped=_go_on(folder)):
        if task not in (scenes.TASK, "image") and executor in (None, "local") and cluster is None:
            from hortus.engine.executors.local import warm_up

            warm_up()
        from hortus import run

        foreign = {
            "--target": target,
            "--model": models,
            "--folds": folds,
            "--single": single,
            "--ignore": ignore,
            "--keep": keep,
            "--text": text,
            "--embeddings": embeddings,
            "--weight": weight,
            "--group": group,
            "--order": order,
        }
        if task == scenes.TASK:
            with _heard(folder, quiet=quiet or as_json, verbose=verbose) as listeners:
                made = scenes.fit_folder(
                    table,
                    out=folder,
                    listeners=listeners,
                    spent=seconds_used(context),
                    foreign=foreign | {"--metric": metric, "--objective": objective},
                    space=space,
                    strategy=strategy,
                    void=void,
                    time=time,
                    trials=trials,
                    memory=memory,
                    strategy_options=options(strategy_option or ()),
                    evaluator=evaluator,
                    pruner=pruner,
                    seed=seed,
                    slots=jobs,
                    executor=executor or "local",
                    cluster=cluster,
                )
            scenes.conclude(made, as_json=as_json, go_on=_go_on(folder))
            return
        if task == "image":
            wanted = images.image_settings(
                space=space,
                strategy=strategy,
                rungs=rungs,
                foreign=foreign,
                metric=metric,
                objectives=(metric or "accuracy", *objective) if objective else None,
                time=time,
                trials=trials,
                memory=memory,
                strategy_options=options(strategy_option or ()),
                evaluator=evaluator,
                pruner=pruner,
                seed=seed,
                slots=jobs,
                executor=executor or "local",
                cluster=cluster,
            )
            with _heard(folder, quiet=quiet or as_json, verbose=verbose) as listeners:
                found = images.fit_folder(table, wanted, out=folder, listeners=listeners, spent=seconds_used(context))
            images.conclude(found, as_json=as_json, go_on=_go_on(folder))
            return
        if objective:
            raise SettingError(
                "--objective means nothing where there are no images.",
                mend="Leave it out; `hortus faster` makes a table's model cheaper.",
                code="image-option",
            )
        if target is None:
            raise SettingError(
                "A table needs the name of the column to predict.",
                mend="Give --target COLUMN; or --task image for a folder of images.",
                code="target-not-given",
            )
        settings = run.Settings(
            kind=_task(task),
            metric=metric,
            time=time,
            trials=trials,
            memory=memory,
            strategy=strategy,
            strategy_options=options(strategy_option or ()),
            space=space,
            pruner=pruner,
            rungs=rungs,
            folds=folds,
            ensemble=not single,
            seed=seed,
            slots=jobs,
            executor=executor or "local",
            cluster=cluster,
            ignore=tuple(ignore or ()),
            keep=tuple(keep or ()),
            text=tuple(text or ()),
            embeddings=None if embeddings is None else str(embeddings),
            models=tuple(models) if models else None,
            weight=weight,
            group=group,
            order=order,
        )
        with _heard(folder, quiet=quiet or as_json, verbose=verbose) as listeners:
            result = run.fit(table, target, settings, folder=folder, listeners=listeners, spent=seconds_used(context))
        _conclude(result, as_json=as_json)


def resume(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)],
    time: Time = None,
    trials: Trials = None,
    memory: Memory = None,
    executor: Executor = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Go on with a run, by as much time or as many trials more."""
    more: dict[str, Any] = {"time": time, "trials": trials, "memory": memory, "executor": executor, "cluster": cluster}
    with told(debug=debug, stopped=_go_on(folder)):
        from hortus import run
        from hortus.run.images.result import is_image_run

        if scenes.holds_scenes(folder):
            from hortus.run.scenes.fit import resume_scenes

            with _heard(folder, quiet=quiet or as_json, verbose=verbose) as listeners:
                made = resume_scenes(folder, **more, listeners=listeners, spent=seconds_used(context))
            scenes.conclude(made, as_json=as_json, go_on=_go_on(folder))
            return
        if is_image_run(folder):
            from hortus.run.images.fit import resume_images

            with _heard(folder, quiet=quiet or as_json, verbose=verbose) as listeners:
                found = resume_images(folder, **more, listeners=listeners, spent=seconds_used(context))
            images.conclude(found, as_json=as_json, go_on=_go_on(folder))
            return
        with _heard(folder, quiet=quiet or as_json, verbose=verbose) as listeners:
            result = run.resume(folder, **more, listeners=listeners, spent=seconds_used(context))
        _conclude(result, as_json=as_json)


def _task(task: str | None) -> Any:
    from hortus.errors import nearest

    known = ("classification", "binary", "multiclass", "regression")
    if task is not None and task not in known:
        raise SettingError(f"There is no task called {task!r}.", mend=nearest(task, known), code="unknown-task")
    return task


@contextmanager
def _heard(folder: Path, *, quiet: bool, verbose: bool) -> Iterator[list[Listener]]:
    from hortus.engine.events_file import EventsFile
    from hortus.engine.terminal import listening

    with listening(0 if quiet else 2 if verbose else 1, EventsFile(folder / EVENTS)) as listeners:
        yield listeners


def _conclude(result: Result, *, as_json: bool) -> None:
    """Print what was made and the next command to type."""
    stopped = result.why == "interrupted"
    place = shlex.quote(str(result.folder))
    if as_json:
        # The model knows it too, but takes its time to load.
        task = result.prepared.task
        found = {
            "folder": str(result.folder),
            "target": task.target,
            "task": task.kind,
            "metric": task.metric,
            "score": result.score,
            "trials": len(result.rows),
            "why": result.why,
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        typer.echo(f"The run is in {result.folder}. Next:")
        typer.echo(f"  hortus predict {place} new.csv --out predictions.csv")
        typer.echo(f"  hortus leaderboard {place}")
    if stopped:
        typer.echo(f"Stopped; the best so far is kept. {_go_on(result.folder)}", err=True)
        raise typer.Exit(STOPPED)


def _go_on(folder: Path) -> str:
    return f"To go on: hortus resume {shlex.quote(str(folder))}"
