"""Reports of a machine without the truth, finished where it is; no student code runs here."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.checks.task_run import planned
from autograder.classroom.gradebook import exports
from autograder.classroom.gradebook.exports import Target
from autograder.classroom.gradebook.grades import StudentGrade, explained, settle
from autograder.classroom.gradebook.policy import Policy
from autograder.classroom.gradebook.verdicts import (
    SUBMITTED,
    TaskPoints,
    Verdict,
    read_times,
    to_task,
)
from autograder.course.messages import Catalogue
from autograder.course.roster import Student, find
from autograder.course.settings import Rules
from autograder.course.tasks import Task, all_tasks, task_named
from autograder.errors import GraderFault, UsageError
from autograder.files import write
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References
from autograder.model import GRADER_FAULTS, Message, Report, Result, TaskReport
from autograder.observe.pipes import PipeSession
from autograder.observe.profiles import Profile
from autograder.observe.session import Pool
from autograder.report.as_json import to_dict
from autograder.report.folder import BATCH, Results
from autograder.report.html import to_html
from autograder.report.misconceptions import HISTORY
from autograder.report.reading import read_report
from autograder.report.terminal import safe
from autograder.submission.collected import receipted
from autograder.submission.homework import Reproduced, read_homework
from autograder.submission.task_files import TaskFiles

F1, REPRODUCED = "simpsons.f1", "simpsons.reproduced"
GRADEBOOK, CLASSROOM = "gradebook.csv", "classroom50"
NOT_TRIED = ("homework.no_checkpoint", "homework.no_images", "homework.too_slow")
CONFIRMED = Reproduced("yes")
HELD = ("homework.other_program", "homework.predict_failed")


@dataclass(frozen=True)
class Staff:
    """What those know who finish reports: truth, roster, rules of the class, language.

    target: where results of Classroom 50 belong, if there is one.
    """

    rules: Rules
    students: Sequence[Student]
    policy: Policy
    catalogue: Catalogue
    names: bool = False
    target: Target = field(default_factory=Target)


def finish_all(
    reports: Sequence[Path], submissions: Path, out: Path, staff: Staff, key: str = ""
) -> Iterator[str]:
    """Write every report again, its homework scored, the pages of the class and its gradebook.

    A report belongs to the folder of its name below submissions, and to a student of the roster;
    what autograder collect noted lies beside that folder. key: signs the receipts. Yields
    what was done, in lines.

    Raises:
        UsageError: there is no report.
        GraderFault: some reports cannot be used, or say that the grader broke; all others are
            written.
    """
    paths = _paths(reports)
    students = list(staff.students) or [Student(path.stem) for path in paths]
    results = Results(
        out, [path.stem for path in paths], staff.catalogue, staff.names, students, key=key
    )
    times = read_times(submissions.parent / SUBMITTED)
    verdicts, grades = {}, {student.student_id: absent(student, staff) for student in students}
    problems = []
    for number, path in enumerate(paths):
        student = find(students, path.stem)
        try:
            report = finished(path, submissions / path.stem, staff.rules)
        except UsageError as error:
            problems.append(str(error))
            continue
        own = Catalogue.load(student.lang) if student and student.lang else staff.catalogue
        if student is None:
            yield f"{safe(path.stem)}: on no line of the roster; its report is written"
        else:
            when = times.get(student.student_id, {})
            report, grade = explained(report, student, when, staff.policy, own)
            told = tuple(to_task(task) for task in to_dict(report, own)["tasks"])
            verdict = Verdict(student, told, when, commit=report.commit or "")
            verdicts[student.student_id], grades[student.student_id] = verdict, grade
        results.add(number, report, own)
        write(out / f"{path.stem}.html", to_html(report, own))
    results.finish()
    yield from exports.write("csv", list(grades.values()), out / GRADEBOOK, {}, staff.target)
    if staff.target.org:
        rows = [grade for name, grade in grades.items() if name in verdicts]
        folder = out / CLASSROOM
        yield from exports.write(CLASSROOM, rows, folder, verdicts, staff.target)
    problems += results.problems
    if problems:
        raise GraderFault("\n".join(["some reports are not finished:", *problems]))
    results.complain()


def _paths(reports: Sequence[Path]) -> list[Path]:
    found = [path for folder in reports for path in sorted(folder.glob("*.json"))]
    paths = [path for path in found if path.name not in (BATCH, HISTORY)]
    if not paths:
        raise UsageError(f"{reports[0]}: no report there; give folders of autograder grade --out")
    count = Counter(path.stem for path in paths)
    if twice := [name for name in count if count[name] > 1]:
        raise UsageError(f"two reports of {', '.join(twice)}: give the folders of one run")
    return sorted(paths, key=lambda path: path.stem)


def absent(student: Student, staff: Staff) -> StudentGrade:
    """The row of a student without a report: open, but for what a teacher decided."""
    highest = {task.name: float(sum(c.points for c in planned(task))) for task in all_tasks()}
    tasks = [TaskPoints(task, "error", None, highest[task.name], ()) for task in all_tasks()]
    return settle(Verdict(student, tuple(tasks)), staff.policy)[0]


def finished(path: Path, folder: Path, rules: Rules) -> Report:
    """A report with its homework scored by the files in the submission's folder.

    Raises:
        UsageError: the report cannot be used, or its submission is not there.
    """
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no {folder} that it could be of")
    report = read_report(path)
    tasks = tuple(_task(task, folder, report.seed, rules) for task in report.tasks)
    return receipted(replace(report, submission=safe(str(folder)), tasks=tasks))


def _task(report: TaskReport, folder: Path, seed: str, rules: Rules) -> TaskReport:
    task = task_named(report.task)
    if not task.predictions or report.status == "missing" or rules.truth is None:
        return report
    old = {check.check.id: check for check in report.checks}
    found = _f1(task, folder, seed, rules, told(old[REPRODUCED]))
    checks = tuple(found if check.check.id == F1 else check for check in report.checks)
    said = {check.message.id for check in checks if check.message is not None}
    if found.held or said.intersection((*HELD, *GRADER_FAULTS)):
        return replace(report, status="error", points=None, checks=checks)
    points = sum(check.points for check in checks)
    return replace(report, status="graded", points=points, checks=checks)


def told(check: Result) -> Reproduced:
    """What the report says of predicting again."""
    message = check.message or Message("")
    if check.outcome == "passed":
        return CONFIRMED
    if message.id == "homework.not_reproduced":
        return Reproduced("no", int(message.values["equal"]), int(message.values["n"]))
    if message.id in NOT_TRIED:
        return Reproduced(message.id.removeprefix("homework."))
    lost = message.id == "not_run.gave_up"  # by the student's own code: nothing waits for that
    why = Message(message.id or "not_run.silent", message.values)
    return Reproduced("unknown", why=why, waits=not lost)


def _f1(task: Task, folder: Path, seed: str, rules: Rules, known: Reproduced) -> Result:
    """The check that needs the truth, by the code that grading runs."""
    confirmed = known == CONFIRMED
    if confirmed:  # the check would run predict.py once more; what is left has no such check
        known, rules = Reproduced("no_images"), replace(rules, checkpoint="optional")
    homework = read_homework(folder, task, rules)
    assert homework is not None
    homework.reproduced, homework.elsewhere = known, True
    files = TaskFiles(task)
    graded = grade_task(files, References(), seed, workers=Nobody(), homework=homework, only=[F1])
    result = graded.result(F1)
    if confirmed and result.message is not None and "verified" in result.message.values:
        values = {**result.message.values, "verified": "yes"}
        return replace(result, message=Message(result.message.id, values))
    return result


class Nobody(Pool):
    """Student code has run already, elsewhere."""

    def start(self, profile: Profile) -> PipeSession:
        raise GraderFault("finishing asks no student code")
