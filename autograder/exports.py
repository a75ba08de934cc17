"""The gradebook for other systems: CSV tables, and a JSON file for each student."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.errors import UsageError
from autograder.grades import StudentGrade
from autograder.report.folder import write as write_file
from autograder.report.html import harmless
from autograder.report.terminal import number


def write(format: str, rows: Sequence[StudentGrade], out: Path, reports: Path | None) -> str:
    """Write an export; a sentence that says what was written.

    Raises:
        UsageError: there is no such format, or the export cannot be made.
    """
    if format in TABLES:
        write_file(out, TABLES[format](rows))
        return f"{len(rows)} rows written to {out}"
    raise UsageError(f"--format {format}: use one of {', '.join(TABLES)}")


def plain(rows: Sequence[StudentGrade]) -> str:
    """A row for each student, with what is undecided left blank."""
    names = [task.task.name for task in rows[0].tasks] if rows else []
    head = ["student_id", "name", "email", "group", *names]
    head += [f"{name}_questions" for name in names]
    head += ["late_penalty", "points", "max_points", "review", "note"]
    table = [head]
    for row in rows:
        student = row.student
        cells = [student.student_id, student.name, student.email, student.group]
        cells += [shown(task.points) for task in row.tasks]
        cells += [shown(task.questions) for task in row.tasks]
        cells += [shown(sum(t.penalty for t in row.tasks)), shown(row.points)]
        review = ["yes" if any(task.review for task in row.tasks) else ""]
        reasons = [f"{t.task.name}: {t.reason}" for t in row.tasks if t.reason]
        table.append([*cells, shown(row.max_points), *review, "; ".join(reasons)])
    return to_csv(table)


def shown(points: float | None) -> str:
    """Points for a cell; blank where nothing is decided."""
    return "" if points is None else number(points)


def to_csv(table: Sequence[Sequence[str]]) -> str:
    """CSV that no spreadsheet takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([[harmless(cell) for cell in row] for row in table])
    return out.getvalue()


TABLES: dict[str, Callable[[Sequence[StudentGrade]], str]] = {"csv": plain}
