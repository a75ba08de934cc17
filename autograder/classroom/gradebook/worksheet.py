"""Moodle's grading worksheet: the file that its assignment gives and takes back, with grades in it.

Moodle looks for the columns by their names in the teacher's language, for the student by the
digits at the end of the identifier, and skips a row whose grade is empty. Everything that is not
filled in here stays as it came.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import UsageError

# As in Moodle's language packs (mod_assign, assignfeedback_comments).
NAMES = {
    "id": ("identifier", "идентификатор"),
    "name": ("full name", "полное имя", "фамилия и имя", "имя / фамилия", "имя и фамилия"),
    "number": ("id number", "индивидуальный номер"),
    "email": ("email address", "адрес электронной почты", "электронная почта"),
    "grade": ("grade", "оценка"),
    "highest": ("maximum grade", "максимальная оценка"),
    "open": ("grade can be changed", "оценка может быть изменена"),
    "feedback": ("feedback comments", "отзыв в виде комментария", "комментарии к отзыву"),
}
CLOSED = ("no", "нет")


@dataclass
class Row:
    """A participant. cells are Moodle's, in its order."""

    number: str
    name: str
    email: str
    id_number: str
    highest: float | None
    closed: bool
    cells: list[str]


@dataclass
class Worksheet:
    """The file as a table, and where its columns are."""

    path: Path
    head: list[str]
    columns: dict[str, int]
    rows: list[Row]
    delimiter: str
    by_number: dict[str, Row] = field(default_factory=dict)

    def fill(self, row: Row, points: float, feedback: str) -> None:
        """Write a grade, as Moodle writes numbers in this file."""
        grade = f"{points:.2f}"
        if "highest" in self.columns and "," in row.cells[self.columns["highest"]]:
            grade = grade.replace(".", ",")
        row.cells[self.columns["grade"]] = grade
        if "feedback" in self.columns:
            row.cells[self.columns["feedback"]] = feedback

    def text(self) -> str:
        """The file to give back to Moodle."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(self.head)
        writer.writerows(row.cells for row in self.rows)
        return out.getvalue()


def read_worksheet(path: Path) -> Worksheet:
    """Read a worksheet.

    Raises:
        UsageError: it cannot be read, or is no grading worksheet.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"{path}: not UTF-8; give the file as Moodle wrote it, not saved again by a spreadsheet"
        ) from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    head = table[0] if table else []
    columns = _columns(head)
    if not {"id", "grade"} <= columns.keys():
        raise UsageError(
            f"{path}: no columns Identifier and Grade; in Moodle's assignment choose 'Download "
            "grading worksheet' (its settings: feedback type 'Offline grading worksheet')"
        )
    sheet = Worksheet(path, head, columns, [], delimiter)
    for number, cells in enumerate(table[1:], 2):
        if not any(cells):
            continue
        row = _row(cells + [""] * (len(head) - len(cells)), columns)
        if not row.number or row.number in sheet.by_number:
            what = "has no number" if not row.number else "stands there twice"
            raise UsageError(f"{path}:{number}: the participant {what}; download the file again")
        sheet.rows.append(row)
        sheet.by_number[row.number] = row
    return sheet


def _columns(head: list[str]) -> dict[str, int]:
    lower = [name.strip().casefold() for name in head]
    return {key: lower.index(n) for key, names in NAMES.items() for n in names if n in lower}


def _row(cells: list[str], columns: Mapping[str, int]) -> Row:
    def cell(key: str) -> str:
        return cells[columns[key]].strip() if key in columns else ""

    digits = re.search(r"\d+$", cell("id"))
    try:
        highest = float(cell("highest").replace(",", ".")) if cell("highest") else None
    except ValueError:
        highest = None  # a scale: words instead of numbers
    closed = cell("open").casefold() in CLOSED
    return Row(
        digits[0] if digits else "",
        cell("name"),
        cell("email"),
        cell("number"),
        highest,
        closed,
        cells,
    )
