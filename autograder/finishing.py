"""Reports of a machine without the truth, finished where it is; no student code runs here."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autograder.checks.judge import Bench, Judge, Result
from autograder.checks.promise import Held, Message
from autograder.checks.witness import Witness
from autograder.errors import GraderFault, UsageError
from autograder.grading import check_report, read_homework
from autograder.homework import Rules
from autograder.messages import Catalogue
from autograder.observe.session import Session
from autograder.report.folder import BATCH, COLLECTED, Results, write
from autograder.report.from_json import read_report
from autograder.report.html import to_html
from autograder.report.misconceptions import HISTORY
from autograder.report.model import GRADER_FAULTS, CheckReport, Report, TaskReport
from autograder.roster import Student, find
from autograder.tasks import Task, task_named

F1, REPRODUCED = "simpsons.f1", "simpsons.reproduced"
NOT_TRIED = ("homework.no_checkpoint", "homework.no_images", "homework.too_slow")
HELD = ("homework.other_program", "homework.predict_failed")


def finish_all(
    reports: Sequence[Path],
    submissions: Path,
    out: Path,
    rules: Rules,
    students: Sequence[Student],
    catalogue: Catalogue,
    names: bool = False,
) -> list[str]:
    """Write every report again, with its homework scored, and the pages of the class.

    A report belongs to the folder of its name below submissions. Returns what was done, in lines.

    Raises:
        UsageError: there is no report.
        GraderFault: some reports cannot be used; the others are written.
    """
    found = [path for folder in reports for path in sorted(folder.glob("*.json"))]
    paths = [path for path in found if path.name not in (BATCH, HISTORY)]
    if not paths:
        raise UsageError(f"{reports[0]}: no report there; give folders of autograder grade --out")
    count = Counter(path.stem for path in paths)
    if twice := [name for name in count if count[name] > 1]:
        raise UsageError(f"two reports of {', '.join(twice)}: give the folders of one run")
    places = [str(submissions / path.stem) for path in paths]
    results = Results(out, places, catalogue, names, students)
    commits = read_commits(out / COLLECTED)
    problems = []
    for number, path in enumerate(paths):
        try:
            report = finished(path, submissions / path.stem, rules)
        except UsageError as error:
            problems.append(str(error))
            continue
        report = replace(report, commit=report.commit or commits.get(path.stem))
        student = find(list(students), path.stem)
        own = Catalogue.load(student.lang) if student and student.lang else catalogue
        results.add(number, report, own)
        write(out / f"{path.stem}.html", to_html(report, own))
    results.finish()
    problems += results.problems
    if problems:
        raise GraderFault("\n".join(["some reports are not finished:", *problems]))
    return [f"{len(paths)} reports written to {out}"]


def read_commits(path: Path) -> dict[str, str]:
    """The newest commit that was taken of each student, as autograder collect noted it.

    Raises:
        UsageError: it cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        students = json.loads(path.read_text(encoding="utf-8"))["students"]
        taken = {name: list(kept["tasks"].values()) for name, kept in students.items()}
        newest = {name: max(rows, key=_committed) for name, rows in taken.items() if rows}
        return {name: str(row["commit"]) for name, row in newest.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: cannot be read ({error!r}); collect again") from None


def _committed(row: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(row["committed"])


def finished(path: Path, folder: Path, rules: Rules) -> Report:
    """A report with its homework scored by the files in the submission's folder.

    Raises:
        UsageError: the report cannot be used, or its submission is not there.
    """
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no {folder} that it could be of")
    report = read_report(path)
    tasks = tuple(_task(task, folder, report.seed, rules) for task in report.tasks)
    return replace(report, submission=path.stem, tasks=tasks)


def _task(report: TaskReport, folder: Path, seed: str, rules: Rules) -> TaskReport:
    task = task_named(report.task)
    if not task.homework or report.status == "missing" or rules.truth is None:
        return report
    old = {check.check.id: check for check in report.checks}
    result = _f1(task, folder, seed, rules, told(old[REPRODUCED]))
    found = check_report(result)
    checks = tuple(found if check.check.id == F1 else check for check in report.checks)
    said = {check.message.id for check in checks if check.message is not None}
    if result.held or said.intersection((*HELD, *GRADER_FAULTS)):
        return replace(report, status="error", points=None, checks=checks)
    points = sum(check.points for check in checks)
    return replace(report, status="graded", points=points, checks=checks)


def told(check: CheckReport) -> tuple[str, int, int] | Held:
    """What the report says of predicting again: see Homework.reproduce."""
    message = check.message or Message("")
    if check.outcome == "passed":
        return "yes", 0, 0
    if message.id == "homework.not_reproduced":
        return "no", int(message.values["equal"]), int(message.values["n"])
    if message.id in NOT_TRIED:
        return message.id.removeprefix("homework."), 0, 0
    lost = message.id == "not_run.gave_up"  # by the student's own code: nothing waits for that
    return Held(message.id or "not_run.silent", points=not lost, **message.values)


def _f1(
    task: Task, folder: Path, seed: str, rules: Rules, known: tuple[str, int, int] | Held
) -> Result:
    """The check that needs the truth, by the code that grading runs."""
    homework = read_homework(folder, task, rules)
    assert homework is not None
    homework.told = known
    bench = Bench(task, Witness(task.name, _nobody), [], seed, homework)
    return Judge([bench], only=[F1]).run()[F1]


def _nobody() -> tuple[Session, str]:
    raise GraderFault("finishing asks no student code")
