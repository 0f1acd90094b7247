"""What is brought in: every kind of file, and those that mean harm."""

import bz2
import gzip
import io
import time
import zipfile
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hortus.errors import InputError, ReadError
from hortus.studio import incoming
from hortus.studio.editing import Edits, edited, read_as
from hortus.studio.home import Home
from hortus.studio.tables import Tables

TABLE = pd.DataFrame(
    {"size": [1.5, 2.0, 3.25, 4.0] * 5, "colour": ["red", "blue", "red", "green"] * 5, "y": [0, 1] * 10}
)


def bring(client: httpx.Client, name: str, content: bytes) -> httpx.Response:
    return client.post("/api/data/tables", params={"name": name}, content=content)


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def picture(shade: int, kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), shade, dtype=np.uint8)).save(made, kind)
    return made.getvalue()


def written(suffix: str) -> bytes:
    made = io.BytesIO()
    if suffix == ".xlsx":
        TABLE.to_excel(made, index=False)
    elif suffix == ".parquet":
        TABLE.to_parquet(made, index=False)
    elif suffix == ".jsonl":
        made.write(TABLE.to_json(orient="records", lines=True).encode())
    else:
        made.write(TABLE.to_csv(index=False, sep="\t" if suffix == ".tsv" else ",").encode())
    return made.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx", ".parquet", ".jsonl"])
def test_a_table_of_every_kind_comes_in(client: httpx.Client, suffix: str) -> None:
    answer = bring(client, f"colours{suffix}", written(suffix))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["rows"], found["columns"], found["name"]) == (20, 3, f"colours{suffix}")
    told = client.get(f"/api/data/tables/{found['id']}").json()["columns_told"]
    assert [(column["name"], column["kind"]) for column in told][:2] == [("size", "numeric"), ("colour", "categorical")]
    assert told[2]["question"]["told"] == "1 or 0, 50 % 1"
    assert client.get(f"/api/data/tables/{found['id']}/rows", params={"first": 18}).json()["cells"][0] == [
        "3.25",
        "red",
        "0",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(written(".csv"))),
        ("a.csv.bz2", bz2.compress(written(".csv"))),
        ("a.zip", packed({"in/a.csv": written(".csv")})),
    ],
    # Of their own, since what is packed holds the time.
    ids=["gz", "bz2", "zip"],
)
def test_a_packed_table_comes_in(client: httpx.Client, name: str, content: bytes) -> None:
    assert bring(client, name, content).json()["rows"] == 20


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("model.pkl", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix", "file-kind"),
        ("page.html", b"<!doctype html><script>alert(1)</script>", "file-kind"),
        ("letter.pdf", b"%PDF-1.7 ...", "file-kind"),
        ("photo.png", picture(1), "file-kind"),
        ("weights.csv", b"\x7fELF\x02\x01\x01\x00", "file-kind"),
        ("empty.csv", b"", "file-empty"),
        ("two.zip", packed({"a.csv": b"x,y\n1,2\n", "b.csv": b"x,y\n1,2\n"}), "zip-members"),
        ("code.zip", packed({"run.py": b"print(1)"}), "zip-members"),
        ("flat.zip", packed({"1.png": picture(1), "2.png": picture(2)}), "images-none"),
        ("broken.zip", b"PK\x03\x04 and then nothing", "file-damaged"),
        ("broken.parquet", b"PAR1 and then nothing", "file-damaged"),
    ],
)
def test_what_is_no_table_is_refused_and_leaves_nothing(
    client: httpx.Client, served: object, name: str, content: bytes, code: str
) -> None:
    before = len(client.get("/api/data/tables").json())
    answer = bring(client, name, content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == code
    assert answer.json()["mend"]
    assert len(client.get("/api/data/tables").json()) == before


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: packed({"a.csv": body})], ids=["gz", "zip"])
def test_a_bomb_is_refused_before_it_has_unpacked(client: httpx.Client, pack: object) -> None:
    body = pack(bytes(100 * 2**20))  # type: ignore[operator]
    assert len(body) < 2**20
    answer = bring(client, "bomb.csv.gz", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "file-bomb"


def test_an_archive_of_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.zip"
    place.write_bytes(packed({f"{label}/{n}.png": picture(n) for label in "ab" for n in range(4)}))
    monkeypatch.setattr(incoming, "MEMBERS", 5)
    with pytest.raises(ReadError, match="8 files"):
        incoming.sniff(place, "a.zip")
    monkeypatch.setattr(incoming, "UNPACKED", 200)
    with pytest.raises(ReadError, match="unpacks to too much"):
        incoming.unpack_images(place, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_beyond_the_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tables = Tables(Home.open(tmp_path))
    monkeypatch.setattr(incoming, "ROWS", 10)
    name, place = tables.arriving()
    place.write_bytes(written(".csv"))
    with pytest.raises(ReadError, match="20 rows"):
        tables.arrived(name, "a.csv")
    name, place = tables.arriving()
    place.write_bytes(written(".parquet"))
    with pytest.raises(ReadError, match="20 rows"):
        tables.arrived(name, "a.parquet")
    assert tables.all() == []
    assert list((tmp_path / "tables").iterdir()) == []


def test_images_come_in_as_class_folders_whatever_their_archive_calls_them(
    client: httpx.Client, served: object
) -> None:
    files = {f"set/{label}/{n}.png": picture(40 * n) for label in ("cat", "dog") for n in range(4)}
    files |= {
        "/evil/x.png": picture(9),
        "../../worse/x.png": picture(9),
        "set/cat/notes.txt": b"no image",
        "__MACOSX/cat/._1.png": b"\0",
    }
    answer = bring(client, "pets.zip", packed(files))
    assert answer.status_code == 200, answer.text
    found = client.get(f"/api/data/tables/{answer.json()['id']}").json()
    assert found["kind"] == "image"
    assert {(c["name"], c["count"]) for c in found["classes"]} == {("cat", 4), ("dog", 4), ("evil", 1)}
    home = served.home  # type: ignore[attr-defined]
    assert not [path for path in home.parent.rglob("*") if path.name == "worse"]
    assert [path.parent.name for path in home.parent.rglob("evil")] == ["images"]
    first = client.get(f"/api/data/tables/{found['id']}/pictures/0")
    assert first.headers["content-type"] == "image/png"
    assert client.get(f"/api/data/tables/{found['id']}/pictures/99").status_code == 404
    assert client.get(f"/api/data/tables/{found['id']}/rows").status_code == 422


def test_a_guess_is_undone_and_done_again(client: httpx.Client) -> None:
    table = TABLE.assign(code=np.arange(20) % 7 + 10, when=["2024-01-02"] * 10 + ["2025-03-04"] * 10)
    identity = bring(client, "guess.csv", table.to_csv(index=False).encode()).json()["id"]

    def change(**wanted: object) -> dict[str, object]:
        answer = client.put(f"/api/data/tables/{identity}/columns", json={"name": "code", **wanted})
        assert answer.status_code == 200, answer.text
        return next(c for c in answer.json()["columns_told"] if c["name"] == "code")

    assert change()["kind"] == "numeric"
    assert (change(kind="categorical")["kind"], change(kind="categorical")["guessed"]) == ("categorical", "numeric")
    assert change(role="ignored")["role"] == "ignored"
    assert change()["role"] == "feature"
    refused = client.put(f"/api/data/tables/{identity}/columns", json={"name": "colour", "kind": "numeric"})
    assert refused.status_code == 422
    assert "are no numbers" in refused.json()["what"]
    # What was refused has changed nothing.
    told = client.get(f"/api/data/tables/{identity}").json()["columns_told"]
    assert [c["kind"] for c in told] == [c["guessed"] for c in told]


def test_a_run_is_made_from_the_table_as_it_was_decided(tmp_path: Path) -> None:
    from hortus.data.infer import infer_schema
    from hortus.data.read import read_table

    tables = Tables(Home.open(tmp_path))
    name, place = tables.arriving()
    place.write_bytes(TABLE.assign(code=np.arange(20) % 7).to_csv(index=False).encode())
    tables.arrived(name, "a.csv")
    assert tables.source(name).name == "table.csv"
    tables.change(name, kinds={"code": "categorical"})
    source = tables.source(name)
    assert source.suffix == ".parquet"
    schema, _ = infer_schema(read_table(source)[0])
    assert {column.name: column.kind for column in schema.columns}["code"] == "categorical"


@pytest.mark.parametrize(
    ("kind", "cells", "wanted"),
    [
        ("numeric", ["1,5", "2,5", "x", None], [1.5, 2.5, np.nan, np.nan]),
        ("date", ["2024-01-02", "3 Feb 2024", None, "?"], ["2024-01-02", "2024-02-03", None, None]),
        ("boolean", ["yes", "no", None, "yes"], [True, False, None, True]),
        ("boolean", [3, 7, 7, None], [False, True, True, None]),
        ("categorical", [1.0, 2.5, None], ["1", "2.5", None]),
    ],
)
def test_cells_are_read_as_asked(kind: str, cells: list[object], wanted: list[object]) -> None:
    found = read_as(pd.Series(cells, name="c"), kind)
    made = [None if pd.isna(value) else value for value in found]
    expected = [None if pd.isna(value) else value for value in wanted]
    assert [str(v)[:10] if kind == "date" and v is not None else v for v in made] == expected


def test_three_values_are_no_yes_and_no() -> None:
    with pytest.raises(InputError, match="3 different values"):
        read_as(pd.Series([1, 2, 3], name="c"), "boolean")


def test_edits_leave_the_table_that_came_as_it_was() -> None:
    before = TABLE.copy(deep=True)
    found = edited(TABLE, Edits({"y": "categorical"}, ("no-repeats",), "y"))
    pd.testing.assert_frame_equal(TABLE, before)
    assert len(found) == 4


def test_names_and_cells_are_text_and_never_markup(client: httpx.Client) -> None:
    evil = "<script>alert(1)</script>"
    table = pd.DataFrame(
        {evil: ["<img src=x onerror=alert(2)>", "=1+1"] * 10, "'; drop table --": range(20), "y": [0, 1] * 10}
    )
    answer = bring(client, f"{evil}.csv", table.to_csv(index=False).encode())
    identity = answer.json()["id"]
    assert answer.headers["content-type"] == "application/json"
    assert client.get(f"/api/data/tables/{identity}/rows").json()["cells"][0][0] == "<img src=x onerror=alert(2)>"
    told = client.get(f"/api/data/tables/{identity}").json()["columns_told"]
    assert told[0]["name"] == evil


def test_a_file_s_name_is_no_path(client: httpx.Client, served: object) -> None:
    answer = bring(client, "../../../../etc/passwd", written(".csv"))
    assert answer.json()["name"] == "passwd"
    folder = served.home / "tables" / answer.json()["id"]  # type: ignore[attr-defined]
    assert {path.name for path in folder.iterdir()} == {"table.csv", "table.json"}


def test_a_table_is_taken_away(client: httpx.Client) -> None:
    identity = bring(client, "a.csv", written(".csv")).json()["id"]
    assert client.delete(f"/api/data/tables/{identity}").status_code == 204
    assert client.get(f"/api/data/tables/{identity}").status_code == 404
    assert client.get(f"/api/data/tables/{identity}/rows").status_code == 404


def test_a_hundred_thousand_rows_are_seen_at_once(client: httpx.Client) -> None:
    rng = np.random.default_rng(0)
    rows = 100_000
    table = pd.DataFrame({f"n{i}": rng.normal(size=rows).round(4) for i in range(14)})
    for i in range(6):
        table[f"c{i}"] = rng.choice(["red", "green", "blue"], rows)
    body = table.to_csv(index=False).encode()
    begin = time.monotonic()
    identity = bring(client, "large.csv", body).json()["id"]
    told = client.get(f"/api/data/tables/{identity}").json()
    assert len(client.get(f"/api/data/tables/{identity}/rows").json()["cells"]) == 100
    # Two seconds on a quiet machine (make bench-studio); ten times that where others are at work.
    assert time.monotonic() - begin < 20
    assert (told["rows"], len(told["columns_told"]), told["sampled"]) == (rows, 20, 20_000)
    client.delete(f"/api/data/tables/{identity}")
