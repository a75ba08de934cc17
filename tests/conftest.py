"""What several tests share: the course, a reference that stays warm, and graded texts."""

import functools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.course.settings import Course, find_course
from autograder.course.tasks import all_tasks, task_named
from autograder.diagnose.explain import Mistakes
from autograder.errors import UsageError
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References, Solutions
from autograder.model import Result
from autograder.observe.profiles import Profile
from autograder.observe.session import LocalWorkers, SharedWorkers, Workers
from autograder.sandbox.warm import WarmWorkers
from autograder.submission.task_files import TaskFiles
from tests.helpers.drawn import drawn, drawn_zip, own  # noqa: F401  # fixtures

ROOT = Path(__file__).parent.parent
SEED = "5eed5eed5eed5ee"
JudgeText = Callable[..., dict[str, Result]]
HANG = 600.0  # seconds after which something is said to hang; no test is about this time

os.environ["LANG"] = "en_US.UTF-8"
GIT = [name for name in os.environ if name.startswith("GIT_")]  # a hook of git may have started us
for name in ("LC_ALL", "LC_MESSAGES", "AUTOGRADER_KEY", *GIT):
    os.environ.pop(name, None)


# The lesson's tasks, each compared with a reference; the homework is of the student's own design.
LESSON = tuple(task for task in all_tasks() if task.reference)


@pytest.fixture(scope="session")
def course() -> Course:
    return find_course(ROOT)


@pytest.fixture(scope="session")
def solutions(course: Course) -> Iterator[Solutions]:
    solutions = Solutions(course, all_tasks())
    yield solutions
    solutions.close()


@pytest.fixture(scope="session")
def workbench() -> Iterator[SharedWorkers]:
    """A worker for texts of ours that is already warm."""
    workers = SharedWorkers(Profile())
    yield workers
    workers.close()


@pytest.fixture
def judge(solutions: Solutions, workbench: SharedWorkers) -> JudgeText:
    """Judge a text of ours as the file of a task.

    named: recognise typical mistakes too.
    """

    def run(
        task: str, text: str, only: str | list[str] = "", named: bool = False
    ) -> dict[str, Result]:
        found = task_named(task)
        mistakes = solutions.mistakes(found) if named else Mistakes()
        report = grade_task(
            TaskFiles(found, {found.file: text.encode()}),
            References(solutions.answers(found), mistakes),
            SEED,
            workers=workbench,
            only=[only] if isinstance(only, str) and only else only,
        )
        return {result.check.id: result for result in report.checks}

    return run


@contextmanager
def hearing(number: int) -> Iterator[None]:
    """What is started meanwhile hears a signal, however the tests themselves were started.

    A shell starts what is in the background deaf to SIGINT. That is inherited, a handler is not.
    """
    before = signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(number, before)


def until(condition: Callable[[], object]) -> bool:
    """Wait for something to come true; False where it never does."""
    end = time.monotonic() + HANG
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())


def points(results: dict[str, Result]) -> int:
    return sum(r.check.points for r in results.values() if r.outcome == "passed")


def failures(results: dict[str, Result]) -> dict[str, str]:
    """Message ids of the failed checks."""
    return {
        id: result.message.id if result.message else ""
        for id, result in results.items()
        if result.outcome == "failed"
    }


@functools.cache
def sandbox() -> WarmWorkers | str:
    """Warm workers for all tests of this process, or why nothing can be isolated here."""
    workers = WarmWorkers()
    try:
        workers.check()
    except UsageError as error:
        return str(error)
    return workers


def pytest_sessionfinish() -> None:
    if sandbox.cache_info().currsize and not isinstance(workers := sandbox(), str):
        workers.close()


def needs_sandbox() -> WarmWorkers:
    """Skip where nothing can be isolated; in CI that is a failure."""
    found = sandbox()
    if not isinstance(found, str):
        return found
    if os.environ.get("CI"):
        pytest.fail(found)
    pytest.skip(found)


@pytest.fixture(scope="session")
def workers() -> Workers:
    """Sessions that start at once, sandboxed as in real grading; local ones without a sandbox."""
    found = sandbox()
    return LocalWorkers() if isinstance(found, str) else found
