"""Students' notebooks for nbgrader: read as data, laid into the released notebook, never executed.

Only the text of answer cells is taken. Everything else, locked cells and metadata included, is
the course's own, so a deleted, doubled or tampered cell changes nothing but is told.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simpsons.junk import is_junk

from autograder.authoring.notebooks import TEXT_STUB
from autograder.classroom.lesson_answers import MAX_ANSWER
from autograder.course.tasks import Task
from autograder.report.lesson_links import NOTEBOOKS as HANDED_OUT
from autograder.submission.chosen import MAX_NOTEBOOK, NOTEBOOKS
from autograder.submission.task_files import folder_of

STUBS = ("", "...", *TEXT_STUB.values())
COURSES = tuple(HANDED_OUT.values())
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError)
DEEP = 200  # cells are read from this many notebooks of a student at most


@dataclass
class Found:
    """The answers in a student's notebooks by grade id, and what is wrong with those."""

    answers: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    #: Names of the notebooks that have a cell of the course, and of those that have none.
    read: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def read_answers(folder: Path, task: Task, ids: Mapping[str, str]) -> Found:
    """Look for the answer cells of a task in every notebook that may hold them.

    ids: the answer cells' grade ids, each with the text that is handed out. Where cells lost
    theirs, as some editors drop what they do not know, answers are found by what they define.
    """
    found = Found()
    for path in _notebooks(folder, task):
        cells = _cells(path, found)
        if cells is None:
            continue
        answers = [(id, _source(cell)) for cell in cells if (id := _id(cell, ids))]
        if path.parent.name != NOTEBOOKS:
            written = {id for id, text in answers if _written(text, ids[id])}
            named = [(id, text) for id, text in _by_names(cells, ids) if id not in written]
            if any(_written(text, ids[id]) for id, text in named) or (not answers and named):
                found.problems.append(
                    f"{path.name}: its cells lost their ids; answers are found by their names"
                )
                answers += named
        (found.read if answers else found.foreign).append(path.name)
        for id, text in answers:
            _keep(found, id, text, ids[id], path.name)
    if found.read:
        lost = [id for id in ids if id not in found.answers]
        found.problems += [f"{task.name}: the cell {id} is missing" for id in lost]
    return found


def _notebooks(folder: Path, task: Task) -> Iterator[Path]:
    for place in (folder_of(folder, task), folder / NOTEBOOKS):
        if place.is_dir() and not place.is_symlink():
            paths = (path for path in place.glob("*.ipynb") if not is_junk([path.name]))
            yield from sorted(paths, key=lambda path: (path.name not in COURSES, path.name))[:DEEP]


def _cells(path: Path, found: Found) -> list[dict[str, Any]] | None:
    """The cells of a notebook in any format since the third; None where it cannot be read."""
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError("a link or no plain file")
        if path.stat().st_size > MAX_NOTEBOOK:
            raise ValueError(f"larger than {MAX_NOTEBOOK >> 20} MB")
        data = json.loads(path.read_bytes())
        sheets = data.get("worksheets", [data])
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        return [cell for cell in cells if isinstance(cell, dict)]
    except (OSError, *UNREADABLE) as error:
        found.problems.append(f"{path.name}: cannot be read ({str(error)[:100]})")
        return None


def _by_names(cells: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> list[tuple[str, str]]:
    """Answers in cells without ids: code that defines what the cell that was handed out does."""
    wanted = {tuple(names): id for id, stub in ids.items() if (names := defined(stub))}
    code = [_source(cell) for cell in cells if cell.get("cell_type") == "code"]
    return [(wanted[own], text) for text in code if (own := tuple(defined(text))) in wanted]


def defined(source: str) -> list[str]:
    """The names that a cell's code defines at its top; none where it is no Python."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, *UNREADABLE):
        return []
    found = []
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return found


def _id(cell: Mapping[str, Any], ids: Mapping[str, str]) -> str:
    """Which answer a cell is: by nbgrader's metadata, or by the cell's own id."""
    metadata = cell.get("metadata")
    own = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    for id in (own.get("grade_id") if isinstance(own, dict) else None, cell.get("id")):
        if isinstance(id, str) and id in ids:
            return id
    return ""


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(map(str, source or ""))


def _keep(found: Found, id: str, text: str, stub: str, name: str) -> None:
    """Keep an answer; of two, the first that is one."""
    if len(text) > MAX_ANSWER:
        found.problems.append(f"{name}: {id}: longer than {MAX_ANSWER} characters")
        text = ""
    before = found.answers.get(id)
    if before is not None and _written(before, stub):
        if _written(text, stub) and text != before:
            found.problems.append(f"{name}: {id}: answered twice; the first answer counts")
        return
    found.answers[id] = text


def _written(text: str, stub: str) -> bool:
    """Whether a cell holds more than was handed out: in another language only comments differ."""
    return _bare(text) not in {*STUBS, _bare(stub)}


def _bare(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.startswith("#")).strip()


def filled(template: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """The released notebook with a student's answers in it, without any output."""
    notebook: dict[str, Any] = json.loads(json.dumps(template))
    for cell in notebook["cells"]:
        own = cell["metadata"].get("nbgrader", {})
        if own.get("solution") and own["grade_id"] in answers:
            text = answers[own["grade_id"]]
            # nbgrader shows Markdown to the teacher with whatever HTML is in it.
            cell["source"] = text.replace("<", "&lt;") if cell["cell_type"] == "markdown" else text
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook
