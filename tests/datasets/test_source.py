"""The competition's files are not trusted: what cannot be used is refused, with the remedy."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from simpsons.classes import CLASSES
from simpsons.errors import DataError
from simpsons.pictures import read_all
from simpsons.prepare import prepare
from simpsons.source import Source, open_picture

from tests.helpers.drawn import TEST, TRAIN, nothing_was_written, rows, zip_folder

REAL = Path(__file__).parents[3] / "shared" / "data" / "journey-springfield.zip"
BART = f"{TRAIN}/bart_simpson/pic_0000.jpg"


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"<html>Sign in</html>")
    with pytest.raises(DataError, match=r"not a readable zip.*download it again"):
        prepare(tmp_path / "no.zip", tmp_path / "out")
    with pytest.raises(DataError, match="there is no such file"):
        prepare(tmp_path / "absent.zip", tmp_path / "out")
    assert nothing_was_written(tmp_path)


def test_a_truncated_zip_is_refused(drawn_zip: Path, tmp_path: Path) -> None:
    content = drawn_zip.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"not a readable zip.*cut off"):
        prepare(tmp_path / "cut.zip", tmp_path / "out")
    assert nothing_was_written(tmp_path)


def test_a_picture_that_is_damaged_inside_the_zip_is_left_out(
    drawn_zip: Path, tmp_path: Path
) -> None:
    content = bytearray(drawn_zip.read_bytes())
    with zipfile.ZipFile(drawn_zip) as archive:
        start = archive.getinfo(BART).header_offset
    content[start + 600 : start + 620] = bytes(20)
    (tmp_path / "corrupt.zip").write_bytes(content)
    found = prepare(tmp_path / "corrupt.zip", tmp_path / "out", 32)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{BART}: unreadable (Bad CRC-32")
    assert "bart_simpson/pic_0000.jpg" not in [
        row["Id"] for row in rows(found.folder / "train.csv")
    ]


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "C:/evil.jpg", "train\\..\\evil.jpg"])
def test_a_path_out_of_the_zip_is_refused(drawn: Path, tmp_path: Path, name: str) -> None:
    evil = zip_folder(drawn, tmp_path / "evil.zip", {name: b"evil"})
    with pytest.raises(DataError, match="leads out of the zip; refused"):
        prepare(evil, tmp_path / "inside" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_an_unknown_class_folder_is_refused_with_the_name_it_may_have(own: Path) -> None:
    train = own / TRAIN
    (train / "bart_simpson").rename(train / "bart_simson")
    with pytest.raises(DataError, match=r"'bart_simson' \(is it bart_simpson\?\)"):
        Source(own)


def test_an_empty_class_folder_is_refused_in_a_folder_and_in_a_zip(
    own: Path, tmp_path: Path
) -> None:
    for path in (own / TRAIN / "gil").iterdir():
        path.unlink()
    for source in (own, zip_folder(own, tmp_path / "less.zip")):
        with pytest.raises(DataError, match="no picture of gil; unpack or download it again"):
            Source(source)


def test_a_missing_test_part_is_refused(drawn: Path, own: Path, tmp_path: Path) -> None:
    tested = {f"{TEST}/{path.name}": None for path in (drawn / TEST).iterdir()}
    less = zip_folder(drawn, tmp_path / "less.zip", dict(tested))
    (own / "testset").rename(own / "elsewhere")
    for source in (less, own / "train"):
        with pytest.raises(DataError, match="testset/testset is missing or empty"):
            Source(source)


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(DataError, match="no folder train/simpsons_dataset/<class> in it"):
        Source(tmp_path / "other.zip")


@pytest.mark.skipif(not REAL.is_file(), reason=f"the competition's zip is not at {REAL}")
def test_the_real_zip_has_its_known_counts() -> None:
    source = Source(REAL)
    assert (len(source.train), len(source.test)) == (19350, 991)
    assert {picture.label for picture in source.train} == set(CLASSES)


def test_copies_that_systems_leave_are_no_pictures(tmp_path: Path) -> None:
    names = (
        "img1.jpg",
        "._img1.jpg",
        ".ipynb_checkpoints/img1-checkpoint.jpg",
        "__MACOSX/img1.jpg",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    assert read_all(tmp_path, 4)[0] == ["img1.jpg"]


@pytest.mark.parametrize("dtype", [np.uint16, np.uint8])
def test_a_grey_picture_of_16_bits_keeps_its_grey(dtype: type) -> None:
    grey = np.full((4, 4), 128, dtype) << (8 if dtype == np.uint16 else 0)
    content = io.BytesIO()
    Image.fromarray(grey.astype(dtype)).save(content, "PNG")
    picture, _ = open_picture(content.getvalue())
    assert picture.mode == "RGB"
    assert picture.getpixel((0, 0)) == (128, 128, 128)
