"""The reference's pictures for notebooks: made by executing the lessons, kept while they are fresh.

pictures/<task>/<name>.<lang>.png is what a cell of a lesson drew with the reference's code.
"""

import ast
import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from autograder.authoring.notebooks import Lesson, read_lesson
from autograder.course.messages import LANGUAGES
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.diagnose.fingerprints import plain
from autograder.files import PACKAGE
from autograder.lesson.live import KEEP

PICTURES = PACKAGE / "pictures"
DRAWING = ("lesson/drawing.py", "lesson/measure.py")
TIMEOUT = 300  # seconds for one cell


def digest(course: Course, task: Task) -> str:
    """Changes with all code that draws a task's pictures; remarks in it change nothing."""
    found = hashlib.sha256()
    for lang in LANGUAGES:
        for cell in read_lesson(course, task, lang).cells:
            if cell.kind == "code":
                found.update(plain(ast.parse(cell.source)).encode())
    for path in [course.solution(task, file) for file in task.files]:
        found.update(plain(ast.parse(path.read_bytes())).encode())
    for name in DRAWING:
        found.update(plain(ast.parse((PACKAGE / name).read_bytes())).encode())
    return found.hexdigest()


def is_fresh(course: Course, task: Task) -> bool:
    """Whether a task's pictures are there and were made from the sources as they are."""
    drawn = {
        f"{name}.{lang}.png"
        for lang in LANGUAGES
        for name in read_lesson(course, task, lang).pictures
    }
    folder = PICTURES / task.name
    there = {path.name for path in folder.glob("*.png")}
    return drawn == there and _fingerprints().get(task.name) == digest(course, task)


def make(course: Course, task: Task) -> None:
    """Execute a task's lesson on the reference in every language and keep what it draws."""
    with tempfile.TemporaryDirectory() as scratch:
        root, drawn = Path(scratch) / "course", Path(scratch) / "drawn"
        drawn.mkdir()
        reference(course, root)
        for lang in LANGUAGES:
            execute(read_lesson(course, task, lang), root / task.folder, {KEEP: str(drawn)})
        shutil.rmtree(PICTURES / task.name, ignore_errors=True)
        shutil.copytree(drawn, PICTURES / task.name)
    known = _fingerprints() | {task.name: digest(course, task)}
    text = json.dumps(known, indent=1, sort_keys=True) + "\n"
    (PICTURES / "fingerprints.json").write_text(text, encoding="utf-8", newline="\n")


def reference(course: Course, root: Path) -> None:
    """Lay the reference's files out as a student's."""
    for task in all_tasks():
        (root / task.folder).mkdir(parents=True, exist_ok=True)
        for file in task.files:
            shutil.copy(course.solution(task, file), root / task.folder)


def execute(lesson: Lesson, folder: Path, environment: dict[str, str] | None = None) -> Any:
    """Run a lesson with its own answers, from top to bottom in a folder.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    from autograder.authoring.notebooks import to_json
    from autograder.course.messages import Catalogue

    text = to_json(lesson, "", Catalogue.load(lesson.lang), solutions=True)
    return run_notebook(text, folder, environment)


def run_notebook(text: str, folder: Path, environment: dict[str, str] | None = None) -> Any:
    """Run a notebook from top to bottom in a folder; returns it with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    import os

    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, **(environment or {})})
    return notebook


def _fingerprints() -> dict[str, str]:
    path = PICTURES / "fingerprints.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
