"""The judge: plans the checks, runs them in order, and keeps what each one found.

A check that was planned and did not report counts as not run. The pytest plugin beside this
runs the same checks under plain pytest.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType

from autograder.checks import families
from autograder.checks.promise import Check, Failed, Held, Message, Scored, plan
from autograder.checks.subject import Subject
from autograder.checks.witness import GaveUp, NoAnswer, Reference, Witness
from autograder.homework import Homework
from autograder.tasks import Task, task_named


@dataclass
class Bench:
    """One task of one submission, ready to be judged."""

    task: Task
    student: Witness
    references: list[Reference]
    seed: str
    homework: Homework | None = None


@dataclass(frozen=True)
class Result:
    """What a check found.

    points: where it is neither all nor none. held: the task's points are not decided yet.
    broke: the grader is at fault, the text says how.
    """

    check: Check
    outcome: str  # passed, failed, not_run
    message: Message | None = None
    seconds: float = 0.0
    broke: str = ""
    points: float | None = None
    held: bool = False


def planned(task: Task) -> tuple[Check, ...]:
    """Every check of a task, in the order of the report."""
    return _planned(task.name)


@cache
def _planned(name: str) -> tuple[Check, ...]:
    return tuple(plan(task_named(name), families, special(name)))


def special(task: str) -> ModuleType:
    """The module with a task's own checks."""
    return import_module(f"autograder.checks.{task}")


@dataclass(eq=False)
class Judge:
    """Runs the planned checks of some tasks; results are by check id.

    told: called with each result as it comes. done: called when a task's last check ran. only:
    the ids of some checks; others run only where these need them.
    """

    benches: list[Bench]
    told: Callable[[Result], None] = lambda result: None
    done: Callable[[Bench], None] = lambda bench: None
    only: Collection[str] = ()
    results: dict[str, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._benches = {bench.task.name: bench for bench in self.benches}
        self._subjects: dict[tuple[str, str], Subject] = {}
        self.plan = {c.id: c for bench in self.benches for c in planned(bench.task)}
        if self.only:
            needed = set[str]().union(*(self._needed(id) for id in self.only))
            self.plan = {id: check for id, check in self.plan.items() if id in needed}

    def _needed(self, id: str) -> set[str]:
        """A check and everything it waits for."""
        check = self.plan[id]
        first = (check.after, *check.members)
        return {id}.union(*(self._needed(other) for other in first if other))

    def run(self) -> dict[str, Result]:
        """Run every check; what was planned and did not report is there as not run."""
        for check in self.plan.values():
            self.judge(check)
        return {id: self.results[id] for id in self.plan}

    def judge(self, check: Check) -> Result:
        """Run one check, after those that it waits for."""
        start = time.perf_counter()
        blocked = self._blocked(check)
        if blocked:
            result = Result(check, "not_run", Message("not_run.after", {"check": blocked}))
        else:
            error: Exception | None = None
            try:
                self._call(check)
            except Exception as raised:
                error = raised
            result = self._result(check, error, time.perf_counter() - start)
        self.results[check.id] = result
        self.told(result)
        last = [c.id for c in self.plan.values() if c.task == check.task][-1]
        if check.id == last:
            self.done(self._benches[check.task])
        return result

    def _blocked(self, check: Check) -> str:
        """The check that must pass before this one can run, if it did not."""
        for id in (check.after, *check.members):
            if id and (id not in self.results or self.results[id].outcome == "not_run"):
                return id
        if check.after and self.results[check.after].outcome != "passed":
            return check.after
        return ""

    def _call(self, check: Check) -> None:
        function = getattr(families, check.function, None)
        function = function or getattr(special(check.task), check.function)
        bench = self._benches[check.task]
        function(self._subject(bench, check.symbol) if check.symbol else bench.student)

    def _subject(self, bench: Bench, symbol: str) -> Subject:
        key = bench.task.name, symbol
        if key not in self._subjects:
            self._subjects[key] = Subject(
                bench.task,
                bench.task.symbol(symbol),
                bench.student,
                bench.references,
                bench.seed,
                bench.homework,
            )
        return self._subjects[key]

    def _result(self, check: Check, error: Exception | None, seconds: float) -> Result:
        if error is None:
            message = self._failed_member(check)
            return Result(check, "failed" if message else "passed", message, seconds)
        if isinstance(error, NoAnswer):
            error = error.failed()
        if isinstance(error, Failed):
            return Result(check, "failed", error.message, seconds)
        if isinstance(error, Scored):
            outcome = "passed" if error.points == check.points else "failed"
            return Result(check, outcome, error.message, seconds, points=float(error.points))
        if isinstance(error, Held):
            return Result(check, "not_run", error.message, seconds, held=error.points)
        if isinstance(error, GaveUp):
            return Result(check, "not_run", Message("not_run.gave_up"), seconds)
        text = f"{type(error).__name__}: {error}"
        broke = Message("not_run.grader_broke", {"text": text[:300]})
        return Result(check, "not_run", broke, seconds, broke=text)

    def _failed_member(self, check: Check) -> Message | None:
        for id in check.members:
            if self.results[id].outcome == "failed":
                return Message("member.failed", {"check": id})
        return None
