"""The competition itself: what an upload changes, who stands where, how many points that is."""

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from autograder.leaderboard.marking import Marker
from autograder.leaderboard.rules import Rules
from autograder.leaderboard.storage import Attempt, Participant, Store, remember, setting
from autograder.model import Message
from autograder.submission.scoring import points_for

TASK = "simpsons"  # of the course, for the gradebook
# As plain rows, without files and tokens: the board reads everybody and every attempt.
MARKS = select(
    Attempt.id, Attempt.participant_id, Attempt.received, Attempt.public, Attempt.private,
    Attempt.told, Attempt.hidden,
).order_by(Attempt.id.desc())  # fmt: skip
STUDENTS = select(
    Participant.id, Participant.student_id, Participant.name, Participant.hidden
).where(Participant.teacher.is_(False))
Plain = SqlRow[*tuple[Any, ...]]
Mark = Attempt | Plain


class Refused(Exception):
    """An upload that is not taken, with the reason as a message for learners."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


@dataclass(frozen=True)
class Told:
    """An attempt as its owner may see it. f1: as shown; private: after the deadline."""

    id: int
    received: float
    f1: Fraction
    points: int
    private: Fraction | None
    counts: bool
    hidden: bool


@dataclass(frozen=True)
class Row:
    """A line of the board; who is hidden has no rank."""

    rank: int | None
    participant: Plain
    told: Told
    attempts: int


class Board:
    """The competition over a store."""

    def __init__(self, store: Store, marker: Marker, rules: Rules) -> None:
        self.store, self.marker, self.rules = store, marker, rules

    def rescore(self) -> int:
        """Score everything again if the truth is another than it was; returns how much."""
        with self.store.write() as db:
            before = setting(db, "truth")
            if before == self.marker.fingerprint:
                return 0
            remember(db, "truth", self.marker.fingerprint)
            attempts = db.scalars(select(Attempt).order_by(Attempt.id)).all()
            best: dict[int, int] = {}
            for attempt in attempts:
                marks = self.marker.mark(gzip.decompress(attempt.content))
                attempt.public, attempt.private = marks.public, marks.private
                who = attempt.participant_id
                attempt.told = self._told(marks.public, best.get(who))
                best[who] = max(attempt.told, best.get(who, 0))
            return len(attempts)

    def closed(self, db: Session, now: float) -> bool:
        """Whether the deadline has passed. Once it has, turning the clock back opens nothing."""
        closes = self.rules.closes
        return closes is not None and (now >= closes or setting(db, "closed") == f"{closes}")

    def close_if_due(self, now: float) -> None:
        """Write down that the deadline has passed."""
        closes = self.rules.closes
        if closes is None or now < closes:
            return
        with self.store.write() as db:
            remember(db, "closed", f"{closes}")

    def left(self, db: Session, who: Participant, now: float) -> int:
        """Uploads left today. Attempts of a later day count too: the clock was turned back."""
        start, _ = self.rules.day(now)
        used = select(func.count(Attempt.id)).where(
            Attempt.participant_id == who.id, Attempt.received >= start
        )
        return max(0, self.rules.daily_limit - (db.scalar(used) or 0))

    def upload(self, who: int, key: str, content: bytes, now: float) -> Told:
        """Score a file and count it, once however often it is sent.

        Raises:
            UsageError: the file cannot be scored; nothing is counted.
            Refused: too late, or too many today.
        """
        marks = self.marker.mark(content)
        digest = hashlib.sha256(content).hexdigest()
        packed = gzip.compress(content, 3)
        with self.store.write() as db:
            # The lock makes the count and the new row one step; SQLite has one writer anyway.
            owner = db.get_one(Participant, who, with_for_update=True)
            known = select(Attempt).where(Attempt.participant_id == who, Attempt.key == key)
            same = db.scalar(known)
            if same is None:
                self._refuse(db, owner, now)
                best = select(func.max(Attempt.told)).where(Attempt.participant_id == who)
                same = Attempt(
                    participant_id=who,
                    key=key,
                    received=now,
                    content=packed,
                    digest=digest,
                    public=marks.public,
                    private=marks.private,
                    told=self._told(marks.public, db.scalar(best)),
                )
                db.add(same)
                db.flush()
            elif same.digest != digest:
                raise Refused(Message("board.key_used"))
            return self._view(same, False, False)

    def _refuse(self, db: Session, who: Participant, now: float) -> None:
        if self.closed(db, now):
            raise Refused(Message("board.closed", {"time": self.rules.deadline}))
        if not self.left(db, who, now):
            _, end = self.rules.day(now)
            limit = self.rules.daily_limit
            raise Refused(Message("board.limit", {"limit": limit, "time": self.rules.time(end)}))

    def _told(self, public: int, best: int | None) -> int:
        """The Ladder (Blum and Hardt, 2015): what is no clear improvement shows the best again."""
        step = Fraction(self.rules.ladder).limit_denominator(10**6) * self.marker.public
        return public if best is None or not step or public >= best + step else best

    def _view(self, attempt: Mark, revealed: bool, counts: bool) -> Told:
        f1 = self.marker.public_f1(attempt.public if revealed else attempt.told)
        private = self.marker.private_f1(attempt.private) if revealed else None
        graded = private if private is not None and self.rules.final == "private" else f1
        return Told(
            attempt.id, attempt.received, f1, points_for(graded), private, counts, attempt.hidden
        )

    def history(self, db: Session, who: int, now: float) -> list[Told]:
        """All attempts of somebody, the newest first."""
        chosen = select(Attempt).where(Attempt.participant_id == who).order_by(Attempt.id.desc())
        attempts = list(db.scalars(chosen))
        revealed = self.closed(db, now)
        best = self._counting(attempts, revealed)
        return [self._view(a, revealed, a is best) for a in attempts]

    def rows(self, db: Session, now: float, everybody: bool = False) -> list[Row]:
        """The board, best first; everybody: hidden ones too."""
        revealed = self.closed(db, now)
        return [
            Row(rank, who, self._view(best, revealed, True), attempts)
            for rank, who, best, attempts in self._standing(db, revealed, everybody)
        ]

    def rank(self, db: Session, who: int, now: float) -> int | None:
        """Where somebody stands; None: not on the board."""
        standing = self._standing(db, self.closed(db, now), everybody=False)
        return next((rank for rank, student, *_ in standing if student.id == who), None)

    def _standing(
        self, db: Session, revealed: bool, everybody: bool
    ) -> Iterator[tuple[int | None, Plain, Mark, int]]:
        """Rank, student, the attempt that counts and the number of attempts, best first."""
        of: dict[int, list[Mark]] = {}
        for attempt in db.execute(MARKS):
            of.setdefault(attempt.participant_id, []).append(attempt)
        entries = []
        for who in db.execute(STUDENTS):
            best = self._counting(of.get(who.id, []), revealed)
            if best is not None and (everybody or not who.hidden):
                entries.append((self._value(best, revealed), best, who))
        entries.sort(key=lambda entry: (-entry[0], entry[1].id))
        place, rank, before = 0, 0, None
        for value, best, who in entries:
            if not who.hidden:
                place += 1
                rank = rank if self.rules.ties == "shared" and value == before else place
                before = value
            yield None if who.hidden else rank, who, best, len(of[who.id])

    def _counting(self, attempts: Sequence[Mark], revealed: bool) -> Mark | None:
        """The attempt that counts; attempts are the newest first."""
        good = [attempt for attempt in attempts if not attempt.hidden]
        if not good or self.rules.policy == "last":
            return good[0] if good else None
        # Chosen by what was shown: choosing by the private part would be another probe.
        return max(good, key=lambda a: (a.public if revealed else a.told, -a.id))

    def _value(self, attempt: Mark, revealed: bool) -> int:
        if not revealed:
            return attempt.told
        by_private = self.rules.final == "private" and self.marker.private
        return attempt.private if by_private else attempt.public

    def points(self, now: float) -> list[tuple[str, str, int]]:
        """student_id, task and points of everybody who takes part; 0 without an attempt."""
        with self.store.read() as db:
            reached = {r.participant.id: r.told.points for r in self.rows(db, now, everybody=True)}
            students = select(Participant).where(Participant.teacher.is_(False))
            by_id = students.order_by(Participant.student_id)
            return [(who.student_id, TASK, reached.get(who.id, 0)) for who in db.scalars(by_id)]
