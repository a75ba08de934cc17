"""The reports of an output folder, as rows that a gradebook keeps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.course.roster import Student, find
from autograder.course.tasks import Task, all_tasks
from autograder.errors import UsageError
from autograder.files import read_rows
from autograder.model import SCHEMA

FIRST = 3  # failed checks of a task that are told in full
SUBMITTED = "submitted.csv"  # student_id,task,submitted: when what was handed in


@dataclass(frozen=True)
class CheckPoints:
    """A scored check of a report, and what the student is told of it."""

    id: str
    title: str
    points: float
    max_points: float
    text: str = ""

    @property
    def grade_id(self) -> str:
        """The name of its cell; nbgrader's pages cannot link to a name with a dot."""
        return self.id.replace(".", "-")


@dataclass(frozen=True)
class TaskPoints:
    """A task of a report. points: None where the grader has no verdict; first: what to repair."""

    task: Task
    status: str
    points: float | None
    max_points: float
    checks: tuple[CheckPoints, ...]
    first: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is known of a student's work. questions: points by grade id, None if undecided."""

    student: Student
    tasks: tuple[TaskPoints, ...]
    submitted: Mapping[str, datetime] = field(default_factory=dict)
    report: Path | None = None
    commit: str = ""
    questions: Mapping[str, float | None] = field(default_factory=dict)


def read_verdicts(out: Path, students: list[Student]) -> tuple[list[Verdict], list[str]]:
    """The reports in a folder, and the names of those that fit nobody on the roster.

    Without a roster every report is a student's, who is called as the report is.

    Raises:
        UsageError: there is no report, one cannot be used, or two are of one student.
    """
    times = read_times(out / SUBMITTED)
    found: dict[str, Verdict] = {}
    unmatched: list[str] = []
    for path in sorted(out.glob("*.json")):
        data = _read(path)
        if data is None:
            continue
        student = find(students, path.stem) if students else Student(path.stem)
        if student is None:
            unmatched.append(path.stem)
            continue
        if student.student_id in found:
            other = found[student.student_id].report
            raise UsageError(f"{path}: {other} is of {student.student_id} too; remove one of them")
        try:
            tasks = tuple(to_task(task) for task in data["tasks"])
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path}: cannot be used ({error!r}); grade it again") from None
        own = times.get(student.student_id, {})
        commit = str(data.get("commit") or "")
        found[student.student_id] = Verdict(student, tasks, own, path, commit)
    if not found and not unmatched:
        raise UsageError(f"{out}: no report there; give the folder of autograder grade --out")
    return list(found.values()), unmatched


def _read(path: Path) -> dict[str, Any] | None:
    """A report; None for another file of the folder."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); delete it and grade again") from None
    return data if isinstance(data, dict) and data.get("schema") == SCHEMA else None


def to_task(entry: Mapping[str, Any]) -> TaskPoints:
    """A task of a report's JSON.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    known = {task.name: task for task in all_tasks()}
    checks = tuple(
        CheckPoints(
            check["id"],
            check["title"],
            float(check["points"]),
            float(check["max_points"]),
            "\n".join(filter(None, (check["message"], check["hint"]))),
        )
        for check in entry["checks"]
        if check["max_points"]
    )
    points = None if entry["points"] is None else float(entry["points"])
    failed = [check for check in entry["checks"] if check["outcome"] == "failed"]
    roots = [check for check in failed if check["message_id"] != "member.failed"][:FIRST]
    first = "\n\n".join("\n".join((c["title"], c["message"], c["hint"])).strip() for c in roots)
    task = known[entry["task"]]
    return TaskPoints(task, entry["status"], points, float(entry["max_points"]), checks, first)


def read_times(path: Path) -> dict[str, dict[str, datetime]]:
    """When each student handed each task in; an empty task stands for all of them.

    Raises:
        UsageError: a time cannot be read or has no time zone.
    """
    if not path.is_file():
        return {}
    found: dict[str, dict[str, datetime]] = {}
    columns: list[str] = []
    rows = read_rows(path)
    for cells in rows:
        if not columns:
            columns = [cell.strip() for cell in cells]
            continue
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        if not any(row.values()):
            continue
        number = rows.line
        try:
            moment = datetime.fromisoformat(row["submitted"])
            names = [row["task"]] if row["task"] else [task.name for task in all_tasks()]
            student = row["student_id"]
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError(f"{path}:{number}: {error!r}; student_id,task,submitted") from None
        if moment.tzinfo is None:
            raise UsageError(f"{path}:{number}: {row['submitted']}: give its time zone (…+03:00)")
        found.setdefault(student, {}).update(dict.fromkeys(names, moment))
    return found
