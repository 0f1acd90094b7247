"""A network that tells each pixel's class behind a server: pictures in, masks at their own size out."""

import asyncio
import base64
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hortus.data.mask_classes import MaskClasses
from hortus.deploy.scene_model import SceneModel
from hortus.deploy.serve import server
from hortus.deploy.serve.page import TRY_IMAGES, TRY_MASKS, TRY_ROWS, Page
from hortus.deploy.serve.pictures import PICTURES, ImageLimits
from hortus.deploy.serve.scene_app import make_scene_app
from hortus.deploy.serve.scene_desk import MOST_PIXELS

torch = pytest.importorskip("torch")
JSON = {"content-type": "application/json"}
PNG = {"content-type": "image/png"}
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@dataclass(frozen=True)
class Drawn:
    """What a candidate must be for a server."""

    def describe(self) -> str:
        return "the nearest of three colours"


@pytest.fixture(scope="module")
def model() -> SceneModel:
    """One that was not trained: red is the first class, green the second, blue the third; 16 by 24 pixels."""
    network = torch.nn.Conv2d(3, 3, 1)
    with torch.no_grad():
        network.weight.copy_(torch.eye(3)[:, :, None, None] * 4)
        network.bias.zero_()
    classes = MaskClasses.of([10, 20, 30], palette=None)
    classes = replace(classes, names=("rose", "leaf", "sky"), colours=((200, 30, 30), (30, 200, 30), (30, 30, 200)))
    return SceneModel(
        classes=classes,
        network=network.eval(),
        shape=(3, 16, 24),
        whole=True,
        mean=(100.0, 100.0, 100.0),
        deviation=(100.0, 100.0, 100.0),
        candidate=Drawn(),  # type: ignore[arg-type]
        facts={"score": 0.75, "metric": "mean_iou", "versions": {"torch": "2"}},
    )


def client(model: SceneModel, **options: Any) -> Callable[..., httpx.Response]:
    app = make_scene_app(model, **options)

    def ask(method: str, path: str, **sent: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asked:
                return await asked.request(method, path, **sent)

        return asyncio.run(send())

    return ask


@pytest.fixture(scope="module")
def ask(model: SceneModel) -> Callable[..., httpx.Response]:
    return client(model, limits=ImageLimits(images=3, bytes=100_000))


def scene(height: int = 16, width: int = 24) -> NDArray[np.uint8]:
    """The left half red, below it a quarter green, the rest blue."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:] = BLUE
    pixels[:, : width // 2] = RED
    pixels[height // 2 :, : width // 2] = GREEN
    return pixels


def truth(height: int = 16, width: int = 24) -> NDArray[np.uint8]:
    found = np.full((height, width), 2, dtype=np.uint8)
    found[:, : width // 2] = 0
    found[height // 2 :, : width // 2] = 1
    return found


def png(pixels: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, kind)
    return made.getvalue()


def opened(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize("size", [(16, 24), (64, 96)])
def test_the_mask_is_as_large_as_the_picture_and_says_what_the_model_says(
    ask: Any, model: SceneModel, size: tuple[int, int]
) -> None:
    pixels = scene(*size)
    (wanted,) = model.codes([pixels])
    for answer in (
        ask("POST", "/v1/predict", content=png(pixels), headers=PNG),
        ask("POST", "/v1/predict", json={"images": [base64.b64encode(png(pixels)).decode()]}),
        ask("POST", "/v1/predict", json={"images": [pixels.tolist()]}) if size == (16, 24) else None,
    ):
        if answer is None:
            continue
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["predictions"]
        mask = opened(found["mask"])
        assert (mask.mode, mask.size, found["width"], found["height"]) == ("P", size[::-1], size[1], size[0])
        codes = np.asarray(mask)
        assert np.array_equal(codes, wanted)
        assert (codes == truth(*size)).mean() > 0.97
        # Seen by eye, the palette is the classes' colours.
        assert mask.convert("RGB").getpixel((0, 0)) == model.classes.colours[0]
        assert found["shares"] == {
            name: pytest.approx((wanted == code).mean()) for code, name in enumerate(model.classes.names)
        }
        assert 0.8 < found["confidence"] <= 1
        assert (found["overlay"], found["warnings"]) == (None, [])


def test_class_by_class_is_what_all_classes_at_once_are(model: SceneModel) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 50, 41), dtype=np.uint8)
    whole = model.probabilities([pixels.transpose(1, 2, 0)])[0]
    codes, chances = model.likeliest(pixels)
    assert np.array_equal(codes, whole.argmax(axis=0))
    np.testing.assert_allclose(chances, whole.max(axis=0), rtol=0, atol=1e-6)


def test_an_overlay_is_drawn_where_it_is_asked_for(ask: Any, model: SceneModel) -> None:
    pixels = scene()
    answer = ask("POST", "/v1/predict?overlay=true", content=png(pixels), headers=PNG)
    shown = np.asarray(opened(answer.json()["predictions"][0]["overlay"]).convert("RGB"), dtype=float)
    assert shown.shape == (16, 24, 3)
    np.testing.assert_allclose(shown[2, 2], (np.array(RED) + model.classes.colours[0]) / 2, atol=1)
    refused = ask("POST", "/v1/predict?overlay=perhaps", content=png(pixels), headers=PNG)
    assert (refused.status_code, refused.json()["code"]) == (422, "request-overlay")


def test_pictures_of_every_kind_that_is_named_are_read(ask: Any) -> None:
    for kind in PICTURES:
        answer = ask("POST", "/v1/predict", content=png(scene(), kind[6:].upper()), headers={"content-type": kind})
        assert answer.status_code == 200, (kind, answer.text)
        shares = answer.json()["predictions"][0]["shares"]
        assert shares["sky"] == pytest.approx(0.5, abs=0.1)


def test_what_is_unlike_the_training_scenes_is_predicted_and_said(model: SceneModel) -> None:
    asked = client(replace(model, deviation=(10.0, 10.0, 10.0)))
    black = np.zeros((16, 80, 3), dtype=np.uint8)
    (found,) = asked("POST", "/v1/predict", content=png(black), headers=PNG).json()["predictions"]
    assert [warning["code"] for warning in found["warnings"]] == ["image-stretched", "image-brightness"]
    assert (found["width"], found["height"]) == (80, 16)
    assert asked("GET", "/v1/counters").json()["outside"] == {"image-stretched": 1, "image-brightness": 1}


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        (PNG, b"", 422, "image-unreadable"),
        (PNG, png(scene())[:-30], 422, "image-unreadable"),
        (PNG, png(scene(), "TIFF"), 422, "image-unreadable"),
        (PNG, png(np.zeros((4001, 4000), dtype=np.uint8)), 422, "image-too-large"),
        (PNG, b"x" * 200_000, 413, "body-too-large"),
        ({"content-type": "text/csv"}, b"a,b", 415, "content-type"),
        (JSON, b"{", 400, "json-malformed"),
        (JSON, b'{"images": [], "overlay": true}', 422, "request-name"),
        (JSON, b'{"images": [1, 1, 1, 1]}', 413, "images-too-many"),
        (JSON, b'{"images": ["no base64!"]}', 422, "image-base64"),
        (JSON, b'{"images": [[[1, 2], [3]]]}', 422, "pixels-shape"),
        (JSON, b'{"images": [[[256, 1]]]}', 422, "pixels-range"),
        (JSON, b'{"images": [[[1e39, 1]]]}', 422, "pixels-not-finite"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    ask: Any, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    answer = ask("POST", "/v1/predict", content=content, headers=headers)
    found = answer.json()
    assert (answer.status_code, found["code"]) == (status, code), found
    assert found["what"]
    assert found["mend"]


def test_one_bad_picture_of_several_is_named_and_none_is_predicted(ask: Any) -> None:
    answer = ask("POST", "/v1/predict", json={"images": [scene().tolist(), "YWJj", "no base64!"]})
    assert answer.status_code == 422
    assert answer.json()["what"].startswith("Image 1: The picture cannot be read")
    assert [problem["row"] for problem in answer.json()["problems"]] == [1, 2]


def test_a_network_that_answers_no_number_gives_no_mask(model: SceneModel) -> None:
    asked = client(replace(model, whole=False, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0)))
    sent = {"images": [[[1e38, 0.5], [0.1, 0.2]]]}
    (found,) = asked("POST", "/v1/predict", json=sent).json()["predictions"]
    assert (found["mask"], found["shares"]) == (None, None)
    assert "prediction-not-finite" in [warning["code"] for warning in found["warnings"]]
    refused = asked("POST", "/v1/predict", content=png(scene()), headers=PNG)
    assert refused.json()["code"] == "image-not-pixels"


def test_the_schema_says_what_is_taken_and_what_the_masks_mean(ask: Any) -> None:
    found = ask("GET", "/v1/schema").json()
    assert (found["task"], found["metric"], found["score"]) == ("segmentation", "mean_iou", 0.75)
    assert found["classes"][1] == {"name": "leaf", "index": 1, "value": 20, "colour": "#1ec81e"}
    assert (found["most_images"], found["most_pixels"]) == (3, MOST_PIXELS)
    assert ask("GET", "/readyz").json() == {"status": "ready"}
    assert ask("GET", "/healthz").json() == {"status": "ok"}
    described = ask("GET", "/openapi.json").json()
    operation = described["paths"]["/v1/predict"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", *found["takes"]}
    assert [one["name"] for one in operation["parameters"]] == ["overlay"]
    assert set(operation["responses"]) == {"200", "400", "401", "408", "413", "415", "421", "422", "503"}
    assert "Mask" in described["components"]["schemas"]


def test_a_token_is_asked_for_and_told_of(model: SceneModel) -> None:
    asked = client(model, token="0123456789abcdef")  # noqa: S106
    assert asked("POST", "/v1/predict", content=png(scene()), headers=PNG).status_code == 401
    bearer = {"authorization": "Bearer 0123456789abcdef"}
    assert asked("POST", "/v1/predict", content=png(scene()), headers=PNG | bearer).status_code == 200
    assert asked("GET", "/").status_code == 200


def test_hortus_serve_takes_such_a_model(model: SceneModel) -> None:
    app = server._app(model, None, None)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asked:
            return await asked.get("/v1/schema")

    assert json.loads(asyncio.run(send()).text)["target"] == "masks"


@pytest.mark.parametrize("page", [TRY_ROWS, TRY_IMAGES, TRY_MASKS])
def test_a_page_is_whole_sets_text_as_text_and_runs_its_own_script_alone(page: Page) -> None:
    assert not re.findall(r"/\* \w+\.\w+ \*/|<!-- \w+ -->", page.html)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page.html)
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page.html)
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert unsafe not in page.html
    assert page.policy.count("'sha256-") == 2
    # Every part of the page that its script asks for is there, once.
    for name in set(re.findall(r'\$\("([\w-]+)"\)', page.html)):
        assert page.html.count(f'id="{name}"') == 1, name


def test_the_page_of_masks_is_shown(ask: Any) -> None:
    answer = ask("GET", "/")
    assert answer.headers["content-security-policy"] == TRY_MASKS.policy
    assert answer.text == TRY_MASKS.html
