"""solutions/NN_task/lesson.py -> lesson.ipynb and lesson.ru.ipynb: one source, two languages.

The source is in jupytext's percent format. Cells with lang="en" and lang="ru" come in pairs,
the others are shared. More metadata of a cell:

- anchors="…": ids of checks and names that documents link to;
- answer="id": the student writes here; a region between the solution markers is left out;
- test="id" points=N: gives points for the answer of that id, as nbgrader's automatic grade;
- manual="id" points=N: a written answer that a teacher reads;
- tags=["labels"]: labels = {…}, the texts of the code cells; tags=["long"]: grading skips it.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from autograder.checks.task_run import planned
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import Task
from autograder.errors import UsageError
from autograder.files import PACKAGE
from autograder.report.lesson_links import NOTEBOOKS

SOURCE = "lesson.py"
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
CODE_STUB = "..."
TEXT_STUB = {"en": "*Your answer here.*", "ru": "*Твой ответ здесь.*"}
PICTURE = re.compile(r"""lesson\.picture\(\s*"(\w+)\"""")
SETUP = PACKAGE / "lesson" / "setup.txt"


@dataclass(frozen=True)
class Cell:
    """A cell of one language. kind: markdown or code."""

    kind: str
    source: str
    anchors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    answer: str = ""
    test: str = ""
    manual: str = ""
    points: int = 0

    @property
    def grade_id(self) -> str:
        """The id that nbgrader's gradebook knows the cell by."""
        return self.answer or self.manual or (f"{self.test}_test" if self.test else "")

    @property
    def section(self) -> str:
        """The first heading in the cell."""
        found = re.search(r"^#+ (.*)", self.source, re.MULTILINE)
        return found.group(1).strip() if found else ""


@dataclass(frozen=True)
class Lesson:
    """The notebook of a task in one language, with its solutions."""

    task: Task
    lang: str
    cells: tuple[Cell, ...]
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def pictures(self) -> list[str]:
        """Names of the pictures its cells draw, in their order."""
        return [name for cell in self.cells for name in PICTURE.findall(cell.source)]

    def sections(self) -> Iterator[tuple[Cell, str]]:
        """Every cell with the heading it stands under."""
        section = ""
        for cell in self.cells:
            section = (cell.kind == "markdown" and cell.section) or section
            yield cell, section


def read_lesson(course: Course, task: Task, lang: str) -> Lesson:
    """Read a task's lesson in one language.

    Raises:
        UsageError: the source cannot be used; the text names the cell.
    """
    path = course.solution(task, SOURCE)
    name = f"solutions/{task.folder}/{SOURCE}"
    cells: list[Cell] = []
    labels: dict[str, str] = {}
    waiting = ""  # the language that must come next
    for raw in _parsed(path.read_text(encoding="utf-8")):
        metadata = raw.metadata
        own = metadata.get("lang", "")
        first = raw.source.partition("\n")[0][:60]
        if (waiting and own != waiting) or (own == "ru" and not waiting):
            raise UsageError(f'{name}: {first!r}: cells with lang="en" and lang="ru" come in pairs')
        waiting = "ru" if own == "en" else ""
        if own and own != lang:
            continue
        cell = Cell(
            raw.cell_type,
            raw.source,
            tuple(metadata.get("anchors", "").split()),
            tuple(metadata.get("tags", [])),
            metadata.get("answer", ""),
            metadata.get("test", ""),
            metadata.get("manual", ""),
            metadata.get("points", 0),
        )
        if "labels" in cell.tags:
            labels = _labels(cell.source, f"{name}: {first!r}")
        cells.append(cell)
    lesson = Lesson(task, lang, tuple(cells), labels)
    _refuse_bad(lesson, name)
    return lesson


@lru_cache(maxsize=32)
def _parsed(text: str) -> tuple[Any, ...]:
    """The cells of a source, as jupytext reads them."""
    import jupytext

    return tuple(jupytext.reads(text, fmt="py:percent").cells)


def _labels(source: str, name: str) -> dict[str, str]:
    try:
        tree = ast.parse(source).body
        if len(tree) != 1 or not isinstance(tree[0], ast.Assign):
            raise ValueError("labels = {...} and nothing else")
        return dict(ast.literal_eval(tree[0].value))
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{name}: cannot be used as labels: {error}") from None


def _refuse_bad(lesson: Lesson, name: str) -> None:
    """Refuse a source that promises what it does not hold."""
    ids = [cell.grade_id for cell in lesson.cells if cell.grade_id]
    for id in ids:
        if ids.count(id) > 1:
            raise UsageError(f"{name}: the id {id} occurs twice")
    for cell in lesson.cells:
        if cell.test and cell.test not in ids:
            raise UsageError(f"{name}: nothing has answer={cell.test!r}, which a test names")
        marks = cell.source.count(BEGIN), cell.source.count(END)
        if marks[0] != marks[1] or (marks[0] == 1) != bool(cell.answer or cell.manual):
            raise UsageError(f"{name}: {cell.grade_id or cell.source[:60]!r}: one solution region")
    for picture in lesson.pictures:
        if f"{picture}.alt" not in lesson.labels:
            raise UsageError(f"{name}: labels ({lesson.lang}) lack {picture}.alt")


def notebooks(course: Course, task: Task, catalogues: Iterable[Catalogue]) -> dict[str, str]:
    """The generated notebooks of a task by file name.

    Raises:
        UsageError: the source cannot be used, or the languages differ in more than texts.
    """
    both = [read_lesson(course, task, lang) for lang in LANGUAGES]
    shapes = [[(c.kind, c.anchors, c.tags, c.grade_id, c.points) for c in x.cells] for x in both]
    if shapes[0] != shapes[1] or both[0].labels.keys() != both[1].labels.keys():
        odd = both[0].labels.keys() ^ both[1].labels.keys()
        raise UsageError(
            f"solutions/{task.folder}/{SOURCE}: the cells of the two languages differ in kind, "
            f"anchors, tags or points, or only one has the labels {sorted(odd)}"
        )
    by_lang = {catalogue.lang: catalogue for catalogue in catalogues}
    return {NOTEBOOKS[x.lang]: to_json(x, course.repository, by_lang[x.lang]) for x in both}


def to_json(lesson: Lesson, repository: str, catalogue: Catalogue, solutions: bool = False) -> str:
    """A notebook as a file's text, without the solutions or with them."""
    task, lang = lesson.task, lesson.lang
    head = f"<!-- autograder build: solutions/{task.folder}/{SOURCE} -->\n{lesson.cells[0].source}"
    if repository:
        colab = "https://colab.research.google.com"
        place = f"{repository}/blob/main/assignments/{task.folder}/{NOTEBOOKS[lang]}"
        head += f"\n\n[![Colab]({colab}/assets/colab-badge.svg)]({colab}/github/{place})"
    made = [_cell(lesson.cells[0], head, f"{task.name}-head", catalogue)]
    setup = SETUP.read_text(encoding="utf-8").replace("REPOSITORY", repository)
    setup = setup.replace("FOLDER", task.folder)
    for key in re.findall(r"TEXT_(\w+)", setup):
        text = catalogue.say(f"lesson.setup.{key.lower()}")
        setup = setup.replace(f"TEXT_{key}", text if key == "FIRST" else repr(text))
    made.append(_cell(Cell("code", setup, tags=("setup",)), setup, f"{task.name}-setup", catalogue))
    for number, cell in enumerate(lesson.cells[1:], start=1):
        source = cell.source if solutions else strip(cell.source, lang, cell.kind)
        if "labels" in cell.tags:
            source += f'\nlesson = Lesson("{task.name}", "{lang}", labels)'
        id = cell.grade_id or f"{task.name}-{number:02d}"
        made.append(_cell(cell, source, id, catalogue))
    say = catalogue.say
    ending = Cell("markdown", "")
    made.append(_cell(ending, say("lesson.save_text"), f"{task.name}-save", catalogue))
    made.append(_cell(Cell("code", ""), "lesson.save()", f"{task.name}-zip", catalogue))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "lang": lang}
    content = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(cell: Cell, source: str, id: str, catalogue: Catalogue) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if {"labels", "setup", "drawing"} & set(cell.tags):
        metadata["jupyter"] = {"source_hidden": True}
    if cell.grade_id:
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": cell.grade_id,
            "grade": bool(cell.test or cell.manual),
            "solution": bool(cell.answer or cell.manual),
            "locked": bool(cell.test),
            "task": False,
        } | ({"points": cell.points} if cell.test or cell.manual else {})
    if cell.kind == "markdown" and cell.anchors:
        marks = "".join(f'<a id="{anchor}"></a>' for anchor in cell.anchors)
        checks = [catalogue.check_title(a) for a in cell.anchors if "." in a]
        source = f"{marks}\n\n{source}"
        if checks:
            listed = "\n".join(f"> - {title}" for title in checks)
            source += f"\n\n> {catalogue.say('lesson.checked')}\n>\n{listed}"
    made: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": id.replace(".", "-"),
        "metadata": metadata,
    }
    if cell.kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return made | {"source": source.splitlines(keepends=True)}


def strip(source: str, lang: str, kind: str) -> str:
    """Leave a stub for every solution region, as nbgrader does."""
    stub = CODE_STUB if kind == "code" else TEXT_STUB[lang]
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if BEGIN in line:
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + stub)
        elif END in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def anchors(course: Course, tasks: tuple[Task, ...]) -> str:
    """Where in the lesson each scored check is taught: anchors.json.

    Raises:
        UsageError: a scored check has no place, or a place names no check.
    """
    found: dict[str, dict[str, str]] = {}
    for task in tasks:
        for lang in LANGUAGES:
            for cell, section in read_lesson(course, task, lang).sections():
                for anchor in cell.anchors:
                    if "." in anchor:
                        found.setdefault(anchor, {})[lang] = section
    scored = [c.id for task in tasks for c in planned(task) if c.points]
    known = {check.id for task in tasks for check in planned(task)}
    lost = [id for id in scored if id not in found] + [id for id in found if id not in known]
    if lost:
        raise UsageError(f"{SOURCE}: no anchor for, or no check of this id: {', '.join(lost)}")
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
