"""The screens that other tests look at in light colours, in dark ones."""

import pytest

from hortus.studio.home import id_of

pytestmark = [pytest.mark.ui, pytest.mark.rotated]

# A screen -> what is there once it has come.
SIGNS = {"deploy": ".try-fields", "compare": ".history", "notebooks": ".notebook-card"}


@pytest.mark.parametrize("screen", SIGNS)
@pytest.mark.parametrize("width", [1440, 900])
def test_nobody_is_kept_out_in_the_dark(shown, tumours, window, screen, width):
    found = window(
        shown, f"/{screen}/{id_of(tumours)}" if screen != "compare" else "/compare", theme="dark", width=width
    )
    found.page.locator(SIGNS[screen]).first.wait_for()
    assert found.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert found.grave() == []


def test_networks_are_seen_in_the_dark(served, digits, window, tmp_path, free_port_of):
    gallery = type(served)(tmp_path / "home", free_port_of(), opened=(digits,)).start()
    try:
        found = window(gallery, f"/networks/{id_of(digits)}", theme="dark")
        found.page.locator(".network-drawing").first.wait_for()
        assert found.grave() == []
    finally:
        gallery.stop()
