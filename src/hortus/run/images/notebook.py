"""A run of images as a notebook: it loads the network, shows it, judges it, searches for a moment and predicts.

What the user's images are called stands in no code and in no text that a page would run: it is read from files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hortus.data.images import ImageData
from hortus.run.images.finish import BUNDLE
from hortus.run.images.judged import judged_images
from hortus.run.images.result import ImageResult

JUDGED, NETWORKS = "judged.npz", "networks.csv"
# Images that go along, and those that the short search needs of the rarest class.
MOST, LEAST = 600, 6
SEARCH = 'trials=2, epochs=1, executor="inline", final=False, grow=False, random_state=0, verbosity=0'

_TOP = """\
# A network, and how it came about

Made by Hortus from images. The outputs below can be read without it; to run the cells again, keep the files of this
folder together and `pip install 'hortus[nets,notebook]'`.

- `model.hortus`: the network that the run ended with.
- `judged.npz`: images that were set aside, their labels, and what the search's network said of them without having
  learned from them. Whoever has this folder has them.
- `networks.csv`: everything that the run tried.
"""
_LOAD = """\
import numpy as np
import pandas as pd
from PIL import Image

import hortus

model = hortus.load("model.hortus")
held = np.load("judged.npz")
images, labels, probabilities = held["images"], held["labels"], held["probabilities"]
print(f"{len(images):,} images of {images.shape[1:]}, {len(model.task.classes)} classes.", hortus.__version__)"""
_SHEET = """\
def sheet(chosen, columns=16, side=48):
    \"\"\"Images beside each other.\"\"\"
    page = Image.new("RGB", (columns * side, -(-len(chosen) // columns) * side), "white")
    for place, image in enumerate(chosen):
        low, high = (0, 255) if image.dtype == np.uint8 else (image.min(), image.max())
        picture = np.uint8(255 * (image - np.float64(low)) / max(high - low, 1e-12))
        picture = picture[0] if len(picture) != 3 else picture.transpose(1, 2, 0)
        tile = Image.fromarray(picture).convert("RGB").resize((side - 2, side - 2))
        page.paste(tile, (place % columns * side, place // columns * side))
    return page


sheet(images[:48])"""
_NETWORK = """\
from IPython.display import SVG, display

print(model.describe)
if hasattr(model.candidate, "draw"):
    model.draw("network.svg")
    display(SVG("network.svg"))"""
_WORTH = """\
names = np.array([str(label) for label in model.task.classes])
called = names[probabilities.argmax(axis=1)]
print(f"{(called == labels).mean():.1%} of these images are named rightly.")
print("On new images, corrected for the best having been chosen:", model.facts["estimate"])
pd.crosstab(pd.Series(labels, name="is"), pd.Series(called, name="called"))"""
_WRONG = """\
wrong = np.flatnonzero(called != labels)
wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:48]
if len(wrong):
    display(pd.DataFrame({"is": labels[wrong], "called": called[wrong], "sure": probabilities[wrong].max(axis=1)}))
sheet(images[wrong]) if len(wrong) else print("None of these images is named wrongly.")"""
_SEARCH = f"""\
from hortus import ImageClassifier

search = ImageClassifier({SEARCH})
search.fit(images, labels)
search.leaderboard()[["rank", "network", "score", "params", "state"]]"""
_PREDICT = """\
pd.DataFrame(model.predict_proba(images[:10]), columns=names).round(3)"""


def image_cells(*, search: bool) -> list[tuple[str, str]]:
    """The cells in order, as ("markdown" or "code", its source).

    Args:
        search: whether there are enough images for a short search.
    """
    searched = [
        (
            "markdown",
            "## Search\n\nA short search on these images, to see how it goes; the network above is the run's.",
        ),
        ("code", _SEARCH),
    ]
    return [
        ("markdown", _TOP),
        ("code", _LOAD),
        ("code", _SHEET),
        ("markdown", "## The network\n\nWhat it is made of, drawn from its description alone."),
        ("code", _NETWORK),
        ("markdown", "## What was tried\n\nEvery network of the run, the best first."),
        ("code", 'pd.read_csv("networks.csv")'),
        ("markdown", "## What it is worth\n\nJudged on images that it had not learned from."),
        ("code", _WORTH),
        ("markdown", "## Where it is wrong\n\nThe mistakes that it was surest of."),
        ("code", _WRONG),
        *(searched if search else []),
        (
            "markdown",
            "## Predict\n\nArrays, paths or a folder will do; other sizes are brought to its own. On the command line:"
            "\n\n    hortus predict model.hortus pictures/ --out predictions.csv\n",
        ),
        ("code", _PREDICT),
    ]


def write_images(result: ImageResult, out: Path) -> tuple[list[tuple[str, str]], int]:
    """Write the files that a run's notebook needs.

    Args:
        result: the run.
        out: an empty folder.

    Returns:
        The notebook's cells, and how many images lie beside it.

    Raises:
        RunError: the network's predictions are not kept.
        ArtifactError: the run's folder is incomplete or damaged.
    """
    judged, data = judged_images(result), ImageData.load(result.folder / "data")
    # Every so-maniest: the images lie in the order of their classes.
    chosen = np.unique(np.linspace(0, len(judged.y) - 1, min(MOST, len(judged.y))).round().astype(int))
    labels = np.array([str(label) for label in data.task.decode(judged.y[chosen])])
    np.savez_compressed(
        out / JUDGED,
        images=np.asarray(data.pixels[judged.places[chosen]]),
        labels=labels,
        probabilities=judged.predictions[chosen],
    )
    result.leaderboard().to_csv(out / NETWORKS, index=False)
    (out / BUNDLE).write_bytes((result.folder / BUNDLE).read_bytes())
    counts = np.unique(labels, return_counts=True)[1]
    return image_cells(search=len(counts) > 1 and int(counts.min()) >= LEAST), len(labels)
