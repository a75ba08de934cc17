"""The checks as tests of pytest: ``pytest --submission DIR [--task NAME]``."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.checks import families
from autograder.checks.task_run import planned
from autograder.course.messages import Catalogue
from autograder.errors import UsageError
from autograder.grading.locally import check_task, readable
from autograder.model import Check, Result, TaskReport
from autograder.observe.profiles import Profile, profile_for
from autograder.observe.session import LocalWorkers, Workers
from autograder.submission.task_files import TaskFiles

COMMON = ("families", "without_reference")  # the files that every task is checked by


class Plugin:
    """Collects each planned check as a test; a task is judged when its first check is due."""

    def __init__(self, found: Sequence[TaskFiles], workers: Workers) -> None:
        self._files = {files.task.name: files for files in found}
        self._workers = workers
        self._plan = [check for files in found for check in planned(files.task)]
        self._checks = {(c.task, c.symbol, c.function): c for c in self._plan}
        self._rank = {check.id: rank for rank, check in enumerate(self._plan)}
        self._reports: dict[str, TaskReport] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if getattr(metafunc.function, "terms", None) is None:
            return
        name = metafunc.module.__name__.rpartition(".")[2]
        about = [
            (check.task, check.symbol)
            for check in self._plan
            if check.function == metafunc.function.__name__ and name in (*COMMON, check.task)
        ]
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
        return self._checks.get((*about, getattr(item, "originalname", "")))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        check = self._check(pyfuncitem)
        if check is None:
            return None
        if check.task not in self._reports:  # the whole task: a diagnosis follows from several
            self._reports[check.task] = check_task(self._files[check.task], self._workers)
        result = self._reports[check.task].result(check.id)
        if result.outcome == "failed":
            pytest.fail(explain(result), pytrace=False)
        if result.outcome == "not_run":
            pytest.skip(explain(result))
        return True


def explain(result: Result) -> str:
    """What happened, in words, and a hint."""
    text, hint = Catalogue.chosen().told(result)
    return f"{text}\n{hint}" if hint else text


def start(config: pytest.Config, submission: str) -> None:
    """Run the checks of a submission instead of the tests that were named.

    Raises:
        pytest.UsageError: there is nothing to judge.
    """
    try:
        found = readable(Path(submission), config.getoption("--task") or [])
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    workers = LocalWorkers()
    workers.expect(profile_for(Profile(), files.task.allowed, "cpu") for files in found)
    config.add_cleanup(workers.close)
    config.pluginmanager.register(Plugin(found, workers), "autograder-checks")
    folder = Path(families.__file__).parent
    config.args = [str(folder / f"{name}.py") for name in (*COMMON, *(f.task.name for f in found))]
