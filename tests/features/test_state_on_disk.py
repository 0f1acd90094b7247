"""State on disk: what goes in comes out, and nothing else comes out."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from hortus.data.store import load_state, save_state
from hortus.errors import ArtifactError


def test_nested_state_comes_back_exactly(tmp_path):
    state = {
        "n": 3,
        "x": 0.1,
        "nothing": None,
        "flag": True,
        "text": "Grüße \ud83d 中 \x00",
        "list": [1, [2.5, "a"], {"inner": np.arange(3, dtype=np.int8)}],
        "empty": {"list": [], "dict": {}, "array": np.zeros((0, 4), dtype=np.float32)},
        "dates": np.asarray(["2024-01-31", "NaT"], dtype="datetime64[us]"),
        "words": np.asarray(["b", "äöü"]),
        "limits": [math.inf, -math.inf],
    }
    save_state(tmp_path, {**state, "nan": math.nan, "scalar": np.float32(0.1), "pair": (1, 2)})
    found = load_state(tmp_path)
    assert math.isnan(found.pop("nan"))
    assert found.pop("scalar") == float(np.float32(0.1))
    assert found.pop("pair") == [1, 2]
    inner = found["list"][2].pop("inner")
    np.testing.assert_array_equal(inner, state["list"][2].pop("inner"))
    assert inner.dtype == np.int8
    assert found["empty"].pop("array").shape == state["empty"].pop("array").shape == (0, 4)
    for name in ("dates", "words"):
        given = state.pop(name)
        np.testing.assert_array_equal(found[name], given)
        assert found.pop(name).dtype == given.dtype
    assert found == state


def test_the_same_state_gives_the_same_bytes(tmp_path):
    files = []
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        save_state(folder, {"a": np.arange(5), "b": [np.ones(2)]})
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ({"a": [np.asarray(["x", None], dtype=object)]}, r"state\.a\[0\]"),
        ({"a": {"b": {1, 2}}}, r"state\.a\.b"),
        ({"a": {1: 2}}, r"state\.a"),
        ({"a": {"$array": "0"}}, r"state\.a"),
        ({"a": np.zeros(2, dtype=[("x", int)])}, r"state\.a"),
        ({"a": b"bytes"}, r"state\.a"),
    ],
)
def test_what_would_need_pickle_is_refused_with_its_place(tmp_path, state, place):
    with pytest.raises(TypeError, match=place):
        save_state(tmp_path, state)


def test_damage_is_told_as_such(tmp_path):
    with pytest.raises(ArtifactError, match="cannot be read"):
        load_state(tmp_path)
    save_state(tmp_path, {"a": np.arange(100), "b": 1})
    arrays, state = (tmp_path / "arrays.npz").read_bytes(), (tmp_path / "state.json").read_text()

    def damaged(name, content):
        (tmp_path / "arrays.npz").write_bytes(arrays)
        (tmp_path / "state.json").write_text(state)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ArtifactError) as told:
            load_state(tmp_path)
        assert told.value.code == "state-damaged"

    damaged("arrays.npz", arrays[: len(arrays) // 2])
    damaged("arrays.npz", b"")
    damaged("arrays.npz", b"no zip at all")
    damaged("arrays.npz", arrays.replace(b"fortran_order", b"fortran-order"))
    damaged("state.json", state[:-1])
    damaged("state.json", "[]")
    damaged("state.json", json.dumps({"a": {"$array": "7"}}))
    damaged("state.json", json.dumps({"a": {"$array": ["0"]}}))
    damaged("state.json", json.dumps({"a": {"$float": "much"}}))
    damaged("state.json", "[" * 100_000)
    (tmp_path / "state.json").write_text(state)
    (tmp_path / "arrays.npz").unlink()
    with pytest.raises(ArtifactError):
        load_state(tmp_path)


def test_an_object_array_on_disk_is_never_unpickled(tmp_path):
    save_state(tmp_path, {"a": np.arange(3)})
    with (tmp_path / "arrays.npz").open("wb") as file:
        np.savez(file, **{"0": np.asarray([print], dtype=object)})
    with pytest.raises(ArtifactError):
        load_state(tmp_path)
