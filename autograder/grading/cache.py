"""Finished work, kept for each task: equal files under equal rules are judged once.

A key holds everything a verdict follows from; a value is the TaskReport without any language.
Whoever wants everything judged again deletes the folder.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from functools import cached_property
from importlib import resources
from pathlib import Path

from simpsons.files import replacing

from autograder.checks.task_run import planned
from autograder.course.settings import Course, Rules
from autograder.course.tasks import Task
from autograder.diagnose.fingerprints import MISTAKES, is_fresh
from autograder.grading.grade import Options, task_seed, versions
from autograder.model import Result, TaskReport, task_from_data, task_to_data
from autograder.observe.pipes import WALL
from autograder.submission.chosen import MAX_CSV
from autograder.submission.homework import is_plain, read_homework
from autograder.submission.task_files import SUBMISSION, TaskFiles


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
        if task.predictions:
            parts += [self._rules, self._handed_in(folder, task)]
        else:
            solution = self._course.solution(task).read_text(encoding="utf-8")
            parts += [solution, repr(self._course.accepted(task))]
            if task.name not in self._catalogues:
                fresh = is_fresh(self._course, task, MISTAKES)
                self._catalogues[task.name] = repr((fresh, self._course.mutants(task)))
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
            kept = json.loads(self._path(key).read_text(encoding="utf-8"))
            report = task_from_data(kept["task"], planned(task), kept["flows"])
            return report if (report.task, report.status) == (task.name, "graded") else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def store(self, key: str, report: TaskReport) -> None:
        """Keep a report, unless it says more about the machine than about the student.

        A cache that cannot be written costs time, not verdicts: that is passed over.
        """
        if report.status != "graded" or any(_by_the_clock(check) for check in report.checks):
            return
        flows = [asdict(flow) for flow in report.flows]
        kept = {"task": task_to_data(report), "flows": flows}
        with contextlib.suppress(OSError), replacing(self._path(key), unique=True) as part:
            part.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")

    def sweep(self) -> None:
        """Remove what a killed process left half written."""
        for part in self._folder.glob("*/.*.part"):
            with contextlib.suppress(OSError):
                part.unlink()


def _by_the_clock(check: Result) -> bool:
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
