"""Preparing the competition's files: what is refused, what is mended, what stays together."""

import io
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from simpsons import duplicates
from simpsons.classes import CLASSES
from simpsons.data import load
from simpsons.errors import DataError
from simpsons.prepare import prepare
from simpsons.source import Source

from tests.helpers.drawn import TEST, TRAIN, nothing_was_written, rows, zip_folder

BART = f"{TRAIN}/bart_simpson/pic_0000.jpg"


@pytest.fixture(scope="module")
def prepared(drawn_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(drawn_zip, tmp_path_factory.mktemp("prepared") / "data", 32).folder


def saved(picture: Image.Image, form: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_truncated_jpeg_is_left_out_of_training_and_grey_in_the_test_part(own: Path) -> None:
    for place in (BART, f"{TEST}/img7.jpg"):
        content = (own / place).read_bytes()
        (own / place).write_bytes(content[: len(content) // 2])
    found = prepare(own, own.parent / "out", 32)
    assert [problem.rpartition(",")[2] for problem in found.problems] == [
        " left out", " kept as grey"
    ]  # fmt: skip
    assert "truncated" in found.problems[0] and found.problems[0].startswith(BART)
    assert found.train == len(Source(own).train) - 1 and found.test == 45
    data = load(found.folder)
    assert "bart_simpson/pic_0000.jpg" not in data.names
    assert data.test_names[7] == "img7.jpg" and bool((data.test[7] == 128).all())


PICTURE = Image.new("RGB", (50, 40), (200, 30, 30))
ALPHA = Image.new("RGBA", (50, 40), (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("content", "note", "colour"),
    [
        (saved(PICTURE.convert("CMYK"), "JPEG"), "JPEG in mode CMYK", (200, 30, 30)),
        (saved(PICTURE.convert("L"), "JPEG"), "JPEG in mode L", (81, 81, 81)),
        (saved(ALPHA, "PNG"), "PNG in mode RGBA", (255, 255, 255)),
        (saved(PICTURE, "GIF"), "GIF in mode P", (200, 30, 30)),
    ],
    ids=["cmyk", "grey", "alpha", "gif"],
)
def test_other_kinds_of_pictures_are_converted_and_reported(
    drawn: Path, tmp_path: Path, content: bytes, note: str, colour: tuple[int, int, int]
) -> None:
    odd = zip_folder(drawn, tmp_path / "odd.zip", {BART: content})
    found = prepare(odd, tmp_path / "out", 32)
    assert found.problems == [f"{BART}: {note}, converted"]
    data = load(found.folder)
    image = data.train[data.names.index("bart_simpson/pic_0000.jpg")].numpy()
    assert np.abs(image.transpose(1, 2, 0) - np.array(colour, float)).max() < 8


def bomb() -> bytes:
    """A PNG that claims 30 000 x 30 000 pixels."""
    content = bytearray(saved(Image.new("RGB", (1, 1)), "PNG"))
    content[16:24] = (30_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


def test_a_picture_that_would_fill_the_memory_is_left_out(drawn: Path, tmp_path: Path) -> None:
    found = prepare(zip_folder(drawn, tmp_path / "z.zip", {BART: bomb()}), tmp_path / "out", 32)
    assert len(found.problems) == 1
    assert "left out" in found.problems[0] and "900000000 pixels" in found.problems[0]


def test_an_encrypted_zip_is_refused_by_what_it_lacks(drawn_zip: Path, tmp_path: Path) -> None:
    content = bytearray(drawn_zip.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] |= 1
            place = content.find(signature, place + 4)
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"every picture of .* is unreadable"):
        prepare(tmp_path / "locked.zip", tmp_path / "out", 32)
    assert nothing_was_written(tmp_path)


def full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_what_was_there(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = prepare(drawn, tmp_path / "out", 32)
    before = snapshot(old.folder)
    monkeypatch.setattr(np, "save", full)
    for out, force in ((tmp_path / "out", True), (tmp_path / "new", False)):
        with pytest.raises(DataError, match="cannot be written: No space left on device"):
            prepare(drawn, out, 40, force)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert snapshot(old.folder) == before


def test_a_write_that_is_cut_short_says_so(drawn: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, hard))
    try:
        with pytest.raises(DataError, match=r"No space left on device; .* MB are needed; choose"):
            prepare(drawn, tmp_path / "out", 64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert nothing_was_written(tmp_path)


def test_preparing_again_changes_nothing(drawn_zip: Path, prepared: Path) -> None:
    before = snapshot(prepared)
    again = prepare(drawn_zip, prepared, 32)
    assert not again.fresh and again.test == 45
    assert snapshot(prepared) == before


def test_another_size_needs_force(drawn: Path, tmp_path: Path) -> None:
    out = prepare(drawn, tmp_path / "out", 32).folder
    before = snapshot(out)
    with pytest.raises(DataError, match=r"holds other prepared data.*--force"):
        prepare(drawn, out, 40)
    assert snapshot(out) == before
    assert prepare(drawn, out, 40, force=True).fresh
    assert load(out).size == 40 and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_repairs_damaged_arrays(drawn: Path, tmp_path: Path) -> None:
    out = prepare(drawn, tmp_path / "out", 32).folder
    (out / "train.npy").write_bytes(b"damaged")
    with pytest.raises(DataError, match="no prepared data"):
        load(out)
    assert prepare(drawn, out, 32, force=True).fresh
    assert len(load(out).train) == len(Source(drawn).train)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_or_file_of_something_else_is_never_replaced(
    drawn: Path, tmp_path: Path, force: bool
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    for out, text in (("out", "did not write"), ("out/thesis.txt", "is a file")):
        with pytest.raises(DataError, match=text):
            prepare(drawn, tmp_path / out, 32, force)
    assert snapshot(tmp_path / "out") == {"thesis.txt": b"mine"}


def test_the_empty_working_directory_can_be_prepared(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    prepare(drawn, Path(), 32)
    assert load(tmp_path / "here").size == 32


def test_a_zip_and_its_unpacked_folder_give_equal_arrays(
    drawn: Path, prepared: Path, tmp_path: Path
) -> None:
    folder = prepare(drawn, tmp_path / "out", 32).folder
    for name in ("train.npy", "test.npy", "train.csv", "test.csv"):
        assert (folder / name).read_bytes() == (prepared / name).read_bytes(), name


def test_test_rows_stand_in_the_order_of_their_numbers(prepared: Path) -> None:
    data = load(prepared)
    assert data.test_names == [f"img{number}.jpg" for number in range(45)]
    assert [row["Id"] for row in rows(prepared / "test.csv")] == data.test_names
    assert data.test.shape == (45, 3, 32, 32)


def copies(own: Path, change: Callable[[Image.Image], Image.Image]) -> None:
    """Give bart_simpson twins: of his first picture, and of homer_simpson's."""
    for source, name in (("bart_simpson", "pic_9000.jpg"), ("homer_simpson", "pic_9001.jpg")):
        with Image.open(own / TRAIN / source / "pic_0000.jpg") as picture:
            change(picture).save(own / TRAIN / "bart_simpson" / name, quality=85)


def brighter(picture: Image.Image) -> Image.Image:
    return picture.point([min(255, value + 6) for value in range(256)] * 3)


def smaller(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2))


@pytest.mark.parametrize("change", [brighter, smaller])
def test_near_duplicates_are_found_within_and_across_classes(
    own: Path, change: Callable[[Image.Image], Image.Image]
) -> None:
    copies(own, change)
    folder = prepare(own, own.parent / "out").folder
    group = {row["Id"]: row["group"] for row in rows(folder / "train.csv")}
    assert group["bart_simpson/pic_0000.jpg"] == group["bart_simpson/pic_9000.jpg"]
    assert group["homer_simpson/pic_0000.jpg"] == group["bart_simpson/pic_9001.jpg"]
    assert group["homer_simpson/pic_0000.jpg"] != group["bart_simpson/pic_0000.jpg"]


def test_near_duplicates_never_stand_on_both_sides_of_the_split(own: Path) -> None:
    copies(own, brighter)
    folder = prepare(own, own.parent / "out", 32).folder
    parts = defaultdict(set)
    for row in rows(folder / "train.csv"):
        parts[row["group"]].add(row["part"])
    assert all(len(found) == 1 for found in parts.values())
    held = load(folder).held_out
    assert 0 < int(held.sum()) < len(held) / 2
    assert [row["part"] == "validation" for row in rows(folder / "train.csv")] == held.tolist()


def test_a_class_of_one_group_stays_in_training(own: Path) -> None:
    pictures = sorted((own / TRAIN / "gil").iterdir())
    for path in pictures[1:]:
        path.write_bytes(pictures[0].read_bytes())
    folder = prepare(own, own.parent / "out", 32).folder
    found = [row for row in rows(folder / "train.csv") if row["Expected"] == "gil"]
    assert len({row["group"] for row in found}) == 1
    assert {row["part"] for row in found} == {"train"}


def test_the_split_depends_on_names_and_not_on_their_order() -> None:
    names = [f"{label}/pic_{number}.jpg" for label in CLASSES[:3] for number in range(20)]
    labels = [name.partition("/")[0] for name in names]
    group = np.arange(60) // 2
    forward = dict(zip(names, duplicates.split(labels, names, group, 0.1), strict=True))
    turned: Any = duplicates.split(labels[::-1], names[::-1], group[::-1], 0.1)
    assert forward == dict(zip(names[::-1], turned, strict=True))
    assert sum(forward.values()) == 6
