"""Commands for those who run a class: gradebook, course check, class."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.options import (
    CourseOption,
    JobsOption,
    NamesOption,
    RosterOption,
    Sandbox,
    SandboxOption,
    TruthOption,
    isolation,
)
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.classroom.gradebook.book import Gradebook
    from autograder.classroom.gradebook.verdicts import Verdict
    from autograder.course.roster import Student
    from autograder.course.settings import Course
    from autograder.grading.batch import Plan

app = typer.Typer()
gradebook = typer.Typer(no_args_is_help=True, help="nbgrader's gradebook, with trusted verdicts.")
course_app = typer.Typer(no_args_is_help=True, help="The course's own settings.")
app.add_typer(gradebook, name="gradebook")
app.add_typer(course_app, name="course")

SQLITE = "sqlite:///gradebook.db"
Url = Annotated[
    str,
    typer.Option("--gradebook", metavar="URL", help="sqlite:///FILE, or PostgreSQL by URL."),
]


@gradebook.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for nbgrader.")],
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Language of the notebooks.")] = "ru",
    url: Annotated[str, typer.Option("--gradebook", metavar="URL")] = SQLITE,
    course: CourseOption = None,
) -> None:
    """Stage the course for nbgrader and generate what students get, in DIR/release."""
    from autograder.classroom.gradebook import staging
    from autograder.course.settings import find_course

    staging.init(find_course(course), lang, folder, url)
    print(f"{folder}/release: for students; {folder}: nbgrader and formgrader work there")


@gradebook.command()
def record(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made by gradebook init.")],
    submissions: Annotated[list[Path], typer.Argument(metavar="SUBMISSION...")],
    roster: RosterOption = None,
    sandbox: SandboxOption = Sandbox.auto,
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Language of the feedback.")] = "ru",
    course: CourseOption = None,
) -> None:
    """Read students' notebooks, mark their answers, let nbgrader record: nothing is executed."""
    from autograder.classroom.gradebook import staging
    from autograder.classroom.gradebook.questions import Judge
    from autograder.course.messages import Catalogue
    from autograder.course.settings import find_course
    from autograder.grading.batch import make_workers
    from autograder.report.terminal import safe

    lost = [place for place in submissions if not place.is_dir()]
    if lost:
        raise UsageError(f"{lost[0]}: there is no such folder; give folders of submissions")
    here = find_course(course)
    workers = make_workers(isolation(sandbox))
    try:
        judge = Judge.of(here, workers, Catalogue.load(lang))
        recorded, unmatched = staging.record(folder, submissions, _students(roster), judge)
    finally:
        workers.close()
    if any(folder.glob("submitted/*/*/*.ipynb")):
        staging.nbgrader(folder, "autograde", "--assignment=*", "--force")
    for one in recorded:
        for problem in one.problems:
            print(f"{one.student.student_id}: {safe(problem)}")
    print(f"{len(recorded)} students recorded; next: autograder gradebook update")
    _name_unmatched(unmatched)


@gradebook.command()
def update(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of grade --out.")],
    url: Url = SQLITE,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Folder of gradebook init.")
    ] = None,
    roster: RosterOption = None,
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Language of the feedback.")] = "ru",
    course: CourseOption = None,
) -> None:
    """Write the verdicts of the reports into nbgrader's gradebook; manual grades are kept."""
    from autograder.classroom.gradebook.verdicts import read_verdicts
    from autograder.course.messages import Catalogue

    students = _students(roster)
    verdicts, unmatched = read_verdicts(out, students)
    if folder is not None:
        from autograder.classroom.gradebook import staging

        url = f"sqlite:///{folder.absolute() / 'gradebook.db'}" if url == SQLITE else url
        verdicts = [replace(v, questions=_points(folder, v)) for v in verdicts]
    book = _open(url, course, students)
    try:
        book.prepare(students)
        changed = sum(book.update(verdict) for verdict in verdicts)
        if folder is not None:
            for verdict in verdicts:
                staging.show(folder, verdict, book.notes(verdict), Catalogue.load(lang))
    finally:
        book.close()
    print(f"{len(verdicts)} students, {changed} grades changed")
    _name_unmatched(unmatched)


def _points(folder: Path, verdict: "Verdict") -> dict[str, float | None]:
    from autograder.classroom.gradebook import staging

    return {id: mark.points for id, mark in staging.marks(folder, verdict.student).items()}


@gradebook.command()
def export(
    out: Annotated[Path, typer.Option(metavar="FILE|DIR", help="A CSV file; a folder for JSON.")],
    format: Annotated[
        str, typer.Option(metavar="csv|moodle|canvas|gradescope|prairielearn|classroom50")
    ] = "csv",
    url: Url = SQLITE,
    roster: RosterOption = None,
    reports: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Folder of grade --out, for JSON formats.")
    ] = None,
    org: Annotated[str, typer.Option(help="Classroom 50: the organisation on GitHub.")] = "",
    classroom: Annotated[str, typer.Option(help="Classroom 50: short name of the classroom.")] = "",
    assignment: Annotated[str, typer.Option(help="Classroom 50: the assignment's slug.")] = "",
    course: CourseOption = None,
) -> None:
    """Write the gradebook for another system."""
    from autograder.classroom.gradebook import exports
    from autograder.classroom.gradebook.verdicts import read_verdicts

    students = _students(roster)
    verdicts = read_verdicts(reports, students)[0] if reports else []
    book = _open(url, course, students)
    try:
        rows = list(book.grades(students or book.students()))
    finally:
        book.close()
    target = exports.Target(org, classroom, assignment)
    known = {verdict.student.student_id: verdict for verdict in verdicts}
    for line in exports.write(format, rows, out, known, target):
        print(line)


@course_app.command("check")
def check_course(roster: RosterOption = None, course: CourseOption = None) -> None:
    """Check course.toml and the roster; tell everything that is wrong with them."""
    from autograder.classroom.gradebook.policy import read_policy
    from autograder.course.settings import find_course

    found = find_course(course)
    students = _students(roster)
    policy = read_policy(found.folder, students)
    print(f"course.toml: preset {policy.preset}, late {policy.late}")
    for task, due in policy.deadlines.items():
        print(f"  {task}: {due.astimezone().isoformat(timespec='minutes')}")
    if roster:
        groups = sorted({student.group for student in students if student.group})
        print(
            f"{roster}: {len(students)} students" + (f" in {', '.join(groups)}" if groups else "")
        )


@app.command("class")
def whole_class(
    source: Annotated[Path, typer.Argument(metavar="ARCHIVE.zip|DIR")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for everything that is made.")],
    worksheet: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Moodle's grading worksheet.")
    ] = None,
    roster: RosterOption = None,
    jobs: JobsOption = 1,
    names: NamesOption = False,
    sandbox: SandboxOption = Sandbox.auto,
    truth: TruthOption = None,
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Of those without a language.")] = "ru",
    course: CourseOption = None,
) -> None:
    """Grade what Moodle's 'Download all submissions' gives; write what Moodle takes back."""
    from autograder.classroom.gradebook.moodle import Desk, assemble
    from autograder.classroom.gradebook.policy import read_policy
    from autograder.classroom.gradebook.worksheet import read_worksheet
    from autograder.course.messages import Catalogue
    from autograder.course.settings import find_course
    from autograder.grading.batch import grade_all
    from autograder.grading.processes import Processes
    from autograder.report.folder import Results
    from autograder.report.progress import show_batch
    from autograder.report.terminal import make_console

    here = find_course(course)
    students = _students(roster)
    policy = read_policy(here.folder, students)
    sheet = read_worksheet(worksheet) if worksheet else None
    plan = _plan(here, out, sandbox, jobs, truth)
    found = assemble(source, out, students, sheet, policy)
    desk = Desk(found, out, policy, lang)
    results = Results(out, found.places, Catalogue.load(lang), names, students, key=plan.key)
    made = Processes if len(found.places) > 1 else None
    reports = desk.reports(grade_all(found.places, plan, made))
    if interrupted := show_batch(found.places, reports, results, make_console()):
        print(interrupted, file=sys.stderr)
        raise typer.Exit(130)
    for line in desk.finish(sheet):
        print(line)
    if found.absent:
        print(f"handed in nothing: {', '.join(found.absent)}")
    for problem in found.problems:
        print(f"  ! {problem}")
    for problem in results.problems:
        print(f"autograder: {problem}", file=sys.stderr)
    results.complain()


def _plan(here: "Course", out: Path, sandbox: Sandbox, jobs: int, truth: Path | None) -> "Plan":
    from autograder.cli.options import course_key, homework_rules
    from autograder.course.tasks import all_tasks
    from autograder.grading.batch import Plan
    from autograder.model import Message

    isolated = isolation(sandbox)
    out.mkdir(parents=True, exist_ok=True)
    return Plan(
        course=here,
        tasks=all_tasks(),
        seed=None,
        key=course_key(out),
        device="cpu",
        notes=(Message("note.no_sandbox"),) if isolated == "none" else (),
        jobs=jobs,
        rules=homework_rules(here.homework, truth=truth),
        sandbox=isolated,
        cache=out.absolute() / "cache",
    )


def _students(roster: Path | None) -> "list[Student]":
    from autograder.course.roster import read_roster

    return read_roster(roster) if roster else []


def _open(url: str, course: Path | None, students: "list[Student]") -> "Gradebook":
    from autograder.classroom.gradebook.book import Gradebook
    from autograder.classroom.gradebook.policy import read_policy
    from autograder.course.settings import find_course

    found = find_course(course)
    return Gradebook(url, found, read_policy(found.folder, students))


def _name_unmatched(names: list[str]) -> None:
    """Nobody is dropped silently: name those who fit nobody on the roster."""
    from autograder.report.terminal import safe

    for name in names:
        print(f"autograder: {safe(name)}: on no line of the roster, not written", file=sys.stderr)
