"""roster.csv: who the students are, for every command that needs to know."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from simpsons.tables import Rows, trimmed

from autograder.errors import UsageError
from autograder.files import read_rows


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

    @property
    def days(self) -> int:
        """Extra days before every deadline."""
        return int(self.extra_days or 0)


COLUMNS = tuple(field.name for field in fields(Student))
KEYS = ("student_id", "email", "github", "lms_id")  # no two students share one
# It names folders and rows; nbgrader refuses what its own folders could not hold.
ID = re.compile(r"\w[\w.@-]{0,63}")


def read_roster(path: Path) -> list[Student]:
    """Read a roster as spreadsheets write it.

    Raises:
        UsageError: the file cannot be read, or its rows cannot be used; the text names them all.
    """
    rows = read_rows(path)
    problems: list[str] = []
    found: list[Student] = []
    lines: dict[tuple[str, str], int] = {}
    columns: list[str] = []
    for row in _readable(rows, path):
        if not columns:
            columns = [name.strip().lower() for name in trimmed(row)]
            if "student_id" not in columns:
                break
            continue
        cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
        cells = {name: cells[name] for name in COLUMNS if name in cells}
        if not any(cells.values()):
            continue
        student = Student(**cells)
        here = f"{path}:{rows.line}"
        too_long = len(trimmed(row)) > len(columns)
        problems += [f"{here}: {problem}" for problem in _problems(student, too_long)]
        for column in KEYS:
            key = (column, getattr(student, column).casefold())
            if key[1] and key in lines:
                same = f"{column} {getattr(student, column)} stands in line {lines[key]} too"
                problems.append(f"{here}: {same}; remove one of them")
            lines.setdefault(key, rows.line)
        found.append(student)
    if "student_id" not in columns:
        raise UsageError(f"{path}:1: no column student_id; the columns are {','.join(COLUMNS)}")
    if problems:
        raise UsageError("\n".join(problems))
    return found


def _readable(rows: Rows, path: Path) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise UsageError(f"{path}:{rows.line}: not a CSV file: {error}") from None


def _problems(student: Student, too_long: bool) -> list[str]:
    """What is wrong with a row by itself."""
    found = []
    if not student.student_id:
        found.append("no student_id")
    elif not ID.fullmatch(student.student_id):
        found.append(f"student_id {student.student_id!r}: letters, digits and . _ @ - only")
    if too_long:
        found.append("more cells than columns; quote a cell that holds the separator")
    if student.extra_days and not student.extra_days.isdecimal():
        found.append(f"extra_days {student.extra_days!r}: a whole number of days")
    if student.lang not in ("", "en", "ru"):
        found.append(f"lang {student.lang!r}: en or ru")
    if student.email and "@" not in student.email:
        found.append(f"email {student.email!r}: has no @")
    return found


def find(students: list[Student], submission: str) -> Student | None:
    """The student a submission is named after: by student_id, GitHub name or LMS id."""
    name = unicodedata.normalize("NFC", submission).casefold()
    for student in students:
        keys = (student.student_id, student.github, student.lms_id)
        if name in {key.casefold() for key in keys if key}:
            return student
    return None
