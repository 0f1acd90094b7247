"""One file that holds a model, safe to load: no code of the file's is ever run.

A bundle is a zip: ``manifest.json`` names every other part with its SHA-256, and nothing is opened by any loader
before its digest was checked. Native loaders crash on damaged files (41 of 100 mutated LightGBM models), so the
digests are a matter of safety, not of form.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import stat
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hortus.data.artifacts import unpack
from hortus.data.schema import Schema
from hortus.data.store import load_state, save_state
from hortus.data.task import Task
from hortus.deploy.versions import version_notes, versions
from hortus.ensemble.calibration import Calibration, read_calibration
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking, numbers
from hortus.ensemble.threshold import Threshold
from hortus.errors import ArtifactError, HortusError
from hortus.features.encode import TableEncoder
from hortus.spaces.pipeline import FittedPipeline

FORMAT = 1
MANIFEST = "manifest.json"
# A part is compressed at most about this well; more is a bomb.
RATIO = 200
MOST_BYTES = 64 * 2**30
_PIECE = 2**20


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
            "parts": {name: {"sha256": _digest(file), "size": file.stat().st_size} for name, file in parts.items()},
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
        ArtifactError: the file is no bundle, is damaged or tampered with, or was written by a newer Hortus.
        MissingExtraError: a member needs a library that is not installed.
    """
    with _open(path) as bundle, tempfile.TemporaryDirectory(prefix="hortus-") as made:
        manifest = _manifest(bundle, path)
        folder = Path(made)
        try:
            _extract(bundle, manifest["parts"], folder, path)
            return _assemble(manifest, folder)
        except (HortusError, ImportError):
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                raise
            raise _foreign(path, f"its parts cannot be laid out ({type(error).__name__})") from error
        except Exception as error:  # every digest fits and yet it is none of ours: whatever a loader may raise
            raise _foreign(path, f"its parts are not what Hortus writes ({type(error).__name__})") from error


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ArtifactError(f"There is no file {path}.", code="bundle-missing") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise _foreign(path, f"it is not a zip file ({error})") from error


def _foreign(path: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"{path} is not a model of Hortus: {why}.",
        mend="Give a file written by model.save() or a run folder, and copy it again if it was cut off on the way.",
        code="bundle-foreign",
    )


def _manifest(bundle: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        info = bundle.getinfo(MANIFEST)
        if info.file_size > MOST_BYTES // 1000:
            raise _foreign(path, "its manifest is too large")
        manifest = json.loads(bundle.read(info))
        made = int(manifest["format"])
        parts = manifest["parts"]
        named = {str(name): (str(part["sha256"]), int(part["size"])) for name, part in parts.items()}
    except ArtifactError:
        raise
    except Exception as error:  # a damaged zip raises many kinds: zlib's, struct's, json's
        raise _foreign(path, f"its manifest cannot be read ({type(error).__name__})") from error
    if made > FORMAT:
        raise ArtifactError(
            f"{path} has format {made}; this Hortus ({version('hortus')}) reads up to {FORMAT}.",
            mend="Install a newer Hortus: pip install -U hortus.",
            code="bundle-newer",
        )
    names = bundle.namelist()
    if MANIFEST in named or set(names) != {MANIFEST, *named} or len(names) != len(named) + 1:
        raise _foreign(path, "it holds parts that its manifest does not name, or lacks some that it names")
    return dict(manifest)


def _extract(bundle: zipfile.ZipFile, parts: dict[str, Any], folder: Path, path: Path) -> None:
    total = sum(int(part["size"]) for part in parts.values())
    if total > MOST_BYTES:
        raise _foreign(path, "its parts are too large")
    for name, part in parts.items():
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise _foreign(path, f"the part {name!r} would lie outside")
        info = bundle.getinfo(name)
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _foreign(path, f"the part {name!r} is not a plain file")
        if info.file_size != part["size"] or info.file_size > RATIO * max(info.compress_size, 1024):
            raise _damaged(path, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if _copy(bundle, info, place, path) != part["sha256"]:
            raise _damaged(path, name)


def _copy(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path, path: Path) -> str:
    """Unpack one part, a piece at a time, and give its SHA-256."""
    digest = hashlib.sha256()
    with place.open("xb") as file:
        try:
            with bundle.open(info) as source:
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    file.write(piece)
        except OSError:
            raise
        except Exception as error:  # a damaged zip raises many kinds: zlib's, struct's, BadZipFile
            raise _damaged(path, info.filename) from error
    return digest.hexdigest()


def _damaged(path: Path, name: str) -> ArtifactError:
    return ArtifactError(
        f"The part {name!r} of {path} is not as it was written: its SHA-256 differs.",
        mend="Copy the file again from where it was made; nothing of it was loaded.",
        code="bundle-damaged",
    )


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
    unpack(archive, place, most_bytes=_most_bytes(archive))
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
            if sum(info.file_size for info in arrays.infolist()) > _most_bytes(place):
                raise ArtifactError("The arrays of this model unpack beyond measure.", code="bundle-bomb")


def _most_bytes(archive: Path) -> int:
    return RATIO * max(archive.stat().st_size, 2**18)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
