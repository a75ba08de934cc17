"""The report as JSON: the contract ``autograder/report/v1``."""

import json
from dataclasses import asdict
from typing import Any

from autograder.messages import Catalogue
from autograder.receipt import receipt
from autograder.report.model import SCHEMA, CheckReport, Report, TaskReport


def to_dict(report: Report, catalogue: Catalogue) -> dict[str, Any]:
    """The report with its texts in the catalogue's language."""
    return {
        "schema": SCHEMA,
        "submission": report.submission,
        "commit": report.commit,
        "seed": report.seed,
        "device": report.device,
        "versions": report.versions,
        "points": report.points,
        "max_points": report.max_points,
        "tasks": [_task(task, catalogue) for task in report.tasks],
        "lang": catalogue.lang,
        "notes": [catalogue.text(note) for note in report.notes],
        "gradient_flow": {
            task.task: [asdict(flow) for flow in task.flows] for task in report.tasks if task.flows
        },
        "collected": [asdict(origin) for origin in report.origins],
    }


def to_json(report: Report, catalogue: Catalogue, key: str = "") -> str:
    """The report as text with its receipt, signed if there is a key.

    Keys stand in the contract's order.
    """
    data = to_dict(report, catalogue)
    data["receipt"] = receipt(data, key)
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _task(task: TaskReport, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "task": task.task,
        "status": task.status,
        "points": task.points,
        "max_points": task.max_points,
        "checks": [_check(check, catalogue) for check in task.checks],
    }


def _check(report: CheckReport, catalogue: Catalogue) -> dict[str, Any]:
    message = report.message
    text, hint = catalogue.told(report)
    return {
        "id": report.check.id,
        "title": catalogue.title(report.check),
        "outcome": report.outcome,
        "points": report.points,
        "max_points": report.check.points,
        "message": text,
        "hint": hint,
        "message_id": message.id if message else "",
        "values": message.values if message else {},
        "misconception": report.misconception,
        "seconds": round(report.seconds, 4),
    }
