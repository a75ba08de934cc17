"""Finished work, kept for each task: equal files under equal rules are judged once.

A key holds everything a verdict follows from; a value is the TaskReport without any language.
Whoever wants everything judged again deletes the folder.
"""

import contextlib
import hashlib
import json
import os
import secrets
from dataclasses import asdict
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from autograder.checks.judge import planned
from autograder.checks.promise import Check, Message
from autograder.course import Course
from autograder.diagnose import catalogue
from autograder.grading import Options, read_homework, task_seed, versions
from autograder.homework import MAX_CSV, Rules, is_plain
from autograder.observe.pipes import WALL
from autograder.report.model import CheckReport, Flow, TaskReport
from autograder.submission import SUBMISSION, TaskFiles
from autograder.tasks import Task

OUTCOMES = ("passed", "failed", "not_run")


class Cache:
    """The kept reports of one course, graded with one set of options."""

    def __init__(self, folder: Path, course: Course, options: Options, sandbox: str) -> None:
        self._folder = folder
        self._course = course
        self._options = options
        self._sandbox = sandbox
        self._catalogues: dict[str, str] = {}

    def known(self, folder: Path, found: list[TaskFiles]) -> dict[str, TaskReport]:
        """The reports of a submission's tasks that were judged before, by task."""
        reports = {
            files.task.name: self.load(self.key(folder, files), files.task)
            for files in found
            if not files.problem
        }
        return {name: report for name, report in reports.items() if report is not None}

    def key(self, folder: Path, files: TaskFiles) -> str:
        """The digest of everything the report of a task follows from."""
        task = files.task
        parts: list[object] = [task.name, files.digest(), task_seed(self._options, files)]
        parts += [self._grader, self._options.device, self._sandbox]
        if task.homework:
            parts += [self._rules, self._handed_in(folder, task)]
        else:
            solution = self._course.solution(task).read_text(encoding="utf-8")
            parts += [solution, repr(self._course.accepted(task))]
            if task.name not in self._catalogues:
                self._catalogues[task.name] = catalogue.digest(self._course, task)
            parts.append(self._catalogues[task.name])
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @cached_property
    def _grader(self) -> list[str]:
        """The package's own files: another grader may come to another verdict."""
        found = hashlib.sha256()
        for package in ("autograder", "simpsons"):
            root = Path(str(resources.files(package)))
            for path in sorted([*root.rglob("*.py"), *root.glob("*.toml")]):
                found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
        return [found.hexdigest(), *(f"{name} {of}" for name, of in versions().items())]

    @cached_property
    def _rules(self) -> list[object]:
        """The teacher's side of the homework: files by content, pictures by size and time."""
        rules: Rules = self._options.rules
        files = [rules.truth, rules.public, rules.held_out_truth]
        folders = [rules.images, rules.held_out]
        return [
            rules.checkpoint,
            rules.metric,
            [_digest(path) if path else "" for path in files],
            [_listing(folder) if folder else [] for folder in folders],
        ]

    def _handed_in(self, folder: Path, task: Task) -> list[str]:
        """The student's side: the predictions and the run folder."""
        homework = read_homework(folder, task, self._options.rules)
        assert homework is not None
        run = [f"{name} {_digest(path)}" for name, path in sorted(homework.run.items())]
        table = homework.folder / SUBMISSION
        if not is_plain(table):  # not opened: it may be a pipe that never ends
            return ["unusable" if os.path.lexists(table) else "missing", *run]
        return [_digest(table) if table.stat().st_size <= MAX_CSV else "too large", *run]

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def load(self, key: str, task: Task) -> TaskReport | None:
        """The report kept under a key; None if there is none that fits the plan of today."""
        try:
            return restored(json.loads(self._path(key).read_text(encoding="utf-8")), task)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def store(self, key: str, report: TaskReport) -> None:
        """Keep a report, unless it says more about the machine than about the student.

        A cache that cannot be written costs time, not verdicts: that is passed over.
        """
        if report.status != "graded" or any(_by_the_clock(check) for check in report.checks):
            return
        path = self._path(key)
        part = path.with_name(f".{key}.{secrets.token_hex(4)}.part")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_text(json.dumps(plain(report), ensure_ascii=False), encoding="utf-8")
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a killed process left half written."""
        for part in self._folder.glob("*/.*.part"):
            with contextlib.suppress(OSError):
                part.unlink()


def plain(report: TaskReport) -> dict[str, Any]:
    """A report as data for JSON."""
    checks = [
        {
            "id": check.check.id,
            "outcome": check.outcome,
            "points": check.points,
            "message": [check.message.id, check.message.values] if check.message else None,
            "seconds": check.seconds,
            "misconception": check.misconception,
        }
        for check in report.checks
    ]
    flows = [asdict(flow) for flow in report.flows]
    return {"task": report.task, "points": report.points, "checks": checks, "flows": flows}


def restored(value: dict[str, Any], task: Task) -> TaskReport:
    """The report that plain() made data of.

    Raises:
        ValueError, KeyError, TypeError: it is not one of this task's planned checks.
    """
    checks = planned(task)
    if value["task"] != task.name or len(value["checks"]) != len(checks):
        raise ValueError("another plan")
    reports = tuple(
        _check(check, kept) for check, kept in zip(checks, value["checks"], strict=True)
    )
    maximum = float(sum(check.points for check in checks))
    points = float(value["points"])
    if points != sum(report.points for report in reports):
        raise ValueError("other points")
    return TaskReport(task.name, "graded", points, maximum, reports, _flows(value["flows"]))


def _flows(kept: list[dict[str, Any]]) -> tuple[Flow, ...]:
    found = []
    for flow in kept:
        names = tuple(str(name) for name in flow["names"])
        norms, right, plain = (
            tuple(float(norm) for norm in flow[key]) for key in ("norms", "right", "plain")
        )
        if len(names) != len(norms):
            raise ValueError("another number of layers")
        found.append(Flow(str(flow["call"]), names, norms, right, plain))
    return tuple(found)


def _check(check: Check, kept: dict[str, Any]) -> CheckReport:
    points, misconception = float(kept["points"]), kept["misconception"]
    if kept["id"] != check.id or kept["outcome"] not in OUTCOMES or not 0 <= points <= check.points:
        raise ValueError("another check")
    if not isinstance(misconception, str | None):
        raise TypeError("no misconception")
    message = None
    if kept["message"] is not None:
        id, values = kept["message"]
        if not all(isinstance(value, str | int | float) for value in (id, *values.values())):
            raise TypeError("no message")
        message = Message(str(id), values)
    seconds = float(kept["seconds"])
    return CheckReport(check, kept["outcome"], points, message, seconds, misconception)


def _by_the_clock(check: CheckReport) -> bool:
    """Whether wall time ran out: a busy machine can cause that."""
    message = check.message
    return (
        message is not None and message.id == "fault.timeout" and message.values.get("text") == WALL
    )


def _digest(path: Path) -> str:
    """The digest of a file's content."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def _listing(folder: Path) -> list[list[object]]:
    """Names, sizes and times of the files in a folder of pictures."""
    found = []
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        found.append([str(path.relative_to(folder)), status.st_size, status.st_mtime_ns])
    return found
