"""What autograder collect noted of a submission: the commits that were taken, and when."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.errors import UsageError
from autograder.model import Origin, Report, digest, to_data

COLLECTED_SCHEMA = "autograder/collected/v1"
COLLECTED = "collected.json"  # what autograder collect took


def receipted(report: Report) -> Report:
    """The report with what was collected for it, and its digest."""
    commit, origins = collected(report.submission)
    graded = {task.task for task in report.tasks}
    commits = {origin.commit for origin in origins if origin.task in graded}
    only = commits.pop() if len(commits) == 1 else commit
    found = replace(report, commit=only or report.commit, origins=origins)
    return replace(found, receipt=digest(to_data(found)))


def collected(place: str) -> tuple[str, tuple[Origin, ...]]:
    """What was collected of a submission that lies in DIR/submissions, from DIR/collected.json."""
    folder = Path(place).absolute()
    record = folder.parent.parent / COLLECTED
    if "://" in place or folder.parent.name != "submissions" or not record.is_file():
        return "", ()
    status = record.stat()
    row = _students(record, status.st_mtime_ns).get(folder.name, {})
    origins = [
        Origin(
            name,
            taken["commit"],
            taken["submitted"] or "",
            taken["deadline"] or "",
            taken["late"],
        )
        for name, taken in row.get("tasks", {}).items()
    ]
    return row.get("commit", ""), tuple(origins)


@lru_cache(maxsize=4)
def _students(record: Path, changed: int) -> dict[str, Any]:
    return read_collected(record)


def read_collected(record: Path) -> dict[str, Any]:
    """What was collected, by student.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        data = json.loads(record.read_text(encoding="utf-8"))
        if data["schema"] != COLLECTED_SCHEMA:
            raise ValueError("another schema")
        return dict(data["students"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{record}: cannot be read ({error!r}); delete it and collect again"
        ) from None
