"""A network behind a server, asked with pictures, with pixels, and with what is neither."""

import asyncio
import base64
import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from hortus.data.image_files import read_sent
from hortus.deploy.image_model import ImageModel
from hortus.deploy.serve.image_app import make_image_app
from hortus.deploy.serve.page import TRY_IMAGES
from hortus.deploy.serve.pictures import PICTURES, ImageLimits
from hortus.errors import InputError

pytest.importorskip("torch")
JSON = {"content-type": "application/json"}
PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ImageModel:
    """A network of pictures of 8 by 8 bytes."""
    from hortus.run.images.fit import fit_images
    from hortus.run.images.settings import ImageSettings

    found = load_digits()
    settings = ImageSettings(
        trials=1, epochs=1, executor="inline", strategy="random", final=False, grow=False, space_options={"width": 4}
    )
    images = (found.images[:120] * 15).astype(np.uint8)
    return fit_images(images, found.target[:120], settings, folder=tmp_path_factory.mktemp("digits") / "run").model


def client(model: ImageModel, **options: Any) -> Callable[..., httpx.Response]:
    app = make_image_app(model, **options)

    def ask(method: str, path: str, **sent: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asked:
                return await asked.request(method, path, **sent)

        return asyncio.run(send())

    return ask


@pytest.fixture(scope="module")
def ask(model: ImageModel) -> Callable[..., httpx.Response]:
    return client(model, limits=ImageLimits(images=4, bytes=100_000))


def picture(pixels: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, kind)
    return made.getvalue()


def digit(place: int) -> NDArray[np.uint8]:
    return (load_digits().images[place] * 15).astype(np.uint8)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says to be so large, and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_a_picture_and_its_pixels_are_answered_as_the_network_answers(ask: Any, model: ImageModel) -> None:
    pixels = digit(3)
    wanted = model.predict_proba(pixels[None])[0]
    content = picture(pixels)
    for answer in (
        ask("POST", "/v1/predict", content=content, headers=PNG),
        ask("POST", "/v1/predict", json={"images": [pixels.tolist()]}),
        ask("POST", "/v1/predict", json={"images": [base64.b64encode(content).decode()]}),
        ask("POST", "/v1/predict", content=picture(pixels, "BMP"), headers={"content-type": "image/bmp"}),
    ):
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["predictions"]
        assert found["value"] == int(model.task.classes[wanted.argmax()])
        assert list(found["probabilities"].values()) == pytest.approx(wanted.tolist(), abs=1e-5)
        assert found["warnings"] == []


def test_pictures_of_every_kind_that_is_named_are_read(ask: Any) -> None:
    colours = np.stack([np.kron(digit(5), np.ones((4, 4), dtype=np.uint8))] * 3, axis=2)
    for kind in PICTURES:
        answer = ask("POST", "/v1/predict", content=picture(colours, kind[6:].upper()), headers={"content-type": kind})
        assert answer.status_code == 200, (kind, answer.text)
        assert len(answer.json()["predictions"][0]["probabilities"]) == 10


def test_what_is_unlike_the_training_images_is_predicted_and_said(ask: Any) -> None:
    wide = np.zeros((8, 40), dtype=np.uint8)
    small = digit(1)[:4, :4]
    white = np.full((16, 16), 255, dtype=np.uint8)
    found = [
        [warning["code"] for warning in one["warnings"]]
        for one in ask("POST", "/v1/predict", json={"images": [wide.tolist(), small.tolist(), white.tolist()]}).json()[
            "predictions"
        ]
    ]
    assert found == [["image-stretched"], ["image-enlarged"], ["image-brightness"]]
    counted = ask("GET", "/v1/counters").json()
    assert counted["outside"]["image-stretched"] >= 1


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        (PNG, b"", 422, "image-unreadable"),
        (PNG, b"\x89PNG but not for long", 422, "image-unreadable"),
        (PNG, picture(np.zeros((8, 8), dtype=np.uint8))[:-30], 422, "image-unreadable"),
        (PNG, picture(np.zeros((8, 8), dtype=np.uint8), "TIFF"), 422, "image-unreadable"),
        (PNG, png_of_size(30_000, 30_000), 422, "image-too-large"),
        (PNG, b"x" * 200_000, 413, "body-too-large"),
        ({"content-type": "text/csv"}, b"a,b", 415, "content-type"),
        ({}, b"a,b", 415, "content-type"),
        ({**PNG, "content-encoding": "gzip"}, b"a", 415, "content-encoding"),
        (JSON, b"{", 400, "json-malformed"),
        (JSON, b"[]", 422, "request-shape"),
        (JSON, b'{"images": [], "more": 1}', 422, "request-name"),
        (JSON, b'{"images": [1, 1, 1, 1, 1]}', 413, "images-too-many"),
        (JSON, b'{"images": ["no base64!"]}', 422, "image-base64"),
        (JSON, b'{"images": ["YWJj"]}', 422, "image-unreadable"),
        (JSON, b'{"images": [[[1, 2], [3]]]}', 422, "pixels-shape"),
        (JSON, b'{"images": [[["a"]]]}', 422, "pixels-shape"),
        (JSON, b'{"images": [[[true]]]}', 422, "pixels-shape"),
        (JSON, b'{"images": [null]}', 422, "pixels-shape"),
        (JSON, b'{"images": [7]}', 422, "images-shape"),
        (JSON, b'{"images": [[]]}', 422, "images-shape"),
        (JSON, b'{"images": [[[NaN, 1]]]}', 422, "pixels-not-finite"),
        (JSON, b'{"images": [[[0.5, 1]]]}', 422, "pixels-range"),
        (JSON, b'{"images": [[[256, 1]]]}', 422, "pixels-range"),
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


def test_one_bad_image_of_several_is_named_and_none_is_predicted(ask: Any) -> None:
    answer = ask("POST", "/v1/predict", json={"images": [digit(0).tolist(), "YWJj"]})
    assert answer.status_code == 422
    assert answer.json()["what"].startswith("Image 1: The picture cannot be read")
    assert [problem["row"] for problem in answer.json()["problems"]] == [1]


def test_no_image_is_no_prediction(ask: Any) -> None:
    assert ask("POST", "/v1/predict", json={"images": []}).json()["predictions"] == []


def test_the_schema_says_what_is_taken(ask: Any, model: ImageModel) -> None:
    found = ask("GET", "/v1/schema").json()
    assert (found["channels"], found["height"], found["width"]) == (1, 8, 8)
    assert found["classes"] == list(range(10))
    assert "image/png" in found["takes"]
    assert found["most_images"] == 4
    assert ask("GET", "/readyz").json() == {"status": "ready"}
    described = ask("GET", "/openapi.json").json()
    body = described["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", *found["takes"]}
    assert described["components"]["schemas"]["PredictRequest"]["properties"]["images"]["maxItems"] == 4


def test_a_network_of_other_numbers_than_bytes_takes_pixels_alone(model: ImageModel) -> None:
    asked = client(replace(model, whole=False))
    assert asked("GET", "/v1/schema").json()["takes"] == []
    refused = asked("POST", "/v1/predict", content=picture(digit(0)), headers=PNG)
    assert refused.json()["code"] == "image-not-pixels"
    assert asked("POST", "/v1/predict", json={"images": [(digit(0) / 15).tolist()]}).status_code == 200


def test_a_token_is_asked_for_and_told_of(model: ImageModel) -> None:
    asked = client(model, token="0123456789abcdef")  # noqa: S106
    assert asked("POST", "/v1/predict", content=picture(digit(0)), headers=PNG).status_code == 401
    bearer = {"authorization": "Bearer 0123456789abcdef"}
    assert asked("POST", "/v1/predict", content=picture(digit(0)), headers=PNG | bearer).status_code == 200
    assert asked("GET", "/").status_code == 200


def test_the_page_sets_text_as_text_and_runs_its_own_script_alone(ask: Any) -> None:
    answer = ask("GET", "/")
    assert answer.headers["content-security-policy"] == TRY_IMAGES.policy
    assert not re.findall(r"/\* \w+\.\w+ \*/|<!-- \w+ -->", TRY_IMAGES.html)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", TRY_IMAGES.html)
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert unsafe not in TRY_IMAGES.html


def test_a_picture_is_read_no_further_than_its_head_where_it_is_too_large() -> None:
    with pytest.raises(InputError, match="more than 1,000,000 pixels"):
        read_sent(png_of_size(1_200, 1_200), size=(8, 8), channels=1, most=10**6)
    found = read_sent(picture(digit(2)), size=(4, 4), channels=3, most=10**6)
    assert (found.pixels.shape, found.height, found.width) == ((3, 4, 4), 8, 8)


def test_the_answer_is_json_that_any_client_reads(ask: Any) -> None:
    text = ask("POST", "/v1/predict", content=picture(digit(4)), headers=PNG).text
    assert json.loads(text)["target"] == "label"
