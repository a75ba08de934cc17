"""The pytest plugin: ``pytest --submission DIR [--task NAME]`` runs the checks as tests."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from autograder.checks import families
from autograder.checks.judge import Bench, Judge, Result
from autograder.checks.promise import Check

COMMON = ("families", "probes")  # the files that every task is checked by


class Plugin:
    """Collects each planned check as a test, and lets the judge run it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._ids = {(c.task, c.symbol, c.function): c.id for c in judge.plan.values()}
        self._rank = {id: rank for rank, id in enumerate(judge.plan)}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        terms = getattr(metafunc.function, "terms", None)
        if terms is None:
            return
        name = metafunc.module.__name__.rpartition(".")[2]
        about: list[tuple[str, str]] = []
        for bench in self._judge.benches:
            if terms.kinds:
                symbols = (s.name for s in bench.task.symbols if s.kind in terms.kinds)
                chosen = [name for name in symbols if name in (terms.symbols or {name})]
                about += [(bench.task.name, name) for name in chosen]
            elif name in COMMON:
                about.append((bench.task.name, ""))
            elif name == bench.task.name:
                about.append((name, terms.symbol))
        fixture = "student" if "student" in metafunc.fixturenames else "subject"
        ids = [f"{task}-{symbol}" if symbol else task for task, symbol in about]
        metafunc.parametrize(fixture, about, ids=ids)

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
        return self._judge.plan.get(id) if id else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        check = self._check(pyfuncitem)
        if check is None:
            return None
        if not self._judge.results:
            self._judge.run()  # all of them: a diagnosis follows from several checks
        result = self._judge.results[check.id]
        if result.outcome == "failed":
            pytest.fail(explain(result), pytrace=False)
        if result.outcome == "not_run":
            pytest.skip(explain(result))
        return True


def explain(result: Result) -> str:
    """What happened, in words, and a hint."""
    from autograder.grading import check_report
    from autograder.messages import Catalogue

    text, hint = Catalogue.chosen().told(check_report(result))
    return f"{text}\n{hint}" if hint else text


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
    judge = Judge(benches, done=lambda bench: bench.student.close())
    config.pluginmanager.register(Plugin(judge), "autograder-judge")
    folder = Path(families.__file__).parent
    names = [bench.task.name for bench in benches]
    config.args = [str(folder / f"{name}.py") for name in (*COMMON, *names)]
    config.add_cleanup(lambda: close_all(benches))


def close_all(benches: Iterable[Bench]) -> None:
    """End every session."""
    for bench in benches:
        bench.student.close()


def pytest_report_header(config: pytest.Config) -> Any:
    submission = config.getoption("--submission", default=None)
    return f"submission: {submission}" if submission else None
