"""Commands for those who run a class: gradebook, course check, class."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.gradebook import Gradebook
    from autograder.roster import Student

app = typer.Typer()
gradebook = typer.Typer(no_args_is_help=True, help="nbgrader's gradebook, with trusted verdicts.")
course_app = typer.Typer(no_args_is_help=True, help="The course's own settings.")
app.add_typer(gradebook, name="gradebook")
app.add_typer(course_app, name="course")

Url = Annotated[
    str,
    typer.Option("--gradebook", metavar="URL", help="sqlite:///FILE, or PostgreSQL by URL."),
]
Roster = Annotated[Path | None, typer.Option(metavar="CSV", help="roster.csv: who is who.")]
CourseFolder = Annotated[
    Path | None, typer.Option(help="Folder with course.toml; default: here or above.")
]
SQLITE = "sqlite:///gradebook.db"


@gradebook.command()
def update(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of grade --out.")],
    url: Url = SQLITE,
    roster: Roster = None,
    course: CourseFolder = None,
) -> None:
    """Write the verdicts of the reports into nbgrader's gradebook; manual grades are kept."""
    from autograder.verdicts import read_verdicts

    students = _students(roster)
    verdicts, unmatched = read_verdicts(out, students)
    book = _open(url, course, students)
    try:
        book.prepare(students)
        changed = sum(book.update(verdict) for verdict in verdicts)
    finally:
        book.close()
    print(f"{len(verdicts)} students, {changed} grades changed")
    _name_unmatched(unmatched)


@gradebook.command()
def export(
    out: Annotated[Path, typer.Option(metavar="FILE|DIR", help="A CSV file; a folder for JSON.")],
    format: Annotated[
        str, typer.Option(metavar="csv|moodle|canvas|gradescope|prairielearn|classroom50")
    ] = "csv",
    url: Url = SQLITE,
    roster: Roster = None,
    reports: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Folder of grade --out, for JSON formats.")
    ] = None,
    course: CourseFolder = None,
) -> None:
    """Write the gradebook for another system."""
    from autograder import exports

    students = _students(roster)
    book = _open(url, course, students)
    try:
        rows = list(book.grades(students or book.students()))
    finally:
        book.close()
    print(exports.write(format, rows, out, reports))


def _students(roster: Path | None) -> "list[Student]":
    from autograder.roster import read_roster

    return read_roster(roster) if roster else []


def _open(url: str, course: Path | None, students: "list[Student]") -> "Gradebook":
    from autograder.course import find_course
    from autograder.gradebook import Gradebook
    from autograder.policy import read_policy

    found = find_course(course)
    return Gradebook(url, found, read_policy(found.folder, students))


def _name_unmatched(names: list[str]) -> None:
    """Nobody is dropped silently: name those who fit nobody on the roster.

    Raises:
        UsageError: there are some.
    """
    if names:
        from autograder.report.terminal import clean

        some = "\n".join(f"  {clean(name)}" for name in names)
        raise UsageError(f"on no line of the roster, and therefore not written:\n{some}")
