"""The networks of a small search over digits: drawn, priced, chosen."""

import xml.etree.ElementTree as ET

import httpx
import pytest

from hortus.errors import RunError
from hortus.run.images.result import open_image_run
from hortus.run.networks import draw, fronts, network_graph
from hortus.studio.home import id_of


@pytest.fixture(scope="module")
def gallery(served, digits, tmp_path_factory, free_port_of):
    found = type(served)(tmp_path_factory.mktemp("networks") / "home", free_port_of(), opened=(digits,)).start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def client(gallery) -> httpx.Client:
    found = gallery.client()
    yield found
    found.close()


def test_every_network_has_its_score_price_and_drawing(client, digits):
    place = f"/api/networks/{id_of(digits)}"
    board = client.get(place).json()
    assert len(board["networks"]) == 3
    assert sum(one["chosen"] for one in board["networks"]) == 1
    assert board["shape"] == [1, 8, 8]
    for one in board["networks"]:
        assert one["params"] > 0
        drawing = client.get(f"{place}/{one['trial']}/drawing").json()
        names = [point["label"] for panel in drawing["panels"] for point in panel["points"].values()]
        assert "images" in names
        for panel in drawing["panels"]:
            assert all(name in panel["points"] for path in panel["paths"] for name in path)
    assert client.get(f"{place}/99/drawing").status_code == 409


def test_the_front_is_of_networks_that_none_is_better_than_at_the_price(digits):
    result = open_image_run(digits)
    board = result.leaderboard().set_index("trial")
    found = fronts(result)
    assert set(found) == {"latency", "params", "macs"}
    for cost, trials in found.items():
        for trial in trials:
            cheaper = board[board[cost] <= board.loc[trial, cost]]
            assert board.loc[trial, "score"] == cheaper["score"].max()


def test_a_drawing_is_kept_as_a_file_that_runs_nothing(client, digits):
    answer = client.get(f"/api/networks/{id_of(digits)}/0/drawing.svg")
    assert answer.headers["content-disposition"].startswith("attachment")
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(answer.text).iter()}  # noqa: S314 -- our own
    assert "script" not in tags
    assert "path" in tags


def test_what_is_drawn_is_what_the_params_make(digits):
    result = open_image_run(digits)
    assert draw(network_graph(result, 0)) == draw(network_graph(result, 0))
    with pytest.raises(RunError):
        network_graph(result, 1000)


def test_a_run_of_a_table_has_no_networks(api, tumours):
    # Also where it has just been looked at as what it is.
    assert api.get(f"/api/understand/{id_of(tumours)}").status_code == 200
    assert api.get(f"/api/networks/{id_of(tumours)}").status_code == 409


@pytest.mark.ui
def test_a_point_of_the_front_is_clicked_and_its_network_is_drawn(gallery, digits, window):
    found = window(gallery, f"/networks/{id_of(digits)}")
    page = found.page
    points = page.locator(".front-point")
    points.first.wait_for()
    assert points.count() == 3
    for i in range(3):
        points.nth(i).focus()
        page.keyboard.press("Enter")
        trial = points.nth(i).get_attribute("aria-label").split(":")[0].removeprefix("Network ")
        page.get_by_role("heading", name=f"Network {trial}", exact=True).wait_for()
    page.locator(".network-drawing").first.wait_for()
    page.get_by_text("too few to tell").first.wait_for()
    page.get_by_text("parameters", exact=True).first.click()
    assert found.grave() == []
