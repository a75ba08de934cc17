"""Commands around a class's repositories: collect."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import CourseOption
from autograder.errors import UsageError

app = typer.Typer()


@app.command("collect")
def collect_class(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER.csv")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="For mirrors, submissions, records.")],
    url: Annotated[
        str, typer.Option(help="https://github.com/ORG/cnn-{github}; or in course.toml.")
    ] = "",
    branch: Annotated[str, typer.Option(help="The branch that counts.")] = "main",
    late: Annotated[
        bool, typer.Option("--late", help="The newest commit counts, and its time is recorded.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="STUDENT_ID", help="May be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Repositories fetched at the same time.")] = 8,
    seconds: Annotated[float, typer.Option(min=1, help="For one step of one repository.")] = 120,
    course: CourseOption = None,
) -> None:
    """Fetch everybody's repository as it was at the deadline. Exit 1 if somebody's is not here."""
    import sys
    from collections import Counter
    from datetime import UTC, datetime

    from autograder.classroom.collect.collecting import NOTHING, Source, collect, settings
    from autograder.classroom.collect.record import write_records
    from autograder.classroom.gradebook.policy import read_policy
    from autograder.course.roster import read_roster
    from autograder.course.settings import find_course
    from autograder.report.terminal import safe

    students = read_roster(roster)
    chosen = [one for one in students if not only or one.student_id in only]
    if unknown := set(only or ()) - {one.student_id for one in students}:
        raise UsageError(f"{roster}: no student_id {', '.join(sorted(unknown))}")
    if not students:
        raise UsageError(f"{roster}: nobody is on it")
    folder = find_course(course).folder
    policy = read_policy(folder, students)
    source = Source(url or settings(folder), branch, late, seconds)
    now = datetime.now(UTC)
    done = {}
    try:
        for one in collect(chosen, policy, source, out, jobs, now):
            done[one.student.student_id] = one
            if one.failed or one.notes or not one.tasks:
                why = f" ({'; '.join(one.notes)})" if one.notes else ""
                print(safe(f"{one.student.student_id}: {one.state}{why}"))
    finally:  # what an interrupted command laid out is on record too
        write_records(done.values(), students, source, now, out)
    rows = [done[student.student_id] for student in chosen]
    count = Counter(row.state for row in rows)
    print(f"{len(rows)} students: " + ", ".join(f"{n} {state}" for state, n in count.most_common()))
    if unproved := sum(row.unproved for row in rows):
        print(f"{unproved} were first seen after a deadline: the dates are the students' own word")
    if not late and (policy.late == "percent" or policy.late_days) and count[NOTHING]:
        print("course.toml lets late work count at a price: --late takes it")
    if failed := [row.student.student_id for row in rows if row.failed]:
        print(f"autograder: not collected: {', '.join(failed)}; why is told above", file=sys.stderr)
        raise typer.Exit(1)
