"""Drawn stand-ins for the competition's pictures: layout, truth, bytes, and no easy way out."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from simpsons.classes import CLASSES
from simpsons.errors import DataError
from simpsons.synthetic import make_cast, synthesize

PER_CLASS, TEST, SIDE = 6, 84, 32


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "new" / "data"
    synthesize(out, PER_CLASS, TEST, SIDE)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def thumbnails(paths: list[Path], pixels: int) -> NDArray[np.float32]:
    """Return a row of numbers for each picture."""
    found = []
    for path in paths:
        with Image.open(path) as image:
            small = image.resize((pixels, pixels), Image.Resampling.BOX)
            found.append(np.asarray(small, np.float32).ravel())
    return np.stack(found)


def test_equal_seeds_give_equal_bytes_and_another_seed_other_pictures(tmp_path: Path) -> None:
    for folder, seed in (("one", 1), ("same", 1), ("other", 2)):
        synthesize(tmp_path / folder, per_class=1, test=42, side=32, seed=seed)
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "same")
    other = contents(tmp_path / "other")
    pictures = [name for name in one if name.endswith(".jpg") and name in other]
    assert pictures and all(one[name] != other[name] for name in pictures)
    assert one["truth.csv"] != other["truth.csv"]


def test_the_layout_is_the_competition_s(data: Path) -> None:
    assert {path.name for path in data.iterdir()} == {
        "train", "testset", "sample_submission.csv", "truth.csv", "README.txt"
    }  # fmt: skip
    train = data / "train" / "simpsons_dataset"
    assert sorted(path.name for path in train.iterdir()) == sorted(CLASSES)
    counts = set()
    for folder in train.iterdir():
        names = sorted(path.name for path in folder.iterdir())
        assert names == [f"pic_{index:04}.jpg" for index in range(len(names))]
        counts.add(len(names))
    assert PER_CLASS * 0.5 <= min(counts) < max(counts) <= PER_CLASS * 1.5
    tested = {path.name for path in (data / "testset" / "testset").iterdir()}
    assert tested == {f"img{index}.jpg" for index in range(TEST)}
    assert len((data / "README.txt").read_text(encoding="utf-8").splitlines()) == 2


def test_pictures_have_the_asked_shorter_side_and_several_formats(data: Path) -> None:
    sizes = set()
    for path in data.rglob("*.jpg"):
        with Image.open(path) as image:
            assert image.format == "JPEG" and image.mode == "RGB"
            sizes.add(image.size)
    assert {min(size) for size in sizes} == {SIDE}
    assert len(sizes) > 2


def test_truth_and_sample_name_every_test_picture_in_order(data: Path) -> None:
    truth, sample = rows(data / "truth.csv"), rows(data / "sample_submission.csv")
    names = [f"img{index}.jpg" for index in range(TEST)]
    assert [row["Id"] for row in truth] == [row["Id"] for row in sample] == names
    assert Counter(row["Expected"] for row in truth) == Counter(dict.fromkeys(CLASSES, 2))
    assert {row["Expected"] for row in sample} == {"bart_simpson"}
    assert [row["Expected"] for row in truth[:42]] != list(CLASSES)


def test_no_trait_is_a_class_s_own() -> None:
    cast = make_cast()
    assert len(set(cast)) == len(CLASSES)
    for trait in zip(*cast, strict=True):
        assert min(Counter(trait).values()) >= 3


@pytest.mark.parametrize(("pixels", "bound"), [(1, 0.15), (8, 0.45)])
def test_colours_alone_do_not_tell_the_class(data: Path, pixels: int, bound: float) -> None:
    known = [
        thumbnails(sorted((data / "train" / "simpsons_dataset" / name).iterdir()), pixels).mean(0)
        for name in CLASSES
    ]
    truth = rows(data / "truth.csv")
    asked = thumbnails([data / "testset" / "testset" / row["Id"] for row in truth], pixels)
    nearest = np.square(asked[:, None] - np.stack(known)).sum(2).argmin(1)
    right = [CLASSES[index] == row["Expected"] for index, row in zip(nearest, truth, strict=True)]
    assert np.mean(right) < bound


def test_some_training_pictures_are_twins_of_the_one_before(tmp_path: Path) -> None:
    synthesize(tmp_path / "data", per_class=6, test=0, side=16)
    twins = 0
    for folder in (tmp_path / "data" / "train" / "simpsons_dataset").iterdir():
        pictures = []
        for path in sorted(folder.iterdir()):
            with Image.open(path) as image:
                pictures.append(np.asarray(image, np.float32))
        for one, other in pairwise(pictures):
            twins += one.shape == other.shape and bool(np.abs(one - other).mean() < 16)
    assert 1 <= twins <= 20


@pytest.mark.parametrize("file", ["mine.txt", ""])
def test_what_is_there_already_is_refused_and_left_untouched(tmp_path: Path, file: str) -> None:
    out = tmp_path / "data"
    if file:
        out.mkdir()
    (out / file).write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="not an empty folder: name a new one"):
        synthesize(out, per_class=1, test=1, side=16)
    assert contents(tmp_path) == {f"data/{file}".rstrip("/"): b"mine"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    synthesize(tmp_path, per_class=1, test=1, side=16)
    assert (tmp_path / "truth.csv").is_file()


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        synthesize(tmp_path / "data", per_class=1, test=1, side=16)
    assert not list(tmp_path.iterdir())
