"""Many submissions, one report each: nothing is judged twice, and nobody waits for a broken one.

An Engine offers places to grade at: processes of this machine (processes.py), or a cluster
(cluster.py). Both run a Grader in each, so that all verdicts come about in one way.
"""

import hashlib
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from autograder.checks.task_run import ignore
from autograder.course.settings import Course, Rules
from autograder.course.tasks import Task
from autograder.errors import AutograderError, UsageError
from autograder.grading.cache import Cache
from autograder.grading.grade import Options, grade, task_seed, versions
from autograder.grading.grade_task import undecided
from autograder.grading.references import Solutions
from autograder.grading.seeds import Seeds
from autograder.model import Message, Report, Result, TaskReport, clean
from autograder.observe.session import LocalWorkers, Workers
from autograder.submission.collected import collected, receipted
from autograder.submission.fetching import at_hand, is_url, look
from autograder.submission.task_files import TaskFiles, read_submission


@dataclass(frozen=True)
class Plan:
    """How a batch is graded; plain data, so that it can go to another process or machine.

    cache: the folder of finished work. patience: seconds without a sign of life after which
    a grading process counts as lost.
    """

    course: Course
    tasks: tuple[Task, ...]
    seed: str | None
    key: str
    device: str
    notes: tuple[Message, ...]
    jobs: int = 1
    rules: Rules = field(default_factory=Rules)
    sandbox: str = "none"
    cache: Path | None = None
    patience: float = 1800.0
    seeds: Seeds | None = None

    def options(self) -> Options:
        return Options(
            self.tasks,
            self.seed,
            self.key,
            self.device,
            notes=self.notes,
            rules=self.rules,
            seeds=self.seeds,
        )


class Grader:
    """Grades one submission after another; the references stay warm."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._options = plan.options()
        self._solutions: Solutions | None = None
        self._cache: Cache | None = None
        if plan.cache is not None:
            self._cache = Cache(plan.cache, plan.course, self._options, plan.sandbox)

    def grade(self, place: str, on_result: Callable[[Result], None] = ignore) -> Report:
        """The report of a submission; where the grader breaks, a report that says so."""
        try:
            with at_hand(place) as folder:
                return self._grade(folder, on_result)
        except Exception as error:  # the others of the batch still want their report
            if not isinstance(error, AutograderError):
                traceback.print_exc(file=sys.stderr)
            return self.give_up(place, f"{type(error).__name__}: {error}")

    def _grade(self, folder: Path, on_result: Callable[[Result], None]) -> Report:
        keys: dict[str, str] = {}
        known: dict[str, TaskReport] = {}
        cache = self._cache
        readable = _readable(folder, self._plan)
        if cache is not None:
            for files in readable:
                keys[files.task.name] = key = cache.key(folder, files)
                if report := cache.load(key, files.task):
                    known[files.task.name] = report
        if self._solutions is None and any(f.task.name not in known for f in readable):
            self._solutions = Solutions(self._plan.course, self._plan.tasks, self._plan.device)
            self._options = replace(self._options, workers=make_workers(self._plan.sandbox))

        def judged(report: TaskReport) -> None:
            if cache is not None and report.task in keys:
                cache.store(keys[report.task], report)

        return grade(folder, self._solutions, self._options, on_result, known, judged)

    def give_up(self, place: str, why: str) -> Report:
        """The report of a submission that the grader failed on: no points given or taken.

        What was judged before it broke is kept.
        """
        lost = {task.name: undecided(task, why) for task in self._plan.tasks}
        try:
            with at_hand(place) as folder:
                found = _readable(folder, self._plan)
                known = {files.task.name: lost[files.task.name] for files in found}
                known |= self._cache.known(folder, found) if self._cache else {}
                return grade(folder, None, self._options, known=known)
        except Exception:  # whatever broke may break here again
            tasks, notes = tuple(lost.values()), self._options.notes
            name, device = clean(place), self._options.device
            return Report(name, None, "", device, versions(), tasks, notes)

    def close(self) -> None:
        if self._solutions is not None:
            self._options.workers.close()
            self._solutions.close()
            self._solutions = None


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


class Engine(Protocol):
    """Places to grade at. tries: how often a submission is begun before it is given up."""

    tries: int

    def idle(self) -> bool:
        """Whether another submission can begin now."""
        ...

    def begin(self, number: int, place: str) -> None: ...

    def ended(self) -> tuple[int, Report | str] | None:
        """Wait for what ends next: a report, or how its grader was lost; None: look again."""
        ...

    def close(self) -> None: ...


def grade_all(
    places: Sequence[str], plan: Plan, engine: Callable[[Plan], Engine] | None = None
) -> Iterator[tuple[int, Report]]:
    """Grade every submission; each report comes with its number as soon as it is made.

    Without an engine in this process, one after the other.

    Raises:
        UsageError: a place holds no submission; nothing is graded then.
    """
    work = _survey(places, plan)
    if plan.cache is not None:
        Cache(plan.cache, plan.course, plan.options(), plan.sandbox).sweep()
    if engine is None:
        results = _here(places, plan)
    else:
        results = _elsewhere(places, work, plan, engine(plan))
    for number, report in results:
        yield number, receipted(replace(report, submission=clean(places[number])))


def _here(places: Sequence[str], plan: Plan) -> Iterator[tuple[int, Report]]:
    grader = Grader(plan)
    try:
        for number, place in enumerate(places):
            yield number, grader.grade(place)
    finally:
        grader.close()


def _elsewhere(
    places: Sequence[str], work: list[frozenset[str]], plan: Plan, engine: Engine
) -> Iterator[tuple[int, Report]]:
    waiting = list(range(len(places)))
    running: set[int] = set()
    begun: Counter[int] = Counter()
    try:
        while waiting or running:
            while engine.idle() and (number := _next(waiting, running, work)) is not None:
                waiting.remove(number)
                running.add(number)
                begun[number] += 1
                place = places[number]
                engine.begin(number, place if is_url(place) else str(Path(place).absolute()))
            if (end := engine.ended()) is None:
                continue
            number, outcome = end
            running.remove(number)
            if isinstance(outcome, Report):
                yield number, outcome
            elif begun[number] < engine.tries:
                waiting.insert(0, number)
            else:
                yield number, Grader(plan).give_up(places[number], outcome)
    finally:
        engine.close()


def _next(waiting: list[int], running: set[int], work: list[frozenset[str]]) -> int | None:
    """The first that is not wholly a copy of what is being judged right now.

    A copy waits, and then finds its verdicts in the cache.
    """
    judged_now: frozenset[str] = frozenset().union(*(work[number] for number in running))
    for number in waiting:
        if not work[number] or not work[number] <= judged_now:
            return number
    return None


def _survey(places: Sequence[str], plan: Plan) -> list[frozenset[str]]:
    """What there is to judge of each submission: a digest for each task's files."""
    for task in plan.tasks:
        if task.reference:
            plan.course.solution(task)
    problems: list[str] = []
    work: list[frozenset[str]] = []
    for place in places:
        try:
            look(place)
            collected(place)  # a record that cannot be read ends everything at once
            found = [] if is_url(place) else _readable(Path(place), plan)
        except UsageError as error:
            problems.append(str(error))
            continue
        for files in found if plan.seeds is not None else found[:1]:
            try:
                task_seed(plan.options(), files)
            except UsageError as error:  # a seed that cannot be used ends everything at once
                raise UsageError(f"{place}: {error}") from None
        # Without a cache a copy finds nothing by waiting.
        work.append(frozenset(_digest(f, Path(place)) for f in found if plan.cache is not None))
    if problems:
        raise UsageError("\n".join(problems))
    return work


def _digest(files: TaskFiles, folder: Path) -> str:
    # Two homeworks of equal code differ in their predictions.
    own = str(folder) if files.task.predictions else ""
    return hashlib.sha256(f"{files.task.name}/{files.digest()}/{own}".encode()).hexdigest()


def _readable(folder: Path, plan: Plan) -> list[TaskFiles]:
    return [files for files in read_submission(folder, plan.tasks) if not files.problem]
