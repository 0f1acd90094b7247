"""From a zip of class folders to the networks that a search drew, in the browser alone."""

import io
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

pytestmark = [pytest.mark.ui, pytest.mark.rotated]
LONG = 180_000


def packed() -> bytes:
    """Three digits, 60 pictures of each in a folder of its name."""
    pytest.importorskip("torch")
    found = load_digits(n_class=3)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in np.flatnonzero(np.arange(len(found.target)) < 180):
            picture = io.BytesIO()
            Image.fromarray((found.images[number] * 15).astype(np.uint8)).save(picture, "PNG")
            archive.writestr(f"digits/{['zero', 'one', 'two'][found.target[number]]}/{number}.png", picture.getvalue())
    return made.getvalue()


def test_a_zip_is_dropped_networks_are_searched_and_the_front_is_clicked(served, window):
    found = window(served)
    page = found.page
    found.drop("digits.zip", packed())
    page.get_by_role("region", name="two").wait_for(timeout=LONG)
    assert page.locator(".class").count() == 3
    page.get_by_role("button", name="Go to Train").click()
    page.get_by_role("button", name="How long may it take?").click()
    page.get_by_role("option", name="5 minutes").click()
    page.get_by_role("button", name="Train", exact=True).click()
    # As soon as there is a network, that is enough.
    page.locator(".leader-name", has_text=re.compile(r"^Network \d")).first.wait_for(timeout=LONG)
    page.get_by_role("button", name="Stop and keep best").click()
    page.get_by_role("link", name="See the networks").click(timeout=LONG)
    page.get_by_role("heading", name=re.compile("^Expect accuracy ")).wait_for(timeout=LONG)
    assert "3 classes" in page.locator(".verdict-label").inner_text()
    point = page.locator(".front-point.front-on").first
    trial = point.get_attribute("aria-label").split(":")[0].removeprefix("Network ")
    # By the mouse, where the dot is.
    point.locator(".front-dot").click()
    page.get_by_role("heading", name=f"Network {trial}", exact=True).wait_for()
    drawn = page.locator(".network-drawing")
    drawn.first.wait_for()
    assert drawn.first.locator("text", has_text="images").count() + drawn.nth(1).locator("text").count() > 1
    assert found.grave() == []
