"""Generated scenes: a sky, a road, and balls and boxes on them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

NAMES = ["sky", "road", "ball", "box"]


def draw(rng: np.random.Generator, height: int = 32, width: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """One scene and its mask; the first row of pixels is void (255)."""
    y, x = np.mgrid[:height, :width]
    mask = np.where(y < rng.integers(height // 3, height // 2), 0, 1)
    for _ in range(rng.integers(1, 4)):
        cy, cx, r = rng.integers(height // 4, height), rng.integers(0, width), rng.integers(3, 8)
        kind = rng.integers(2, 4)
        inside = (y - cy) ** 2 + (x - cx) ** 2 < r * r if kind == 2 else (abs(y - cy) < r) & (abs(x - cx) < r // 2 + 1)
        mask = np.where(inside, kind, mask)
    colours = np.array([[120, 180, 230], [90, 90, 90], [200, 60, 60], [60, 160, 70]]) + rng.integers(-30, 30, (4, 3))
    pixels = np.clip(colours[mask] + rng.normal(0, 18, (height, width, 3)), 0, 255).astype(np.uint8)
    mask[0] = 255
    return pixels, mask.astype(np.uint8)


@pytest.fixture(scope="session")
def scenes() -> tuple[np.ndarray, np.ndarray]:
    """(24, 32, 40, 3) scenes and (24, 32, 40) masks."""
    rng = np.random.default_rng(0)
    pairs = [draw(rng) for _ in range(24)]
    return np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])


@pytest.fixture
def folder(scenes: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> Path:
    """The same as files."""
    place = tmp_path / "scenes"
    for name, arrays in zip(("images", "masks"), scenes, strict=True):
        (place / name).mkdir(parents=True)
        for number, array in enumerate(arrays):
            Image.fromarray(array).save(place / name / f"{number:02d}.png")
    (place / "classes.txt").write_text("\n".join(NAMES))
    return place
