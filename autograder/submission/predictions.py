"""Read the CSV files people really write: predictions and truth, one class for each picture.

Accepted: any order of rows, what spreadsheets write, other names of the columns, no header, an
index column, folders before the Id, ``.jpg`` missing in it, rows about the copies that macOS and
notebooks make of pictures. Refused with row numbers: what could change a score.
"""

import csv
import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from simpsons.tables import trimmed

from autograder.errors import UsageError
from autograder.files import read_rows

ID_NAMES = {"id", "image_id", "imageid", "image", "img", "img_id", "file", "filename", "name"}
CLASS_NAMES = {"expected", "class", "label", "category", "prediction", "predicted", "character"}
NOTHING = {"", "nan", "none", "null", "na", "n/a", "<na>"}
LOOKS_LIKE_ID = re.compile(r"(?:.*/)?[a-z_]*\d+(?:\.(?:jpe?g|png))?", re.IGNORECASE)
IMAGE = re.compile(r"\.(?:jpe?g|png|bmp|webp)$", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:\.0)?")
SHOWN = 10  # problems told before the rest is only counted


class File(Protocol):
    """A path, or what was uploaded; as text its name."""

    def read_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class Table:
    """Class by Id, as a file states it."""

    path: File
    labels: dict[str, str]

    def rows(self) -> dict[str, int]:
        """The row of the file each Id stands in: for messages, so read again only for them."""
        return {key: number for number, key, _ in _read_carefully(self.path)}


def normal_id(text: str) -> str:
    """An Id without folder and ending: "testset/img7.jpg" and "img7" are one picture."""
    text = text.strip()
    if "/" in text or "\\" in text:
        text = PurePosixPath(text.replace("\\", "/")).name
    return text[:-4] if text.endswith(".jpg") else IMAGE.sub("", text)


def read_table(path: File) -> Table:
    """Read one CSV file.

    Raises:
        UsageError: the file is missing, empty, not a CSV, or rows have no Id, no class or an
            Id that stood before; the text names the rows.
    """
    rows = iter(read_rows(path))
    try:
        first = next(rows, None)
    except csv.Error as error:
        raise UsageError(f"{path}: row 1: not a CSV file: {error}") from None
    if first is None:
        raise UsageError(f"{path}: the file is empty; it needs the columns Id,Expected")
    id_column, class_column, is_header = _columns(path, first)
    if not is_header:
        rows = itertools.chain([first], rows)
    ids: list[str] = []
    classes: list[str] = []
    try:
        for row in rows:  # a million of them: everything else is done for all at once
            ids.append(row[id_column])
            classes.append(row[class_column])
    except (IndexError, csv.Error):  # a short row, or no CSV
        ids, classes = [], []
    cleaned = {label: label.strip() for label in set(classes)}
    labels = dict(zip(_normal_ids(ids), map(cleaned.__getitem__, classes), strict=True))
    flawed = len(labels) < len(ids) or not all(
        NOTHING.isdisjoint(map(str.lower, texts)) for texts in (labels, cleaned.values())
    )
    if flawed or not labels:
        labels = {key: label for _, key, label in _read_carefully(path)}
    stale = list(filter(is_copy, labels))
    for key in stale:
        del labels[key]
    return Table(path, labels)


def is_copy(key: str) -> bool:
    """Whether an Id is that of a file that macOS or a notebook's server leaves beside a picture."""
    return key.startswith("._") or key.endswith("-checkpoint")


def _normal_ids(ids: Sequence[str]) -> list[str]:
    """normal_id of each; the usual form is treated as one text."""
    text = "\n".join(ids)
    plain = text.replace(".jpg\n", "\n").removesuffix(".jpg")
    usual = text.count("\n") == len(ids) - 1 and not re.search(r"[^\w\n]", plain, re.ASCII)
    return plain.split("\n") if usual else [normal_id(key) for key in ids]


def _read_carefully(path: File) -> list[tuple[int, str, str]]:
    """Row number, Id and class of every row, or UsageError with every row that has a flaw."""
    numbered = _numbered(path)
    _, first = next(numbered)
    id_column, class_column, is_header = _columns(path, first)
    width = max(id_column, class_column) + 1
    found: list[tuple[int, str, str]] = []
    places: dict[str, int] = {}
    problems: list[str] = []
    for number, row in numbered if is_header else itertools.chain([(1, first)], numbered):
        if len(row) < width:
            problems.append(f"row {number}: {len(row)} columns, expected {width}")
            continue
        key, label = normal_id(row[id_column]), row[class_column].strip()
        if is_copy(key):
            continue
        if key.lower() in NOTHING:
            problems.append(f"row {number}: the Id is missing")
        elif label.lower() in NOTHING:
            problems.append(f"row {number}: {key} has no class ({label or 'empty'})")
        elif key in places:
            problems.append(f"row {number}: {key} is there already, in row {places[key]}")
        else:
            found.append((number, key, label))
            places[key] = number
    if problems:
        raise UsageError(listed(f"{path}: unusable rows", problems))
    if not found:
        raise UsageError(f"{path}: there is a header but no row")
    return found


def _numbered(path: File) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with their numbers."""
    rows = read_rows(path)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line, row
    except csv.Error as error:
        raise UsageError(f"{path}: row {rows.line}: not a CSV file: {error}") from None


def read_ids(path: Path) -> set[str]:
    """Read the Ids in the first column of a CSV file (or the column named Id)."""
    try:
        rows = list(read_rows(path))
    except csv.Error as error:
        raise UsageError(f"{path}: not a CSV file: {error}") from None
    if not rows:
        raise UsageError(f"{path}: the file is empty; it needs a column Id")
    header = [cell.strip().lower() for cell in rows[0]]
    column = next((i for i, cell in enumerate(header) if cell in ID_NAMES), None)
    data = rows if column is None else rows[1:]
    return {normal_id(row[column or 0]) for row in data if len(row) > (column or 0)}


def check_against(predictions: Table, truth: Table, classes: set[str]) -> None:
    """Refuse predictions that do not fit the truth.

    Raises:
        UsageError: unknown or missing Ids, unknown classes (with the nearest known one).
    """
    unknown = set(predictions.labels.values()) - classes
    if predictions.labels.keys() == truth.labels.keys() and not unknown:
        return
    if unknown and all(NUMBER.fullmatch(label) for label in predictions.labels.values()):
        raise UsageError(
            f"{predictions.path}: its classes are numbers; write their names, such as "
            f"{min(classes)}: names[number], where names are the classes in the order of training"
        )
    rows = predictions.rows()
    problems = [
        f"row {rows[key]}: there is no picture {key}"
        for key in predictions.labels
        if key not in truth.labels
    ]
    told = [label for label in predictions.labels.values() if label in unknown][:SHOWN]
    nearest = {label: _nearest(label[:80], classes) for label in set(told)}  # it takes its time
    problems += [
        f"row {rows[key]}: unknown class {label[:80]!r}{nearest.get(label, '')}"
        for key, label in predictions.labels.items()
        if label in unknown
    ]
    problems += [f"no row for {key}" for key in truth.labels if key not in predictions.labels]
    raise UsageError(listed(f"{predictions.path}: does not fit the truth", problems))


def listed(what: str, problems: list[str]) -> str:
    """A message of several lines; at most SHOWN problems, the rest counted."""
    shown = ("".join(c if c.isprintable() else "?" for c in text) for text in problems[:SHOWN])
    lines = [f"{what}:", *(f"  {text}" for text in shown)]
    if len(problems) > SHOWN:
        lines.append(f"  and {len(problems) - SHOWN} more")
    return "\n".join(lines)


def _nearest(label: str, classes: set[str]) -> str:
    key = re.sub(r"[\s\-]+", "_", label.strip().lower())
    if key in classes:
        return f"; did you mean {key}?"
    found = difflib.get_close_matches(key, sorted(classes), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def _columns(path: File, first: list[str]) -> tuple[int, int, bool]:
    """Where Id and class stand, and whether the first row is a header."""
    first = trimmed(first)
    names = [cell.strip().strip('"').lower() for cell in first]
    ids = [i for i, name in enumerate(names) if name in ID_NAMES]
    classes = [i for i, name in enumerate(names) if name in CLASS_NAMES]
    if ids and classes:
        return ids[0], classes[0], True
    if len(first) not in (2, 3):
        raise UsageError(
            f"{path}: not a CSV of predictions: the first row is {','.join(first)[:80]!r}, "
            "expected the columns Id,Expected"
        )
    shift = len(first) - 2  # three columns: the first one is an index
    id_column = ids[0] if ids else shift
    class_column = classes[0] if classes else (shift + 1 if id_column == shift else shift)
    is_data = not ids and not classes and bool(LOOKS_LIKE_ID.fullmatch(names[shift]))
    return id_column, class_column, not is_data
