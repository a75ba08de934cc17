"""What only a teacher may do: tokens, hiding, exports, points into the gradebook."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from simpsons.serving import log
from simpsons.tables import trimmed
from sqlalchemy import func, select
from starlette.exceptions import HTTPException

from autograder.errors import UsageError
from autograder.files import read_rows, write
from autograder.leaderboard.board import Board
from autograder.leaderboard.marking import Upload
from autograder.leaderboard.site import Site
from autograder.leaderboard.storage import Attempt, Participant, give_token
from autograder.model import Message
from autograder.report.html import harmless

POINTS = ("student_id", "task", "points")
MOST_AT_ONCE = 2000
ADDRESS = re.compile(r"\S@\S+\.\S")
SEPARATED = re.compile(r"[;,\t]")  # a whole line of a table that was taken for an id


def add_teacher_pages(api: FastAPI, site: Site, same_site: Any) -> None:
    """The addresses below /teacher."""
    board = site.board

    def shown(
        request: Request, status: int = 200, given: Sequence[tuple[str, str]] = (), **texts: str
    ) -> HTMLResponse:
        who, now = site.teacher(request), site.now()
        with board.store.read() as db:
            counts = select(Attempt.participant_id, func.count(Attempt.id)).group_by(
                Attempt.participant_id
            )
            everybody = select(Participant).order_by(Participant.student_id)
            return site.page(
                request,
                "teacher.html",
                status,
                who=who,
                people=list(db.scalars(everybody)),
                attempts={row[0]: row[1] for row in db.execute(counts)},
                rows={row.participant.id: row for row in board.rows(db, now, everybody=True)},
                closed=board.closed(db, now),
                given=given,
                gradebook=site.gradebook,
                **({"note": "", "details": ""} | texts),
            )

    @api.get("/teacher")
    def overview(request: Request) -> Response:
        return shown(request)

    @api.post("/teacher/tokens", dependencies=[same_site])
    def tokens(request: Request, people: Annotated[str, Form(max_length=200_000)] = "") -> Response:
        site.teacher(request)
        try:
            wanted = read_people(people.encode())
        except UsageError as error:
            text = site.told(request, Message("board.bad_people"))
            return shown(request, 422, error=text, details=str(error))
        with board.store.write() as db:
            given = [(id, give_token(db, id, name)) for id, name in wanted]
        log("tokens given", students=[id for id, _ in given])
        return shown(request, given=given)

    @api.post("/teacher/renew", dependencies=[same_site])
    def renew(request: Request, person: Annotated[int, Form()]) -> Response:
        site.teacher(request)
        with board.store.write() as db:
            found = db.get(Participant, person)
            if found is None:
                raise HTTPException(404)
            given = [(found.student_id, give_token(db, found.student_id))]
        log("token renewed", student=found.student_id)
        return shown(request, given=given)

    @api.post("/teacher/hide", dependencies=[same_site])
    def hide(
        request: Request,
        person: Annotated[int | None, Form()] = None,
        attempt: Annotated[int | None, Form()] = None,
    ) -> Response:
        site.teacher(request)
        with board.store.write() as db:
            found: Participant | Attempt | None = (
                db.get(Attempt, attempt) if attempt is not None else db.get(Participant, person)
            )
            if found is None:
                raise HTTPException(404)
            found.hidden = not found.hidden
            back = found.participant_id if isinstance(found, Attempt) else found.id
            log("hidden" if found.hidden else "shown", person=person, attempt=attempt)
        place = f"{request.scope.get('root_path', '')}/teacher/people/{back}"
        return RedirectResponse(place, 303)

    @api.get("/teacher/people/{number}")
    def person(request: Request, number: int) -> Response:
        who, now = site.teacher(request), site.now()
        with board.store.read() as db:
            someone = db.get(Participant, number)
            if someone is None:
                raise HTTPException(404)
            history = board.history(db, number, now)
            return site.page(request, "person.html", who=who, person=someone, history=history)

    @api.get("/teacher/board.csv")
    def export(request: Request) -> Response:
        site.teacher(request)
        return _file(board_table(board, site.now()), "leaderboard.csv")

    @api.get("/teacher/points.csv")
    def points(request: Request) -> Response:
        site.teacher(request)
        return _file(table(POINTS, board.points(site.now())), "points.csv")

    @api.post("/teacher/push", dependencies=[same_site])
    def push_points(request: Request) -> Response:
        site.teacher(request)
        if site.gradebook is None:
            raise HTTPException(404)
        try:
            count = push(site.gradebook, board.points(site.now()))
        except UsageError as error:
            text = site.told(request, Message("board.no_push"))
            return shown(request, 500, error=text, details=str(error))
        log("points pushed", students=count, file=str(site.gradebook))
        return shown(request, note=site.told(request, Message("board.pushed", {"count": count})))


def read_people(content: bytes) -> list[tuple[str, str]]:
    """Student id and name of each line: "ann, Ann Lee", or a roster.csv with a header.

    What is no id and no name, such as an address, never becomes one: names are public.

    Raises:
        UsageError: a line has no id, or more than an id and a name and no header that says what
            they are, or an id stands twice.
    """
    try:
        rows = read_rows(Upload(content, "the list of students"))
        lines = [[cell.strip() for cell in trimmed(row)] for row in rows]
    except csv.Error as error:
        raise UsageError(f"not a list of students: {error}") from None
    lines = [line for line in lines if line]
    columns = {"student_id": 0, "name": 1}
    first = [cell.lower() for cell in lines[0]] if lines else []
    headed = "student_id" in first
    if headed:
        columns = {name: first.index(name) for name in columns if name in first}
        lines = lines[1:]
    found: dict[str, str] = {}
    for number, row in enumerate(lines, start=1):
        cells = {name: row[place] if place < len(row) else "" for name, place in columns.items()}
        id = cells["student_id"]
        if not id or len(id) > 100 or not id.isprintable() or SEPARATED.search(id):
            raise UsageError(f"student {number}: no student_id; write: id, name")
        if not headed and (len(row) > 2 or ADDRESS.search(cells["name"])):
            raise UsageError(
                f"student {number}: more than an id and a name; say in a first line what stands "
                "where, as in roster.csv: student_id,name,email"
            )
        if id in found:
            raise UsageError(f"student {number}: {id} stands there twice")
        name = "".join(c for c in cells.get("name", "") if c.isprintable())
        found[id] = name[:100] or id
    if not found or len(found) > MOST_AT_ONCE:
        raise UsageError(f"write one student a line, as: id, name (at most {MOST_AT_ONCE})")
    return list(found.items())


def board_table(board: Board, now: float) -> str:
    """The board as CSV, hidden entries marked."""
    rules = board.rules
    with board.store.read() as db:
        lines = [
            (
                row.rank or "",
                row.participant.student_id,
                row.participant.name,
                rules.shown(row.told.f1),
                "" if row.told.private is None else rules.shown(row.told.private),
                row.told.points,
                row.attempts,
                f"{datetime.fromtimestamp(row.told.received, rules.zone):%Y-%m-%d %H:%M:%S}",
                int(row.participant.hidden),
            )
            for row in board.rows(db, now, everybody=True)
        ]
    header = (
        "rank", "student_id", "name", "public_f1", "private_f1", "points", "attempts", "time",
        "hidden",
    )  # fmt: skip
    return table(header, lines)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV that a spreadsheet only shows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([harmless(str(cell)) for cell in row] for row in rows)
    return out.getvalue()


def push(path: Path, points: Sequence[tuple[str, str, int]]) -> int:
    """Merge points into a CSV of the gradebook; rows of other tasks and students stay.

    Raises:
        UsageError: the file holds something else, or cannot be written.
    """
    rows: dict[tuple[str, str], object] = {}
    if path.exists():
        try:
            kept = [trimmed(row) for row in read_rows(path)]
        except csv.Error as error:
            raise UsageError(f"{path}: cannot be read: {error}") from None
        if tuple(kept[:1][0] if kept else ()) != POINTS or any(len(row) != 3 for row in kept):
            raise UsageError(f"{path}: not a table of {','.join(POINTS)}; name another")
        rows = {(student, task): value for student, task, value in kept[1:]}
    rows |= {(harmless(student), task): value for student, task, value in points}
    write(path, table(POINTS, ((*key, value) for key, value in rows.items())))
    return len(points)


def _file(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)
