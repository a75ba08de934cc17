"""One submission -> Report: read the files, question the code, judge the answers."""

import hashlib
import hmac
import platform
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder import __version__
from autograder.checks.task_run import ignore
from autograder.course.settings import Rules
from autograder.course.tasks import Task, all_tasks
from autograder.errors import GraderFault, UsageError
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References, Solutions
from autograder.grading.seeds import Seeds, seed_of, seeded
from autograder.model import Message, Report, Result, TaskReport, clean
from autograder.observe.profiles import Profile, profile_for
from autograder.observe.session import LocalWorkers, Workers
from autograder.submission.commit import commit_of
from autograder.submission.homework import read_homework
from autograder.submission.task_files import TaskFiles, read_submission


@dataclass(frozen=True)
class Options:
    """How to grade. seed: replay this seed; key: make each task's seed from its files.

    seeds: those that the holder of the key handed out, where the key is not here.
    """

    tasks: tuple[Task, ...] = field(default_factory=all_tasks)
    seed: str | None = None
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    device: str = "cpu"
    student: Profile = field(default_factory=Profile)
    workers: Workers = field(default_factory=LocalWorkers)
    notes: tuple[Message, ...] = ()
    rules: Rules = field(default_factory=Rules)
    seeds: Seeds | None = None


def task_seed(options: Options, files: TaskFiles) -> str:
    """The seed of a task: of the key and the files, so that equal files get equal verdicts.

    A seed to replay is either a report's ("resnet=5f0c…,vgg=…") or any text for all tasks.
    """
    if options.seed is not None:
        stated = dict(part.split("=", 1) for part in options.seed.split(",") if "=" in part)
        if files.task.name in stated:
            seed = stated[files.task.name]
            if not re.fullmatch(r"[0-9a-f]{1,15}", seed):
                raise UsageError(f"--seed {files.task.name}={seed}: copy the seed of the report")
            return seed
        return _hmac(options.seed, files.task.name)
    if options.seeds is not None:
        return seed_of(options.seeds, files)
    return _hmac(options.key, seeded(files))


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:15]


def grade(
    folder: Path,
    solutions: Solutions | None,
    options: Options,
    on_result: Callable[[Result], None] = ignore,
    known: Mapping[str, TaskReport] | None = None,
    on_task: Callable[[TaskReport], None] = lambda report: None,
) -> Report:
    """Grade one submission.

    solutions may be missing where every task is known. known: reports of tasks, by name, that
    need not be judged again. on_task: called with each report of a task that was judged now.

    Raises:
        UsageError: the folder is no submission.
    """
    found = read_submission(folder, options.tasks)
    seeds = {files.task.name: task_seed(options, files) for files in found}
    reports = dict(known or {})
    waiting = [files for files in found if not files.problem and files.task.name not in reports]
    if waiting and not solutions:
        raise GraderFault("there is nothing to judge these tasks by")
    options.workers.expect(
        profile_for(options.student, files.task.allowed, options.device) for files in waiting
    )
    try:
        for files in found:
            task = files.task
            if task.name in reports:
                continue
            reports[task.name] = graded = grade_task(
                files,
                solutions.of(task) if solutions else References(),
                seeds[task.name],
                workers=options.workers,
                profile=options.student,
                device=options.device,
                homework=read_homework(folder, task, options.rules),
                on_result=on_result,
            )
            if solutions:
                solutions.forget(task)
            if not files.problem:
                on_task(graded)
    finally:
        options.workers.expect(())
    return Report(
        submission=clean(str(folder)),
        commit=commit_of(folder),
        seed=",".join(f"{name}={seed}" for name, seed in seeds.items()),
        device=options.device,
        versions=versions(),
        tasks=tuple(reports[files.task.name] for files in found),
        notes=options.notes,
    )


def versions() -> dict[str, str]:
    """What a grade depends on."""
    found = {"autograder": __version__, "python": platform.python_version()}
    for package in ("torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            raise GraderFault(f"{package} is not installed") from None
    return found
