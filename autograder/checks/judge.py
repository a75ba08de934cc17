"""The judge: plans the checks, runs them in order, and keeps what each one found.

A check that was planned and did not report counts as not run. The pytest plugin beside this
runs the same checks under plain pytest.
"""

import time
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType

from autograder.checks import families, probes
from autograder.checks.promise import Check, Failed, Held, Message, Scored, plan
from autograder.checks.subject import Subject
from autograder.checks.witness import GaveUp, NoAnswer, Reference, Witness
from autograder.diagnose.explain import Mistakes, explain
from autograder.diagnose.flow import flows
from autograder.homework import Homework
from autograder.report.model import Flow
from autograder.tasks import Symbol, Task, task_named


@dataclass
class Bench:
    """One task of one submission, ready to be judged."""

    task: Task
    student: Witness
    references: list[Reference]
    seed: str
    homework: Homework | None = None
    mistakes: Mistakes = field(default_factory=Mistakes)


@dataclass(frozen=True)
class Result:
    """What a check found.

    points: where it is neither all nor none. held: the task's points are not decided yet.
    broke: the grader is at fault, the text says how. misconception: the typical mistake that
    the student's code behaves like.
    """

    check: Check
    outcome: str  # passed, failed, not_run
    message: Message | None = None
    seconds: float = 0.0
    broke: str = ""
    points: float | None = None
    held: bool = False
    misconception: str = ""


def planned(task: Task) -> tuple[Check, ...]:
    """Every check of a task, in the order of the report."""
    return _planned(task.name)


@cache
def _planned(name: str) -> tuple[Check, ...]:
    return tuple(plan(task_named(name), (families, probes), special(name)))


def special(task: str) -> ModuleType:
    """The module with a task's own checks."""
    return import_module(f"autograder.checks.{task}")


@dataclass(eq=False)
class Judge:
    """Runs the planned checks of some tasks; results are by check id.

    told: called with each result as it comes. done: called when a task's last check ran. only:
    the ids of some checks; others run only where these need them. flows: of gradients, by task.
    """

    benches: list[Bench]
    told: Callable[[Result], None] = lambda result: None
    done: Callable[[Bench], None] = lambda bench: None
    only: Collection[str] = ()
    results: dict[str, Result] = field(default_factory=dict)
    flows: dict[str, tuple[Flow, ...]] = field(default_factory=dict)

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
            bench = self._benches[check.task]
            try:
                explain(self, bench)
                self.flows[check.task] = self._flows(bench)
            except Exception as broke:  # no diagnosis: the verdict stands
                warnings.warn(f"no diagnosis of {check.task}: {broke!r}", stacklevel=1)
            self.done(bench)
        return result

    def _flows(self, bench: Bench) -> tuple[Flow, ...]:
        subjects = [found for (task, _), found in self._subjects.items() if task == bench.task.name]
        return tuple(flow for s in subjects for flow in flows(s))

    def again(self, check: Check, subject: Subject) -> Result:
        """Run a check on another subject; the result is not kept."""
        if self._blocked(check):
            return self.results[check.id]
        try:
            self._function(check)(subject)
        except Exception as raised:
            return self._result(check, raised, self.results[check.id].seconds)
        return self._result(check, None, self.results[check.id].seconds)

    def of_symbol(self, task: Task, symbol: Symbol) -> list[Check]:
        """The planned checks of a symbol, families first."""
        return [c for c in self.plan.values() if c.task == task.name and c.symbol == symbol.name]

    def _blocked(self, check: Check) -> str:
        """The check that must pass before this one can run, if it did not."""
        for id in (check.after, *check.members):
            if id and (id not in self.results or self.results[id].outcome == "not_run"):
                return id
        if check.after and self.results[check.after].outcome != "passed":
            return check.after
        return ""

    def _call(self, check: Check) -> None:
        bench = self._benches[check.task]
        self._function(check)(self.subject(bench, check.symbol) if check.symbol else bench.student)

    def _function(self, check: Check) -> Callable[[object], None]:
        modules = (families, probes, special(check.task))
        found: Callable[[object], None] = next(
            function for module in modules if (function := getattr(module, check.function, None))
        )
        return found

    def subject(self, bench: Bench, symbol: str) -> Subject:
        """The symbol of a bench, with everything it was asked."""
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
