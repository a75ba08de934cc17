"""What several tests share: the course, a reference that stays warm, and graded texts."""

import functools
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from autograder.checks.judge import Bench, Judge, Result
from autograder.checks.witness import Witness
from autograder.course import Course, find_course
from autograder.errors import UsageError
from autograder.grading import Solutions
from autograder.observe.session import LocalWorkers, SharedSession, Workers
from autograder.sandbox.profiles import Profile
from autograder.sandbox.warm import WarmWorkers
from autograder.tasks import all_tasks, task_named

ROOT = Path(__file__).parent.parent
SEED = "5eed5eed5eed5ee"
JudgeText = Callable[..., dict[str, Result]]

os.environ["LANG"] = "en_US.UTF-8"
for name in ("LC_ALL", "LC_MESSAGES", "AUTOGRADER_KEY"):
    os.environ.pop(name, None)


# The lesson's tasks, each compared with a reference; the homework is of the student's own design.
LESSON = tuple(task for task in all_tasks() if not task.homework)


@pytest.fixture(scope="session")
def course() -> Course:
    return find_course(ROOT)


@pytest.fixture(scope="session")
def solutions(course: Course) -> Iterator[Solutions]:
    solutions = Solutions(course, all_tasks())
    yield solutions
    solutions.close()


@pytest.fixture(scope="session")
def workbench() -> Iterator[SharedSession]:
    session = SharedSession(Profile())
    yield session
    session.close()


@pytest.fixture
def judge(solutions: Solutions, workbench: SharedSession) -> JudgeText:
    """Judge a text of ours as the file of a task, in a worker that is already warm.

    named: recognise typical mistakes too.
    """

    def run(
        task: str, text: str, only: str | list[str] = "", name: str = "text", named: bool = False
    ) -> dict[str, Result]:
        found = task_named(task)
        file = f"{task}_{name}.py"
        workbench.place(file, text.encode())
        student = Witness(f"{task}/{name}", partial(workbench.open, file))
        bench = Bench(found, student, solutions.references(found), SEED)
        if named:
            bench.mistakes = solutions.mistakes(found)
        try:
            return Judge([bench], only=[only] if isinstance(only, str) and only else only).run()
        finally:
            student.forget()

    return run


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
