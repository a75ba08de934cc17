"""Exports, checked by what the other systems' importers ask for."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from autograder.classroom.gradebook.exports import Target, write
from autograder.classroom.gradebook.grades import StudentGrade, TaskGrade
from autograder.classroom.gradebook.verdicts import CheckPoints, TaskPoints, Verdict
from autograder.course.roster import Student
from autograder.course.tasks import all_tasks
from autograder.errors import UsageError

NAMES = {
    "formula": '=HYPERLINK("http://evil")',
    "comma": 'Semicolon; Comma, "Quote"',
    "cyrillic": "Пётр Ёлкин",
    "emoji": "Zoë 😀\nline",
}
COUNTED = frozenset(task.name for task in all_tasks())
STAMP = re.compile(r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")


def row(id: str, name: str, points: float | None = 7.5) -> StudentGrade:
    student = Student(id, name, f"{id}@x.example", github=id, lms_id="17", group="A")
    tasks = tuple(TaskGrade(t, points, 15.0 if t.predictions else 10.0) for t in all_tasks())
    return StudentGrade(student, tasks, COUNTED)


ROWS = [*(row(id, name) for id, name in NAMES.items()), row("held", "Held Back", None)]
CHECK = CheckPoints("vgg.depths", "<b>Title</b>", 1.5, 2.0, "message " * 2000)
VERDICTS = {
    one.student.student_id: Verdict(
        one.student,
        tuple(TaskPoints(t, "graded", 7.5, 10.0, (CHECK,)) for t in all_tasks()),
        {"vgg": datetime(2026, 3, 1, 10, tzinfo=UTC)},
        commit="0123456789abcdef",
    )
    for one in ROWS
}
TARGET = Target("Org", "cnn", "all")


def table(format: str, tmp_path: Path) -> list[list[str]]:
    out = tmp_path / "out.csv"
    write(format, ROWS, out, {}, TARGET)
    return list(csv.reader(io.StringIO(out.read_text(encoding="utf-8"), newline="")))


def results(format: str, tmp_path: Path) -> dict[str, Any]:
    said = write(format, ROWS, tmp_path / "out", VERDICTS, TARGET)
    names = ", ".join(task.name for task in all_tasks())
    assert said[-1] == f"left out, not decided ({names}): held"
    found = {path.parent.name: path for path in (tmp_path / "out").rglob("*.json")}
    assert found.keys() == NAMES.keys()
    assert all(path.stat().st_size < 1_000_000 for path in found.values())
    return {id: json.loads(path.read_text(encoding="utf-8")) for id, path in found.items()}


def test_plain_csv_leaves_what_is_undecided_blank(tmp_path: Path) -> None:
    head, *rows = table("csv", tmp_path)
    total = head.index("points")
    assert [cells[total] for cells in rows] == ["45"] * 4 + [""]
    names = {cells[0]: cells[1] for cells in rows}
    assert names["formula"] == "'" + NAMES["formula"]
    assert {id: names[id] for id in list(NAMES)[1:]} == dict(list(NAMES.items())[1:])


def test_moodle_finds_its_columns_and_no_empty_grades(tmp_path: Path) -> None:
    head, *rows = table("moodle", tmp_path)
    assert head[:4] == ["First name", "Last name", "ID number", "Email address"]
    assert len(rows) == 4
    assert all(float(cell) >= 0 for cells in rows for cell in cells[4:])
    assert not any(cell.startswith(("=", "+", "-", "@")) for cells in rows for cell in cells)


def test_canvas_takes_the_header_and_the_students(tmp_path: Path) -> None:
    head, possible, *rows = table("canvas", tmp_path)
    # lib/gradebook_importer.rb: header?, update_column_count, check_for_non_student_row
    assert "Student" in head[0] and "ID" in head[1]
    assert re.search(r"SIS\s+User\s+ID", head[2]) and re.search(r"SIS\s+Login\s+ID", head[3])
    assert "Section" in head[4]
    assert not any(re.search("Score|Points|Final Grade|Current", name) for name in head[5:])
    assert "Points Possible" in possible[0]
    assert sum(map(float, possible[5:])) == 65
    assert [cells[1:4] for cells in rows] == [["17", id, f"{id}@x.example"] for id in NAMES]
    assert all(float(cell) == 7.5 for cells in rows for cell in cells[5:])


def test_gradescope_results(tmp_path: Path) -> None:
    for result in results("gradescope", tmp_path).values():
        assert result["score"] == 45.0
        assert result["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
        for test in result["tests"]:
            assert 0 <= test["score"] <= test["max_score"]
            assert test["status"] in ("passed", "failed")
            assert test["output_format"] == "text"  # nothing in it is taken for HTML


def test_prairielearn_results(tmp_path: Path) -> None:
    for result in results("prairielearn", tmp_path).values():
        assert 0 <= result["score"] <= 1
        assert result["gradable"] is True
        assert all({"name", "points", "max_points", "message"} <= t.keys() for t in result["tests"])


def test_classroom50_results(tmp_path: Path) -> None:
    """schemas/result-v1.schema.json, and what validate_result asks beyond it."""
    required = {
        "schema", "classroom", "assignment", "assignment_type", "owner", "submission", "commit",
        "release", "review", "datetime", "score", "max-score", "tests",
    }  # fmt: skip
    for id, result in results("classroom50", tmp_path).items():
        assert required <= result.keys() <= required | {"graded_at", "submitted_by"}
        assert (result["schema"], result["owner"]) == ("classroom50/result/v1", id)
        assert result["assignment_type"] in ("individual", "group")
        assert result["submission"].startswith("submit/")
        assert STAMP.fullmatch(result["datetime"]) and STAMP.fullmatch(result["graded_at"])
        assert f"Org/cnn-all-{id}".lower() in result["commit"].lower()
        for one in (result, *result["tests"]):
            assert type(one["score"]) is int and type(one["max-score"]) is int
            assert 0 <= one["score"] <= one["max-score"]
        for test in result["tests"]:
            assert test["test-name"] and type(test["passed"]) is bool


@pytest.mark.parametrize(
    ("format", "verdicts", "target", "why"),
    [
        ("xml", {}, TARGET, "use one of csv"),
        ("gradescope", {}, TARGET, "--reports"),
        ("classroom50", VERDICTS, Target(), "--org"),
    ],
)
def test_what_is_missing_for_an_export_is_told(
    tmp_path: Path, format: str, verdicts: dict[str, Verdict], target: Target, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        write(format, ROWS, tmp_path / "out", verdicts, target)
