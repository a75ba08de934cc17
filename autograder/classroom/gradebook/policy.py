"""How points become grades: course.toml's preset, deadlines, lateness, overrides."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.course.roster import Student
from autograder.course.settings import COURSE, tables
from autograder.course.tasks import Task, all_tasks
from autograder.errors import UsageError

PRESETS = ("course", "lesson")
LATE = ("none", "zero", "percent")
TABLES = ("grading", "deadlines", "override", "extension")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Override:
    """Points that a teacher decided: they stand whatever the grader says, late or not."""

    student: str
    task: str
    points: float
    reason: str


@dataclass(frozen=True)
class Extension:
    """A deadline of one student's own."""

    student: str
    task: str
    due: datetime


@dataclass(frozen=True)
class Late:
    """What a late task costs. days: begun ones; spared: of them, from the student's budget."""

    days: int = 0
    spared: int = 0
    penalty: float = 0.0


@dataclass(frozen=True)
class Policy:
    """The rules of a class.

    preset: "course" counts every task; "lesson" the homework only, the others are practice.
    late: "none", "zero" (nothing after the deadline), "percent" (percent_per_day for each day
    begun). late_days: days of lateness that each student has for free, over all tasks.
    questions: whether the points of the notebooks' questions count in the total.
    """

    preset: str = "course"
    late: str = "none"
    percent_per_day: float = 10.0
    late_days: int = 0
    questions: bool = False
    timezone: str = "UTC"
    deadlines: Mapping[str, datetime] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    extensions: tuple[Extension, ...] = ()

    def counts(self, task: Task) -> bool:
        """Whether a task's points are part of the total."""
        return self.preset == "course" or bool(task.predictions)

    def override(self, student: str, task: str) -> Override | None:
        """The last word about a task of a student, where there is one."""
        found = [o for o in self.overrides if (o.student, o.task) == (student, task)]
        return found[-1] if found else None

    def due(self, student: Student, task: str) -> datetime | None:
        """The deadline of a student's task: an own one, or the class's and the extra days."""
        own = [e.due for e in self.extensions if (e.student, e.task) == (student.student_id, task)]
        if own:
            return own[-1]
        due = self.deadlines.get(task)
        return due + student.days * DAY if due else None

    def lateness(
        self, student: Student, submitted: Mapping[str, datetime], points: Mapping[str, float]
    ) -> dict[str, Late]:
        """What lateness costs a student by task; free days go to the earliest deadlines first."""
        dues = {task: due for task in submitted if (due := self.due(student, task))}
        left = self.late_days
        found: dict[str, Late] = {}
        for task in sorted(dues, key=lambda name: dues[name]):
            days = max(0, math.ceil((submitted[task] - dues[task]) / DAY))
            spared = min(days, left) if self.late != "none" else 0
            left -= spared
            found[task] = Late(days, spared, self._penalty(days - spared, points.get(task, 0.0)))
        return found

    def _penalty(self, days: int, points: float) -> float:
        if days <= 0 or self.late == "none":
            return 0.0
        share = 1.0 if self.late == "zero" else min(1.0, days * self.percent_per_day / 100)
        return round(max(0.0, points) * share, 2)


def read_policy(folder: Path, students: Iterable[Student] = ()) -> Policy:
    """Read the rules in a course's course.toml.

    Raises:
        UsageError: something in them cannot be used; the text names all of it.
    """
    path = folder / COURSE
    settings = tables(folder)
    slips = [(name, get_close_matches(name, TABLES, 1)) for name in settings.keys() - TABLES]
    problems = [f"[{name}]: is [{meant[0]}] meant?" for name, meant in slips if meant]
    reader = _Reader(problems, {student.student_id for student in students})
    policy = reader.policy(settings)
    if problems:
        raise UsageError("\n".join(f"{path}: {problem}" for problem in problems))
    return policy


class _Reader:
    """Reads tables and collects what is wrong with them, so that all of it is told at once."""

    def __init__(self, problems: list[str], students: set[str]) -> None:
        self._problems = problems
        self._students = students
        self._zone: ZoneInfo | None = None

    def policy(self, settings: Mapping[str, Any]) -> Policy:
        grading = dict(settings.get("grading", {}))
        kinds = {"preset": str, "late": str, "timezone": str, "questions": bool, "late_days": int}
        kinds |= {"percent_per_day": (int, float)}  # type: ignore[dict-item]
        for key, value in list(grading.items()):
            kind = kinds.get(key)
            if kind is None or not isinstance(value, kind) or (kind is not bool and value is True):
                known = ", ".join(f.name for f in fields(Policy) if f.name in kinds)
                self._say(f"[grading] {key} = {value!r}: use {known}")
                del grading[key]
        self._one_of(grading, "preset", PRESETS)
        self._one_of(grading, "late", LATE)
        if not 0 <= grading.get("percent_per_day", 0) <= 100 or grading.get("late_days", 0) < 0:
            self._say("[grading]: percent_per_day is 0 to 100, late_days is 0 or more")
        try:
            self._zone = ZoneInfo(grading["timezone"]) if "timezone" in grading else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._say(f"[grading] timezone = {grading['timezone']!r}: such as 'Europe/Moscow'")
        deadlines = {
            name: due
            for name, value in settings.get("deadlines", {}).items()
            if self._task(name, "[deadlines]")
            and (due := self._moment(value, f"deadline of {name}"))
        }
        return Policy(
            **grading,
            deadlines=deadlines,
            overrides=tuple(self._overrides(settings.get("override", []))),
            extensions=tuple(self._extensions(settings.get("extension", []))),
        )

    def _say(self, problem: str) -> None:
        self._problems.append(problem)

    def _one_of(self, grading: dict[str, Any], key: str, choices: tuple[str, ...]) -> None:
        if key in grading and grading[key] not in choices:
            self._say(f"[grading] {key} = {grading[key]!r}: one of {', '.join(choices)}")

    def _task(self, name: object, where: str) -> bool:
        names = [task.name for task in all_tasks()]
        if name not in names:
            self._say(f"{where}: there is no task {name!r}; the tasks are: {', '.join(names)}")
        return name in names

    def _moment(self, value: object, where: str) -> datetime | None:
        if not isinstance(value, datetime):
            self._say(f"{where} = {value}: use a date with time: 2026-03-01T23:59:00+03:00")
            return None
        if value.tzinfo is None:
            if self._zone is None:
                self._say(f"{where} = {value}: give its time zone (…+03:00) or [grading] timezone")
                return None
            value = value.replace(tzinfo=self._zone)
        return value.astimezone(UTC)

    def _whose(self, row: Any, where: str, keys: set[str]) -> bool:
        if not isinstance(row, dict) or row.keys() != keys:
            self._say(f"[[{where}]]: needs exactly {', '.join(sorted(keys))}")
            return False
        if self._students and row["student"] not in self._students:
            self._say(f"[[{where}]]: {row['student']!r} is no student_id of the roster")
        return self._task(row["task"], f"[[{where}]]")

    def _overrides(self, rows: Iterable[Any]) -> Iterable[Override]:
        for row in rows:
            if not self._whose(row, "override", {"student", "task", "points", "reason"}):
                continue
            points = row["points"]
            if not isinstance(points, (int, float)) or isinstance(points, bool) or points < 0:
                self._say(f"[[override]] of {row['student']}: points = {points!r}: 0 or more")
                continue
            if not str(row["reason"]).strip():
                self._say(f"[[override]] of {row['student']}: say the reason; the report shows it")
            yield Override(str(row["student"]), row["task"], float(points), str(row["reason"]))

    def _extensions(self, rows: Iterable[Any]) -> Iterable[Extension]:
        for row in rows:
            if not self._whose(row, "extension", {"student", "task", "due"}):
                continue
            if due := self._moment(row["due"], f"[[extension]] of {row['student']}: due"):
                yield Extension(str(row["student"]), row["task"], due)
