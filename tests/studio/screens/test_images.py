"""A run of images through the screens: its verdict, its network at work, its notebook."""

import io
import time
import zipfile
from contextlib import closing
from pathlib import Path

import httpx
import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from hortus.engine.events_file import EventsFile
from hortus.run.images.judged import judged_images, shown
from hortus.run.images.result import open_image_run
from hortus.studio.home import id_of


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A run of pictures of bytes."""
    from hortus.run.images.fit import fit_images
    from hortus.run.images.settings import ImageSettings

    found = load_digits()
    folder = tmp_path_factory.mktemp("made") / "pictures"
    settings = ImageSettings(
        trials=1, epochs=1, executor="inline", strategy="random", final=False, grow=False, space_options={"width": 4}
    )
    pixels = (found.images[:300] * 15).astype(np.uint8)
    with closing(EventsFile(folder / "events.jsonl")) as events:
        fit_images(pixels, found.target[:300], settings, folder=folder, listeners=[events])
    return folder


@pytest.fixture(scope="module")
def gallery(served, pictures, tmp_path_factory, free_port_of):
    found = type(served)(tmp_path_factory.mktemp("pictures") / "home", free_port_of(), opened=(pictures,)).start()
    yield found
    client = found.client()
    client.put(f"/api/deploy/runs/{id_of(pictures)}/switch", json={"on": False})
    client.close()
    found.stop()


@pytest.fixture(scope="module")
def client(gallery) -> httpx.Client:
    found = gallery.client()
    yield found
    found.close()


def test_the_verdict_counts_the_images_that_were_set_aside(client, pictures):
    found = client.get(f"/api/understand/{id_of(pictures)}").json()
    judged = judged_images(open_image_run(pictures))
    assert found["subject"] == "images"
    assert found["rows"] == len(judged.y) == sum(map(sum, found["confusion"]["counts"]))
    assert found["short"].startswith("Right ")
    assert found["lead"].startswith("Of 100 images")
    assert not any("row" in sentence for sentence in [found["lead"], found["short"], *found["sentences"]])
    wrong = sum(sum(row) for row in found["confusion"]["counts"]) - sum(
        found["confusion"]["counts"][i][i] for i in range(10)
    )
    assert len(found["mistakes"]) == min(wrong, 200)
    shares = [one["share"] for one in found["mistakes"]]
    assert shares == sorted(shares, reverse=True)
    data = load_digits()
    for one in found["mistakes"][:5]:
        assert data.target[one["image"]] == one["true"] != one["called"]


def test_an_image_is_shown_as_the_network_was_given_it(client, pictures):
    place = f"/api/understand/{id_of(pictures)}/images"
    answer = client.get(f"{place}/7.png")
    assert answer.headers["content-type"] == "image/png"
    found = np.asarray(Image.open(io.BytesIO(answer.content)))
    np.testing.assert_array_equal(found, (load_digits().images[7] * 15).astype(np.uint8))
    assert client.get(f"{place}/300.png").json()["code"] == "unknown-image"
    assert client.get(f"{place}/-1.png").status_code == 422


def test_numbers_that_are_no_bytes_are_shown_from_their_least_to_their_greatest():
    made = shown(np.linspace(-1, 1, 9, dtype=np.float32).reshape(1, 3, 3))
    assert (made.min(), made.max(), made.shape) == (0, 255, (3, 3))
    assert shown(np.zeros((3, 4, 5), dtype=np.uint8)).shape == (4, 5, 3)


def test_what_only_tables_have_is_refused(client, pictures):
    assert client.get(f"/api/understand/{id_of(pictures)}/what-if").status_code == 409


def test_its_score_is_told_of_pictures(client, pictures):
    told = client.get(f"/api/train/runs/{id_of(pictures)}").json()
    assert told["metric_meaning"] == "the share of pictures whose class is predicted rightly"


def test_a_zip_of_pictures_is_scored(client, pictures):
    place = f"/api/deploy/score/{id_of(pictures)}"
    digits = (load_digits().images[:3] * 15).astype(np.uint8)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, digit in enumerate(digits):
            made = io.BytesIO()
            Image.fromarray(digit).save(made, "PNG")
            archive.writestr(f"new/{number}.png", made.getvalue())
        archive.writestr("broken.png", b"no picture")
    found = client.post(place, params={"name": "new.zip"}, content=packed.getvalue()).json()
    assert (found["rows"], found["rejected"], found["columns"][:2]) == (3, 1, ["path", "label"])
    got = pd.read_csv(io.StringIO(client.get(f"/api/deploy/scored/{found['id']}/predictions.csv").text))
    model = open_image_run(pictures).model
    assert got["label"].tolist() == model.predict(digits).tolist()
    np.testing.assert_allclose(got.filter(like="proba_"), model.predict_proba(digits), atol=1e-5)
    assert "broken.png" in client.get(f"/api/deploy/scored/{found['id']}/rejects.csv").text
    refused = client.post(place, params={"name": "rows.csv"}, content=b"a,b\n1,2\n")
    assert (refused.status_code, refused.json()["code"]) == (422, "score-suffix")


def test_the_container_of_a_network_is_a_folder_in_a_zip(client, pictures):
    answer = client.get(f"/api/deploy/runs/{id_of(pictures)}/container.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "torch==" in archive.read("model/requirements.lock").decode()
        assert {"model/Dockerfile", "model/app/model.hortus"} <= set(archive.namelist())


def test_a_network_is_switched_on_and_asked_with_a_picture(client, pictures):
    place, image = f"/api/deploy/runs/{id_of(pictures)}", f"/api/deploy/image/{id_of(pictures)}"
    told = client.get(place).json()
    assert told["form"] is None
    assert told["image"]["takes"][0] == "image/png"
    assert "--data-binary @picture.png" in told["code"][0]["code"]
    content = client.get(f"/api/understand/{id_of(pictures)}/images/{told['examples'][0]}.png").content
    png = {"content-type": "image/png"}
    assert client.post(image, content=content, headers=png).json()["code"] == "deployment-off"
    assert client.put(f"{place}/switch", json={"on": True}).json()["on"]
    said = client.post(image, content=content, headers=png).json()
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    assert said["value"] == int(open_image_run(pictures).model.predict(pixels[None])[0])
    assert client.post(image, content=b"GIF89a", headers=png).json()["code"] == "image-unreadable"
    assert client.post(image, content=content).json()["code"] == "content-type"
    assert client.post(image, content=b"\0" * (17 * 2**20), headers=png).status_code == 413
    counted = client.get(f"{place}/counters").json()
    assert (counted["requests"], counted["refused"]) == (3, 2)


def test_a_network_is_handed_on_as_plain_pytorch(client, pictures):
    answer = client.get(f"/api/deploy/runs/{id_of(pictures)}/network-code.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
    assert any(name.endswith(".py") for name in names)
    assert any(name.endswith(".safetensors") for name in names)
    assert client.get(f"/api/deploy/runs/{id_of(pictures)}/network-exe.zip").status_code == 422


@pytest.mark.rotated
def test_its_notebook_was_executed_without_an_error(client, pictures):
    place = f"/api/notebooks/runs/{id_of(pictures)}"
    assert client.post(place).json()["state"] == "working"
    for _ in range(1800):
        found = client.get(place).json()
        if found["state"] != "working":
            break
        time.sleep(0.1)
    assert found["state"] == "ready", found
    assert found["rows"] == len(judged_images(open_image_run(pictures)).y)
    made = nbformat.reads(client.get(f"{place}/model.ipynb").text, 4)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    with zipfile.ZipFile(io.BytesIO(client.get(f"{place}/notebook.zip").content)) as archive:
        assert {"model.ipynb", "model.hortus", "judged.npz", "networks.csv"} <= set(archive.namelist())


@pytest.mark.ui
@pytest.mark.rotated
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_verdict_to_the_answer_about_a_picture(gallery, pictures, window, theme, tmp_path: Path):
    found = window(gallery, f"/networks/{id_of(pictures)}", theme=theme, width=900)
    page = found.page
    page.get_by_role("link", name="What it is worth").click()
    page.get_by_role("heading", level=1).filter(has_text="Right ").wait_for()
    pick = page.locator(".confusion-pick").first
    count = int(pick.inner_text())
    pick.click()
    page.locator(".mistakes .panel-head").get_by_text(" called ").wait_for()
    assert page.locator(".mistake-list li").count() == min(count, 24)
    assert found.grave() == []
    page.get_by_role("link", name="Put it to work").click()
    page.get_by_role("button", name="Ask about image").first.click()
    page.locator(".try-answer .said-value").wait_for()
    assert page.locator(".try-answer .said-value").inner_text() in set("0123456789")
    Image.fromarray((load_digits().images[3] * 15).astype(np.uint8)).save(tmp_path / "three.png")
    page.get_by_label("A picture").set_input_files(tmp_path / "three.png")
    page.get_by_text("three.png").wait_for()
    page.locator(".try-picture .button:not([disabled])").wait_for()
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        archive.write(tmp_path / "three.png", "three.png")
    page.get_by_label("A zip of new pictures").set_input_files(tmp_path / "new.zip")
    page.get_by_text("1 picture predicted").wait_for()
    (tmp_path / "notes.txt").write_text("no picture")
    page.get_by_label("A picture").set_input_files(tmp_path / "notes.txt")
    page.get_by_text("That is no picture of a kind that is taken.").wait_for()
    assert found.grave() == []
    page.locator(".switch").click()
    page.get_by_role("heading", name="Put this model to work.").wait_for()
