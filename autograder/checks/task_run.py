"""One task while it is judged: plans its checks, runs them in order, keeps what each one found.

A check that was planned and did not report counts as not run.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType

from autograder.checks import families, without_reference
from autograder.checks.answers import Answers
from autograder.checks.challenge import GaveUp, NoAnswer, Reference
from autograder.checks.promise import Failed, Held, Scored, plan
from autograder.checks.subject import Subject
from autograder.course.tasks import Symbol, Task, task_named
from autograder.model import Check, Message, Result
from autograder.submission.homework import Homework


def planned(task: Task) -> tuple[Check, ...]:
    """Every check of a task, in the order of the report."""
    return _planned(task.name)


@cache
def _planned(name: str) -> tuple[Check, ...]:
    return tuple(plan(task_named(name), (families, without_reference), special(name)))


def special(task: str) -> ModuleType:
    """The module with a task's own checks."""
    return import_module(f"autograder.checks.{task}")


def ignore(result: Result) -> None:
    """Nobody wants to hear of results as they come."""


@dataclass(eq=False)
class TaskRun:
    """One task of one submission: who is asked, and what was found."""

    task: Task
    student: Answers
    #: The solution, then the accepted variants; none for a task of the student's own design.
    references: Sequence[Reference]
    seed: str
    #: The files to score, where there are any.
    homework: Homework | None = None
    #: Ids of some checks; others run only where these need them. Empty: all.
    only: Collection[str] = ()
    #: Ask everything at full width, as if no trial had been right.
    thorough: bool = False
    #: Called with each result as it comes, before any diagnosis.
    on_result: Callable[[Result], None] = ignore
    #: By check id.
    results: dict[str, Result] = field(default_factory=dict)
    #: What the student's code had printed when a check first failed.
    printed: str = ""

    def __post_init__(self) -> None:
        self.subjects: dict[str, Subject] = {}
        self.plan = {check.id: check for check in planned(self.task)}
        if self.only:
            needed = set[str]().union(*(self._needed(id) for id in self.only))
            self.plan = {id: check for id, check in self.plan.items() if id in needed}

    def _needed(self, id: str) -> set[str]:
        """A check and everything it waits for."""
        check = self.plan[id]
        first = (check.after, *check.members)
        return {id}.union(*(self._needed(other) for other in first if other))

    def run(self) -> None:
        """Run every check, each after those that it waits for."""
        for check in self.plan.values():
            self.results[check.id] = result = self._judged(check)
            if result.outcome == "failed" and not self.printed:
                self.printed = self.student.printed()
            self.on_result(result)

    def _judged(self, check: Check) -> Result:
        start = time.perf_counter()
        blocked = self._blocked(check)
        if blocked:
            return Result(check, "not_run", message=Message("not_run.after", {"check": blocked}))
        error: Exception | None = None
        try:
            _function(check)(self.subject(check.symbol) if check.symbol else self.student)
        except Exception as raised:
            error = raised
        return self._result(check, error, time.perf_counter() - start)

    def again(self, check: Check, subject: Subject) -> Result:
        """Run a check on another subject; the result is not kept."""
        if self._blocked(check):
            return self.results[check.id]
        error: Exception | None = None
        try:
            _function(check)(subject)
        except Exception as raised:
            error = raised
        return self._result(check, error, self.results[check.id].seconds)

    def of_symbol(self, symbol: Symbol) -> list[Check]:
        """The planned checks of a symbol, families first."""
        return [check for check in self.plan.values() if check.symbol == symbol.name]

    def _blocked(self, check: Check) -> str:
        """The check that must pass before this one can run, if it did not."""
        for id in (check.after, *check.members):
            if id and (id not in self.results or self.results[id].outcome == "not_run"):
                return id
        if check.after and self.results[check.after].outcome != "passed":
            return check.after
        return ""

    def subject(self, symbol: str) -> Subject:
        """A symbol of the student, with everything it was asked."""
        if symbol not in self.subjects:
            self.subjects[symbol] = Subject(
                self.task,
                self.task.symbol(symbol),
                self.student,
                list(self.references),
                self.seed,
                self.homework,
                thorough=self.thorough,
            )
        return self.subjects[symbol]

    def _result(self, check: Check, error: Exception | None, seconds: float) -> Result:
        if error is None:
            message = self._failed_member(check)
            outcome = "failed" if message else "passed"
            return Result(check, outcome, message=message, seconds=seconds)
        if isinstance(error, NoAnswer):
            error = error.failed()
        if isinstance(error, Failed):
            return Result(check, "failed", message=error.message, seconds=seconds)
        if isinstance(error, Scored):
            outcome = "passed" if error.points == check.points else "failed"
            stated = float(error.points)
            return Result(check, outcome, message=error.message, seconds=seconds, stated=stated)
        if isinstance(error, Held):
            held = error.points
            return Result(check, "not_run", message=error.message, seconds=seconds, held=held)
        if isinstance(error, GaveUp):
            lost = Message("not_run.gave_up")
            return Result(check, "not_run", message=lost, seconds=seconds)
        text = f"{type(error).__name__}: {error}"
        broke = Message("not_run.grader_broke", {"text": text[:300]})
        return Result(check, "not_run", message=broke, seconds=seconds, broke=text)

    def _failed_member(self, check: Check) -> Message | None:
        for id in check.members:
            if self.results[id].outcome == "failed":
                return Message("member.failed", {"check": id})
        return None


def _function(check: Check) -> Callable[[object], None]:
    modules = (families, without_reference, special(check.task))
    found: Callable[[object], None] = next(
        function for module in modules if (function := getattr(module, check.function, None))
    )
    return found
