"""The command autograder: its parts by audience, and what its exit codes mean."""

import traceback

import typer

from autograder.cli import (
    author,
    classes,
    competition,
    lessons,
    repositories,
    review,
    student,
    teacher,
    workflows,
)
from autograder.cli.options import complain
from autograder.errors import GraderFault, UsageError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check, grade and score the course on CNN architectures.",
)
for audience in (student, teacher, author):
    app.add_typer(audience.app)
app.add_typer(competition.app, name="leaderboard")
for audience in (classes, lessons, workflows, repositories, review):
    app.add_typer(audience.app)


def main() -> None:
    """Run a command; exit 2 on misuse and 3 where the grader itself broke."""
    try:
        app()
    except UsageError as error:
        complain(str(error), 2)
    except KeyboardInterrupt:
        complain("interrupted", 130)
    except GraderFault as error:
        complain(f"the grader itself broke, no verdict follows from this: {error}", 3)
    except Exception as error:  # a fault of ours must not look like a verdict
        traceback.print_exc()
        complain(f"the grader itself broke, no verdict follows from this: {error!r}", 3)
