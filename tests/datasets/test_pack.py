"""The teacher's zip: small, equal every time, licensed, and without what is held out."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from simpsons import duplicates, packing
from simpsons.classes import CLASSES
from simpsons.cli import main
from simpsons.errors import DataError
from simpsons.packing import pack
from simpsons.pictures import squeeze
from simpsons.prepare import prepare
from simpsons.source import Source

from tests.helpers.drawn import TEST, TRAIN, run_command


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def prints(contents: list[bytes]) -> duplicates.Prints:
    return duplicates.prints(np.stack([squeeze(content, 64)[0] for content in contents]))


def test_the_zip_has_the_competition_s_layout_and_can_be_prepared(
    drawn: Path, drawn_zip: Path, tmp_path: Path
) -> None:
    found = pack(drawn_zip, tmp_path / "class.zip", side=48)
    packed, full = entries(tmp_path / "class.zip"), entries(drawn_zip)
    assert set(packed) - set(full) == {"LICENSE.txt"}
    assert set(full) - set(packed) == {"README.txt", "truth.csv"}
    assert packed["sample_submission.csv"] == full["sample_submission.csv"]
    assert (found.train, found.test, found.held) == (len(Source(drawn).train), 45, 0)
    assert found.size == (tmp_path / "class.zip").stat().st_size and not found.problems
    again = prepare(tmp_path / "class.zip", tmp_path / "out", 32)
    assert (again.train, again.test, again.problems) == (found.train, 45, [])


def test_training_pictures_shrink_and_test_pictures_stay(
    drawn: Path, drawn_zip: Path, tmp_path: Path
) -> None:
    pack(drawn_zip, tmp_path / "class.zip", side=48)
    full = entries(drawn_zip)
    for name, content in entries(tmp_path / "class.zip").items():
        if name.startswith(TEST):
            assert content == full[name]
        if not name.startswith(TRAIN):
            continue
        with Image.open(io.BytesIO(content)) as small, Image.open(drawn / name) as large:
            assert small.format == "JPEG" and small.mode == "RGB" and min(small.size) == 48
            assert abs(small.width / small.height - large.width / large.height) < 0.03


def test_small_pictures_keep_their_bytes(drawn_zip: Path, tmp_path: Path) -> None:
    pack(drawn_zip, tmp_path / "class.zip", side=96)
    full = entries(drawn_zip)
    packed = entries(tmp_path / "class.zip")
    assert all(packed[name] == full[name] for name in packed if name.startswith(TRAIN))


def test_other_kinds_of_pictures_become_jpeg_and_damaged_ones_are_left_out(
    own: Path, tmp_path: Path
) -> None:
    folder = own / TRAIN / "bart_simpson"
    Image.new("RGBA", (120, 200), (9, 9, 9, 0)).save(folder / "alpha.png")
    (folder / "damaged.jpg").write_bytes(b"no picture")
    found = pack(own, tmp_path / "class.zip", side=48)
    assert len(found.problems) == 2
    assert "PNG in mode RGBA, converted" in found.problems[0]
    assert "damaged.jpg: unreadable" in found.problems[1]
    packed = entries(tmp_path / "class.zip")
    assert f"{TRAIN}/bart_simpson/damaged.jpg" not in packed
    with Image.open(io.BytesIO(packed[f"{TRAIN}/bart_simpson/alpha.png"])) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (48, 80))


def test_equal_pictures_make_equal_bytes(drawn: Path, drawn_zip: Path, tmp_path: Path) -> None:
    for name, source in (("one.zip", drawn), ("two.zip", drawn_zip)):
        pack(source, tmp_path / name, 48)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_licence_is_in_the_zip(drawn: Path, tmp_path: Path) -> None:
    pack(drawn, tmp_path / "class.zip", side=50)
    text = entries(tmp_path / "class.zip")["LICENSE.txt"].decode()
    for words in (
        "The Simpsons Characters Data",
        "CC BY-NC-SA 4.0",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        "belong to their owners",
        "downscaled to a shorter side of 50 pixels",
        "non-commercial",
    ):
        assert words in text


def test_a_zip_that_would_be_too_large_is_refused_with_a_side_that_does(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = pack(drawn, tmp_path / "class.zip", side=90).size
    (tmp_path / "class.zip").write_bytes(b"older")
    monkeypatch.setattr(packing, "LIMIT", round(size * 0.85))
    with pytest.raises(DataError, match=r"MB are allowed; try --side \d+$") as caught:
        pack(drawn, tmp_path / "class.zip", side=90)
    assert [path.name for path in tmp_path.iterdir()] == ["class.zip"]
    assert (tmp_path / "class.zip").read_bytes() == b"older"
    side = int(str(caught.value).rpartition(" ")[2])
    assert 32 <= side < 90 and pack(drawn, tmp_path / "class.zip", side).size <= packing.LIMIT
    monkeypatch.setattr(packing, "LIMIT", 1000)
    with pytest.raises(DataError, match="no useful --side is small enough"):
        pack(drawn, tmp_path / "class.zip", side=90)


def held_truth(folder: Path) -> list[dict[str, str]]:
    with folder.with_name(f"{folder.name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_held_out_pictures_are_not_in_the_zip_and_their_names_reveal_nothing(
    drawn: Path, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    found = pack(drawn, tmp_path / "class.zip", 96, 0.3, held)
    truth = held_truth(held)
    names = [f"held{number}.jpg" for number in range(found.held)]
    assert [row["Id"] for row in truth] == names
    assert sorted(path.name for path in held.iterdir()) == sorted(names)
    labels = [row["Expected"] for row in truth]
    assert labels != sorted(labels) and set(labels) <= set(CLASSES)
    assert found.train + found.held == len(Source(drawn).train)
    packed = entries(tmp_path / "class.zip")
    train = [content for name, content in packed.items() if name.startswith(TRAIN)]
    assert not {(held / name).read_bytes() for name in names} & set(train)
    assert {place.split("/")[2] for place in packed if place.startswith(TRAIN)} == set(CLASSES)
    assert f"{found.held} of them were left out" in packed["LICENSE.txt"].decode()
    for row in truth:
        content = (held / row["Id"]).read_bytes()
        same = (drawn / TRAIN / row["Expected"]).iterdir()
        assert content in [path.read_bytes() for path in same]


def test_no_near_duplicate_of_a_held_out_picture_is_in_the_zip(own: Path, tmp_path: Path) -> None:
    for name in CLASSES:
        with Image.open(own / TRAIN / name / "pic_0000.jpg") as picture:
            twin = picture.point([min(255, value + 6) for value in range(256)] * 3)
            twin.save(own / TRAIN / name / "pic_9000.jpg", quality=85)
    found = pack(own, tmp_path / "class.zip", 64, 0.3, tmp_path / "held")
    assert found.held >= 42
    packed = entries(tmp_path / "class.zip")
    train = [content for name, content in packed.items() if name.startswith(TRAIN)]
    kept = [path.read_bytes() for path in (tmp_path / "held").iterdir()]
    assert not len(duplicates.alike(prints(kept), prints(train)).first)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--hold-out", "0.1"], "belong together"),
        (["--held-out", "held"], "belong together"),
        (["--hold-out", "0.9", "--held-out", "held"], "from 0 to 0.5"),
        (["--side", "8"], "choose 32 to 512"),
        (["--hold-out", "0.1", "--held-out", "full"], "is not an empty folder"),
        (["--out", "full"], "is a folder"),
    ],
)
def test_misuse_writes_nothing(
    drawn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    assert run_command(main, "pack", "--zip", drawn, "--out", "class.zip", *words) == 2
    assert text in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["full", "mine.txt"]


def test_a_failure_leaves_nothing(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(DataError, match="cannot be written: No space left on device"):
        pack(drawn, tmp_path / "class.zip", 48, 0.2, tmp_path / "held")
    assert not list(tmp_path.iterdir())


def test_a_damaged_test_picture_is_refused(drawn_zip: Path, tmp_path: Path) -> None:
    content = bytearray(drawn_zip.read_bytes())
    with zipfile.ZipFile(drawn_zip) as archive:
        start = archive.getinfo(f"{TEST}/img3.jpg").header_offset
    content[start + 600 : start + 620] = bytes(20)
    (tmp_path / "corrupt.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"img3.jpg is unreadable .*download the data again"):
        pack(tmp_path / "corrupt.zip", tmp_path / "class.zip", 48)
    assert [path.name for path in tmp_path.iterdir()] == ["corrupt.zip"]
