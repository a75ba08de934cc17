"""Who may take part and what was uploaded: SQLite in WAL mode, or PostgreSQL."""

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import (
    Engine,
    Float,
    ForeignKey,
    LargeBinary,
    UniqueConstraint,
    create_engine,
    event,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from autograder.errors import UsageError

SESSION_SECONDS = 14 * 24 * 3600
BUSY_MS = 20_000


class Base(DeclarativeBase):
    """The tables."""


class Participant(Base):
    """A student or a teacher. hidden: not on the board. Of the token only a hash is kept."""

    __tablename__ = "participants"
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    teacher: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    token: Mapped[str] = mapped_column(unique=True)


class Attempt(Base):
    """A scored upload. key is the same when one upload is sent twice; told: what was shown.

    hidden: it does not count. public, private and told are numbers of right pictures.
    """

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("participant_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    key: Mapped[str]
    received: Mapped[float] = mapped_column(Float(53))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    digest: Mapped[str]
    public: Mapped[int]
    private: Mapped[int]
    told: Mapped[int]
    hidden: Mapped[bool] = mapped_column(default=False)


class Visit(Base):
    """Somebody who is signed in; the cookie is kept as a hash."""

    __tablename__ = "visits"
    cookie: Mapped[str] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    expires: Mapped[float] = mapped_column(Float(53))


class Setting(Base):
    """What the server must remember: the truth's fingerprint, a deadline that has passed."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def hashed(secret: str) -> str:
    """Secrets here are long and random, so a plain hash hides them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """A token, a cookie or a key that nobody guesses."""
    return secrets.token_hex(20)


class Store:
    """The database; every change is one transaction, so a killed server leaves it whole.

    Raises:
        UsageError: it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        try:
            Base.metadata.create_all(self._engine)
        except SQLAlchemyError as error:
            raise UsageError(
                f"the database cannot be used: {_why(error)}; check --db and its rights"
            ) from None
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        # SQLite has one writer, and who waits for it sleeps and looks again: better in a row.
        one_writer = self._engine.name == "sqlite"
        self._turn: AbstractContextManager[object] = (
            threading.Lock() if one_writer else nullcontext()
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self._engine) as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._turn, Session(self._writing, expire_on_commit=False) as db, db.begin():
            yield db

    def close(self) -> None:
        self._engine.dispose()


def sign_in(db: Session, token: str, now: float) -> tuple[Participant, str] | None:
    """Who has this token, and a new cookie."""
    who = db.scalar(select(Participant).where(Participant.token == hashed(token.strip())))
    if who is None:
        return None
    for old in db.scalars(select(Visit).where(Visit.expires < now)):
        db.delete(old)
    cookie = new_secret()
    db.add(Visit(cookie=hashed(cookie), participant_id=who.id, expires=now + SESSION_SECONDS))
    return who, cookie


def visitor(db: Session, cookie: str, now: float) -> Participant | None:
    """Whose cookie this is, if it is still good."""
    found = db.get(Visit, hashed(cookie))
    if found is None or found.expires < now:
        return None
    return db.get(Participant, found.participant_id)


def give_token(db: Session, student_id: str, name: str = "", teacher: bool = False) -> str:
    """A new token for somebody; an older one, and whoever signed in with it, is out."""
    token = new_secret()
    who = db.scalar(select(Participant).where(Participant.student_id == student_id))
    if who is None:
        who = Participant(student_id=student_id, name=name or student_id, teacher=teacher)
        db.add(who)
    else:
        who.name = name or who.name
        for visit in db.scalars(select(Visit).where(Visit.participant_id == who.id)):
            db.delete(visit)
    who.token = hashed(token)
    return token


def first_teacher(store: Store) -> str:
    """A token for a teacher where there is none yet."""
    with store.write() as db:
        if db.scalar(select(Participant.id).where(Participant.teacher.is_(True)).limit(1)):
            return ""
        return give_token(db, "teacher", teacher=True)


def setting(db: Session, name: str) -> str:
    """What was remembered under a name, or nothing."""
    found = db.get(Setting, name)
    return found.value if found else ""


def remember(db: Session, name: str, value: str) -> None:
    """Keep a text under a name."""
    db.merge(Setting(name=name, value=value))


def _engine(url: str) -> Engine:
    try:
        place = make_url(url if "://" in url else f"sqlite:///{url}")
        if place.drivername in ("postgres", "postgresql"):
            place = place.set(drivername="postgresql+psycopg")
        if place.get_backend_name() == "sqlite" and place.database:
            Path(place.database).absolute().parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(place, pool_size=8, max_overflow=32, pool_pre_ping=True)
    except (ArgumentError, ImportError, SQLAlchemyError, OSError) as error:
        raise UsageError(
            f"--db: cannot be used ({error}); give a file, or postgresql://USER@HOST/NAME"
        ) from None
    if place.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _configure)
        # The driver would begin transactions late, after the first look at the data.
        event.listen(
            engine,
            "begin",
            lambda db: db.exec_driver_sql(db.get_execution_options().get("begin", "BEGIN")),
        )
    return engine


def _configure(connection: object, _: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # transactions are ours
    for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")  # type: ignore[attr-defined]
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")  # type: ignore[attr-defined]


def _why(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, OperationalError) else error
    return str(cause).strip().split("\n")[0]
