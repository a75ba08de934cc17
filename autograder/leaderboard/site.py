"""What every address of the leaderboard needs: the board, who asks, and pages."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from autograder.leaderboard.board import Board
from autograder.leaderboard.pages import catalogue, language, page
from autograder.leaderboard.storage import Participant, visitor
from autograder.model import Message

COOKIE = "board"
TRIES, TRIES_SECONDS = 20, 60  # wrong tokens from one address
Clock = Callable[[], float]


class Site:
    """What every address needs: the board, who asks, and pages."""

    def __init__(self, board: Board, clock: Clock, gradebook: Path | None) -> None:
        self.board, self.rules, self.clock = board, board.rules, clock
        self.gradebook = gradebook
        self._wrong: dict[str, list[float]] = {}

    def now(self) -> float:
        now = self.clock()
        self.board.close_if_due(now)
        return now

    def who(self, request: Request) -> Participant:
        """Who asks, by the cookie.

        Raises:
            HTTPException: 401, nobody who is signed in.
        """
        with self.board.store.read() as db:
            found = visitor(db, request.cookies.get(COOKIE, ""), self.clock())
        if found is None:
            raise HTTPException(401)
        return found

    def teacher(self, request: Request) -> Participant:
        found = self.who(request)
        if not found.teacher:
            raise HTTPException(403)
        return found

    def csrf(self, request: Request) -> str:
        """What a form of this visitor's pages holds, and no other page can know."""
        return hashlib.sha256(f"form {request.cookies.get(COOKIE, '')}".encode()).hexdigest()

    def page(self, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        values = {"who": None, "csrf": self.csrf(request), "error": None} | values
        return page(request, name, self.rules, status, **values)

    def failed(self, request: Request, message: Message, status: int) -> Response:
        """An error as a page with the way back, or for a script as JSON."""
        if request.url.path.startswith("/api/"):
            text = catalogue("en").text(message)
            return JSONResponse({"error": text, "reason": message.id}, status)
        return self.page(request, "error.html", status, error=self.told(request, message))

    def told(self, request: Request, message: Message) -> str:
        return catalogue(language(request)).text(message)

    def may_try(self, address: str, now: float) -> bool:
        """Not so many wrong tokens from one address that guessing makes sense."""
        recent = [t for t in self._wrong.get(address, []) if 0 <= now - t < TRIES_SECONDS]
        if len(self._wrong) > 10_000:
            self._wrong.clear()
        self._wrong[address] = recent
        return len(recent) < TRIES

    def wrong(self, address: str, now: float) -> None:
        self._wrong.setdefault(address, []).append(now)
