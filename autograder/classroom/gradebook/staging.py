"""A folder in which nbgrader works with this course: releases, records, feedback, its database."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.authoring.release import release
from autograder.checks.task_run import planned
from autograder.classroom.gradebook.book import LESSON, POINTS, adjustment
from autograder.classroom.gradebook.notebook_answers import Found, filled, read_answers
from autograder.classroom.gradebook.questions import Judge, Mark
from autograder.classroom.gradebook.verdicts import TaskPoints, Verdict
from autograder.course.messages import Catalogue
from autograder.course.roster import Student, find
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.errors import GraderFault, UsageError
from autograder.files import write
from autograder.report.terminal import safe
from autograder.submission.task_files import folder_of

ANSWERS = "answers"  # what was found in students' notebooks, a file each
CONFIG = """
# Notebooks of students are recorded, never executed here: `autograder gradebook update` writes
# the points, which were found out in the sandbox.
from autograder.classroom.gradebook.nbgrader_plugin import Record  # noqa: E402
from nbgrader.preprocessors import CheckCellMetadata, LimitOutput  # noqa: E402

c.Autograde.autograde_preprocessors = [LimitOutput, Record, CheckCellMetadata]
c.CourseDirectory.db_url = {url!r}
"""


@dataclass
class Recorded:
    """One student's notebooks. problems: what was found wrong with them."""

    student: Student
    marks: dict[str, Mark] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def init(course: Course, lang: str, folder: Path, url: str) -> None:
    """Stage a release and let nbgrader generate what students get.

    Raises:
        UsageError: the folder is not empty.
        GraderFault: nbgrader fails.
    """
    release(course, all_tasks(), lang, folder)
    catalogue = Catalogue.load(lang)
    for task in all_tasks():
        text = json.dumps(points_notebook(task, catalogue), ensure_ascii=False, indent=1)
        write(folder / "source" / task.folder / f"{POINTS}.ipynb", text + "\n")
    config = folder / "nbgrader_config.py"
    write(config, config.read_text(encoding="utf-8") + CONFIG.format(url=url))
    nbgrader(folder, "generate_assignment", "--assignment=*")
    for task in all_tasks():
        made = folder / "release" / task.folder
        # Students have nothing to do in it: it comes back with every record.
        made.joinpath(f"{POINTS}.ipynb").rename(_template(folder, task, POINTS))
        made.joinpath(f"{LESSON}.ipynb").chmod(0o644)
        _template(folder, task, LESSON).write_bytes(made.joinpath(f"{LESSON}.ipynb").read_bytes())


def _template(folder: Path, task: Task, name: str) -> Path:
    path = folder / "templates" / task.folder / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def nbgrader(folder: Path, *words: str) -> str:
    """Run a command of nbgrader in a folder; what it said.

    Raises:
        GraderFault: it failed.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    command = [sys.executable, "-m", "nbgrader", *words]
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise GraderFault(f"nbgrader {' '.join(words)}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout + done.stderr


def points_notebook(
    task: Task, catalogue: Catalogue, graded: TaskPoints | None = None, note: str = ""
) -> dict[str, Any]:
    """The notebook that holds the points of the code; with a verdict, what came of each check."""
    told = {check.grade_id: check.text for check in graded.checks} if graded else {}
    text = f"# {catalogue.task_title(task.name)}\n\n{catalogue.say('gradebook.points')}"
    head = {"cell_type": "markdown", "id": f"{task.name}-points", "metadata": {}, "source": text}
    first = f"# {catalogue.say('gradebook.first')}"
    why = _code_cell(f"{task.name}-first", first, graded.first if graded else "", {})
    cells: list[dict[str, Any]] = [head, why]
    for check in planned(task):
        if check.points:
            id = check.id.replace(".", "-")
            title = " ".join(catalogue.title(check).split())
            cells.append(_grade_cell(id, check.points, f"# {title}", told.get(id, "")))
    cells.append(_grade_cell(adjustment(task), 0, f"# {catalogue.say('gradebook.decided')}", note))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _grade_cell(id: str, points: float, source: str, told: str) -> dict[str, Any]:
    own = {"schema_version": 3, "grade_id": id, "grade": True, "solution": False, "locked": True}
    return _code_cell(id, source, told, {"nbgrader": own | {"points": points, "task": False}})


def _code_cell(id: str, source: str, told: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": id,
        "metadata": metadata,
        "execution_count": None,
        "outputs": [_output(told)] if told else [],
        "source": source,
    }


def _output(told: str) -> dict[str, Any]:
    lines = [safe(line) for line in told.split("\n")]
    return {"output_type": "stream", "name": "stdout", "text": "\n".join(lines) + "\n"}


def record(
    folder: Path, submissions: Sequence[Path], students: Sequence[Student], judge: Judge
) -> tuple[list[Recorded], list[str]]:
    """Lay students' notebooks out for nbgrader and mark their answers; names that fit nobody.

    Raises:
        UsageError: the folder was not made by init.
    """
    templates = {task.name: _templates(folder, task) for task in all_tasks()}
    found: list[Recorded] = []
    unmatched: list[str] = []
    for place in submissions:
        student = find(list(students), place.name) if students else Student(place.name)
        if student is None:
            unmatched.append(place.name)
            continue
        recorded = Recorded(student)
        read, loose = set[str](), list[str]()
        for task in all_tasks():
            found_here = _record_task(folder, place, task, templates[task.name], judge, recorded)
            read |= {*found_here.read}
            loose += found_here.foreign
        for name in dict.fromkeys(loose):
            if name not in read:
                recorded.problems.append(f"{name}: no cell of the course is in it")
        marks = {id: asdict(mark) for id, mark in recorded.marks.items()}
        text = json.dumps({"marks": marks, "problems": recorded.problems}, ensure_ascii=False)
        write(folder / ANSWERS / f"{student.student_id}.json", text + "\n")
        found.append(recorded)
    return found, unmatched


def _templates(folder: Path, task: Task) -> dict[str, dict[str, Any]]:
    try:
        return {
            name: json.loads(_template(folder, task, name).read_text(encoding="utf-8"))
            for name in (LESSON, POINTS)
        }
    except (OSError, ValueError):
        raise UsageError(
            f"{folder}: not made by autograder gradebook init; make it first, in a new folder"
        ) from None


def _record_task(
    folder: Path,
    place: Path,
    task: Task,
    templates: Mapping[str, dict[str, Any]],
    judge: Judge,
    recorded: Recorded,
) -> Found:
    stubs = {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in templates[LESSON]["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    found = read_answers(place, task, stubs)
    recorded.problems += found.problems
    if not found.read and not (folder_of(place, task) / task.file).exists():
        return found
    recorded.marks |= judge.mark(task, found.answers)
    target = folder / "submitted" / recorded.student.student_id / task.folder
    for name, notebook in (
        (LESSON, filled(templates[LESSON], found.answers)),
        (POINTS, templates[POINTS]),
    ):
        write(target / f"{name}.ipynb", json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")
    return found


def marks(folder: Path, student: Student) -> dict[str, Mark]:
    """What record found of a student's answers."""
    path = folder / ANSWERS / f"{student.student_id}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["marks"]
        return {id: Mark(**mark) for id, mark in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); record again") from None


def show(folder: Path, verdict: Verdict, notes: Mapping[str, str], catalogue: Catalogue) -> None:
    """Put what came of each check and answer into a student's record, for formgrader and feedback.

    Raises:
        UsageError: what was recorded cannot be read.
    """
    marked = marks(folder, verdict.student)
    told = {id: [_output(mark.told)] for id, mark in marked.items() if mark.told}
    for graded in verdict.tasks:
        task = graded.task
        place = folder / "autograded" / verdict.student.student_id / task.folder
        shown = points_notebook(task, catalogue, graded, notes.get(task.name, ""))
        outputs = {cell["id"]: cell["outputs"] for cell in shown["cells"] if "outputs" in cell}
        _show(place / f"{POINTS}.ipynb", outputs)
        _show(place / f"{LESSON}.ipynb", told)


def _show(path: Path, outputs: Mapping[str, list[dict[str, Any]]]) -> None:
    """Replace the outputs of a recorded notebook."""
    if not path.is_file():
        return
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path}: cannot be read ({error}); record again") from None
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            id = cell["metadata"].get("nbgrader", {}).get("grade_id") or cell.get("id", "")
            cell["outputs"] = outputs.get(id, [])
    write(path, json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")
