"""Where in the lesson a check is taught: the notebook and the heading."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from autograder.checks.task_run import planned
from autograder.course.tasks import task_named
from autograder.model import Check

NOTEBOOKS = {"en": "lesson.ipynb", "ru": "lesson.ru.ipynb"}


@dataclass(frozen=True)
class Place:
    """A place in a notebook; link is relative to the folder that holds the tasks."""

    notebook: str
    section: str
    link: str


@cache
def _anchors() -> dict[str, dict[str, str]]:
    text = (resources.files("autograder") / "anchors.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def place_of(check: Check, lang: str) -> Place | None:
    """Where a check is taught; one without points is taught where the scored ones are it serves."""
    task = task_named(check.task)
    checks = planned(task)
    serves = [other.id for other in checks if check.id in other.members]
    beside = [other.id for other in checks if check.symbol and other.symbol == check.symbol]
    id = next((id for id in (check.id, *serves, *beside) if id in _anchors()), None)
    if id is None:
        return None
    notebook = f"{task.folder}/{NOTEBOOKS[lang]}"
    return Place(notebook, _anchors()[id][lang], f"{notebook}#{id}")
