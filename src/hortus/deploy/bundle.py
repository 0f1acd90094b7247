"""One file that holds a model, safe to load: no code of the file's is ever run.

A bundle is a zip: ``manifest.json`` names every other part with its SHA-256, and nothing is opened by any loader
before its digest was checked. Native loaders crash on damaged files (41 of 100 mutated LightGBM models), so the
digests are a matter of safety, not of form.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hortus.data.artifacts import unpack
from hortus.data.schema import Schema
from hortus.data.store import load_state, save_state
from hortus.data.task import Task
from hortus.deploy.sealed import FORMAT, MANIFEST, digest, most_bytes, opened
from hortus.deploy.versions import version_notes, versions
from hortus.ensemble.calibration import Calibration, read_calibration
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking, numbers
from hortus.ensemble.threshold import Threshold
from hortus.errors import ArtifactError
from hortus.features.encode import TableEncoder
from hortus.spaces.pipeline import FittedPipeline


@dataclass(frozen=True)
class Chosen:
    """One member as it lies on disk.

    Attributes:
        number: of its trial.
        name: as on the leaderboard.
        weight: its share of the ensemble.
        archive: the zip of its fitted folds.
    """

    number: int
    name: str
    weight: float
    archive: Path


def write_bundle(
    path: Path,
    *,
    task: Task,
    schema: Schema,
    encoder: TableEncoder,
    members: Sequence[Chosen],
    facts: dict[str, Any],
    stacking: Stacking | None = None,
    calibration: Calibration | None = None,
    conformal: Conformal | None = None,
) -> None:
    """Write a bundle from members that lie on disk; the file appears whole or not at all.

    Args:
        path: of the bundle.
        task: what is predicted.
        schema: what a table must have.
        encoder: from the schema's frame to the members' matrix.
        members: the ensemble.
        facts: whatever else the manifest is to say: score, metric, rows.
        stacking: of the members, in their order; None for the average by their weights.
        calibration: applied last; None for none.
        conformal: what intervals are made from; None for none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".bundle-") as made:
        folder = Path(made)
        (folder / "encoder").mkdir()
        save_state(folder / "encoder", encoder.state())
        parts = {f"encoder/{file.name}": file for file in sorted((folder / "encoder").iterdir())}
        parts |= {f"members/{member.number:06d}.zip": member.archive for member in members}
        manifest = {
            "format": FORMAT,
            "kind": "table",
            "versions": versions(),
            "task": task.to_json(),
            "schema": schema.to_json(),
            "members": [
                {"number": m.number, "name": m.name, "weight": m.weight, "part": f"members/{m.number:06d}.zip"}
                for m in members
            ],
            "stacking": None if stacking is None else stacking.to_json(),
            "calibration": None if calibration is None else calibration.to_json(),
            "conformal": None if conformal is None else conformal.to_json(),
            "threshold": None,
            "facts": facts,
            "parts": {name: {"sha256": digest(file), "size": file.stat().st_size} for name, file in parts.items()},
        }
        temporary = folder / "bundle"
        # Stored, not deflated: a run's time is for searching. `compress` makes the file that is handed over.
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle:
            bundle.writestr(MANIFEST, json.dumps(manifest, indent=1))
            for name, file in parts.items():
                bundle.write(file, name)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)


def compress(bundle: bytes, path: Path) -> None:
    """Write a bundle, given as it lies in a run's folder, smaller to ``path``; its parts stay the same to the byte."""
    with (
        zipfile.ZipFile(io.BytesIO(bundle)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))


def with_threshold(bundle: bytes, threshold: Threshold | None) -> bytes:
    """The bundle with another threshold; its parts stay the same to the byte."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == MANIFEST:
                manifest = json.loads(data)
                manifest["threshold"] = None if threshold is None else threshold.to_json()
                data = json.dumps(manifest, indent=1).encode()
            target.writestr(name, data)
    return made.getvalue()


def load_bundle(path: Path) -> Predictor:
    """Load a bundle. What differs between the libraries that made it and those here stands in the model's notes.

    Raises:
        ArtifactError: the file is no bundle, is damaged or tampered with, was written by a newer Hortus, or holds a
            model of images.
        MissingExtraError: a member needs a library that is not installed.
    """
    with opened(path) as (manifest, folder):
        if manifest.get("kind", "table") != "table":
            raise ArtifactError(
                f"{path} is a model of {manifest['kind']}, not of tables.",
                mend="Load it with hortus.load().",
                code="bundle-kind",
            )
        return _assemble(manifest, folder)


def _assemble(manifest: dict[str, Any], folder: Path) -> Predictor:
    made = {str(name): str(number) for name, number in (manifest.get("versions") or {}).items()}
    encoder = TableEncoder()
    _refuse_bombs(folder / "encoder")
    encoder.restore(load_state(folder / "encoder"))
    task = Task.from_json(manifest["task"])
    stacking, calibration = _combination(manifest, task)
    conformal, threshold = manifest.get("conformal"), manifest.get("threshold")
    return Predictor(
        task=task,
        schema=Schema.from_json(manifest["schema"]),
        encoder=encoder,
        members=tuple(_member(row, folder, manifest["parts"]) for row in manifest["members"]),
        stacking=stacking,
        calibration=calibration,
        conformal=None if conformal is None else Conformal.from_json(conformal, classes=len(task.classes)),
        threshold=None if threshold is None else Threshold.from_json(threshold, classes=len(task.classes)),
        facts=dict(manifest.get("facts") or {}) | {"versions": made},
        notes=version_notes(made),
    )


def _combination(manifest: dict[str, Any], task: Task) -> tuple[Stacking | None, Calibration | None]:
    """How the members are brought together; files from before there was a choice hold neither."""
    weights = numbers([row["weight"] for row in manifest["members"]], "weights")
    stacking, calibration = manifest.get("stacking"), manifest.get("calibration")
    fits = isinstance(stacking, dict | None) and isinstance(calibration, dict | None)
    if not weights or not fits or (calibration is not None and task.kind == "regression"):
        raise ArtifactError("The ensemble of this model is not one that Hortus writes.", code="ensemble-damaged")
    return (
        None if stacking is None else Stacking.from_json(stacking, models=len(weights), classes=len(task.classes)),
        None if calibration is None else read_calibration(calibration, classes=len(task.classes)),
    )


def _member(row: dict[str, Any], folder: Path, parts: dict[str, Any]) -> Member:
    if row["part"] not in parts:
        raise ArtifactError("A member of this model lies outside its file.", code="bundle-foreign")
    place = folder / f"open-{int(row['number']):06d}"
    place.mkdir()
    archive = folder / row["part"]
    unpack(archive, place, most_bytes=most_bytes(archive))
    _refuse_bombs(place)
    folds = sorted(place.iterdir(), key=lambda fold: int(fold.name))
    return Member(
        number=int(row["number"]),
        name=str(row["name"]),
        weight=float(row["weight"]),
        folds=tuple(FittedPipeline.load(fold) for fold in folds),
    )


def _refuse_bombs(folder: Path) -> None:
    """Arrays on disk are zips too, which say beforehand what they come to."""
    for place in folder.rglob("*.npz"):
        with zipfile.ZipFile(place) as arrays:
            if sum(info.file_size for info in arrays.infolist()) > most_bytes(place):
                raise ArtifactError("The arrays of this model unpack beyond measure.", code="bundle-bomb")
