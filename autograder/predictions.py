"""Read the CSV files people really write: predictions and truth, one class for each picture.

Accepted: any order of rows, a BOM, CRLF, comma, semicolon or tab, other names of the columns,
no header, an index column, folders before the Id, ``.jpg`` missing in it. Refused with row
numbers: what could change a score.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.errors import UsageError

ID_NAMES = {"id", "image_id", "imageid", "image", "img", "img_id", "file", "filename", "name"}
CLASS_NAMES = {"expected", "class", "label", "category", "prediction", "predicted", "character"}
NOTHING = {"", "nan", "none", "null", "na", "n/a", "<na>"}
LOOKS_LIKE_ID = re.compile(r"(?:.*/)?[a-z_]*\d+(?:\.(?:jpe?g|png))?", re.IGNORECASE)
IMAGE = re.compile(r"\.(?:jpe?g|png|bmp|webp)$", re.IGNORECASE)
SHOWN = 10  # problems told before the rest is only counted


@dataclass(frozen=True)
class Table:
    """Class by Id, and the row of the file each one came from."""

    name: str
    labels: dict[str, str]
    rows: dict[str, int]


def normal_id(text: str) -> str:
    """An Id without folder and ending: "testset/img7.jpg" and "img7" are one picture."""
    text = text.strip()
    if "/" in text or "\\" in text:
        text = PurePosixPath(text.replace("\\", "/")).name
    return IMAGE.sub("", text)


def read_table(path: Path) -> Table:
    """Read one CSV file.

    Raises:
        UsageError: the file is missing, empty, not a CSV, or rows have no Id, no class or an
            Id that stood before; the text names the rows.
    """
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        raise UsageError(f"{path}: the file is empty; it needs the columns Id,Expected")
    id_column, class_column, is_header = _columns(path, first[1])
    labels: dict[str, str] = {}
    places: dict[str, int] = {}
    problems: list[str] = []
    if not is_header:
        rows = _chain(first, rows)
    width = max(id_column, class_column) + 1
    known: dict[str, str] = {}
    for number, row in rows:
        if len(row) < width:
            if any(cell.strip() for cell in row):
                problems.append(f"row {number}: {len(row)} columns, expected {width}")
            continue
        key = row[id_column]
        key = normal_id(key)
        label = known.get(row[class_column])
        if label is None:
            label = known[row[class_column]] = row[class_column].strip()
        if key.lower() in NOTHING:
            problems.append(f"row {number}: the Id is missing")
        elif label.lower() in NOTHING:
            problems.append(f"row {number}: {key} has no class ({label or 'empty'})")
        elif key in labels:
            problems.append(f"row {number}: {key} is there already, in row {places[key]}")
        else:
            labels[key] = label
            places[key] = number
    if problems:
        raise UsageError(listed(f"{path}: unusable rows", problems))
    if not labels:
        raise UsageError(f"{path}: there is a header but no row")
    return Table(str(path), labels, places)


def read_ids(path: Path) -> set[str]:
    """Read the Ids in the first column of a CSV file (or the column named Id)."""
    rows = list(_rows(path))
    if not rows:
        raise UsageError(f"{path}: the file is empty; it needs a column Id")
    header = [cell.strip().lower() for cell in rows[0][1]]
    column = next((i for i, cell in enumerate(header) if cell in ID_NAMES), None)
    data = rows if column is None else rows[1:]
    return {normal_id(row[column or 0]) for _, row in data if len(row) > (column or 0)}


def check_against(predictions: Table, truth: Table, classes: set[str]) -> None:
    """Refuse predictions that do not fit the truth.

    Raises:
        UsageError: unknown or missing Ids, unknown classes (with the nearest known one).
    """
    problems = [
        f"row {predictions.rows[key]}: there is no picture {key}"
        for key in predictions.labels
        if key not in truth.labels
    ]
    unknown = {label for label in set(predictions.labels.values()) if label not in classes}
    nearest = {label: _nearest(label, classes) for label in unknown}
    problems += [
        f"row {predictions.rows[key]}: unknown class {label!r}{nearest[label]}"
        for key, label in predictions.labels.items()
        if label in unknown
    ]
    missing = [key for key in truth.labels if key not in predictions.labels]
    problems += [f"no row for {key}" for key in missing]
    if problems:
        raise UsageError(listed(f"{predictions.name}: does not fit the truth", problems))


def listed(what: str, problems: list[str]) -> str:
    """A message of several lines; at most SHOWN problems, the rest counted."""
    lines = [f"{what}:", *(f"  {problem}" for problem in problems[:SHOWN])]
    if len(problems) > SHOWN:
        lines.append(f"  and {len(problems) - SHOWN} more")
    return "\n".join(lines)


def _nearest(label: str, classes: set[str]) -> str:
    key = re.sub(r"[\s\-]+", "_", label.strip().lower())
    if key in classes:
        return f"; did you mean {key}?"
    found = difflib.get_close_matches(key, sorted(classes), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def _chain(
    first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with their line numbers as an editor shows them."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a CSV file in UTF-8; export it as CSV (UTF-8)") from None
    if "\0" in text[:4096]:
        raise UsageError(f"{path}: not a CSV file; export it as CSV (UTF-8)")
    start = text[:2048].split("\n", 1)[0]
    delimiter = max(",;\t", key=start.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise UsageError(f"{path}: row {reader.line_num}: not a CSV file: {error}") from None


def _columns(path: Path, first: list[str]) -> tuple[int, int, bool]:
    """Where Id and class stand, and whether the first row is a header."""
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
