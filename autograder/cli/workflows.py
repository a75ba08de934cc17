"""Commands for grading in parts: handover, screen, finish, deliver. See docs/ci.md."""

import os
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import (
    CourseOption,
    NamesOption,
    PublicOption,
    RosterOption,
    Sandbox,
    SandboxOption,
    TruthOption,
)
from autograder.errors import UsageError
from autograder.files import write

app = typer.Typer()
Submissions = Annotated[list[Path], typer.Argument(metavar="SUBMISSION...")]


@app.command()
def handover(
    submissions: Submissions,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Is made anew.")],
    only: Annotated[
        str, typer.Option(metavar="NAMES", help="Only these students or repositories.")
    ] = "",
    course: CourseOption = None,
) -> None:
    """Write what a machine that runs student code gets: seeds and references, no secret."""
    from autograder.classroom.ci.handover import hand_over
    from autograder.course.settings import find_course

    key = os.environ.get("AUTOGRADER_KEY", "")
    if not key:
        raise UsageError("handover makes the seeds of the course's key: set AUTOGRADER_KEY")
    names = hand_over(find_course(course), submissions, key, out, only.replace(",", " ").split())
    print(f"{len(names)} submissions and their seeds written to {out}")


@app.command()
def screen(
    submissions: Submissions,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Those that a GPU is worth, by name.")],
    seeds: Annotated[Path | None, typer.Option(metavar="FILE", help="As of grade.")] = None,
    sandbox: SandboxOption = Sandbox.auto,
    course: CourseOption = None,
) -> None:
    """Look at shapes and counts on the CPU: what fails there needs no GPU."""
    from autograder.classroom.ci.screening import screened
    from autograder.course.settings import find_course
    from autograder.grading.seeds import read_seeds

    found = find_course(course)
    known = read_seeds(seeds) if seeds else None
    worth = screened(submissions, found, known, "none" if sandbox is Sandbox.none else "bwrap")
    write(out, "".join(f"{place.name}\n" for place in worth))
    print(f"{len(worth)} of {len(submissions)} submissions are worth a GPU")


@app.command()
def finish(
    reports: Annotated[
        list[Path], typer.Argument(metavar="REPORTS...", help="Folders of grade --out.")
    ],
    submissions: Annotated[Path, typer.Option(metavar="DIR", help="What was graded, by name.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for everything that is made.")],
    truth: TruthOption = None,
    public: PublicOption = None,
    roster: RosterOption = None,
    names: NamesOption = False,
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Of those without a language.")] = "ru",
    classroom50: Annotated[
        str, typer.Option(metavar="ORG/CLASSROOM/ASSIGNMENT", help="Write results for it, too.")
    ] = "",
    course: CourseOption = None,
) -> None:
    """Score the homework of reports made without the truth; write every page and the gradebook."""
    from autograder.classroom.ci.add_truth import Staff, finish_all
    from autograder.classroom.gradebook.exports import Target
    from autograder.classroom.gradebook.policy import read_policy
    from autograder.cli.options import homework_rules
    from autograder.course.messages import Catalogue
    from autograder.course.roster import read_roster
    from autograder.course.settings import find_course

    parts = classroom50.split("/")
    if classroom50 and (len(parts) != 3 or not all(parts)):
        raise UsageError(f"--classroom50 {classroom50}: give ORG/CLASSROOM/ASSIGNMENT")
    found = find_course(course)
    students = read_roster(roster) if roster else []
    staff = Staff(
        homework_rules(found.homework, truth=truth, public=public),
        students,
        read_policy(found.folder, students),
        Catalogue.load(lang),
        names,
        Target(*parts) if classroom50 else Target(),
    )
    key = os.environ.get("AUTOGRADER_KEY", "")
    for line in finish_all(reports, submissions, out, staff, key):
        print(line)


@app.command()
def deliver(
    published: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of finish --out.")],
    collected: Annotated[
        Path, typer.Option(metavar="JSON", help="collected.json, of autograder collect.")
    ],
) -> None:
    """Push each report to the student's own repository; never to one that anyone can read."""
    from autograder.classroom.ci.delivering import BRANCH, deliver
    from autograder.errors import GraderFault

    failed = 0
    for name, problem in (found := list(deliver(published, collected))):
        failed += bool(problem)
        if problem:
            print(f"{name}: {problem}")
    print(f"{len(found) - failed} of {len(found)} reports pushed to the branch {BRANCH}")
    if failed:
        raise GraderFault(f"{failed} reports were not delivered, see above")
