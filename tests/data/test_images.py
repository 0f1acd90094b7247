"""Images as they come: arrays, tensors, folders, lists, frames; and what is wrong with them."""

import numpy as np
import pandas as pd
import pytest

from hortus.data.images import ImageData
from hortus.data.layout import common_size, from_array, from_list, with_channels
from hortus.data.read_images import prepare_images, read_pictures
from hortus.data.stored import load_data
from hortus.errors import ArtifactError, InputError, ReadError, TargetError

Image = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(0)


def picture(height=9, width=7, channels=3):
    shape = (height, width) if channels == 1 else (height, width, channels)
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def photos(tmp_path):
    """A folder of two class folders with four images each."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.fromarray(picture()).save(tmp_path / name / f"{number}.png")
    return tmp_path


LABELS = [0, 1] * 4


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (RNG.random((8, 6, 5)), (1, 6, 5)),
        (RNG.random((8, 6, 5, 3)), (3, 6, 5)),
        (RNG.random((8, 6, 5, 1)), (1, 6, 5)),
        (RNG.random((8, 3, 6, 5)), (3, 6, 5)),
        (RNG.random((8, 3, 9, 3)), (3, 3, 9)),
        (RNG.random((8, 1, 1)), (1, 1, 1)),
    ],
)
def test_arrays_in_any_order_of_axes(images, shape):
    data, _ = prepare_images(images, LABELS)
    assert data.shape == shape
    assert data.pixels.dtype == np.float32


def test_values_keep_their_place_whatever_the_order():
    images = RNG.integers(0, 256, (8, 6, 5, 3), dtype=np.uint8)
    last, first = prepare_images(images, LABELS)[0], prepare_images(images.transpose(0, 3, 1, 2), LABELS)[0]
    np.testing.assert_array_equal(last.pixels, first.pixels)
    np.testing.assert_array_equal(last.pixels[2, 1], images[2, :, :, 1])
    assert last.pixels.dtype == np.uint8


def test_a_tensor_has_its_channels_first():
    torch = pytest.importorskip("torch")
    assert from_array(torch.zeros(8, 3, 3, 3)).shape == (8, 3, 3, 3)
    assert from_array(torch.zeros(8, 3, 6, 5)).shape == (8, 3, 6, 5)
    assert from_array(torch.ones(8, 6, 5, dtype=torch.bool)).max() == 255


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((8, 64)), "reshape"),
        (np.zeros((0, 8, 8)), "no images"),
        (np.zeros((8, 8, 8), dtype=complex), "complex"),
        (np.zeros((8, 8, 8), dtype="M8[s]"), "datetime64"),
        ([np.zeros((4, 4)), np.zeros(3)], "Image 1"),
        (pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": ["x", "y"]}), "not one but 2"),
    ],
)
def test_what_is_no_image_is_refused(images, said):
    with pytest.raises(InputError, match=said):
        prepare_images(images, LABELS)


def test_a_folder_of_class_folders(photos):
    (photos / "cat" / "notes.txt").write_text("no image")
    (photos / ".hidden").mkdir()
    data, notes = prepare_images(photos)
    assert data.task.classes == ("cat", "dog")
    assert data.shape == (3, 9, 7)
    assert np.bincount(data.y).tolist() == [4, 4]
    assert [note.code for note in notes if note.code.startswith("images")] == ["images-other-files"]
    np.testing.assert_array_equal(data.pixels[5], np.asarray(Image.open(photos / "dog" / "1.png")).transpose(2, 0, 1))


def test_a_frame_of_paths_and_labels(photos):
    paths = sorted(photos.rglob("*.png"))
    frame = pd.DataFrame({"file": [str(p) for p in paths], "animal": [p.parent.name for p in paths]})
    by_name, _ = prepare_images(frame[["animal", "file"]], "animal")
    by_folder, _ = prepare_images(photos)
    assert by_name.digest == by_folder.digest
    assert prepare_images(list(map(str, paths)), frame["animal"])[0].digest == by_folder.digest


def test_unreadable_and_truncated_images_are_named_and_left_out(photos):
    (photos / "cat" / "9.png").write_bytes(b"this is no image")
    whole = (photos / "dog" / "2.png").read_bytes()
    (photos / "dog" / "2.png").write_bytes(whole[: len(whole) // 2])
    data, notes = prepare_images(photos)
    assert len(data) == 7
    (note,) = (note for note in notes if note.code == "images-unreadable")
    assert note.warning
    assert note.what.startswith("2 of 9 images cannot be read")
    assert "9.png" in note.what
    assert "2.png" in note.what
    with pytest.raises(ReadError, match=r"9\.png"):
        read_pictures([photos / "cat" / "9.png", photos / "cat" / "0.png"], strict=True)


def test_when_most_images_cannot_be_read_nothing_is_trained(photos):
    for path in (*(photos / "cat").iterdir(), photos / "dog" / "0.png"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="Of 8 images 3 can be used"):
        prepare_images(photos)
    for path in (photos / "dog").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ReadError, match="8 images cannot be read"):
        prepare_images(photos)


def test_mixed_sizes_and_channels_are_brought_together(photos):
    Image.fromarray(picture(20, 30)).save(photos / "cat" / "large.png")
    Image.fromarray(picture(9, 7, channels=1)).save(photos / "dog" / "grey.png")
    rgba = np.dstack([picture(), np.full((9, 7), 128, dtype=np.uint8)])
    Image.fromarray(rgba).save(photos / "dog" / "clear.png")
    Image.fromarray(picture(9, 7, channels=1)).convert("P").save(photos / "dog" / "palette.png")
    data, notes = prepare_images(photos)
    assert data.shape == (3, 9, 7)
    assert len(data) == 12
    codes = {note.code for note in notes}
    assert {"images-resized", "images-channels"} <= codes
    assert prepare_images(photos, size=(6, 6))[0].shape == (3, 6, 6)


def test_grey_files_stay_grey_and_deep_ones_are_read(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.fromarray(picture(6, 6, channels=1)).save(tmp_path / name / f"{number}.png")
    deep = np.arange(36, dtype=np.uint16).reshape(6, 6) * 1820
    Image.fromarray(deep).save(tmp_path / "a" / "deep.png")
    data, _ = prepare_images(tmp_path)
    assert data.shape == (1, 6, 6)
    np.testing.assert_allclose(data.pixels[3, 0], deep / 257, atol=1)


def test_arrays_of_mixed_sizes(photos):
    images = [picture(8, 8), picture(8, 8), picture(8, 8, channels=1), picture(5, 9), *[picture(8, 8)] * 4]
    pixels, notes = from_list(images)
    assert pixels.shape == (8, 3, 8, 8)
    assert {note.code for note in notes} == {"images-resized", "images-channels"}
    np.testing.assert_array_equal(pixels[2, 0], images[2])


def test_images_with_nan_are_left_out_by_number():
    images = RNG.random((10, 6, 6))
    images[3, 0, 0] = np.nan
    images[7, 5, 5] = np.inf
    data, notes = prepare_images(images, [0, 1] * 5)
    assert len(data) == 8
    (note,) = (note for note in notes if note.code == "images-not-finite")
    assert "2 of 10" in note.what
    assert "3, 7" in note.what
    assert data.y.tolist() == [0, 1, 0, 0, 1, 0, 0, 1]


def test_one_pixel_is_taken_with_a_warning():
    _, notes = prepare_images(RNG.random((8, 1, 1)), LABELS)
    assert "images-one-pixel" in {note.code for note in notes}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0] * 8, "one class"),
        (list(range(8)), "class of its own"),
        ([0, 1, 0], "3 labels for 8 images"),
        (None, "without labels"),
    ],
)
def test_labels_that_cannot_be_used(labels, said):
    with pytest.raises(TargetError, match=said):
        prepare_images(RNG.random((8, 6, 6)), labels)


def test_a_class_of_one_image_is_trained_on_and_never_judged():
    data, notes = prepare_images(RNG.random((41, 6, 6)), [0, 1] * 20 + [2])
    assert 40 in data.train_rows(0)
    assert "target-class-once" in {note.code for note in notes}
    valid = data.y[data.valid_rows(0)]
    assert set(valid.tolist()) == {0, 1}


def test_missing_labels_drop_their_images():
    data, _ = prepare_images(RNG.random((9, 6, 6)), np.array(["a", "b", None, "a", "b", "a", "b", "a", "b"], object))
    assert len(data) == 8


def test_what_is_stored_comes_back_and_damage_is_told(tmp_path):
    data, _ = prepare_images(RNG.integers(0, 256, (8, 6, 5), dtype=np.uint8), LABELS)
    data.save(tmp_path / "data")
    loaded = load_data(tmp_path / "data")
    assert isinstance(loaded, ImageData)
    assert loaded.digest == data.digest
    assert loaded.moments == data.moments
    np.testing.assert_array_equal(loaded.pixels, data.pixels)
    assert isinstance(loaded.pixels.base, np.memmap)
    facts = loaded.facts(60.0)
    assert (facts.channels, facts.height, facts.width, facts.classes, facts.rows) == (1, 6, 5, 2, 8)
    (tmp_path / "data" / "pixels.npy").write_bytes(b"nothing")
    (tmp_path / "data" / "images.json").touch()
    with pytest.raises(ArtifactError, match="damaged"):
        load_data(tmp_path / "data")
    with pytest.raises(ArtifactError, match="no data set"):
        load_data(tmp_path)


def test_moments_are_those_of_numpy():
    images = RNG.integers(0, 256, (8, 6, 5, 3), dtype=np.uint8)
    images[..., 2] = 7
    mean, deviation = prepare_images(images, LABELS)[0].moments
    np.testing.assert_allclose(mean, images.reshape(-1, 3).mean(axis=0))
    np.testing.assert_allclose(deviation[:2], images.reshape(-1, 3).std(axis=0)[:2])
    assert deviation[2] == 1.0


def test_channels_are_repeated_left_out_or_made_grey():
    colour = np.stack([np.full((2, 2), v, dtype=np.uint8) for v in (100, 200, 50)])
    assert with_channels(colour, 1)[0, 0, 0] == round(0.299 * 100 + 0.587 * 200 + 0.114 * 50)
    assert with_channels(colour[:1], 3).tolist() == np.repeat(colour[:1], 3, axis=0).tolist()
    assert with_channels(np.concatenate([colour, colour[:1]]), 3).tolist() == colour.tolist()


def test_the_size_of_most_or_the_medians():
    assert common_size([(8, 8)] * 3 + [(50, 60)] * 2) == (8, 8)
    assert common_size([(4, 10), (6, 20), (8, 30), (10, 40), (60, 90)]) == (8, 30)
