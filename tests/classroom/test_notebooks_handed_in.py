"""Answers are found in notebooks as editors leave them; what is none of the course is told."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.classroom.gradebook.book import Gradebook
from autograder.classroom.gradebook.notebook_answers import Found, read_answers
from autograder.classroom.gradebook.policy import Policy
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.errors import UsageError
from tests.conftest import ROOT

TASK = task_named("resnet")
HANDED_OUT = json.loads(
    (ROOT / "assignments" / TASK.folder / "lesson.ipynb").read_text(encoding="utf-8")
)
STUBS = {
    cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
    for cell in HANDED_OUT["cells"]
    if cell["metadata"].get("nbgrader", {}).get("solution")
}
ANSWERS = {"resnet_weights": "weights = {'two': 2}", "resnet_residual": 'residual = "F(x)"'}


def notebook(answers: dict[str, str], ids: bool = True, metadata: bool = True) -> dict[str, Any]:
    """The notebook with answers; without what an editor has dropped."""
    made: dict[str, Any] = json.loads(json.dumps(HANDED_OUT))
    for cell in made["cells"]:
        own = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(own, "".join(cell["source"]))
        if not metadata:
            cell["metadata"] = {}
        if not ids:
            del cell["id"]
    return made


def read(folder: Path, notebooks: dict[str, Any]) -> Found:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in notebooks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return read_answers(folder, TASK, STUBS)


def test_the_notebook_itself_counts_before_copies_of_it(tmp_path: Path) -> None:
    stale = {id: text.replace("2", "1").replace("F", "G") for id, text in ANSWERS.items()}
    places = ("lesson-Copy1.ipynb", ".ipynb_checkpoints/lesson-checkpoint.ipynb", "._lesson.ipynb")
    given = {f"04_resnet/{name}": notebook(stale) for name in places}
    found = read(tmp_path / "both", {"04_resnet/lesson.ipynb": notebook(ANSWERS), **given})
    assert found.answers == ANSWERS
    assert any("lesson-Copy1.ipynb: resnet_weights: answered twice" in t for t in found.problems)
    empty = {"04_resnet/lesson.ipynb": notebook({}), **given}
    assert read(tmp_path / "empty", empty).answers == stale


def test_cells_that_lost_their_ids_are_known_by_what_they_define(tmp_path: Path) -> None:
    bare = notebook(ANSWERS, ids=False, metadata=False)
    found = read(tmp_path, {"04_resnet/resnet.ipynb": bare})
    assert found.answers == ANSWERS
    assert found.problems == [
        "resnet.ipynb: its cells lost their ids; answers are found by their names"
    ]


def test_a_notebook_of_something_else_is_told(tmp_path: Path) -> None:
    other = {"cells": [{"cell_type": "code", "metadata": {}, "source": "print(1)"}]}
    found = read(tmp_path, {"04_resnet/mine.ipynb": other, "notebooks/x.ipynb": other})
    assert (found.read, found.foreign) == ([], ["mine.ipynb", "x.ipynb"])


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ANYTHING = st.recursive(
    PLAIN, lambda own: st.lists(own, max_size=3) | st.dictionaries(st.text(max_size=8), own)
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown"]) | ANYTHING,
        "id": st.sampled_from([*STUBS, "x"]) | ANYTHING,
        "metadata": st.fixed_dictionaries({"nbgrader": ANYTHING}) | ANYTHING,
        "source": st.sampled_from(["weights = 1", "def f(:", "weights = residual = 0"]) | ANYTHING,
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    st.lists(CELLS | ANYTHING, max_size=6),
    st.booleans(),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_answers_survive_whatever_stands_between_them(
    tmp_path_factory: pytest.TempPathFactory,
    junk: list[Any],
    ids: bool,
    metadata: bool,
    random: Any,
) -> None:
    """Cells added, in any order and of any shape, change no answer that stands before them."""
    made = notebook(ANSWERS, ids, metadata)
    random.shuffle(made["cells"])
    if not (ids or metadata):  # then any cell that defines the same may be meant
        junk = [cell for cell in junk if not (isinstance(cell, dict) and "source" in cell)]
    made["cells"] += junk
    found = read(tmp_path_factory.getbasetemp() / "fuzz", {"04_resnet/lesson.ipynb": made})
    assert found.answers == ANSWERS


def test_a_database_of_an_older_nbgrader_is_told(course: Course, tmp_path: Path) -> None:
    pytest.importorskip("nbgrader", reason="needs: pip install -e '.[notebooks]'")
    path = tmp_path / "gradebook.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE student (id VARCHAR(128) PRIMARY KEY, first_name VARCHAR)")
    with pytest.raises(UsageError, match=r"made by an older nbgrader .*; .*nbgrader db upgrade"):
        Gradebook(f"sqlite:///{path}", course, Policy())
