"""Many submissions, one report each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.checks.promise import Message
from autograder.course import Course
from autograder.errors import UsageError
from autograder.grading import Options, Solutions, grade
from autograder.homework import Rules
from autograder.observe.session import LocalWorkers, Workers
from autograder.report.model import Report
from autograder.tasks import Task


@dataclass(frozen=True)
class Plan:
    """How a batch is graded; plain data, so that it can go to another process."""

    course: Course
    tasks: tuple[Task, ...]
    seed: str | None
    key: str
    device: str
    notes: tuple[Message, ...]
    jobs: int = 1
    rules: Rules = field(default_factory=Rules)
    sandbox: str = "none"

    def options(self, workers: Workers) -> Options:
        return Options(
            self.tasks,
            self.seed,
            self.key,
            self.device,
            workers=workers,
            notes=self.notes,
            rules=self.rules,
        )


def grade_all(folders: list[Path], plan: Plan) -> Iterator[tuple[Path, Report]]:
    """Grade every folder in order; with several jobs in processes of their own.

    Raises:
        UsageError: a folder is no submission; nothing is graded then.
    """
    from autograder.submission import read_submission

    for folder in folders:
        read_submission(folder, plan.tasks)
    if plan.jobs > 1 and len(folders) > 1:
        yield from _in_processes(folders, plan)
        return
    solutions = Solutions(plan.course, plan.tasks, plan.device)
    workers = make_workers(plan.sandbox)
    try:
        for folder in folders:
            yield folder, grade(folder, solutions, plan.options(workers))
    finally:
        workers.close()
        solutions.close()


def make_workers(sandbox: str) -> Workers:
    """Where student code runs.

    Raises:
        UsageError: it cannot be isolated here.
    """
    if sandbox == "none":
        return LocalWorkers()
    from autograder.sandbox.warm import WarmWorkers

    workers = WarmWorkers()
    workers.check()
    return workers


def _in_processes(folders: list[Path], plan: Plan) -> Iterator[tuple[Path, Report]]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(plan.jobs, mp_context=context) as pool:
        yield from zip(folders, pool.map(_grade_one, folders, [plan] * len(folders)), strict=True)


def _grade_one(folder: Path, plan: Plan) -> Report:
    for _, report in grade_all([folder], plan):
        return report
    raise UsageError(f"{folder}: no report")  # pragma: no cover
