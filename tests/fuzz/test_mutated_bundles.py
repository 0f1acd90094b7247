"""Models whose bytes were changed: the digest says so before any loader runs, or nothing that is read has changed."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris

from hortus.deploy import bundle as bundles
from hortus.ensemble.predictor import Predictor
from hortus.errors import ArtifactError
from hortus.run import Settings, fit


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sound")
    settings = Settings(trials=3, folds=2, models=("linear", "tree", "lightgbm"), executor="inline", slots=1)
    fit(load_iris(as_frame=True).frame, "target", settings, folder=folder)
    return (folder / "model.hortus").read_bytes()


def flip(data: bytearray, chance: random.Random) -> None:
    """Change some bits."""
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random) -> None:
    """End it early."""
    del data[chance.randrange(len(data)) :]


def drop(data: bytearray, chance: random.Random) -> None:
    """Leave a stretch out."""
    begin = chance.randrange(len(data))
    del data[begin : begin + chance.randrange(1, 400)]


def repeat(data: bytearray, chance: random.Random) -> None:
    """Have a stretch twice."""
    begin = chance.randrange(len(data))
    data[begin:begin] = data[begin : begin + chance.randrange(1, 400)]


def overwrite(data: bytearray, chance: random.Random) -> None:
    """Put noise over a stretch."""
    begin = chance.randrange(len(data))
    stretch = min(chance.randrange(1, 400), len(data) - begin)
    data[begin : begin + stretch] = chance.randbytes(stretch)


def lengthen(data: bytearray, chance: random.Random) -> None:
    """Put something before or after it."""
    more = chance.randbytes(chance.randrange(1, 400))
    data[:0] = more if chance.random() < 0.5 else b""
    data += more


def raised(path: Path) -> ArtifactError | None:
    """What loading the file raises; any other error fails the test."""
    try:
        bundles.load_bundle(path)
    except ArtifactError as error:
        return error
    return None


CHANGES: list[Callable[[bytearray, random.Random], None]] = [flip, flip, cut, drop, repeat, overwrite, lengthen]


def test_mutated_bundles(
    sound: bytes,
    tmp_path: Path,
    long: bool,
    slice_number: int,
    figure: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = 1000 if long else 60
    path = tmp_path / "m.hortus"
    path.write_bytes(sound)
    with zipfile.ZipFile(path) as opened:
        truth = {name: opened.read(name) for name in opened.namelist()}
    loaded: list[Path] = []
    # All loaders are called below it, once the digests are known to be right.
    assemble = bundles._assemble

    def watched(manifest: dict[str, Any], folder: Path) -> Predictor:
        loaded.append(folder)
        return assemble(manifest, folder)

    monkeypatch.setattr(bundles, "_assemble", watched)
    refused = 0
    for number in range(count):
        chance = random.Random(f"{slice_number} {number}")
        data = bytearray(sound)
        chance.choice(CHANGES)(data, chance)
        path.write_bytes(data)
        loaded.clear()
        error = raised(path)
        if error is not None:
            refused += 1
            assert error.mend
            assert not loaded, f"change {number}: a loader ran before {error.code}"
            continue
        # A zip has bytes that say nothing: dates, what stands before it. Then all that was read is as it was.
        with zipfile.ZipFile(path) as changed:
            assert {name: changed.read(name) for name in truth} == truth, f"change {number} was not noticed"
    assert refused > count / 2
    figure("mutated bundles", count)
    figure("of them refused before any loader ran", refused)


def test_a_zip_that_asks_for_a_later_reader_is_refused(sound: bytes, tmp_path: Path) -> None:
    data = bytearray(sound)
    # In the directory's last entry, the version of zip that is needed to read it.
    data[data.rindex(b"PK\x01\x02") + 6] = 84
    path = tmp_path / "m.hortus"
    path.write_bytes(data)
    error = raised(path)
    assert error is not None
    assert error.code == "bundle-foreign"
