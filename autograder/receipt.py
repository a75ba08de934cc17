"""A report's receipt: says where its commits come from, and shows whether it was edited since.

The digest is of all that decides: commits, deadlines, seeds, versions, points, and how every check
ended, without timings and in no language. Published, it lets anyone see that a report is the one
that was given out. The signature is over the whole file; it takes the course's key to check it.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.errors import UsageError
from autograder.report.model import SCHEMA, Origin, Report

LABEL = "autograder/receipt/v1"  # makes the key of receipts another than that of seeds
COLLECTED_SCHEMA = "autograder/collected/v1"
COLLECTED = "collected.json"  # what autograder collect took
PUBLISHED = "receipts.txt"
WHOLE = ("schema", "submission", "commit", "seed", "device", "versions", "points", "max_points")
OF_CHECK = ("id", "outcome", "points", "max_points", "message_id", "values", "misconception")


def receipted(report: Report) -> Report:
    """The report with what was collected for it, and its digest."""
    commit, origins = collected(report.submission)
    graded = {task.task for task in report.tasks}
    commits = {origin.commit for origin in origins if origin.task in graded}
    only = commits.pop() if len(commits) == 1 else commit
    found = replace(report, commit=only or report.commit, origins=origins)
    return replace(found, receipt=digest(_data(found)))


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


def _data(report: Report) -> dict[str, Any]:
    """A report as in its JSON, without texts."""
    whole = {name: getattr(report, name) for name in WHOLE if name != "schema"}
    tasks = [
        {
            "task": task.task,
            "status": task.status,
            "points": task.points,
            "max_points": task.max_points,
            "checks": [
                {
                    "id": check.check.id,
                    "outcome": check.outcome,
                    "points": check.points,
                    "max_points": check.check.points,
                    "message_id": check.message.id if check.message else "",
                    "values": check.message.values if check.message else {},
                    "misconception": check.misconception,
                }
                for check in task.checks
            ],
        }
        for task in report.tasks
    ]
    origins = [asdict(origin) for origin in report.origins]
    return {**whole, "schema": SCHEMA, "tasks": tasks, "collected": origins}


def digest(data: Mapping[str, Any]) -> str:
    """The digest of a report's JSON.

    Raises:
        KeyError, TypeError, AttributeError: it is no report.
    """
    tasks = [
        {
            **{name: task[name] for name in ("task", "status", "points", "max_points")},
            "checks": [{name: check[name] for name in OF_CHECK} for check in task["checks"]],
        }
        for task in data["tasks"]
    ]
    decides = {name: data[name] for name in WHOLE}
    decides |= {"tasks": tasks, "collected": data.get("collected", [])}
    return hashlib.sha256(_canonical(decides)).hexdigest()


def receipt(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The receipt of a report's JSON; without a key that lasts it is not signed."""
    found = digest(data)
    signed = {name: value for name, value in data.items() if name != "receipt"}
    return {
        "id": found[:16],
        "digest": found,
        "key": _hmac(key, f"{LABEL}/name")[:8] if key else None,
        "signature": _hmac(_hmac(key, LABEL), _canonical(_timeless(signed))) if key else None,
    }


def _timeless(data: Mapping[str, Any]) -> dict[str, Any]:
    """A report without how long its checks took."""
    tasks = [
        {
            **task,
            "checks": [{k: v for k, v in c.items() if k != "seconds"} for c in task["checks"]],
        }
        for task in data["tasks"]
    ]
    return {**data, "tasks": tasks}


def _hmac(key: str, text: str | bytes) -> str:
    own = text.encode() if isinstance(text, str) else text
    return hmac.new(key.encode(), own, hashlib.sha256).hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def read_report(path: Path) -> dict[str, Any]:
    """A report's JSON, in which every name stands once.

    Raises:
        UsageError: it is none.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands there twice")
        return dict(pairs)

    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)
        digest(data)
        if data["schema"] != SCHEMA or not isinstance(data.get("receipt", {}), dict):
            raise ValueError("another schema")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path}: no report of autograder grade ({error!r})") from None
    return dict(data)


def verify(data: Mapping[str, Any], key: str) -> bool:
    """Whether a report is as it was signed.

    Raises:
        UsageError: it carries no signature, or one by another key.
    """
    given = data.get("receipt") or {}
    if not given.get("signature"):
        raise UsageError(
            "the report is not signed: set AUTOGRADER_KEY, or use --out, when grading; "
            f"--published {PUBLISHED} checks it without a signature"
        )
    right = receipt(data, key)
    if hmac.compare_digest(str(given["signature"]), str(right["signature"])):
        return given == right
    if given.get("key") != right["key"]:
        raise UsageError("signed with another key: set AUTOGRADER_KEY to the one of that grading")
    return False


def edited(data: Mapping[str, Any], key: str) -> bool:
    """Whether a report was surely edited after it was signed with this key."""
    try:
        return not verify(data, key)
    except UsageError:
        return False


def published(path: Path) -> set[str]:
    """The digests in a list that was published.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return set(path.read_text(encoding="utf-8-sig").split())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
