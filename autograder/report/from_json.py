"""A report read back from its JSON: from a machine that ran student code, so nothing is believed
that the plan of checks does not allow."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.checks.judge import planned
from autograder.checks.promise import Check, Message, clean
from autograder.errors import UsageError
from autograder.homework import is_plain
from autograder.messages import Catalogue
from autograder.report.model import SCHEMA, CheckReport, Flow, Report, TaskReport
from autograder.tasks import task_named

MAX_BYTES = 8 << 20
STATUS = ("graded", "missing", "error")
OUTCOMES = ("passed", "failed", "not_run")
NOTES = ("note.no_sandbox",)  # of the run itself; those of a class are made anew


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        UsageError: it is none, or not one that the grader of today would write.
    """
    try:
        if not is_plain(path) or path.stat().st_size > MAX_BYTES:
            raise ValueError("no plain file of bearable size")
        return from_dict(json.loads(path.read_text(encoding="utf-8")))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path}: no report ({error!r}); grade it again") from None


def from_dict(data: Mapping[str, Any]) -> Report:
    """The report that as_json.to_dict made data of.

    Raises:
        UsageError, ValueError, KeyError, TypeError, AttributeError: it is not.
    """
    if data["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    catalogue = Catalogue.load(data["lang"])
    flows = data.get("gradient_flow", {})
    tasks = tuple(_task(task, flows.get(task["task"], ()), catalogue) for task in data["tasks"])
    names = [task.task for task in tasks]
    if len(set(names)) != len(names):
        raise ValueError("a task stands there twice")
    commit = None if data["commit"] is None else clean(str(data["commit"]))
    versions = {clean(str(name)): clean(str(of)) for name, of in data["versions"].items()}
    notes = [Message(id) for id in NOTES if catalogue.text(Message(id)) in data["notes"]]
    return Report(
        clean(str(data["submission"])),
        commit,
        clean(str(data["seed"])),
        clean(str(data["device"])),
        versions,
        tasks,
        tuple(notes),
    )


def _task(data: Mapping[str, Any], flows: Any, catalogue: Catalogue) -> TaskReport:
    checks = planned(task_named(data["task"]))
    if data["status"] not in STATUS or len(data["checks"]) != len(checks):
        raise ValueError(f"{data['task']}: another plan of checks")
    reports = tuple(
        _check(check, kept, catalogue) for check, kept in zip(checks, data["checks"], strict=True)
    )
    total = sum(report.points for report in reports)
    wanted = None if data["status"] == "error" else total
    if data["points"] != wanted or (data["status"] == "missing" and total):
        raise ValueError(f"{data['task']}: its points are not the sum of its checks")
    maximum = float(sum(check.points for check in checks))
    found = tuple(_flow(flow) for flow in flows)
    return TaskReport(data["task"], data["status"], wanted, maximum, reports, found)


def _check(check: Check, data: Mapping[str, Any], catalogue: Catalogue) -> CheckReport:
    points, id, misconception = float(data["points"]), data["message_id"], data["misconception"]
    if data["id"] != check.id or data["outcome"] not in OUTCOMES or not 0 <= points <= check.points:
        raise ValueError(f"{check.id}: another check")
    if misconception is not None and not catalogue.mistake(check.task, str(misconception))[0]:
        raise ValueError(f"{check.id}: there is no mistake {misconception!r}")
    message = None
    if id:
        values = data["values"].items()
        if not all(type(v) in (str, int, float) and str(k).isidentifier() for k, v in values):
            raise ValueError(f"{check.id}: no values of a message")
        message = Message(str(id), dict(values))
        if not catalogue.knows(message.id):  # an unknown text would be taken for a format
            raise ValueError(f"{check.id}: there is no message {id!r}")
        catalogue.text(message)
    seconds = float(data["seconds"])
    return CheckReport(check, data["outcome"], points, message, seconds, misconception)


def _flow(data: Mapping[str, Any]) -> Flow:
    norms, right, plain = (
        tuple(float(norm) for norm in data[key]) for key in ("norms", "right", "plain")
    )
    names = tuple(clean(str(name)) for name in data["names"])
    if len(names) != len(norms):
        raise ValueError("another number of layers")
    return Flow(clean(str(data["call"])), names, norms, right, plain)
