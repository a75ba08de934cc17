"""The commands of the leaderboard: serve, token, upload, points."""

import csv
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import CourseOption
from autograder.errors import UsageError

TOKEN = "AUTOGRADER_TOKEN"  # noqa: S105  # the name of a variable
DATABASE = "AUTOGRADER_LEADERBOARD_DB"

app = typer.Typer(no_args_is_help=True, help="A competition of your class on your own server.")
DbOption = Annotated[
    str | None,
    typer.Option(metavar="FILE|URL", help=f"SQLite file or postgresql://…; default: ${DATABASE}."),
]


@app.command()
def serve(
    truth: Annotated[
        Path | None, typer.Option(metavar="CSV", help="The right classes; never sent.")
    ] = None,
    public: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Ids of the public part; default: all.")
    ] = None,
    db: DbOption = None,
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    deadline: Annotated[
        str | None, typer.Option(metavar="TIME", help='"2026-12-24 23:59", time of the course.')
    ] = None,
    daily_limit: Annotated[int | None, typer.Option(help="Uploads a day.")] = None,
    gradebook: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Points are pushed into this file.")
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="/PATH", help="Where a reverse proxy shows it.")
    ] = "",
    proxies: Annotated[
        str, typer.Option(metavar="IP,…", help="Reverse proxies whose headers are believed.")
    ] = "127.0.0.1",
    course: CourseOption = None,
) -> None:
    """Serve the leaderboard until Ctrl-C. Rules: [leaderboard] in course.toml."""
    from simpsons.errors import DataError
    from simpsons.serving import log
    from simpsons.serving import serve as run

    from autograder.course.settings import find_course
    from autograder.leaderboard.rules import read_rules

    found = find_course(course)
    rules = read_rules(found.folder / "course.toml", deadline=deadline, daily_limit=daily_limit)
    truth, public = truth or found.homework.truth, public or found.homework.public
    if truth is None:
        raise UsageError("the right classes are needed: give --truth truth.csv (simpsons truth)")
    needed()
    from autograder.leaderboard.app import make_app
    from autograder.leaderboard.board import Board
    from autograder.leaderboard.marking import Marker
    from autograder.leaderboard.storage import Store, first_teacher

    marker = Marker(truth, public)
    store = Store(_database(db))
    try:
        board = Board(store, marker, rules)
        again = board.rescore()
        secret = first_teacher(store)
        if secret:
            print(f"token of the first teacher, shown only now: {secret}", flush=True)
        try:
            run(make_app(board, gradebook=gradebook), host, port, root_path, proxies)
        except DataError as error:
            raise UsageError(str(error)) from None
        if again:
            log("the truth changed", scored_again=again)
    finally:
        store.close()


@app.command()
def token(
    student: Annotated[str | None, typer.Argument(metavar="[STUDENT_ID]")] = None,
    name: Annotated[str, typer.Option(help="The name on the board.")] = "",
    teacher: Annotated[bool, typer.Option("--teacher", help="A teacher's token.")] = False,
    roster: Annotated[
        Path | None, typer.Option(metavar="CSV", help="One for each: student_id,name,…")
    ] = None,
    db: DbOption = None,
) -> None:
    """Make tokens and print them as CSV; an older token of the same id is out."""
    needed()
    from autograder.leaderboard.storage import Store, give_token
    from autograder.leaderboard.teacher_pages import read_people

    if (student is None) == (roster is None):
        raise UsageError("give one STUDENT_ID, or --roster roster.csv")
    if roster is not None:
        try:
            people = read_people(roster.read_bytes())
        except OSError as error:
            raise UsageError(f"{roster}: cannot be read: {error}") from None
    else:
        people = [(student or "", name)]
    store = Store(_database(db))
    with store.write() as session:
        rows = [(id, shown, give_token(session, id, shown, teacher)) for id, shown in people]
    store.close()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([("student_id", "name", "token"), *rows])


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(metavar="SUBMISSION.csv")],
    url: Annotated[str, typer.Option(metavar="URL", help="Address of the leaderboard.")],
) -> None:
    """Upload a file and print what it reached. The token is read from $AUTOGRADER_TOKEN."""
    from autograder.leaderboard.client import upload as send

    secret = os.environ.get(TOKEN, "")
    if not secret:
        raise UsageError(f"no token: set {TOKEN} to the one your teacher gave you")
    answer = send(file, url, secret)
    print(
        f"F1 {answer['f1']}, points {answer['points']}, rank {answer['rank'] or '-'}, "
        f"uploads left today {answer['left_today']}"
    )


@app.command()
def points(
    truth: Annotated[Path | None, typer.Option(metavar="CSV")] = None,
    public: Annotated[Path | None, typer.Option(metavar="CSV")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Merge into this file; default: print.")
    ] = None,
    db: DbOption = None,
    course: CourseOption = None,
) -> None:
    """The points of everybody, as student_id,task,points."""
    import time

    from autograder.course.settings import find_course
    from autograder.leaderboard.rules import read_rules

    found = find_course(course)
    needed()
    from autograder.leaderboard.board import Board
    from autograder.leaderboard.marking import Marker
    from autograder.leaderboard.storage import Store
    from autograder.leaderboard.teacher_pages import POINTS, push, table

    truth, public = truth or found.homework.truth, public or found.homework.public
    if truth is None:
        raise UsageError("the right classes are needed: give --truth truth.csv")
    store = Store(_database(db))
    board = Board(store, Marker(truth, public), read_rules(found.folder / "course.toml"))
    rows = board.points(time.time())
    store.close()
    if out is None:
        print(table(POINTS, rows), end="")
    else:
        print(f"{push(out, rows)} students: {out}")


@app.command()
def space(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="New folder to write.")],
    course: CourseOption = None,
) -> None:
    """Write a folder with which a Hugging Face Space serves the leaderboard."""
    from autograder.course.settings import find_course

    needed()
    from autograder.leaderboard.space import write_space

    write_space(out, find_course(course).folder / "course.toml")
    print(f"written: {out}; copy what is in it into a Space of the kind Docker")


def needed() -> None:
    """Raises UsageError where the packages of the extra are not installed."""
    import importlib.util

    names = ("fastapi", "uvicorn", "sqlalchemy", "python_multipart")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} missing; install: "
            "pip install -c constraints.txt -e '.[leaderboard]'"
        )


def _database(given: str | None) -> str:
    return given or os.environ.get(DATABASE) or "leaderboard.sqlite"
