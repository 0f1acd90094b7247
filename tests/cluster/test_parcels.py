"""Files on their way to another machine."""

import pytest

from hortus.data.artifacts import Stored
from hortus.engine.executors.parcels import Parcel, Stockroom, pieces, receive
from hortus.errors import ArtifactError


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    made.mkdir()
    (made / "a.npy").write_bytes(b"abc" * 1000)
    (made / "b.json").write_text("{}")
    (made / ".unfinished-1.npy").write_bytes(b"half")
    return made


def sender(folder, parcel, asked):
    def fetch(digest):
        asked.append(digest)
        (file,) = (file for file in parcel.files if file.sha256 == digest)
        return pieces(folder / file.path)

    return fetch


def test_a_parcel_arrives_once_for_all_slots_of_a_machine(folder, tmp_path):
    parcel = Parcel.from_json(Parcel.of(folder).to_json())
    asked = []
    rooms = [Stockroom("run", root=tmp_path / "rooms") for _ in range(3)]
    places = [room.have(parcel, sender(folder, parcel, asked)) for room in rooms]
    assert len(set(places)) == 1
    assert sorted(asked) == sorted(file.sha256 for file in parcel.files)
    assert sorted(path.name for path in places[0].iterdir()) == ["a.npy", "b.json"]
    assert (places[0] / "a.npy").read_bytes() == (folder / "a.npy").read_bytes()


def test_the_last_to_leave_clears_the_room_and_a_deserted_one_is_cleared_by_the_next(folder, tmp_path):
    first, second = (Stockroom("run", root=tmp_path / "rooms") for _ in range(2))
    first.leave()
    first.leave()
    assert second.folder.exists()
    second.leave()
    assert not second.folder.exists()
    (tmp_path / "rooms/of-a-killed-run").mkdir()
    held = Stockroom("held", root=tmp_path / "rooms")
    other = Stockroom("other", root=tmp_path / "rooms")
    assert sorted(path.name for path in (tmp_path / "rooms").iterdir()) == ["gate.lock", "held", "other"]
    held.leave()
    other.leave()


def test_what_arrives_damaged_is_refused_and_not_kept(folder, tmp_path):
    parcel = Parcel.of(folder)
    room = Stockroom("run", root=tmp_path / "rooms")
    with pytest.raises(ArtifactError, match=r"bytes|SHA-256"):
        room.have(parcel, lambda _digest: iter([b"something else"]))
    asked = []
    assert (room.have(parcel, sender(folder, parcel, asked)) / "b.json").read_text() == "{}"
    room.leave()


@pytest.mark.parametrize("path", ["../out.bin", "/etc/out.bin", "a/../../out.bin"])
def test_a_path_that_leaves_its_folder_is_refused(tmp_path, path):
    with pytest.raises(ArtifactError) as caught:
        receive(Stored(path, "0" * 64, 1), iter([b"x"]), tmp_path / "run")
    assert caught.value.code == "artifact-unsafe"
    assert list(tmp_path.iterdir()) == []


def test_a_parcel_is_named_by_its_contents(folder):
    before = Parcel.of(folder).digest
    assert Parcel.of(folder).digest == before
    (folder / "a.npy").write_bytes(b"abd" * 1000)
    assert Parcel.of(folder).digest != before
