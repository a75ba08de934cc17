"""The truth table: found by bytes, never guessed, and a public part that anyone can redo."""

import shutil
from pathlib import Path

import pytest
from simpsons.cli import main
from simpsons.errors import DataError
from simpsons.truth import find_truth, read_public, sample

from tests.helpers.drawn import TEST, run_command, zip_folder


def expected(drawn: Path) -> dict[str, str]:
    lines = (drawn / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split(",") for line in lines)


@pytest.fixture
def testset(drawn: Path, tmp_path: Path) -> Path:
    """The test pictures under names that tell the class, as Kaggle offers them."""
    folder = tmp_path / "testset"
    folder.mkdir()
    for number, (name, label) in enumerate(expected(drawn).items()):
        shutil.copy(drawn / TEST / name, folder / f"{label}_{number}.jpg")
    return folder


def first(testset: Path) -> tuple[Path, str]:
    path = min(testset.iterdir(), key=lambda path: int(path.stem.rpartition("_")[2]))
    return path, path.stem.rpartition("_")[0]


def test_every_picture_is_found_by_its_bytes(drawn: Path, drawn_zip: Path, testset: Path) -> None:
    for competition in (drawn, drawn_zip):
        found = find_truth(testset, competition)
        assert list(found.labels.items()) == list(expected(drawn).items())
        assert not found.missing and not found.ambiguous


def test_a_zip_of_the_whole_data_set_serves_as_well(
    drawn: Path, testset: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole" / "kaggle_simpson_testset" / "kaggle_simpson_testset"
    shutil.copytree(testset, whole)
    (tmp_path / "whole" / "simpsons_dataset").mkdir()
    (tmp_path / "whole" / "simpsons_dataset" / "pic_0000.jpg").write_bytes(b"a training picture")
    (tmp_path / "whole" / "annotation.txt").write_text("boxes", encoding="utf-8")
    found = find_truth(zip_folder(tmp_path / "whole", tmp_path / "whole.zip"), drawn)
    assert found.labels == expected(drawn)


def test_pictures_with_other_bytes_are_missing_and_not_guessed(drawn: Path, testset: Path) -> None:
    path, _ = first(testset)
    path.write_bytes(path.read_bytes() + b"\0")
    found = find_truth(testset, drawn)
    assert found.missing == ["img0.jpg"] and len(found.labels) == 44
    assert "img0.jpg" not in found.labels


def test_equal_bytes_under_two_classes_are_left_out(drawn: Path, testset: Path) -> None:
    path, label = first(testset)
    other = "gil" if label != "gil" else "homer_simpson"
    shutil.copy(path, testset / f"{other}_900.jpg")
    shutil.copy(path, testset / f"{label}_901.jpg")
    found = find_truth(testset, drawn)
    assert found.ambiguous == {"img0.jpg": sorted([label, other])}
    assert "img0.jpg" not in found.labels and not found.missing


def test_a_test_set_without_any_match_is_refused(drawn: Path, testset: Path) -> None:
    for number, path in enumerate(testset.iterdir()):
        path.write_bytes(b"%d" % number)
    with pytest.raises(DataError, match="none of the 45 test pictures"):
        find_truth(testset, drawn)


@pytest.mark.parametrize("name", ["bart_simson_7.jpg", "bart_simpson.jpg", "img7.jpg"])
def test_names_that_tell_no_known_class_are_refused(drawn: Path, testset: Path, name: str) -> None:
    (testset / name).write_bytes(b"picture")
    with pytest.raises(DataError, match=f"'{name}' is not named <class>_<number>.jpg"):
        find_truth(testset, drawn)


def test_what_is_no_test_set_is_refused(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no zip")
    (tmp_path / "empty").mkdir()
    for name, text in (
        ("absent", "there is no such file or folder"),
        ("no.zip", "not a readable zip"),
        ("empty", "no picture in it"),
    ):
        with pytest.raises(DataError, match=text):
            find_truth(tmp_path / name, drawn)


def test_the_public_part_is_the_same_on_every_machine() -> None:
    ids = [f"img{number}.jpg" for number in range(991)]
    drawn = sample(ids, 0.95, 0)
    assert len(drawn) == 941 and drawn == [name for name in ids if name in set(drawn)]
    assert sample(ids, 0.95, 0) == drawn != sample(ids, 0.95, 1)
    assert sample(ids[:10], 0.3, 0) == ["img0.jpg", "img2.jpg", "img5.jpg"]
    for share in (0.0, 1.5):
        with pytest.raises(DataError, match="choose a share above 0, up to 1"):
            sample(ids, share, 0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Id\nimg1.jpg\nimg1.jpg\n", "'img1.jpg' stands twice"),
        ("Id\nimg1.jpg\nimg99.jpg\n", "'img99.jpg' has no truth"),
        ("img1.jpg\n", "no column Id"),
        ("Id\n", "there is no Id in it"),
    ],
)
def test_a_given_public_list_is_checked(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "ids.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=problem):
        read_public(tmp_path / "ids.csv", ["img0.jpg", "img1.jpg"])


def test_the_command_writes_truth_and_public_part(
    drawn: Path, testset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, public = tmp_path / "truth.csv", tmp_path / "public.csv"
    words = ["truth", "--testset", testset, "--zip", drawn, "--out", truth]
    assert run_command(main, *words, "--public", "0.6", "--public-out", public) == 0
    assert truth.read_bytes() == (drawn / "truth.csv").read_bytes()
    ids = public.read_text(encoding="utf-8").splitlines()
    assert ids[0] == "Id" and len(ids) == 1 + 27 and capsys.readouterr().err == ""

    (tmp_path / "ids.csv").write_text("Id\nimg3.jpg\nimg1.jpg\n", encoding="utf-8")
    given = ["--public-ids", tmp_path / "ids.csv", "--public-out", public]
    assert run_command(main, *words, *given) == 0
    assert public.read_text(encoding="utf-8") == "Id\nimg3.jpg\nimg1.jpg\n"


def test_the_command_warns_of_what_it_left_out(
    drawn: Path, testset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first(testset)[0].unlink()
    truth = tmp_path / "truth.csv"
    assert run_command(main, "truth", "--testset", testset, "--zip", drawn, "--out", truth) == 0
    errors = capsys.readouterr().err
    assert "warning: 1 test pictures are not in" in errors and "img0.jpg" in errors
    assert len(truth.read_text(encoding="utf-8").splitlines()) == 1 + 44


@pytest.mark.parametrize(
    "words",
    [
        ["--public", "0.5"],
        ["--public-ids", "ids.csv"],
        ["--public", "0.5", "--public-ids", "ids.csv", "--public-out", "public.csv"],
        ["--public", "2", "--public-out", "public.csv"],
        ["--public-ids", "absent.csv", "--public-out", "public.csv"],
    ],
)
def test_misuse_writes_nothing(
    drawn: Path, testset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fixed = ["truth", "--testset", testset, "--zip", drawn, "--out", "truth.csv"]
    assert run_command(main, *fixed, *words) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["testset"]
