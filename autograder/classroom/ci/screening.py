"""Shapes and counts first, on the CPU: a submission that has none of them right needs no GPU."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from autograder.checks.task_run import planned
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.errors import AutograderError
from autograder.grading.batch import make_workers
from autograder.grading.grade import Options, task_seed
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References, Solutions
from autograder.grading.seeds import Seeds
from autograder.submission.task_files import TaskFiles, read_submission

CHEAP = ("test_output_shape", "test_parameter_count")


def screened(
    submissions: Sequence[Path], course: Course, seeds: Seeds | None, sandbox: str
) -> list[Path]:
    """The submissions that have at least one task with the right shapes and counts.

    Raises:
        UsageError: a folder is no submission, or student code cannot be isolated here.
    """
    tasks = tuple(task for task in all_tasks() if task.reference and cheap(task))
    found = [(place, read_submission(place, tasks)) for place in submissions]
    with _bench(course, tasks, seeds, sandbox) as (solutions, options):
        return [
            place
            for place, files in found
            if any(fits(one, solutions, options) for one in files if not one.problem)
        ]


def cheap(task: Task) -> list[str]:
    """The checks of a task that cost next to nothing: on the meta device, where code allows."""
    return [check.id for check in planned(task) if check.function in CHEAP]


def fits(files: TaskFiles, solutions: Solutions, options: Options) -> bool:
    """Whether a task has the right shapes and counts; no verdict follows from this."""
    wanted = cheap(files.task)
    references = References(solutions.answers(files.task))
    try:
        with warnings.catch_warnings(action="ignore"):
            seed = task_seed(options, files)
            report = grade_task(files, references, seed, workers=options.workers, only=wanted)
        return all(report.result(id).outcome == "passed" for id in wanted)
    except AutograderError:
        return False
    finally:
        solutions.forget(files.task)


@contextmanager
def _bench(
    course: Course, tasks: tuple[Task, ...], seeds: Seeds | None, sandbox: str
) -> Iterator[tuple[Solutions, Options]]:
    workers = make_workers(sandbox)
    solutions = Solutions(course, tasks)
    try:
        yield solutions, Options(tasks, workers=workers, seeds=seeds)
    finally:
        solutions.close()
        workers.close()
