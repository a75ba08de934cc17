"""roster.csv: who the students are, for every command that needs to know."""

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path

from autograder.errors import UsageError


@dataclass(frozen=True)
class Student:
    """A row of roster.csv; only student_id must be filled in."""

    student_id: str
    name: str = ""
    email: str = ""
    github: str = ""
    lms_id: str = ""
    group: str = ""
    lang: str = ""
    extra_days: str = ""
    note: str = ""


def read_roster(path: Path) -> list[Student]:
    """Read a roster as spreadsheets write it: commas or semicolons, UTF-8 or cp1251.

    Raises:
        UsageError: the file cannot be read, has no student_id, or names a student twice.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1251", "replace")
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    known = {field.name for field in fields(Student)}
    found: list[Student] = []
    seen: dict[str, int] = {}
    for row in rows:
        cells = {
            key.strip(): (cell or "").strip()
            for key, cell in row.items()
            if isinstance(key, str) and key.strip() in known
        }
        if not cells.get("student_id"):
            if any(cells.values()) or rows.line_num == 2:
                raise UsageError(
                    f"{path}:{rows.line_num}: no student_id; the columns are "
                    f"{','.join(field.name for field in fields(Student))}"
                )
            continue
        student = Student(**cells)
        if student.student_id in seen:
            raise UsageError(
                f"{path}:{rows.line_num}: {student.student_id} stands in line "
                f"{seen[student.student_id]} too; remove one of them"
            )
        seen[student.student_id] = rows.line_num
        found.append(student)
    return found


def find(students: list[Student], submission: str) -> Student | None:
    """The student a submission is named after: by student_id, GitHub name or LMS id."""
    name = submission.casefold()
    for student in students:
        keys = (student.student_id, student.github, student.lms_id)
        if name in {key.casefold() for key in keys if key}:
            return student
    return None
