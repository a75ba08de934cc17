"""The report as JSON: the contract ``autograder/report/v1``."""

import json
from typing import Any

from autograder.course.messages import Catalogue
from autograder.model import Report, Result, to_data
from autograder.report.receipt import receipt

TEXTS = {"id": ("title",), "max_points": ("message", "hint")}  # what stands after which field


def to_dict(report: Report, catalogue: Catalogue) -> dict[str, Any]:
    """The report with its texts in the catalogue's language."""
    data = to_data(report)
    for task, judged in zip(data["tasks"], report.tasks, strict=True):
        task["checks"] = [
            _told(kept, result, catalogue)
            for kept, result in zip(task["checks"], judged.checks, strict=True)
        ]
    flows, origins = data.pop("gradient_flow"), data.pop("collected")
    notes = [catalogue.text(note) for note in report.notes]
    said = {"lang": catalogue.lang, "notes": notes}
    return data | said | {"gradient_flow": flows, "collected": origins}


def _told(kept: dict[str, Any], result: Result, catalogue: Catalogue) -> dict[str, Any]:
    """A result as data, with its texts where the contract has them."""
    text, hint = catalogue.told(result)
    said = {"title": catalogue.title(result.check), "message": text, "hint": hint}
    order: dict[str, Any] = {name: None for own in kept for name in (own, *TEXTS.get(own, ()))}
    return order | kept | said


def to_json(report: Report, catalogue: Catalogue, key: str = "") -> str:
    """The report as text with its receipt, signed if there is a key.

    Keys stand in the contract's order.
    """
    data = to_dict(report, catalogue)
    data["receipt"] = receipt(data, key)
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
