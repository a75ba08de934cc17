"""The pytest plugin: plans the checks, runs them in order, and keeps what each one found.

``pytest --submission DIR [--task NAME]`` uses it by itself; grading and check hand it a
Judge. A check that was planned and did not report counts as not run.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autograder.checks import families
from autograder.checks.promise import Check, Failed, Held, Message, Scored, plan
from autograder.checks.subject import Subject
from autograder.checks.witness import GaveUp, NoAnswer, Reference, Witness
from autograder.homework import Homework
from autograder.tasks import Task


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


def planned(task: Task) -> list[Check]:
    """Every check of a task, in the order of the report."""
    return plan(task, families, import_module(f"autograder.checks.{task.name}"))


@dataclass(eq=False)
class Judge:
    """Runs the planned checks of some tasks under pytest; results are by check id.

    told: called with each result as it comes. explained: the text of a failure for pytest.
    done: called when a task's last check ran. only: the id of one check; others run only
    where it needs them.
    """

    benches: list[Bench]
    told: Callable[[Result], None] = lambda result: None
    explained: Callable[[Result], str] = lambda result: result.check.id
    done: Callable[[Bench], None] = lambda bench: None
    only: str = ""
    results: dict[str, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._benches = {bench.task.name: bench for bench in self.benches}
        self._plan = {c.id: c for bench in self.benches for c in planned(bench.task)}
        if self.only:
            needed = self._needed(self.only)
            self._plan = {id: check for id, check in self._plan.items() if id in needed}
        self._ids = {(c.task, c.symbol, c.function): c.id for c in self._plan.values()}
        self._rank = {id: rank for rank, id in enumerate(self._plan)}

    def _needed(self, id: str) -> set[str]:
        """A check and everything it waits for."""
        check = self._plan[id]
        first = (check.after, *check.members)
        return {id}.union(*(self._needed(other) for other in first if other))

    def run(self) -> dict[str, Result]:
        """Run every check; what was planned and did not report is there as not run."""
        folder = Path(families.__file__).parent
        modules = [folder / "families.py"] + [folder / f"{name}.py" for name in self._benches]
        options = ["--noconftest", "-p", "no:cacheprovider", "-p", "no:terminal", "--capture=no"]
        options += ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
        with pytest.MonkeyPatch.context() as patch:
            # No plugin and no option of the caller's environment may change a verdict.
            patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            patch.delenv("PYTEST_ADDOPTS", raising=False)
            patch.delenv("PYTEST_PLUGINS", raising=False)
            code = pytest.main(options + [str(module) for module in modules], plugins=[self])
        if code == pytest.ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        for check in self._plan.values():
            self.results.setdefault(
                check.id, Result(check, "not_run", Message("not_run.silent"), broke="no report")
            )
        return {id: self.results[id] for id in self._plan}

    # pytest hooks ---------------------------------------------------------------------

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        terms = getattr(metafunc.function, "terms", None)
        if terms is None:
            return
        name = metafunc.module.__name__.rpartition(".")[2]
        about: list[tuple[str, str]] = []
        for bench in self.benches:
            if terms.kinds:
                symbols = (s for s in bench.task.symbols if s.kind in terms.kinds)
                about += [(bench.task.name, symbol.name) for symbol in symbols]
            elif name == "families":
                about.append((bench.task.name, ""))
            elif name == bench.task.name:
                about.append((name, terms.symbol))
        fixture = "student" if "student" in metafunc.fixturenames else "subject"
        ids = [f"{task}-{symbol}" if symbol else task for task, symbol in about]
        metafunc.parametrize(fixture, about, ids=ids, indirect=True)

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Witness:
        return self._benches[request.param[0]].student

    @pytest.fixture
    def subject(self, request: pytest.FixtureRequest) -> Subject:
        task, symbol = request.param
        bench = self._benches[task]
        return Subject(
            bench.task,
            bench.task.symbol(symbol),
            bench.student,
            bench.references,
            bench.seed,
            bench.homework,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._check(item) is not None]
        items.sort(key=lambda item: self._rank[self._check(item).id])  # type: ignore[union-attr]

    def _check(self, item: pytest.Item) -> Check | None:
        callspec = getattr(item, "callspec", None)
        about = callspec and (callspec.params.get("subject") or callspec.params.get("student"))
        if not isinstance(about, tuple):  # a check that is not about any of our tasks
            return None
        id = self._ids.get((*about, getattr(item, "originalname", "")))
        return self._plan.get(id) if id else None

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        check = self._check(item)
        if check is None:
            return
        blocked = self._blocked(check)
        if blocked is not None:
            pytest.skip(blocked)

    def _blocked(self, check: Check) -> str | None:
        """The check that must pass before this one can run, if it did not."""
        for id in (check.after, *check.members):
            if id and (id not in self.results or self.results[id].outcome == "not_run"):
                return id
        if check.after and self.results[check.after].outcome != "passed":
            return check.after
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        check = self._check(item)
        if check is None or (call.when == "setup" and call.excinfo is None):
            return report
        if call.when == "teardown":
            return report
        result = self._result(check, call)
        self.results[check.id] = result
        if result.outcome == "failed":
            report.outcome = "failed"
            report.longrepr = self.explained(result)
        self.told(result)
        last = [c.id for c in self._plan.values() if c.task == check.task][-1]
        if check.id == last:
            self.done(self._benches[check.task])
        return report

    def _result(self, check: Check, call: pytest.CallInfo[None]) -> Result:
        error = None if call.excinfo is None else call.excinfo.value
        message: Message | None = None
        if error is None:
            message = self._failed_member(check)
            return Result(check, "failed" if message else "passed", message, call.duration)
        if isinstance(error, pytest.skip.Exception):
            title = Message("not_run.after", {"check": error.msg or ""})
            return Result(check, "not_run", title, call.duration)
        if isinstance(error, NoAnswer):
            error = error.failed()
        if isinstance(error, Failed):
            return Result(check, "failed", error.message, call.duration)
        if isinstance(error, Scored):
            outcome = "passed" if error.points == check.points else "failed"
            points = float(error.points)
            return Result(check, outcome, error.message, call.duration, points=points)
        if isinstance(error, Held):
            return Result(check, "not_run", error.message, call.duration, held=error.points)
        if isinstance(error, GaveUp):
            return Result(check, "not_run", Message("not_run.gave_up"), call.duration)
        text = f"{type(error).__name__}: {error}"
        broke = Message("not_run.grader_broke", {"text": text[:300]})
        return Result(check, "not_run", broke, call.duration, broke=text)

    def _failed_member(self, check: Check) -> Message | None:
        for id in check.members:
            if self.results[id].outcome == "failed":
                return Message("member.failed", {"check": id})
        return None


def explain(result: Result) -> str:
    """The text of a failure for plain pytest."""
    from autograder.messages import Catalogue

    catalogue = Catalogue.chosen()
    assert result.message is not None
    text, hint = catalogue.text(result.message), catalogue.hint(result.message)
    return f"{text}\n{hint}" if hint else text


# Plain pytest -------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograder")
    group.addoption("--submission", metavar="DIR", help="judge the tasks in this folder")
    group.addoption("--task", action="append", help="only this task (may be repeated)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With --submission, and no tests named, run the checks instead."""
    submission = config.getoption("--submission", default=None)
    if submission is None:
        return
    from autograder.checking import local_benches
    from autograder.errors import UsageError

    try:
        benches = local_benches(Path(submission), config.getoption("--task") or [])
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    judge = Judge(benches, explained=explain, done=lambda bench: bench.student.close())
    config.pluginmanager.register(judge, "autograder-judge")
    folder = Path(families.__file__).parent
    names = [bench.task.name for bench in benches]
    config.args = [str(folder / f"{name}.py") for name in ("families", *names)]
    config.add_cleanup(lambda: close_all(benches))


def close_all(benches: Iterable[Bench]) -> None:
    """End every session."""
    for bench in benches:
        bench.student.close()


def pytest_report_header(config: pytest.Config) -> Any:
    submission = config.getoption("--submission", default=None)
    return f"submission: {submission}" if submission else None
