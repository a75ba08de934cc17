"""Files are replaced whole or not at all, and read in the encodings that people have."""

from pathlib import Path

import pytest
from simpsons.files import replacing

from autograder.errors import UsageError
from autograder.files import read_text, write


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write(path, "один")
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write(path, "before")

    def interrupted() -> None:
        with replacing(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_lies_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".file.txt.part").symlink_to(victim)
    write(tmp_path / "file.txt", "yours")
    assert victim.read_text() == "mine"
    assert (tmp_path / "file.txt").read_text() == "yours"


@pytest.mark.parametrize("name", ["", "folder", "x" * 300, "file/below"])
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"give the name of a file|cannot be written"):
        write(tmp_path / name, "x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_is_read_with_a_mark_and_without(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "file").write_text("Лиза", encoding=encoding)
    assert read_text(tmp_path / "file") == "Лиза"


def test_other_encodings_of_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("Лиза", encoding="cp1251")
    with pytest.raises(UsageError, match="not UTF-8; save it as UTF-8"):
        read_text(path)


def test_utf16_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("Лиза", encoding="utf-16")
    with pytest.raises(UsageError, match="this is UTF-16, not UTF-8; save it as UTF-8"):
        read_text(tmp_path / "file")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_text(tmp_path / "file")
