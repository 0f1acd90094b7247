"""A zip of pictures, predicted: what is in the csv, and zips that mean harm."""

import io
import stat
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hortus.data.task import Task
from hortus.deploy.image_model import ImageModel
from hortus.errors import HortusError
from hortus.studio import incoming, scoring_images
from hortus.studio.scoring import PREDICTIONS, REJECTS
from hortus.studio.scoring_images import score_images

torch = pytest.importorskip("torch")
COLOURS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}


@dataclass(frozen=True)
class Drawn:
    """What a candidate must be."""

    def describe(self) -> str:
        return "the strongest colour"


@pytest.fixture(scope="module")
def model() -> ImageModel:
    """One that was not trained: the strongest colour is the class; 4 by 6 pixels."""
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    task = Task("multiclass", "label", tuple(COLOURS), "accuracy")
    numbers: dict[str, Any] = {"mean": (100.0,) * 3, "deviation": (50.0,) * 3, "resolution": 1.0}
    return ImageModel(task=task, network=network.eval(), shape=(3, 4, 6), whole=True, candidate=Drawn(), **numbers)


def picture(colour: str, kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (12, 8), COLOURS[colour]).save(made, kind)
    return made.getvalue()


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_each_picture_has_its_class_and_what_cannot_be_read_its_reason(model: ImageModel, tmp_path: Path) -> None:
    before = set(tmp_path.parent.iterdir())
    sent = packed(
        tmp_path / "rows.zip",
        {
            "a/one.png": picture("green"),
            "two.jpg": picture("red", "JPEG"),
            "../../away.png": picture("red"),
            "/etc/three.webp": picture("blue", "WEBP"),
            "=cmd().png": picture("blue"),
            "broken.png": picture("red")[:40],
            "other.tif": picture("red", "TIFF"),
            "notes.txt": b"nothing",
            "__MACOSX/one.png": b"nothing",
        },
    )
    found = score_images(model, sent, tmp_path, "mark")
    assert (found.rows, found.rejected) == (4, 2)
    assert found.columns == ["path", "label", "proba_red", "proba_green", "proba_blue"]
    got = pd.read_csv(tmp_path / PREDICTIONS)
    assert got["path"].tolist() == ["a/one.png", "two.jpg", "/etc/three.webp", "'=cmd().png"]
    assert got["label"].tolist() == ["green", "red", "blue", "blue"]
    np.testing.assert_allclose(got.filter(like="proba_").sum(axis=1), 1, atol=1e-6)
    assert [row[:2] for row in found.first] == got[["path", "label"]].replace(
        "'=cmd().png", "=cmd().png"
    ).to_numpy().tolist()
    rejects = (tmp_path / REJECTS).read_text()
    assert "broken.png" in rejects
    assert "other.tif" in rejects
    assert found.notes == ["3 other files in the zip were passed over: by their names they are hidden, or no pictures."]
    # The zip is gone, and nothing of it lies anywhere else.
    assert {path.name for path in tmp_path.iterdir()} == {PREDICTIONS, REJECTS}
    assert set(tmp_path.parent.iterdir()) == before


def test_many_are_predicted_some_at_a_time(model: ImageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_images, "AT_ONCE", 4)
    names = [list(COLOURS)[i % 3] for i in range(10)]
    sent = packed(tmp_path / "rows.zip", {f"{i}.png": picture(name) for i, name in enumerate(names)})
    found = score_images(model, sent, tmp_path, "mark")
    assert (found.rows, len(found.first)) == (10, 8)
    assert pd.read_csv(tmp_path / PREDICTIONS)["label"].tolist() == names


def test_a_link_is_followed_nowhere(model: ImageModel, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture("red"))
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr(link, str(tmp_path / "secret.png"))
    found = score_images(model, tmp_path / "rows.zip", tmp_path, "mark")
    assert (found.rows, found.rejected) == (0, 1)
    assert pd.read_csv(tmp_path / PREDICTIONS).columns.tolist() == found.columns


def test_a_picture_that_unpacks_beyond_measure_is_set_apart(model: ImageModel, tmp_path: Path) -> None:
    sent = packed(tmp_path / "rows.zip", {"bomb.png": b"\0" * (17 * 2**20), "one.png": picture("red")})
    assert sent.stat().st_size < 100_000
    found = score_images(model, sent, tmp_path, "mark")
    assert (found.rows, found.rejected) == (1, 1)
    assert "more than 16 MiB" in (tmp_path / REJECTS).read_text()


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "images-none"),
        ({"notes.txt": b"nothing", "__MACOSX/a.png": b""}, "images-none"),
        ({"a.png": b"\0" * 5000}, "file-bomb"),
    ],
)
def test_what_is_no_zip_of_pictures_is_refused_and_leaves_nothing(
    model: ImageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], code: str
) -> None:
    monkeypatch.setattr(incoming, "UNPACKED", 4000)
    with pytest.raises(HortusError) as caught:
        score_images(model, packed(tmp_path / "rows.zip", files), tmp_path, "mark")
    assert caught.value.code == code
    assert caught.value.mend
    assert list(tmp_path.iterdir()) == []


def test_a_zip_that_says_less_than_it_holds_is_measured_while_it_unpacks(
    model: ImageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = packed(tmp_path / "rows.zip", {f"{i}.png": picture("red") + b"\0" * 3000 for i in range(5)})
    monkeypatch.setattr(scoring_images, "members_of", lambda _path: [Path("0.png")])
    monkeypatch.setattr(incoming, "UNPACKED", 8000)
    with pytest.raises(HortusError) as caught:
        score_images(model, sent, tmp_path, "mark")
    assert caught.value.code == "file-bomb"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"PK\x03\x04 and then nothing", b"no zip"])
def test_a_damaged_zip_is_refused(model: ImageModel, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.zip").write_bytes(content)
    with pytest.raises(HortusError) as caught:
        score_images(model, tmp_path / "rows.zip", tmp_path, "mark")
    assert caught.value.code == "file-damaged"


def test_a_network_of_other_numbers_than_bytes_takes_no_pictures(model: ImageModel, tmp_path: Path) -> None:
    sent = packed(tmp_path / "rows.zip", {"one.png": picture("red")})
    with pytest.raises(HortusError) as caught:
        score_images(replace(model, whole=False), sent, tmp_path, "mark")
    assert caught.value.code == "image-not-pixels"
