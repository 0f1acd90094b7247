"""A class for each pixel: generated scenes, a searched network, its classes one by one, and a mask as a picture.

python examples/09_segment_scenes.py
"""

import os
from pathlib import Path

import numpy as np

from hortus import ImageSegmenter, load
from hortus.deploy.mask_png import write_mask

NAMES = ["sky", "road", "ball"]
rng = np.random.default_rng(0)


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Pixels and mask: a sky, a road, and a ball somewhere on them."""
    y, x = np.mgrid[:48, :64]
    mask = (y > rng.integers(14, 26)).astype(np.uint8)
    mask[(y - rng.integers(10, 40)) ** 2 + (x - rng.integers(8, 56)) ** 2 < rng.integers(5, 11) ** 2] = 2
    colours = np.array([[120, 180, 230], [90, 90, 90], [200, 60, 60]]) + rng.integers(-25, 26, (3, 3))
    return np.clip(colours[mask] + rng.normal(0, 20, (48, 64, 3)), 0, 255).astype(np.uint8), mask


def main() -> None:
    scenes, masks = (np.stack(found) for found in zip(*(scene() for _ in range(80)), strict=True))
    model = ImageSegmenter(
        time_budget=float(os.environ.get("HORTUS_EXAMPLE_SECONDS", "40")),
        space_options={"layers": 3, "blocks": 2, "operations": ["sep_conv_3x3", "dil_conv_3x3", "skip_connect"]},
        classes=NAMES,
        random_state=0,
    )
    model.fit(scenes[:60], masks[:60])
    print(f"mean IoU on new scenes {model.score(scenes[60:], masks[60:]):.3f}")
    print(model.report(scenes[60:], masks[60:]).to_string(index=False))
    print(f"found: {model.model_.describe}")
    model.save("scenes.hortus")
    again = load("scenes.hortus")
    write_mask(Path("mask.png"), again.codes(scenes[60:61], refine=True)[0], again.classes)
    print("mask.png holds the mask of the first new scene")


if __name__ == "__main__":
    main()
