"""The leaderboard's addresses: what a student and a teacher can ask the server for."""

import gzip
import hmac
import time
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, File, Form, Header, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from simpsons.serving import App, Guard, Receive, Scope, Send, log
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from autograder.errors import UsageError
from autograder.leaderboard.board import Board, Refused
from autograder.leaderboard.pages import catalogue, page
from autograder.leaderboard.site import COOKIE, Clock, Site
from autograder.leaderboard.storage import (
    SESSION_SECONDS,
    Attempt,
    Participant,
    Visit,
    hashed,
    new_secret,
    sign_in,
)
from autograder.leaderboard.teacher_pages import add_teacher_pages
from autograder.model import Message

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KEY = Form(min_length=8, max_length=64, pattern=r"^[\w-]+$")


def same_site(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Refuse forms that another site, or another session, sent."""
    site: Site = request.app.state.site
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)
    if not hmac.compare_digest(csrf, site.csrf(request)):
        raise HTTPException(403)


def make_app(board: Board, clock: Clock = time.time, gradebook: Path | None = None) -> App:
    """The whole site as an ASGI application; points are pushed into the file gradebook."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    api.state.site = site = Site(board, clock, gradebook)
    _add_pages(api, site)
    _add_script_addresses(api, site)
    add_teacher_pages(api, site, Depends(same_site))

    @api.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == 401 and not request.url.path.startswith("/api/"):
            return site.page(request, "sign_in.html", 401)
        known = error.status_code if error.status_code in (401, 403, 404, 405, 429) else 400
        return site.failed(request, Message(f"board.http_{known}"), error.status_code)

    @api.exception_handler(RequestValidationError)
    def bad_form(request: Request, error: RequestValidationError) -> Response:
        return site.failed(request, Message("board.http_400"), 400)

    @api.exception_handler(SQLAlchemyError)
    def no_database(request: Request, error: SQLAlchemyError) -> Response:
        log("database failed", error=repr(error)[:500])
        return site.failed(request, Message("board.http_503"), 503)

    async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
        message = Message("board.too_large", {"limit": board.rules.max_kb})
        request = Request({**scope, "app": api})
        await site.failed(request, message, 413)(scope, receive, send)

    return Guard(api, HEADERS, (board.rules.max_kb + 64) << 10, too_large)


def _add_pages(api: FastAPI, site: Site) -> None:
    board = site.board

    @api.get("/")
    def index(request: Request) -> Response:
        who, now = site.who(request), site.now()
        if who.teacher:
            return RedirectResponse(f"{request.scope.get('root_path', '')}/teacher", 303)
        return _home(site, request, who, now)

    @api.post("/sign-in")
    def enter(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> Response:
        now, address = site.clock(), request.client.host if request.client else ""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HTTPException(403)
        if not site.may_try(address, now):
            raise HTTPException(429)
        with board.store.write() as db:
            found = sign_in(db, token, now)
        if found is None:
            site.wrong(address, now)
            error = site.told(request, Message("board.wrong_token"))
            return site.page(request, "sign_in.html", 401, error=error)
        who, cookie = found
        log("signed in", student=who.student_id)
        response = RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    @api.post("/sign-out", dependencies=[Depends(same_site)])
    def leave(request: Request) -> Response:
        with board.store.write() as db:
            visit = db.get(Visit, hashed(request.cookies.get(COOKIE, "")))
            if visit is not None:
                db.delete(visit)
        response = RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)
        response.delete_cookie(COOKIE)
        return response

    @api.post("/upload", dependencies=[Depends(same_site)])
    def upload(
        request: Request, file: Annotated[UploadFile, File()], key: Annotated[str, KEY]
    ) -> Response:
        who, now = site.who(request), site.now()
        try:
            told = _take(site, who, key, file, now)
        except Refused as refused:
            return _home(site, request, who, now, 409, site.told(request, refused.message))
        except UsageError as error:
            text = site.told(request, Message("board.bad_file"))
            return _home(site, request, who, now, 422, text, str(error))
        return RedirectResponse(f"{request.scope.get('root_path', '')}/?new={told.id}", 303)

    @api.get("/attempts/{number}.csv")
    def own_file(request: Request, number: int) -> Response:
        who = site.who(request)
        with board.store.read() as db:
            attempt = db.get(Attempt, number)
            if attempt is None or (attempt.participant_id != who.id and not who.teacher):
                raise HTTPException(404)
            content = gzip.decompress(attempt.content)
        return _download(content, f"submission-{number}.csv")

    @api.get("/style.css")
    def style(request: Request) -> Response:
        css = page(request, "style.css", site.rules).body
        return Response(css, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @api.get("/health")
    def health() -> Response:
        with board.store.read() as db:
            db.execute(select(1))
        return PlainTextResponse("ok\n")


def _home(
    site: Site,
    request: Request,
    who: Participant,
    now: float,
    status: int = 200,
    error: str | None = None,
    details: str = "",
) -> HTMLResponse:
    """The board, the form and one's own attempts."""
    board = site.board
    with board.store.read() as db:
        return site.page(
            request,
            "board.html",
            status,
            who=who,
            rows=board.rows(db, now),
            history=board.history(db, who.id, now),
            left=board.left(db, who, now),
            closed=board.closed(db, now),
            private=board.marker.private,
            new=request.query_params.get("new", ""),
            key=new_secret(),
            error=error,
            details=details,
        )


def _take(site: Site, who: Participant, key: str, file: UploadFile, now: float) -> Any:
    content = file.file.read((site.rules.max_kb << 10) + 1)
    if len(content) > site.rules.max_kb << 10:
        raise Refused(Message("board.too_large", {"limit": site.rules.max_kb}))
    told = site.board.upload(who.id, key, content, now)
    log("upload", student=who.student_id, attempt=told.id, size=len(content))
    return told


def _add_script_addresses(api: FastAPI, site: Site) -> None:
    @api.post("/api/upload")
    def upload(
        file: Annotated[UploadFile, File()],
        key: Annotated[str, KEY],
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        now = site.now()
        with site.board.store.read() as db:
            token = authorization.removeprefix("Bearer ").strip()
            chosen = select(Participant).where(Participant.token == hashed(token))
            who = db.scalar(chosen)
        if who is None:
            raise HTTPException(401)
        try:
            told = _take(site, who, key, file, now)
        except Refused as refused:
            text = catalogue("en").text(refused.message)
            return JSONResponse({"error": text, "reason": refused.message.id}, 409)
        except UsageError as error:
            return JSONResponse({"error": str(error), "reason": "board.bad_file"}, 422)
        with site.board.store.read() as db:
            rank = site.board.rank(db, who.id, now)
            left = site.board.left(db, who, now)
        answer = {"attempt": told.id, "f1": site.rules.shown(told.f1), "points": told.points}
        return JSONResponse(answer | {"rank": rank, "left_today": left})


def _download(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
