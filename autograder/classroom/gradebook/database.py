"""How nbgrader's database is opened and shared, by several programs at once too."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from autograder.errors import UsageError

TRIES = 5  # two programs may make the same row at the same time: one of them looks again
T = TypeVar("T")


def course_id(url: str) -> str:
    """The course that the database is of already, or a name for a new one."""
    from nbgrader.api import Course as Row
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.orm import Session

    engine = create_engine(url)
    try:
        if "course" not in inspect(engine).get_table_names():
            return "cnn"
        with Session(engine) as session:
            # Parts of nbgrader add a course "default_course" whenever they open the database.
            own = session.query(Row).filter(Row.id != "default_course").first()
            return str(own.id) if own else "cnn"
    finally:
        engine.dispose()


def check_version(url: str) -> None:
    """See that the database has the columns that this nbgrader asks for.

    Raises:
        UsageError: another nbgrader made it.
    """
    from nbgrader.api import Base
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url)
    try:
        found = inspect(engine)
        for name in {*found.get_table_names()} & {*Base.metadata.tables}:
            there = {column["name"] for column in found.get_columns(name)}
            for column in Base.metadata.tables[name].columns:
                if column.name not in there:
                    raise UsageError(
                        f"--gradebook {_hidden(url)}: made by an older nbgrader ({name} has no "
                        f"{column.name}); make a copy of it, then run: nbgrader db upgrade"
                    )
    finally:
        engine.dispose()


def again(make: Callable[[], T]) -> T:
    """Make a row, or find the one that another program made in the same moment."""
    from nbgrader.api import InvalidEntry

    for _ in range(TRIES - 1):
        try:
            return _quietly(make)
        except InvalidEntry:
            continue
    return _quietly(make)


def _quietly(make: Callable[[], T]) -> T:
    """Without SQLAlchemy's remarks on how nbgrader uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


@contextmanager
def own_programs() -> Iterator[None]:
    """nbgrader calls alembic by its name: let it find the one beside this Python."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn what can be wrong with a database into what to do about it."""
    try:
        from sqlalchemy.exc import SQLAlchemyError

        yield
    except ImportError as error:
        raise UsageError(
            f"the gradebook needs a package ({error}): pip install -c constraints.txt "
            "-e '.[notebooks]', for PostgreSQL also 'psycopg[binary]'"
        ) from None
    except SQLAlchemyError as error:
        first = str(error).strip().splitlines()[0]
        raise UsageError(
            f"--gradebook {_hidden(url)}: cannot be opened: {first}; sqlite:///gradebook.db, or "
            "postgresql+psycopg://USER@HOST/NAME of a running server"
        ) from None


def _hidden(url: str) -> str:
    """A URL without its password."""
    from sqlalchemy.engine import make_url

    try:
        return make_url(url).render_as_string(hide_password=True)
    except Exception:  # whatever was given, it is no URL
        return "(not a URL of SQLAlchemy)"
