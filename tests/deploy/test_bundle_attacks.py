"""Files that are no model, or are more than one: each is refused with a reason, and nothing in it is ever run."""

import csv
import hashlib
import io
import json
import os
import pickle
import stat
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hortus.cli import app as commands
from hortus.deploy.bundle import MANIFEST, load_bundle
from hortus.deploy.versions import version_notes, versions
from hortus.errors import ArtifactError

Parts = dict[str, bytes]


class Payload:
    """What a pickle may do to whoever opens it: write a file."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.place),)


@pytest.fixture
def bundle(hostile_run: Path) -> Path:
    return hostile_run / "model.hortus"


@pytest.fixture
def parts(bundle: Path) -> Parts:
    with zipfile.ZipFile(bundle) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(
    path: Path, entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, data in entries:
            made.writestr(name, data, method, 1)
    return path


def signed(parts: Parts, **changes: Any) -> Parts:
    """The parts with a manifest that fits them, as one makes it who knows the format."""
    manifest = {**json.loads(parts[MANIFEST]), **changes}
    manifest["parts"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in parts.items()
        if name != MANIFEST
    }
    return {**parts, MANIFEST: json.dumps(manifest).encode()}


def refused(path: Path) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        load_bundle(path)
    assert caught.value.code in ("bundle-foreign", "bundle-damaged", "bundle-bomb", "artifact-unsafe")
    return caught.value


def inner(archive: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A member's zip with each file changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return made.getvalue()


def test_what_the_attacks_change_is_a_model_to_begin_with(tmp_path: Path, parts: Parts) -> None:
    assert load_bundle(packed(tmp_path / "m.hortus", signed(parts).items())).task.target == "target"


@pytest.mark.parametrize("place", [0.02, 0.3, 0.5, 0.8, 0.999])
def test_a_byte_changed_on_the_way_is_noticed(tmp_path: Path, bundle: Path, place: float) -> None:
    data = bytearray(bundle.read_bytes())
    data[int(place * len(data))] ^= 0xFF
    path = tmp_path / "m.hortus"
    path.write_bytes(data)
    try:
        load_bundle(path)
    except ArtifactError:
        return
    # A zip has bytes that say nothing (dates, say); then all that was read is as it was.
    with zipfile.ZipFile(path) as changed, zipfile.ZipFile(bundle) as sound:
        assert all(changed.read(name) == sound.read(name) for name in sound.namelist())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.9999])
def test_a_file_cut_off_is_refused(tmp_path: Path, bundle: Path, share: float) -> None:
    data = bundle.read_bytes()
    path = tmp_path / "m.hortus"
    path.write_bytes(data[: int(share * len(data))])
    assert "not a model of Hortus" in str(refused(path))


@pytest.mark.parametrize("data", [b"a,b\n1,2\n", b"PK\x03\x04", pickle.dumps({"a": 1}), b"\x89HDF", b"\0" * 1000])
def test_another_file_under_a_model_s_name_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.hortus"
    path.write_bytes(data)
    assert refused(path).code == "bundle-foreign"


def test_another_zip_under_a_model_s_name_is_refused(tmp_path: Path) -> None:
    assert refused(packed(tmp_path / "m.hortus", [("word/document.xml", b"<x/>")])).code == "bundle-foreign"


def test_a_model_under_another_name_is_a_model(tmp_path: Path, bundle: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(bundle.read_bytes())
    assert load_bundle(path).task.target == "target"


@pytest.mark.parametrize(
    "name",
    ["../outside", "a/../../outside", "/tmp/hortus-outside", "encoder/../../../outside", "..", "a\0b"],  # noqa: S108
)
def test_a_part_that_would_lie_outside_is_refused(tmp_path: Path, parts: Parts, name: str) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    refused(packed(folder / "m.hortus", signed({**parts, name: b"x"}).items()))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["m.hortus"]
    assert not Path("/tmp/hortus-outside").exists()  # noqa: S108


def test_a_link_among_the_parts_is_refused(tmp_path: Path, parts: Parts) -> None:
    link = zipfile.ZipInfo("encoder/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    made = signed({**parts, "encoder/link": b"/etc/passwd"})
    entries = [(link if name == "encoder/link" else name, data) for name, data in made.items()]
    assert "not a plain file" in str(refused(packed(tmp_path / "m.hortus", entries)))


@pytest.mark.parametrize("again", [MANIFEST, "encoder/state.json"])
def test_a_part_that_is_there_twice_is_refused(tmp_path: Path, parts: Parts, again: str) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = packed(tmp_path / "m.hortus", [*parts.items(), (again, parts[again])])
    refused(path)


def test_a_manifest_that_names_itself_is_refused(tmp_path: Path, parts: Parts) -> None:
    manifest = json.loads(parts[MANIFEST])
    manifest["parts"][MANIFEST] = {"sha256": "0" * 64, "size": 1}
    entries = [*((n, d) for n, d in parts.items() if n != MANIFEST), (MANIFEST, json.dumps(manifest).encode())]
    refused(packed(tmp_path / "m.hortus", entries))


def test_parts_that_the_manifest_does_not_name_or_that_are_not_there_are_refused(tmp_path: Path, parts: Parts) -> None:
    refused(packed(tmp_path / "more.hortus", [*parts.items(), ("more.py", b"print()")]))
    refused(packed(tmp_path / "less.hortus", [(n, d) for n, d in parts.items() if n != "encoder/state.json"]))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "one"},
        {"format": None},
        {"task": None},
        {"task": {"kind": "binary"}},
        {"task": []},
        {"schema": {"columns": 5}},
        {"schema": {"columns": [{"name": "a", "kind": "numeric", "more": 1}]}},
        {"members": []},
        {"members": [{"number": "x", "name": "a", "weight": 1.0, "part": "encoder/state.json"}]},
        {"members": [{"number": 0, "name": "a", "weight": 1.0, "part": "../../../../etc/passwd"}]},
        {"members": [{"number": 0, "name": "a", "weight": 1.0, "part": "encoder/state.json"}]},
        {"members": "none"},
        {"versions": [1, 2]},
        {"facts": [1, 2]},
    ],
)
def test_a_manifest_of_other_types_is_refused(tmp_path: Path, parts: Parts, changes: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        load_bundle(packed(tmp_path / "m.hortus", signed(parts, **changes).items()))


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"format": 1}', pickle.dumps({})])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, parts: Parts, manifest: bytes) -> None:
    assert refused(packed(tmp_path / "m.hortus", {**parts, MANIFEST: manifest}.items())).code == "bundle-foreign"


def test_a_model_of_a_later_format_says_so(tmp_path: Path, parts: Parts) -> None:
    with pytest.raises(ArtifactError, match="Install a newer Hortus") as caught:
        load_bundle(packed(tmp_path / "m.hortus", signed(parts, format=99).items()))
    assert caught.value.code == "bundle-newer"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, parts: Parts) -> None:
    bomb = {**parts, "encoder/bomb": b"\0" * (64 * 2**20)}
    path = packed(tmp_path / "m.hortus", signed(bomb).items())
    assert path.stat().st_size < 2 * 2**20
    refused(path)


def test_a_bomb_within_a_member_is_refused_before_it_is_unpacked(tmp_path: Path, parts: Parts) -> None:
    member = next(name for name in parts if name.startswith("members/"))
    within = io.BytesIO(parts[member])
    with zipfile.ZipFile(within, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("0/bomb", b"\0" * (64 * 2**20))
    refused(packed(tmp_path / "m.hortus", signed({**parts, member: within.getvalue()}).items()))


def test_arrays_that_unpack_beyond_measure_are_refused(tmp_path: Path, parts: Parts) -> None:
    arrays = io.BytesIO()
    np.savez_compressed(arrays, **{"0": np.zeros(64 * 2**20, dtype=np.int8)})
    made = signed({**parts, "encoder/arrays.npz": arrays.getvalue()})
    assert refused(packed(tmp_path / "m.hortus", made.items(), zipfile.ZIP_STORED)).code == "bundle-bomb"


@pytest.mark.parametrize("place", ["encoder/state.json", "encoder/arrays.npz", "whole member"])
def test_a_pickle_in_a_part_s_place_is_not_opened(tmp_path: Path, parts: Parts, place: str) -> None:
    made = tmp_path / "made"
    disguise = pickle.dumps(Payload(made))
    name = next(n for n in parts if n.startswith("members/")) if place == "whole member" else place
    with pytest.raises(ArtifactError):
        load_bundle(packed(tmp_path / "m.hortus", signed({**parts, name: disguise}).items()))
    assert not made.exists()
    pickle.loads(disguise)
    assert made.exists(), "the payload does nothing, so that it proves nothing"


@pytest.mark.parametrize("suffix", ["tree.json", "state.json", "arrays.npz", "booster.txt"])
def test_a_pickle_within_a_member_is_not_opened(tmp_path: Path, parts: Parts, suffix: str) -> None:
    made, changed = tmp_path / "made", []
    disguise = pickle.dumps(Payload(made))

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith(suffix):
            return data
        changed.append(name)
        return disguise

    members = {n: inner(d, change) for n, d in parts.items() if n.startswith("members/")}
    if not changed:
        pytest.skip(f"no member of this model has {suffix}")
    with pytest.raises(ArtifactError):
        load_bundle(packed(tmp_path / "m.hortus", signed({**parts, **members}).items()))
    assert not made.exists()


def test_an_array_of_objects_is_not_opened(tmp_path: Path, parts: Parts) -> None:
    made = tmp_path / "made"
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=True, **{"0": np.array([Payload(made)], dtype=object)})  # type: ignore[arg-type]
    with pytest.raises(ArtifactError):
        load_bundle(packed(tmp_path / "m.hortus", signed({**parts, "encoder/arrays.npz": arrays.getvalue()}).items()))
    assert not made.exists()


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = packed(tmp_path / "m.hortus", signed({**parts, "encoder/state.json": b"{"}).items())
    refused_state = pytest.raises(ArtifactError)
    with refused_state:
        load_bundle(path)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_differs_from_the_libraries_that_made_it_is_said(tmp_path: Path, parts: Parts, bundle: Path) -> None:
    assert load_bundle(bundle).notes == []
    made = {**versions(), "scikit-learn": "0.1.2", "python": "3.1.4", "catboost-of-old": "1.0"}
    model = load_bundle(packed(tmp_path / "m.hortus", signed(parts, versions=made).items()))
    said = {note.place: note for note in model.notes}
    assert set(said) == {"scikit-learn", "python"}
    assert said["scikit-learn"].what.startswith("The model was made with scikit-learn 0.1.2; here is ")
    assert said["scikit-learn"].mend.endswith("install scikit-learn==0.1.2.")
    assert said["scikit-learn"].warning
    assert model.facts["versions"] == made


def test_a_patch_is_noted_and_not_warned_of() -> None:
    here = versions()
    major, minor, *_ = here["numpy"].split(".")
    (note,) = version_notes({**here, "numpy": f"{major}.{minor}.999"})
    assert (note.place, note.warning) == ("numpy", False)


def test_a_formula_that_came_with_the_rows_is_defused_beside_their_predictions(
    hostile_run: Path, hostile_row: dict[str, Any], tmp_path: Path
) -> None:
    town = 'home "town" </script>'
    pd.DataFrame([{**hostile_row, town: "=1+1"}]).to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "out.csv"
    command = ["predict", str(hostile_run), str(tmp_path / "new.csv"), "--id", town, "--out", str(out)]
    done = CliRunner().invoke(commands, command)
    assert done.exit_code == 0, done.output
    with out.open(newline="") as file:
        (found,) = csv.DictReader(file)
    assert found[town] == "'=1+1"
    assert found["target"] in ("late", "on time")


def test_predict_says_what_differs_from_the_libraries_that_made_the_model(
    tmp_path: Path, parts: Parts, hostile_row: dict[str, Any]
) -> None:
    made = signed(parts, versions={**versions(), "scikit-learn": "0.1.2"})
    path = packed(tmp_path / "m.hortus", made.items())
    pd.DataFrame([hostile_row]).to_csv(tmp_path / "new.csv", index=False)
    done = CliRunner().invoke(commands, ["predict", str(path), str(tmp_path / "new.csv")])
    assert done.exit_code == 0, done.output
    assert "warning: The model was made with scikit-learn 0.1.2; here is" in done.output
