import errno
import os
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from hortus.data import artifacts
from hortus.data.artifacts import Stored, pack, read_archive, sweep, unpack, verify, write_archive, write_artifact
from hortus.errors import ArtifactError, RunError


def fill(folder):
    (folder / "b.txt").write_text("second")
    (folder / "0").mkdir()
    (folder / "0" / "model.json").write_text("{}" * 1000)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_stored_and_verified(tmp_path):
    stored = write_artifact(tmp_path, "artifacts/000001.npy", lambda path: path.write_bytes(b"abc"))
    assert stored == Stored(
        "artifacts/000001.npy", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3
    )
    assert verify(tmp_path, stored).read_bytes() == b"abc"
    assert files(tmp_path) == ["artifacts/000001.npy"]


def test_the_writer_is_handed_the_suffix(tmp_path):
    import numpy as np

    stored = write_artifact(tmp_path, "a.npy", lambda path: np.save(path, np.arange(3)))
    assert np.load(verify(tmp_path, stored)).tolist() == [0, 1, 2]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    stored = write_artifact(tmp_path, "a.bin", lambda path: path.write_bytes(b"old"))

    def fails(path):
        path.write_bytes(b"half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_artifact(tmp_path, "a.bin", fails)
    assert verify(tmp_path, stored).read_bytes() == b"old"
    assert files(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, code):
    def fails(path):
        path.write_bytes(b"half")
        raise OSError(code, os.strerror(code))

    with pytest.raises(RunError, match="no space left") as caught:
        write_archive(tmp_path, "a.zip", lambda folder: fails(folder / "part"))
    assert caught.value.code == "disk-full"
    assert files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that even root cannot write")
def test_a_folder_that_cannot_be_written():
    with pytest.raises(RunError, match="cannot be written") as caught:
        write_artifact(Path("/proc/self"), "a.bin", lambda path: path.write_bytes(b"x"))
    assert caught.value.code == "folder-not-writable"


UNSAFE = ["../a", "a/../../b", "/etc/a", "", ".", "a\\b", "C:/a", "C:a", "a\0b", "..", "//host/a"]


@pytest.mark.parametrize("relative", UNSAFE)
def test_paths_that_leave_the_folder(tmp_path, relative):
    with pytest.raises(ArtifactError):
        write_artifact(tmp_path / "run", relative, lambda path: path.write_bytes(b"x"))
    with pytest.raises(ArtifactError):
        verify(tmp_path / "run", Stored(relative, "0" * 64, 1))


def test_links_are_refused_on_the_way_and_at_the_end(tmp_path):
    run = tmp_path / "run"
    stored = write_artifact(run, "real/a.bin", lambda path: path.write_bytes(b"abc"))
    (run / "link").symlink_to(run / "real")
    (run / "b.bin").symlink_to(run / "real" / "a.bin")
    for path in ("link/a.bin", "b.bin"):
        with pytest.raises(ArtifactError, match="symbolic link"):
            verify(run, Stored(path, stored.sha256, stored.size))
        with pytest.raises(ArtifactError, match="symbolic link"):
            write_artifact(run, path, lambda path: path.write_bytes(b"x"))


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read"), (b"ab", "2 bytes"), (b"abd", "SHA-256"), ("folder", "plain")]
)
def test_what_is_not_as_it_was_stored(tmp_path, content, told):
    stored = write_artifact(tmp_path, "a.bin", lambda path: path.write_bytes(b"abc"))
    path = tmp_path / "a.bin"
    path.unlink()
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=told) as caught:
        verify(tmp_path, stored)
    assert caught.value.mend


def test_an_archive_comes_back_and_is_the_same_bytes_every_time(tmp_path):
    first = write_archive(tmp_path / "1", "m.zip", fill)
    second = write_archive(tmp_path / "2", "m.zip", fill)
    assert first == second
    read_archive(tmp_path / "1", first, tmp_path / "out")
    assert files(tmp_path / "out") == ["0/model.json", "b.txt"]
    assert (tmp_path / "out" / "b.txt").read_text() == "second"
    assert files(tmp_path / "1") == ["m.zip"]


def test_an_archive_that_was_changed_is_never_opened(tmp_path):
    stored = write_archive(tmp_path, "m.zip", fill)
    content = bytearray((tmp_path / "m.zip").read_bytes())
    content[60] ^= 1
    (tmp_path / "m.zip").write_bytes(content)
    with pytest.raises(ArtifactError, match="SHA-256"):
        read_archive(tmp_path, stored, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_links_are_not_packed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc/passwd")
    with pytest.raises(ArtifactError, match="plain"):
        pack(tmp_path / "in", tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:\\evil", "a\\..\\evil"])
def test_names_that_leave_the_folder_are_not_unpacked(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(ArtifactError):
        unpack(tmp_path / "a.zip", tmp_path / "out" / "deep")
    assert files(tmp_path) == ["a.zip"]


def test_links_are_not_unpacked(tmp_path):
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ArtifactError, match="plain"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_one_name_twice_is_not_unpacked(tmp_path):
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a", "1")
        archive.writestr("a", "2")
    with pytest.raises(ArtifactError, match="twice"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_bomb_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5_000_000))
        archive.writestr("more", "x")
    with pytest.raises(ArtifactError, match="more than 1000000"):
        unpack(tmp_path / "a.zip", tmp_path / "out", most_bytes=1_000_000)
    with pytest.raises(ArtifactError, match="2 files"):
        unpack(tmp_path / "a.zip", tmp_path / "out", most_files=1)
    assert not (tmp_path / "out").exists()


def test_an_entry_larger_than_it_says_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(3_000_000))
    content = (tmp_path / "a.zip").read_bytes().replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArtifactError, match="damaged"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("keep", [0, 20, 0.5, 0.99])
def test_a_truncated_archive(tmp_path, keep):
    write_archive(tmp_path, "m.zip", fill)
    size = (tmp_path / "m.zip").stat().st_size
    os.truncate(tmp_path / "m.zip", keep if isinstance(keep, int) else int(size * keep))
    with pytest.raises(ArtifactError, match="damaged"):
        unpack(tmp_path / "m.zip", tmp_path / "out")


def test_what_killed_processes_left_is_swept(tmp_path):
    stored = write_artifact(tmp_path, "artifacts/a.bin", lambda path: path.write_bytes(b"abc"))
    (tmp_path / "artifacts" / f"{artifacts.UNFINISHED}12.bin").write_bytes(b"half")
    loose = tmp_path / "artifacts" / f"{artifacts.UNFINISHED}34.zip"
    loose.mkdir()
    (loose / "part").write_bytes(b"half")
    sweep(tmp_path)
    assert files(tmp_path) == ["artifacts/a.bin"]
    verify(tmp_path, stored)
