"""The gradebook: nbgrader's own database, filled with verdicts that no notebook can change."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.task_run import planned
from autograder.classroom.gradebook.book import POINTS, Gradebook, adjustment
from autograder.classroom.gradebook.notebook_answers import read_answers
from autograder.classroom.gradebook.policy import Override, Policy
from autograder.classroom.gradebook.questions import Judge
from autograder.classroom.gradebook.verdicts import CheckPoints, TaskPoints, Verdict
from autograder.course.messages import Catalogue
from autograder.course.roster import Student
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks, task_named
from tests.conftest import ROOT, needs_sandbox
from tests.helpers.servers import postgres

pytest.importorskip("nbgrader", reason="needs: pip install -e '.[notebooks]'")
ANN = Student("ann", "Анна Ёлкина", "ann@x.example", lms_id="7")
DUE = datetime(2026, 3, 1, tzinfo=UTC)
Opened = Callable[..., Gradebook]


@pytest.fixture(scope="module")
def prepared(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty gradebook of the course, to copy."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    book = Gradebook(f"sqlite:///{path}", course, Policy())
    book.prepare([ANN])
    book.close()
    return path


@pytest.fixture
def opened(course: Course, tmp_path: Path, prepared: Path) -> Iterator[Opened]:
    """Open the gradebook of a test, at its own SQLite file or elsewhere."""
    books: list[Gradebook] = []
    shutil.copy(prepared, tmp_path / "gradebook.db")

    def make(policy: Policy | None = None, url: str = "") -> Gradebook:
        place = url or f"sqlite:///{tmp_path / 'gradebook.db'}"
        books.append(Gradebook(place, course, policy or Policy()))
        return books[-1]

    yield make
    for book in books:
        book.close()


def verdict(share: float | None, student: Student = ANN, **given: Any) -> Verdict:
    """Every check of every task at a share of its points; None: no verdict."""
    tasks = []
    for task in all_tasks():
        scored = [check for check in planned(task) if check.points]
        checks = tuple(
            CheckPoints(c.id, "title", (share or 0.0) * c.points, c.points) for c in scored
        )
        highest = float(sum(check.points for check in scored))
        points = None if share is None else share * highest
        tasks.append(TaskPoints(task, "graded", points, highest, checks))
    return Verdict(student, tuple(tasks), **given)


def total(book: Gradebook, student: Student = ANN) -> float | None:
    return next(book.grades([student])).points


def as_a_person(path: Path, cell: str, score: float) -> None:
    """What formgrader does when a teacher grades a cell and comments."""
    with sqlite3.connect(path) as database:
        where = "cell_id = (select id from base_cell where name = ?)"
        done = database.execute(
            f"update grade set manual_score = ?, needs_manual_grade = 0 where {where}",
            (score, cell),
        )
        assert done.rowcount == 1
        database.execute("update comment set manual_comment = 'well said'")


def test_verdicts_are_written_once_and_people_are_never_overruled(
    opened: Opened, tmp_path: Path
) -> None:
    book = opened()
    book.prepare([ANN])
    assert total(book) is None
    assert book.update(verdict(0.5)) > 30
    assert book.update(verdict(0.5)) == 0
    assert total(book) == 32.5
    check = max(planned(task_named("vgg")), key=lambda check: check.points)
    as_a_person(tmp_path / "gradebook.db", check.id.replace(".", "-"), check.points)
    as_a_person(tmp_path / "gradebook.db", "gradients_why", 2.0)
    book = opened()
    assert total(book) == 32.5 + 0.5 * check.points
    book.update(verdict(1.0))
    assert total(book) == 65.0
    assert next(book.grades([ANN])).tasks[1].review  # the automatic score has changed since
    before = list((tmp_path / "gradebook.db").read_bytes())
    assert book.update(verdict(None)) == 0  # no verdict: nothing is touched
    assert list((tmp_path / "gradebook.db").read_bytes()) == before
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        comments = database.execute("select distinct manual_comment from comment").fetchall()
        manual = database.execute("select sum(manual_score) from grade").fetchone()
    assert comments == [("well said",)] and manual == (check.points + 2.0,)


def test_lateness_overrides_and_presets_reach_the_gradebook(opened: Opened) -> None:
    word = Override("ann", "resnet", 9.0, "oral exam")
    rules = Policy(late="percent", deadlines={"vgg": DUE, "resnet": DUE}, overrides=(word,))
    late = dict.fromkeys(("vgg", "resnet"), DUE + timedelta(hours=30))
    book = opened(rules)
    book.prepare([ANN])
    for _ in range(2):
        book.update(verdict(1.0, submitted=late))
        grades = {grade.task.name: grade for grade in next(book.grades([ANN])).tasks}
        assert (grades["vgg"].points, grades["vgg"].penalty) == (8.0, 2.0)
        assert (grades["resnet"].points, grades["resnet"].penalty) == (9.0, 0.0)
        assert grades["resnet"].reason == "oral exam"
    from nbgrader.api import Gradebook as Book

    with Book(f"sqlite:///{book.path}") as nbgrader:  # its own view of the same rows
        row = nbgrader.find_submission("02_vgg", "ann")
        assert row.late_submission_penalty == 2.0
        assert row.total_seconds_late == 30 * 3600
        own = nbgrader.find_grade(adjustment(task_named("resnet")), POINTS, "04_resnet", "ann")
        assert own.score == -1.0
    book = opened(Policy())
    book.update(verdict(1.0, submitted=late))
    assert total(book) == 65.0  # the rules are gone, and so is what they did
    assert total(opened(Policy(preset="lesson"))) == 15.0


def test_a_teachers_word_stands_without_a_verdict(opened: Opened) -> None:
    book = opened(Policy(preset="lesson", overrides=(Override("ann", "simpsons", 12, "demo"),)))
    book.prepare([ANN])
    book.update(verdict(None))
    assert total(book) == 12.0


def edited(folder: Path, task: str, **answers: str) -> Path:
    """A student's notebook with these answers."""
    found = task_named(task)
    notebook = json.loads((ROOT / "assignments" / found.folder / "lesson.ipynb").read_text())
    for cell in notebook["cells"]:
        id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if id in answers:
            cell["source"] = answers[id]
    path = folder / found.folder / "lesson.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))
    return path


def stubs(task: str) -> dict[str, str]:
    found = task_named(task)
    notebook = json.loads((ROOT / "assignments" / found.folder / "lesson.ipynb").read_text())
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


RIGHT = """\
def out_size(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1
"""
PARTLY = 'w = 227\nsizes = {"conv1": (w - 11) // 4 + 1, "conv2": 27, "conv3": out_size(27, 3, 2)}'
TRICKS = {
    "equals everything": (
        "class Any(int):\n    __eq__ = lambda *a: True\ndef out_size(*a, **k):\n    return Any()",
        'sizes = type("D", (dict,), {"get": lambda s, k: 55})()',
    ),
    "patches the helpers": (
        "import sys, builtins\nbuiltins.round = lambda *a: 100\n"
        "def out_size(*a):\n    raise SystemExit(0)",
        "lesson.__class__.compare = lambda *a, **k: 2\nsizes = {}",
    ),
    "looks for the gradebook": (
        "import sqlite3, os\n"
        "def out_size(*a):\n"
        "    for root, _, files in os.walk('/'):\n"
        "        for f in files:\n"
        "            if f.endswith('gradebook.db'):\n"
        "                return 1 / 0\n"
        "    return 9 ** 9",
        "sizes = open('/tmp/gradebook.db', 'w')",
    ),
    "never ends": ("def out_size(*a):\n    while True: pass", "while True: pass\nsizes = {}"),
}


def test_answers_are_marked_as_data(course: Course) -> None:
    judge = Judge.of(course, needs_sandbox(), Catalogue.load("ru"))
    judge.profile = replace(judge.profile, cpu_seconds=1.0, wall_factor=100)
    alexnet = task_named("alexnet")
    marks = judge.mark(alexnet, {"alexnet_out_size": RIGHT, "alexnet_sizes": PARTLY})
    assert marks["alexnet_out_size_test"].points == 1.0
    assert marks["alexnet_sizes_test"].points == 1.0
    assert "✓ conv3: 13" in marks["alexnet_sizes_test"].told
    assert marks["alexnet_better_test"].points == 0.0
    for name, (function, values) in TRICKS.items():
        given = {"alexnet_out_size": function, "alexnet_sizes": values}
        marks = judge.mark(alexnet, given)
        assert {mark.points for mark in marks.values()} == {0.0}, name


def test_without_a_sandbox_only_plain_values_are_judged(course: Course) -> None:
    judge = Judge.of(course, None, Catalogue.load("en"))
    plain = {"vgg_better": 'better = "fewer weights"', "vgg_weights": "weights = dict(a=1)"}
    marks = judge.mark(task_named("vgg"), plain)
    assert marks["vgg_better_test"].points == 1.0
    assert marks["vgg_weights_test"].points is None


def test_bad_notebooks_are_read_as_far_as_possible_and_told(tmp_path: Path) -> None:
    given = {"resnet_residual": 'residual = "one"'}
    path = edited(tmp_path, "resnet", **given)
    notebook = json.loads(path.read_text())
    cells = notebook["cells"]
    answer = next(c for c in cells if c["id"] == "resnet_residual")
    again = {**answer, "source": 'residual = "two"'}
    for cell in cells:
        cell["metadata"].pop("nbgrader", None)  # tampered: the cells' own ids are left
    notebook["cells"] = [c for c in cells if c["id"] != "resnet_weights"] + [again, "no cell"]
    notebook["cells"][2]["outputs"] = [{"text": "x" * 5_000_000}]
    path.write_text(json.dumps(notebook))
    path.rename(path.with_name("Моя работа.ipynb"))
    (path.parent / "cut.ipynb").write_text(json.dumps(notebook)[:999])
    (path.parent / "list.ipynb").write_text("[" * 100_000)
    (path.parent / "link.ipynb").symlink_to("/etc/passwd")
    found = read_answers(tmp_path, task_named("resnet"), stubs("resnet"))
    assert found.answers == given
    told = "\n".join(found.problems)
    for what in ("answered twice", "resnet_weights is missing", "cut.ipynb", "list.", "link."):
        assert what in told, what


def test_an_old_format_is_read(tmp_path: Path) -> None:
    path = edited(tmp_path, "vgg", vgg_better='better = "x"')
    cells = json.loads(path.read_text())["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
    old = {"nbformat": 3, "worksheets": [{"cells": cells, "metadata": {}}], "metadata": {}}
    path.write_text(json.dumps(old))
    found = read_answers(tmp_path, task_named("vgg"), stubs("vgg"))
    assert found.answers["vgg_better"] == 'better = "x"'
    assert not found.problems


@pytest.mark.slow
def test_two_graders_write_to_postgresql_at_once_and_nothing_is_lost(opened: Opened) -> None:
    students = [Student(f"s{number}") for number in range(8)]
    with postgres() as url:
        url = url.replace("postgresql://", "postgresql+psycopg://")
        first, second = opened(url=url), opened(url=url)
        first.prepare([])

        def grade(book: Gradebook) -> int:
            book.prepare(students)
            return sum(book.update(verdict(0.5, student)) for student in students)

        def by_hand() -> int:
            from sqlalchemy import create_engine, text

            engine = create_engine(url)
            with engine.begin() as connection:
                done = connection.execute(text("update grade set extra_credit = 0.25"))
            engine.dispose()
            return int(done.rowcount)

        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(grade, first), pool.submit(grade, second)]
            assert all(job.result() for job in jobs)
            touched = pool.submit(by_hand).result()
        cells = len([c for task in all_tasks() for c in planned(task) if c.points]) + 6
        assert touched >= cells * len(students)
        assert all(second.update(verdict(0.5, student)) == 0 for student in students)
        third = opened(url=url)
        assert [total(third, s) for s in students] == [32.5 + 0.25 * cells] * len(students)
        for book in (first, second, third):
            book.close()


@pytest.mark.slow
def test_a_class_through_nbgrader_itself(course: Course, tmp_path: Path) -> None:
    """Perfect, half and tampering: release, record, update, feedback and export, by command."""

    def run(*words: object, program: str = "autograder.cli") -> str:
        command = [sys.executable, "-m", program, *map(str, words)]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        where = nb if program == "nbgrader" else tmp_path
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    needs_sandbox()
    nb, out = tmp_path / "nb", tmp_path / "out"
    run("gradebook", "init", nb, "--lang", "en", "--course", ROOT)
    students = {"perfect": RIGHT, "half": "def out_size(*a):\n    return 32", "tamper": ""}
    for name, answer in students.items():
        given = {"alexnet_out_size": answer}
        if name == "tamper":
            function, values = TRICKS["equals everything"]
            given = {"alexnet_out_size": function, "alexnet_sizes": values}
        path = edited(tmp_path / name, "alexnet", **given)
        if name == "tamper":  # outputs of full marks, and a locked cell of its own
            notebook = json.loads(path.read_text())
            for cell in notebook["cells"]:
                if cell["metadata"].get("nbgrader", {}).get("locked"):
                    cell["source"], cell["metadata"]["nbgrader"]["points"] = "2", 100
            path.write_text(json.dumps(notebook))
        source = course.solution(task_named("alexnet"))
        if name == "half":
            source = ROOT / "assignments/01_alexnet/alexnet.py"
        shutil.copy(source, tmp_path / name / "01_alexnet")
    places = [tmp_path / name for name in students]
    run("grade", *places, "--task", "alexnet", "--out", out, "--course", ROOT)
    run("gradebook", "record", nb, *places, "--course", ROOT)
    assert "3 students" in run("gradebook", "update", out, "--dir", nb, "--course", ROOT)
    run("generate_feedback", "--assignment=*", program="nbgrader")
    run("export", "--to", "grades.csv", program="nbgrader")
    rows = [line.split(",") for line in (nb / "grades.csv").read_text().splitlines()[1:]]
    score = {line[3]: float(line[9]) for line in rows if line[0] == "01_alexnet"}
    assert score == {"perfect": 11.0, "half": 0.2, "tamper": 10.0}
    page = (nb / "feedback/half/01_alexnet/points.html").read_text(encoding="utf-8")
    assert "is not written yet" in page
    solution = course.solution(task_named("alexnet")).read_text()
    lines = {line for line in solution.splitlines() if len(line.strip()) > 30}
    secret = lines - set((ROOT / "assignments/01_alexnet/alexnet.py").read_text().splitlines())
    for path in (nb / "release").rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert not any(line in text for line in secret), path
        assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
