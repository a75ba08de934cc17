"""The options of the pytest plugin; all else is loaded where ``--submission`` is given."""

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --submission and --task."""
    group = parser.getgroup("autograder")
    group.addoption("--submission", metavar="DIR", help="judge the tasks in this folder")
    group.addoption("--task", action="append", help="only this task (may be repeated)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With --submission, and no tests named, run the checks instead."""
    submission = config.getoption("--submission", default=None)
    if submission is not None:
        from autograder.grading.as_tests import start

        start(config, submission)


def pytest_report_header(config: pytest.Config) -> Any:
    """Say what is judged."""
    submission = config.getoption("--submission", default=None)
    return f"submission: {submission}" if submission else None
