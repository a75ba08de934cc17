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
from autograder.files import read_rows

# As in Moodle's language packs (mod_assign, assignfeedback_comments): English, Russian, German,
# French, Spanish, Italian, Portuguese, Polish, Ukrainian, Kazakh.
NAMES = {
    "id": (
        "identifier", "идентификатор", "id", "identifiant", "identificador", "identificativo",
        "identyfikator", "ідентифікатор", "сәйкестендіргіш",
    ),
    "name": (
        "full name", "полное имя", "фамилия и имя", "имя / фамилия", "имя и фамилия",
        "vollständiger name", "nom complet", "nombre completo", "nome completo",
        "pełna nazwa", "imię i nazwisko", "повне ім'я", "повне ім’я", "толық аты-жөні",
    ),
    "number": (
        "id number", "индивидуальный номер", "id-nummer", "numéro d'identification", "número de id",
        "codice identificativo", "número de identificação", "numer id", "id-номер",
    ),
    "email": (
        "email address", "адрес электронной почты", "электронная почта", "e-mail-adresse",
        "adresse de courriel", "dirección de correo", "dirección email", "indirizzo email",
        "endereço de email", "adres e-mail", "електронна пошта", "электрондық пошта",
    ),
    "grade": (
        "grade", "оценка", "bewertung", "note", "calificación", "valutazione", "voto", "nota",
        "avaliação", "ocena", "оцінка", "баға",
    ),
    "highest": (
        "maximum grade", "максимальная оценка", "bestwertung", "höchste bewertung",
        "note maximale", "calificación máxima", "valutazione massima", "voto massimo",
        "nota máxima", "avaliação máxima", "maksymalna ocena", "максимальна оцінка",
        "максимальды баға",
    ),
    "open": (
        "grade can be changed", "оценка может быть изменена", "bewertung kann geändert werden",
        "la note peut être modifiée", "la calificación puede ser cambiada",
        "la valutazione può essere modificata", "a nota pode ser alterada",
        "ocena może zostać zmieniona", "оцінка може бути змінена",
    ),
    "feedback": (
        "feedback comments", "отзыв в виде комментария", "комментарии к отзыву",
        "feedback als kommentar", "feedback par commentaires", "comentarios de retroalimentación",
        "commenti di feedback", "comentários de feedback", "komentarz zwrotny",
        "коментарі відгуку", "коментар до відгуку",
    ),
}  # fmt: skip
# A comment of an earlier run: "ResNet: 9 / 10; DenseNet: 0 / 10".
AUTOMATIC = re.compile(r"(?:[^:;]+: (?:[\d.,]+|\?) / [\d.,]+(?:; |$))+")
CLOSED = ("no", "нет", "nein", "non", "não", "nie", "ні", "жоқ")


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
    #: What could not be made out, for the teacher.
    problems: list[str] = field(default_factory=list)
    by_number: dict[str, Row] = field(default_factory=dict)

    def fill(self, row: Row, points: float, feedback: str) -> None:
        """Write a grade, as Moodle writes numbers in this file."""
        grade = f"{points:.2f}"
        if "highest" in self.columns and "," in row.cells[self.columns["highest"]]:
            grade = grade.replace(".", ",")
        row.cells[self.columns["grade"]] = grade
        if "feedback" in self.columns:
            column = self.columns["feedback"]
            lines = row.cells[column].splitlines()
            told = [line for line in lines if not AUTOMATIC.fullmatch(line)]
            row.cells[column] = "\n".join([*told, feedback])

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
    rows = read_rows(path)
    try:
        table = list(rows)
    except csv.Error as error:
        raise UsageError(f"{path}: not a CSV file: {error}") from None
    head = table[0] if table else []
    columns = _columns(head)
    if not {"id", "grade"} <= columns.keys():
        raise UsageError(
            f"{path}: no columns Identifier and Grade among {', '.join(head)[:200] or 'nothing'}; "
            "in Moodle's assignment choose 'Download grading worksheet' (its settings: feedback "
            "type 'Offline grading worksheet'), with Moodle in English or Russian"
        )
    sheet = Worksheet(path, head, columns, [], rows.separator)
    sheet.problems = [
        f"{path}: no column of the {what} is known among {', '.join(head)}"
        for key, what in (("highest", "maximum grade"), ("feedback", "feedback comments"))
        if key not in columns
    ]
    for number, cells in enumerate(table[1:], 2):
        if not any(cells):
            continue
        row = _row(cells + [""] * (len(head) - len(cells)), columns)
        if not row.number or row.number in sheet.by_number:
            what = "has no number" if not row.number else "stands there twice"
            raise UsageError(f"{path}:{number}: the participant {what}; download the file again")
        sheet.rows.append(row)
        sheet.by_number[row.number] = row
    if "highest" in columns:
        words = {row.cells[columns["highest"]].strip() for row in sheet.rows if not row.highest}
        sheet.problems += [
            f"{path}: the maximum grade {word!r} is no number; points are written as they are"
            for word in sorted(words - {""})
        ]
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
