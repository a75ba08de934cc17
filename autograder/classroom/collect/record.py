"""What was collected, on record: collected.json and .csv, and submitted.csv for the late policy."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.classroom.collect.collecting import Collected, Source
from autograder.classroom.gradebook.verdicts import SUBMITTED
from autograder.course.roster import Student
from autograder.files import write
from autograder.report.html import harmless
from autograder.submission.collected import COLLECTED, COLLECTED_SCHEMA, read_collected

COLUMNS = ("student_id", "state", "tasks", "commit", "committed", "first_seen", "deadline", "late")


def write_records(
    rows: Iterable[Collected], roster: Sequence[Student], source: Source, now: datetime, out: Path
) -> None:
    """Write the three files; whoever was not asked this time keeps the entry there is.

    Raises:
        UsageError: one cannot be read or written.
    """
    known = read_collected(out / COLLECTED) if (out / COLLECTED).is_file() else {}
    known |= {row.student.student_id: _entry(row, now) for row in rows}
    ids = [student.student_id for student in roster]
    students = {name: known[name] for name in ids if name in known}
    record = {
        "schema": COLLECTED_SCHEMA,
        "branch": source.branch,
        "late": source.late,
        "students": students,
    }
    write(out / COLLECTED, json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    columns = (*COLUMNS, "url", "notes")
    write((out / COLLECTED).with_suffix(".csv"), _table(columns, _lines(students)))
    times = _table(("student_id", "task", "submitted"), _times(students))
    write(out / SUBMITTED, times)


def _entry(row: Collected, now: datetime) -> dict[str, Any]:
    tasks = {
        name: {
            "commit": taken.commit.sha,
            "committed": taken.commit.dated.isoformat(),
            "first_seen": taken.commit.seen.isoformat(),
            "submitted": taken.changed.at.isoformat() if taken.changed else None,
            "deadline": taken.deadline.isoformat() if taken.deadline else None,
            "late": taken.late,
        }
        for name, taken in row.tasks.items()
    }
    return {
        "at": now.isoformat(),
        "state": row.state,
        "url": row.url,
        "tip": row.tip,
        "commit": row.newest,
        "tasks": tasks,
        "notes": row.notes,
    }


def _lines(students: Mapping[str, Any]) -> Iterable[list[str]]:
    """A line for each commit of each student; whoever has none has one too."""
    for student, entry in students.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for name, taken in entry["tasks"].items():
            about = [taken[column] or "" for column in COLUMNS[3:7]]
            groups.setdefault((*about, "late" if taken["late"] else ""), []).append(name)
        if not groups:
            groups["", "", "", "", ""] = []
        for group, names in groups.items():
            cells = [student, entry["state"], " ".join(names), *group]
            yield [*cells, entry["url"], "; ".join(entry["notes"])]


def _times(students: Mapping[str, Any]) -> Iterable[list[str]]:
    for student, entry in students.items():
        for name, taken in entry["tasks"].items():
            if taken["submitted"]:
                yield [student, name, taken["submitted"]]


def _table(columns: Sequence[str], lines: Iterable[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([harmless(cell) for cell in line] for line in lines)
    return out.getvalue()
