"""Scenes and masks in every form that they come in, and what is said of those that do not fit."""

import numpy as np
import pytest
import torch
from PIL import Image

from hortus.data.mask_classes import VOID, MaskClasses
from hortus.data.overlap import confusion, interval, mean_overlap, overlaps
from hortus.data.read_scenes import prepare_scenes, read_masks
from hortus.data.scenes import SceneData
from hortus.deploy.mask_png import write_mask
from hortus.errors import ArtifactError, InputError, SettingError, TargetError


def codes(notes):
    return {note.code for note in notes}


def test_arrays_tensors_lists_and_folders_give_the_same(scenes, folder):
    pixels, masks = scenes
    data, notes = prepare_scenes(pixels, masks, classes=["sky", "road", "ball", "box"])
    assert data.shape == (3, 32, 40)
    assert data.classes.names == ("sky", "road", "ball", "box")
    assert (data.masks[:, 0] == VOID).all()
    assert "masks-void" in codes(notes)
    tensor = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())
    assert prepare_scenes(tensor, torch.from_numpy(masks))[0].masks.tobytes() == data.masks.tobytes()
    assert prepare_scenes(list(pixels), list(masks))[0].pixels.tobytes() == data.pixels.tobytes()
    assert prepare_scenes(folder)[0].digest == data.digest


def test_pairs_by_name_in_one_folder(scenes, tmp_path):
    for number in range(6):
        Image.fromarray(scenes[0][number]).save(tmp_path / f"street{number}.png")
        Image.fromarray(scenes[1][number]).save(tmp_path / f"street{number}_mask.png")
    assert len(prepare_scenes(tmp_path)[0]) == 6


def test_palettes_keep_their_colours_and_pictures_in_colours_are_classes(folder):
    palette = [0, 0, 255, 90, 90, 90, 255, 0, 0, 0, 255, 0] + [0] * (252 * 3)
    for path in sorted((folder / "masks").iterdir()):
        mask = Image.open(path)
        mask = Image.fromarray(np.asarray(mask))
        mask.putpalette(palette)
        mask.save(path)
    data, _ = prepare_scenes(folder)
    assert data.classes.colours[2] == (255, 0, 0)
    table = np.array([[0, 0, 255], [90, 90, 90], [255, 0, 0], [0, 255, 0]], dtype=np.uint8)
    table = np.concatenate([table, np.zeros((252, 3), dtype=np.uint8)])
    for path in sorted((folder / "masks").iterdir()):
        Image.fromarray(table[np.asarray(Image.open(path))]).save(path)
    (folder / "classes.txt").write_text("#ff0000 ball\n")
    coloured, _ = prepare_scenes(folder, void="#000000")
    assert coloured.classes.coloured
    assert coloured.classes.colours[coloured.classes.names.index("ball")] == (255, 0, 0)
    assert set(coloured.classes.names) == {"ball", "#0000ff", "#5a5a5a", "#00ff00"}
    assert (coloured.masks[:, 0] == VOID).all()


def test_mixed_sizes_are_brought_to_that_of_most_and_told(scenes):
    pixels, masks = [list(found[:8]) for found in scenes]
    pixels[0] = np.repeat(np.repeat(pixels[0], 2, 0), 2, 1)
    masks[0] = np.repeat(np.repeat(masks[0], 2, 0), 2, 1)
    masks[1] = masks[1][::2, ::2]
    data, notes = prepare_scenes(pixels, masks)
    assert data.shape == (3, 32, 40)
    assert data.masks[0].tobytes() == scenes[1][0].tobytes()
    assert {"images-resized", "masks-resized"} <= codes(notes)


def test_files_without_a_partner_and_damaged_ones_are_left_out_and_told(folder):
    (folder / "masks" / "00.png").unlink()
    (folder / "images" / "01.png").unlink()
    (folder / "images" / "02.png").write_bytes(b"no picture")
    data, notes = prepare_scenes(folder)
    assert len(data) == 21
    assert {"scenes-without-mask", "masks-without-scene", "images-unreadable"} <= codes(notes)
    told = {note.code: note for note in notes}
    assert "00.png" in told["scenes-without-mask"].what


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x, y: (x, y[:-1]), "There are 23 masks for 24 scenes"),
        (lambda x, y: (x, y[:, :, :-9]), "Scene 0 is 32 x 40 pixels and its mask 32 x 31"),
        (lambda x, y: (x, np.where(y == 2, 9, y)), "The masks hold the value 9, and there are names for 4"),
        (lambda x, y: (x, y / 2), "no whole numbers"),
        (lambda x, y: (x, y.astype(int) - 1), "from -1 to"),
        (lambda x, y: (x, np.full_like(y, 255)), "Every pixel is void"),
        (lambda x, y: (x, None), "without masks"),
        (lambda x, y: (x[:2], y[:2]), "There are 2 scenes"),
        (lambda x, y: (x, np.stack([y, y], 1)), r"Mask 0 has the shape \(2, 32, 40\)"),
    ],
)
def test_what_does_not_fit_is_named(scenes, change, said):
    with pytest.raises(InputError, match=said):
        prepare_scenes(*change(*scenes), classes=["sky", "road", "ball", "box"])


def test_a_void_that_nobody_knows_and_masks_that_are_photographs(scenes, folder):
    with pytest.raises(SettingError, match="neither a mask's value nor a class's name"):
        prepare_scenes(*scenes, void="nothing")
    noise = np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "masks" / "03.png")
    with pytest.raises(TargetError, match=r"03\.png' has .* colours: it is a picture"):
        prepare_scenes(folder)
    (folder / "masks" / "03.png").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read"):
        prepare_scenes(folder)


def test_data_come_back_from_disk_and_damage_is_told(scenes, tmp_path):
    data, _ = prepare_scenes(*scenes)
    data.save(tmp_path)
    again = SceneData.load(tmp_path)
    assert again.digest == data.digest
    assert again.frequencies == data.frequencies
    np.save(tmp_path / "masks.npy", np.zeros((3, 4, 4), dtype=np.uint8))
    (tmp_path / "scenes.json").write_text((tmp_path / "scenes.json").read_text() + " ")
    with pytest.raises(ArtifactError, match="damaged"):
        SceneData.load(tmp_path)


def test_masks_of_new_scenes_must_hold_known_values(scenes):
    data, _ = prepare_scenes(*scenes)
    mask = scenes[1][0].copy()
    mask[5, 5] = 77
    with pytest.raises(TargetError, match="the value 77, which the classes"):
        read_masks([mask], data.classes, [(32, 40)])
    assert read_masks([scenes[1][0][::2, ::2]], data.classes, [(32, 40)])[0].shape == (32, 40)


def test_a_written_mask_is_read_back_as_it_was(tmp_path, scenes):
    for classes in (
        MaskClasses.of([0, 1, 7], void=None),
        MaskClasses.of([0, 300], void=None),
        MaskClasses(("a", "b"), (0xFF0000, 0x00FF00), ((255, 0, 0), (0, 255, 0)), None, True),
    ):
        found = np.random.default_rng(0).integers(0, len(classes), (9, 7)).astype(np.uint8)
        write_mask(tmp_path / "mask.png", found, classes)
        again = read_masks([tmp_path / "mask.png"], classes, [(9, 7)])[0]
        assert again.tobytes() == found.tobytes()


def test_overlaps_are_those_of_sets_and_counts_do_not_overflow():
    rng = np.random.default_rng(1)
    truth, said = rng.integers(0, 5, (2, 4000)).astype(np.uint8)
    truth[:200] = VOID
    counts = confusion(truth, said, 6)
    for k, value in enumerate(overlaps(counts)[:5]):
        a, b = (truth == k), (said == k) & (truth != VOID)
        assert value == pytest.approx((a & b).sum() / (a | b).sum())
    assert np.isnan(overlaps(counts)[5])
    assert mean_overlap(counts) == pytest.approx(np.nanmean(overlaps(counts)))
    # With 251 classes code times classes is past what a byte holds.
    wide = confusion(np.full(10, 250, dtype=np.uint8), np.full(10, 249, dtype=np.uint8), 251)
    assert wide[250, 249] == 10
    assert wide.dtype == np.int64
    low, high = interval(np.stack([counts] * 5), draws=20, rng=rng)
    assert low == high == pytest.approx(mean_overlap(counts))
