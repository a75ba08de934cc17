"""Reports read back from their files.

What comes from a machine that ran student code is not believed: nothing counts that the plan of
checks does not allow.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checks.task_run import planned
from autograder.course.messages import Catalogue
from autograder.course.tasks import task_named
from autograder.errors import UsageError
from autograder.model import SCHEMA, Message, Report, Result, digest, from_data
from autograder.submission.homework import is_plain

MAX_BYTES = 8 << 20
NOTES = ("note.no_sandbox",)  # of the run itself; those of a class are made anew
UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def read_data(path: Path) -> dict[str, Any]:
    """A report's JSON, in which every name stands once.

    Raises:
        UsageError: it is none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        digest(data)
        if data["schema"] != SCHEMA or not isinstance(data.get("receipt", {}), dict):
            raise ValueError("another schema")
    except UNUSABLE as error:
        raise UsageError(f"{path}: no report of autograder grade ({error!r})") from None
    return dict(data)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands there twice")
    return dict(pairs)


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        UsageError: it is none, or not one that the grader of today would write.
    """
    try:
        if not is_plain(path) or path.stat().st_size > MAX_BYTES:
            raise ValueError("no plain file of bearable size")
        return to_report(json.loads(path.read_text(encoding="utf-8")))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    except UNUSABLE as error:
        raise UsageError(f"{path}: no report ({error!r}); grade it again") from None


def to_report(data: dict[str, Any]) -> Report:
    """The report in some JSON; its texts must be ones that the catalogues hold.

    Raises:
        UsageError, ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    catalogue = Catalogue.load(data["lang"])
    report = from_data(data, lambda name: planned(task_named(name)))
    for task in report.tasks:
        for result in task.checks:
            _refuse_unknown(result, catalogue)
    notes = [Message(id) for id in NOTES if catalogue.text(Message(id)) in data["notes"]]
    return replace(report, notes=tuple(notes))


def _refuse_unknown(result: Result, catalogue: Catalogue) -> None:
    """An unknown text would be taken for a format."""
    id, message, named = result.check.id, result.message, result.misconception
    if named is not None and not catalogue.mistake(result.check.task, named)[0]:
        raise ValueError(f"{id}: there is no mistake {named!r}")
    if message is not None:
        if not catalogue.knows(message.id):
            raise ValueError(f"{id}: there is no message {message.id!r}")
        catalogue.text(message)
