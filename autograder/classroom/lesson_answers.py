"""All answers of a class to one question of the notebooks, on one page."""

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.authoring.notebooks import TEXT_STUB, read_lesson
from autograder.course.messages import Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.errors import UsageError
from autograder.report.html import environment
from autograder.report.lesson_links import NOTEBOOKS
from autograder.submission.fetching import name_of

MAX_NOTEBOOK = 50_000_000  # bytes: pictures included
MAX_ANSWER = 20_000  # characters shown


@dataclass(frozen=True)
class Question:
    """A question of a lesson, and the course's own answer to it."""

    id: str
    task: Task
    text: str
    sample: str


@dataclass(frozen=True)
class Answer:
    """What one submission holds. problem: a message id that says why there is no text."""

    submission: str
    text: str = ""
    problem: str = ""


def questions(course: Course, lang: str) -> list[Question]:
    """Every question with a written answer, in the lesson's order."""
    found: list[Question] = []
    for task in all_tasks():
        lesson = read_lesson(course, task, lang)
        credited = {c.test for c in lesson.cells if "lesson.credit" in c.source}
        before = ""
        for cell in lesson.cells:
            if cell.kind == "markdown" and not cell.manual:
                before = _plain(cell.source)
            if cell.manual or cell.answer in credited:
                first = cell.source.partition("\n")[0]
                text = first.removeprefix("# ") if first.startswith("# ") else before
                found.append(Question(cell.grade_id, task, text, sample(cell.source)))
    return found


def _plain(text: str) -> str:
    """A cell's text without headings and notes."""
    lines = [line for line in text.splitlines() if not line.startswith(("#", ">", "|"))]
    return " ".join(" ".join(lines).split())


def sample(source: str) -> str:
    """The course's own answer in a cell."""
    inside = source.partition("BEGIN SOLUTION")[2].partition("END SOLUTION")[0]
    lines = [line.strip().removeprefix("-->").removeprefix("# ") for line in inside.splitlines()]
    return "\n".join(line for line in lines if line not in ("#", "<!--")).strip()


def collect(question: Question, submissions: Sequence[Path]) -> list[Answer]:
    """The answers of submissions, in their order; nothing in them is executed."""
    return [_read(question, folder) for folder in submissions]


def _read(question: Question, folder: Path) -> Answer:
    name = name_of(str(folder))
    found: list[Answer] = []
    for notebook in NOTEBOOKS.values():
        path = folder / question.task.folder / notebook
        if not path.is_file() or path.is_symlink():
            continue
        try:
            if path.stat().st_size > MAX_NOTEBOOK:
                raise ValueError
            text = _text(json.loads(path.read_text(encoding="utf-8")), question.id)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.append(Answer(name, problem="answers.unreadable"))
            continue
        found.append(Answer(name, text[:MAX_ANSWER], "" if text else "answers.empty"))
    best = next((one for one in found if one.text), None)
    return best or next(iter(found), Answer(name, problem="answers.missing"))


def _text(notebook: Any, id: str) -> str:
    """The answer in a notebook's cell; the text between the quotes where it is code."""
    for cell in notebook["cells"]:
        metadata = cell.get("metadata", {}).get("nbgrader", {})
        if id not in (cell.get("id"), metadata.get("grade_id")):
            continue
        source = cell["source"]
        text = str(source) if isinstance(source, str) else "".join(map(str, source))
        if cell["cell_type"] == "code":
            text = _string(text)
        return "" if text.strip() in ("...", "", *TEXT_STUB.values()) else text.strip()
    return ""


def _string(code: str) -> str:
    """The string that a cell assigns, or the code itself where it is something else."""
    try:
        body = ast.parse(code).body
        value = ast.literal_eval(body[-1].value)  # type: ignore[attr-defined]
        return value if isinstance(value, str) else code
    except (SyntaxError, ValueError, IndexError, AttributeError, RecursionError, MemoryError):
        return code


def find(course: Course, id: str, lang: str) -> Question:
    """The question with this id.

    Raises:
        UsageError: there is none.
    """
    known = {question.id: question for question in questions(course, lang)}
    if id not in known:
        raise UsageError(f"there is no question {id!r}; the questions are: {', '.join(known)}")
    return known[id]


def answers_html(question: Question, answers: Sequence[Answer], catalogue: Catalogue) -> str:
    """All answers to a question as a page for the teacher."""
    template = environment(catalogue).get_template("answers.html")
    return template.render(question=question, answers=answers)
