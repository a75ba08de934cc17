"""Whatever a spreadsheet makes of a table, it says the same: rosters, predictions, worksheets."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.classroom.gradebook.moodle import same_name
from autograder.classroom.gradebook.worksheet import read_worksheet
from autograder.course.roster import COLUMNS, Student, find, read_roster
from autograder.errors import UsageError
from autograder.leaderboard.marking import Upload
from autograder.leaderboard.teacher_pages import read_people
from autograder.submission.predictions import check_against, read_table
from tests.helpers.moodle import ENGLISH, RUSSIAN
from tests.helpers.spreadsheets import CELLS, Form, forms

IDS = st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True), min_size=1, max_size=4)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
LONG = settings(max_examples=3000, deadline=None, suppress_health_check=[*HealthCheck])
GERMAN = (
    "ID", "Vollständiger Name", "E-Mail-Adresse", "Status", "Bewertung", "Bestwertung",
    "Bewertung kann geändert werden", "Zuletzt geändert (Abgabe)",
    "Zuletzt geändert (Bewertung)", "Feedback als Kommentar",
)  # fmt: skip


def students(ids: Sequence[str], names: Sequence[str]) -> list[Student]:
    people = zip(dict.fromkeys(ids), names, strict=False)
    return [Student(id, name, f"{id}@school.example") for id, name in people]


def same_roster(folder: Path, form: Form, ids: list[str], names: list[str]) -> None:
    people = students(ids, names)
    path = folder / "roster.csv"
    rows = [[getattr(one, column) for column in COLUMNS] for one in people]
    path.write_bytes(form.save([COLUMNS, *rows]))
    assert read_roster(path) == people
    assert read_people(path.read_bytes()) == [(one.student_id, one.name[:100]) for one in people]


def same_predictions(form: Form, labels: dict[int, str], stale: int) -> None:
    rows = [[f"img{number}.jpg", label] for number, label in labels.items()]
    junk = [["._img0.jpg", "bart"], ["img0-checkpoint.jpg", "bart"]][:stale]
    table = read_table(Upload(form.save([["Id", "Expected"], *junk, *rows])))
    assert table.labels == {f"img{number}": label for number, label in labels.items()}
    check_against(table, table, set(labels.values()))


def same_worksheet(folder: Path, form: Form, head: Sequence[str], names: list[str]) -> None:
    path = folder / "worksheet.csv"
    rows = [
        [f"Участник{n}", name, f"s{n}@x.ru", "-", "", "65,00", "Да", "-", "-", "Молодец"]
        for n, name in enumerate(names, 1)
    ]
    path.write_bytes(form.save([head, *rows]))
    sheet = read_worksheet(path)
    assert [(row.number, row.name, row.highest) for row in sheet.rows] == [
        (str(n), name, 65.0) for n, name in enumerate(names, 1)
    ]
    assert sheet.problems == []
    for points in (3, 7):
        sheet.fill(sheet.rows[0], points, f"ResNet: {points} / 10; VGG: 0 / 10")
    written = list(csv.reader(io.StringIO(sheet.text()), delimiter=sheet.delimiter))
    assert written[1][4] == "7,00"
    assert written[1][9] == "Молодец\nResNet: 7 / 10; VGG: 0 / 10"


ROSTERS = given(forms(), IDS, st.lists(CELLS, min_size=4, max_size=4))
PREDICTIONS = given(
    forms(),
    st.dictionaries(st.integers(0, 999), st.sampled_from(["bart", "lisa"]), min_size=1),
    st.integers(0, 2),
)
WORKSHEETS = given(
    forms(), st.sampled_from([ENGLISH, RUSSIAN]), st.lists(CELLS, min_size=1, max_size=3)
)


@QUICK
@ROSTERS
def test_rosters(
    tmp_path_factory: pytest.TempPathFactory, form: Form, ids: list[str], names: list[str]
) -> None:
    same_roster(tmp_path_factory.getbasetemp(), form, ids, names)


@QUICK
@PREDICTIONS
def test_predictions(form: Form, labels: dict[int, str], stale: int) -> None:
    same_predictions(form, labels, stale)


@QUICK
@WORKSHEETS
def test_worksheets(
    tmp_path_factory: pytest.TempPathFactory, form: Form, head: Sequence[str], names: list[str]
) -> None:
    same_worksheet(tmp_path_factory.getbasetemp(), form, head, names)


@pytest.mark.slow
def test_many_more_of_each(tmp_path: Path) -> None:
    LONG(ROSTERS(lambda form, ids, names: same_roster(tmp_path, form, ids, names)))()
    LONG(PREDICTIONS(same_predictions))()
    LONG(WORKSHEETS(lambda form, head, names: same_worksheet(tmp_path, form, head, names)))()


def test_names_are_compared_composed() -> None:
    composed = "Сергей Ёлкин"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert same_name(decomposed, composed)
    assert find([Student("елкин.й")], unicodedata.normalize("NFD", "елкин.й")) is not None


def test_a_worksheet_in_another_language_is_known(tmp_path: Path) -> None:
    path = tmp_path / "worksheet.csv"
    row = ["Teilnehmer/in7", "Ann Lee", "a@x.de", "-", "", "65,00", "Ja", "-", "-", ""]
    path.write_bytes(Form(";", "utf-8-sig").save([GERMAN, row]))
    sheet = read_worksheet(path)
    assert (sheet.rows[0].number, sheet.rows[0].highest, sheet.problems) == ("7", 65.0, [])


def test_unknown_headings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "worksheet.csv"
    path.write_bytes(Form().save([["Kennung", "Punkte"], ["7", ""]]))
    with pytest.raises(UsageError, match="Identifier and Grade among Kennung, Punkte"):
        read_worksheet(path)
    path.write_bytes(Form().save([["Identifier", "Grade", "Best"], ["P7", "", "10"]]))
    told = " ".join(read_worksheet(path).problems)
    assert "no column of the maximum grade is known among Identifier, Grade, Best" in told
    assert "no column of the feedback comments" in told


def test_a_scale_in_place_of_a_maximum_is_told(tmp_path: Path) -> None:
    path = tmp_path / "worksheet.csv"
    path.write_bytes(Form().save([ENGLISH, ["P7", "Ann", "", "", "", "Pass", "Yes", "", "", ""]]))
    assert "'Pass' is no number" in " ".join(read_worksheet(path).problems)


def test_classes_that_are_numbers_get_a_hint() -> None:
    truth = read_table(Upload(b"Id,Expected\nimg0,bart\nimg1,lisa\n"))
    numbers = read_table(Upload(b"Id,Expected\nimg0,0\nimg1,17.0\n"))
    with pytest.raises(UsageError, match=r"classes are numbers; write their names, such as bart"):
        check_against(numbers, truth, {"bart", "lisa"})
