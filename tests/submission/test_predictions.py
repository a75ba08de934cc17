"""Files as people write them are read; what could change a score is refused by row."""

import zipfile
from pathlib import Path

import pytest

from autograder.errors import UsageError
from autograder.submission.predictions import check_against, normal_id, read_ids, read_table
from autograder.submission.scoring import score_files

SHARED = Path(__file__).parents[3] / "shared" / "data"
ROWS = [("img0", "bart_simpson"), ("img1", "homer_simpson"), ("img10", "lisa_simpson")]
WANTED = dict(ROWS)
PLAIN = "Id,Expected\nimg0.jpg,bart_simpson\nimg1.jpg,homer_simpson\nimg10.jpg,lisa_simpson\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(".jpg", ""),
        PLAIN.replace("img", "testset/testset/img"),
        PLAIN.replace("Id,Expected", "Image_id,Expected"),
        PLAIN.replace("Id,Expected", "id,class"),
        PLAIN.replace("Id,Expected", "picture,who"),
        PLAIN.replace("Id,Expected\n", ""),
        PLAIN.replace("bart_simpson", ' "bart_simpson" '.strip()),
        PLAIN + "\n\n",
        ",Id,Expected\n0,img0.jpg,bart_simpson\n1,img1.jpg,homer_simpson\n2,img10.jpg,lisa_simpson",
        "Unnamed: 0,Expected,Id\n0,bart_simpson,img0\n1,homer_simpson,img1\n2,lisa_simpson,img10\n",
        "Expected,Id\nbart_simpson,img0\nhomer_simpson,img1\nlisa_simpson,img10\n",
        "Id,Expected\nimg10.jpg,lisa_simpson\nimg1.jpg,homer_simpson\nimg0.jpg,bart_simpson\n",
    ],
)
def test_accepted_forms(tmp_path: Path, text: str) -> None:
    path = tmp_path / "submission.csv"
    path.write_bytes(text.encode())
    assert read_table(path).labels == WANTED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"Id,Expected\n", "a header but no row"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a CSV file; export it as CSV"),
        (b"\xff\xfeI\0d\0", "expected the columns Id,Expected"),
        (b"hello world\n", "expected the columns Id,Expected"),
        (b"Id,Expected\nimg0.jpg,\n", r"row 2: img0 has no class"),
        (b"Id,Expected\nimg0.jpg,NaN\n", r"row 2: img0 has no class \(NaN\)"),
        (b"Id,Expected\n,bart_simpson\n", "row 2: the Id is missing"),
        (b"Id,Expected\nimg0.jpg\n", "row 2: 1 columns, expected 2"),
        (b"Id,Expected\nimg0,a\nimg1,b\nimg0.jpg,c\n", "row 4: img0 is there already, in row 2"),
    ],
)
def test_refused_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "submission.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_table(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("replace", "by", "message"),
    [
        ("img10.jpg", "img11.jpg", r"row 4: there is no picture img11"),
        ("img10.jpg", "img11.jpg", r"no row for img10"),
        (
            "homer_simpson",
            "Homer Simpson",
            r"row 3: unknown class 'Homer Simpson'; did you mean homer",
        ),
        ("homer_simpson", "homer_simson", r"did you mean homer_simpson\?"),
        ("homer_simpson", "xyzzy", r"row 3: unknown class 'xyzzy'$"),
    ],
)
def test_predictions_that_do_not_fit(tmp_path: Path, replace: str, by: str, message: str) -> None:
    truth, guesses = tmp_path / "truth.csv", tmp_path / "submission.csv"
    truth.write_text(PLAIN)
    guesses.write_text(PLAIN.replace(replace, by))
    with pytest.raises(UsageError, match=message):
        score_files(guesses, truth)


def test_many_problems_are_counted(tmp_path: Path) -> None:
    truth, guesses = tmp_path / "truth.csv", tmp_path / "submission.csv"
    truth.write_text("Id,Expected\n" + "".join(f"img{i},gil\n" for i in range(50)))
    guesses.write_text("Id,Expected\nimg0,gil\n")
    with pytest.raises(UsageError, match="and 39 more"):
        score_files(guesses, truth)


def test_the_public_part_is_scored(tmp_path: Path) -> None:
    truth, guesses, public = (tmp_path / f"{name}.csv" for name in ("truth", "guesses", "public"))
    truth.write_text(PLAIN)
    guesses.write_text(PLAIN.replace("lisa_simpson", "gil"))
    public.write_text("Id\nimg0.jpg\nimg1.jpg\n")
    assert read_ids(public) == {"img0", "img1"}
    assert score_files(guesses, truth).correct == 2
    assert score_files(guesses, truth, public).f1 == 1
    public.write_text("Id\nimg77\n")
    with pytest.raises(UsageError, match="not in the truth: img77"):
        score_files(guesses, truth, public)


def test_ids_are_one_however_written() -> None:
    assert {normal_id(t) for t in ("img7.jpg", " img7 ", "a/b/img7.JPG", "a\\img7.jpeg")} == {
        "img7"
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real competition data is not here")
def test_real_files_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(SHARED / "journey-springfield.zip") as archive:
        sample = tmp_path / "sample_submission.csv"
        sample.write_bytes(archive.read("sample_submission.csv"))
    table = read_table(sample)
    assert len(table.labels) == 991
    assert "img990" in table.labels
    for path in sorted((SHARED / "submissions").glob("*.csv")):
        check_against(read_table(path), table, _classes())
        assert score_files(path, path).points == 15
    assert score_files(sample, SHARED / "submissions" / "public_0.99574.csv").f1 < 0.06


def _classes() -> set[str]:
    from simpsons.classes import CLASSES

    return set(CLASSES)
