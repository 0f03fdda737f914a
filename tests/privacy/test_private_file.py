"""Files for their owner alone: their mode whatever stood there and whatever the umask, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.privacy.private_file import private_file


@pytest.fixture(autouse=True)
def nothing_masked() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_file_is_its_owners_alone_from_the_first_byte_on(tmp_path: Path) -> None:
    with private_file(tmp_path / "a") as stream:
        stream.write("ñ\n")
        (draft,) = tmp_path.iterdir()
        assert mode(draft) == 0o600
    assert mode(tmp_path / "a") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == "ñ\n".encode()


def test_an_open_file_that_stood_there_is_replaced_and_never_written_into(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old and long")
    path.chmod(0o644)
    with path.open() as reader, private_file(path) as stream:
        stream.write("new")
        stream.flush()
        assert reader.read() == "old and long"
    assert (mode(path), path.read_text()) == (0o600, "new")


def test_where_writing_fails_the_old_file_stays_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(TypeError), private_file(path) as stream:
        stream.writelines(["new", None])  # type: ignore[list-item]
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert path.read_text() == "old"


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "a")
    with private_file(tmp_path / "link") as stream:
        stream.write("new")
    assert (tmp_path / "link").is_symlink()
    assert (mode(tmp_path / "kept" / "a"), (tmp_path / "kept" / "a").read_text()) == (0o600, "new")


def test_what_is_no_plain_file_is_written_into_and_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with private_file(path) as stream:
            stream.write("new")
        assert os.read(handle, 10) == b"new"
    finally:
        os.close(handle)
    assert path.is_fifo()


@pytest.mark.parametrize("name", ["no/where.csv", "folder"])
def test_what_cannot_be_written_is_named_as_it_was_asked_for(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory") as why, private_file(tmp_path / name):
        pytest.fail("opened")
    assert why.value.filename == str(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_line_ends_are_left_to_who_writes_them(tmp_path: Path) -> None:
    with private_file(tmp_path / "a", newline="") as stream:
        stream.write("1\r\n2\n")
    assert (tmp_path / "a").read_bytes() == b"1\r\n2\n"
