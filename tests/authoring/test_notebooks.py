"""Notebooks: one source gives two languages, nothing of the solutions, a place for every check."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring.build import _catalogue
from autograder.authoring.notebooks import notebooks, read_lesson
from autograder.authoring.release import release
from autograder.checks.task_run import planned
from autograder.classroom.lesson_answers import answers_html, collect, find, questions
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.settings import Course, find_course
from autograder.course.tasks import all_tasks, task_named
from autograder.errors import UsageError
from autograder.report.lesson_links import NOTEBOOKS, place_of
from tests.conftest import ROOT

SCORED = [check for task in all_tasks() for check in planned(task) if check.points]
LINK = re.compile(r"\]\((?P<file>[\w./]+)#(?P<anchor>[\w.-]+)\)")
HOSTILE = "<script>alert(1)</script> \x1b[31m =cmd()"


def built(folder: str, lang: str) -> dict[str, Any]:
    path = ROOT / "assignments" / folder / NOTEBOOKS[lang]
    return dict(json.loads(path.read_text(encoding="utf-8")))


def graded(notebook: dict[str, Any]) -> list[tuple[str, int]]:
    found = [cell["metadata"].get("nbgrader") for cell in notebook["cells"]]
    return [(one["grade_id"], one.get("points", 0)) for one in found if one]


def text(notebook: dict[str, Any]) -> str:
    return "\n".join("".join(cell["source"]) for cell in notebook["cells"])


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_both_languages_have_the_same_grades_and_valid_cells(task: Any) -> None:
    nbformat = pytest.importorskip("nbformat")
    english, russian = built(task.folder, "en"), built(task.folder, "ru")
    for notebook in (english, russian):
        nbformat.validate(notebook)
        ids = [cell["id"] for cell in notebook["cells"]]
        assert len(set(ids)) == len(ids)
        assert all(cell.get("outputs") in (None, []) for cell in notebook["cells"])
    assert graded(english) == graded(russian)
    assert graded(english)
    assert re.search("[а-яё]", text(russian)) and not re.search("[а-яё]", text(english))


def test_at_most_two_answers_are_marked_by_hand(course: Course) -> None:
    lessons = [read_lesson(course, task, "en") for task in all_tasks()]
    assert len([cell for lesson in lessons for cell in lesson.cells if cell.manual]) <= 2


def test_no_solution_reaches_a_notebook(course: Course) -> None:
    for task in all_tasks():
        for lang in LANGUAGES:
            shown = {line.strip() for line in text(built(task.folder, lang)).splitlines()}
            lines = set[str]()
            for cell in read_lesson(course, task, lang).cells:
                inside = cell.source.partition("BEGIN SOLUTION")[2].partition("END SOLUTION")[0]
                lines |= {line.strip() for line in inside.splitlines() if len(line.strip()) > 5}
            for file in task.files:
                source = course.solution(task, file).read_text(encoding="utf-8")
                for region in re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOL", source, re.DOTALL):
                    lines |= {line.strip() for line in region.splitlines() if len(line) > 24}
            assert lines
            assert lines & shown == set()
            assert "SOLUTION" not in "".join(shown)


@pytest.mark.parametrize("check", SCORED, ids=lambda check: check.id)
def test_every_scored_check_has_a_place_in_the_lesson(check: Any) -> None:
    for lang in LANGUAGES:
        place = place_of(check, lang)
        assert place is not None and place.section
        assert place.link.endswith(f"#{check.id}")
        file, anchor = place.link.split("#")
        assert f'<a id="{anchor}"></a>' in text(built(file.split("/")[0], lang))


def test_a_check_without_points_leads_to_the_one_it_serves() -> None:
    for check in planned(task_named("resnet")):
        if check.id == "resnet.parameter_count.ResidualBlock":
            place = place_of(check, "en")
            assert place is not None
            assert place.link.endswith("#resnet.residual_block_is_built")


@pytest.mark.parametrize("name", ["coverage.md", "errata.md", "teacher.md", "teacher.ru.md"])
def test_links_of_the_documents_lead_somewhere(name: str) -> None:
    path = ROOT / "docs" / name
    content = path.read_text(encoding="utf-8")
    links = list(LINK.finditer(content))
    assert links or name.startswith("teacher")
    for link in links:
        target = (path.parent / link["file"]).resolve()
        assert target.is_file(), link.group()
        found = target.read_text(encoding="utf-8").replace('\\"', '"')
        assert f'<a id="{link["anchor"]}"></a>' in found, link.group()
    slides = (ROOT / "solutions" / "lesson" / "slides.ru.md").read_text(encoding="utf-8")
    numbers = [
        int(n)
        for part in re.findall(r"slides? ([\d, –]+)", content)
        for n in re.findall(r"\d+", part)
    ]
    assert max(numbers, default=1) <= slides.count("\n---\n") + 1


def test_every_note_on_a_paper_is_in_the_errata(course: Course) -> None:
    listed = (ROOT / "docs" / "errata.md").read_text(encoding="utf-8")
    for task in all_tasks():
        for cell in read_lesson(course, task, "en").cells:
            for anchor in cell.anchors:
                if anchor.startswith("erratum-"):
                    assert f"#{anchor})" in listed


def test_slides_are_the_same_in_both_languages() -> None:
    shapes = []
    for lang in LANGUAGES:
        path = ROOT / "solutions" / "lesson" / f"slides.{lang}.md"
        parts = path.read_text(encoding="utf-8").split("\n---\n")
        shapes.append([re.findall(r"!\[\]\((.+?)\)", part) for part in parts])
    assert shapes[0] == shapes[1]


@pytest.fixture
def copy(tmp_path: Path) -> Course:
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions")
    shutil.copy(ROOT / "course.toml", tmp_path)
    return find_course(tmp_path)


@pytest.mark.parametrize(
    ("replace", "by", "message"),
    [
        ('# %% [markdown] lang="ru" anchors="timeline"', "# %% [markdown]", "come in pairs"),
        ('    "boxes.alt": "AlexNet as', '    "other": "AlexNet as', "lack boxes.alt"),
        (
            '# %% test="alexnet_out_size" points=1',
            '# %% test="x" points=1',
            "nothing has answer='x'",
        ),
        ('answer="alexnet_sizes"', 'answer="alexnet_out_size"', "occurs twice"),
        ("    # BEGIN SOLUTION\n    return", "    return", "one solution region"),
        ('labels = {\n    "timeline.alt": "B', 'labels = f(\n    "timeline.alt": "B', "as labels"),
        ('    "boxes.alt": "AlexNet as', '    "x": "y", "boxes.alt": "AlexNet as', "labels.*'x'"),
        ('lang="ru" anchors="timeline"', 'lang="ru" anchors="time"', "anchors, tags or points"),
    ],
)
def test_a_bad_source_is_refused(copy: Course, replace: str, by: str, message: str) -> None:
    path = copy.folder / "solutions" / "01_alexnet" / "lesson.py"
    source = path.read_text(encoding="utf-8")
    assert replace in source
    path.write_text(source.replace(replace, by, 1), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        notebooks(copy, task_named("alexnet"), map(_catalogue, LANGUAGES))


def test_a_repository_gives_a_badge_and_a_bundle(copy: Course) -> None:
    path = copy.folder / "course.toml"
    settings = path.read_text(encoding="utf-8")
    without = notebooks(copy, task_named("vgg"), map(_catalogue, LANGUAGES))
    assert "colab.research.google.com" not in without[NOTEBOOKS["ru"]]
    path.write_text(
        settings.replace('# repository = "OWNER/NAME"', 'repository = "me/cnn"'), "utf-8"
    )
    made = notebooks(find_course(copy.folder), task_named("vgg"), map(_catalogue, LANGUAGES))
    assert (
        "colab.research.google.com/github/me/cnn/blob/main/assignments/02_vgg/lesson.ru.ipynb"
        in made[NOTEBOOKS["ru"]]
    )
    assert "https://github.com/me/cnn/archive/" in made[NOTEBOOKS["en"]]
    path.write_text(settings.replace('# repository = "OWNER/NAME"', 'repository = "a b"'), "utf-8")
    with pytest.raises(UsageError, match="OWNER/NAME"):
        find_course(copy.folder)


def test_a_release_has_one_notebook_in_each_assignment(course: Course, tmp_path: Path) -> None:
    grades = []
    for lang in LANGUAGES:
        out = tmp_path / lang
        release(course, all_tasks(), lang, out)
        found = sorted(out.rglob("*.ipynb"))
        assert [path.parent.name for path in found] == [task.folder for task in all_tasks()]
        grades.append([graded(json.loads(path.read_text(encoding="utf-8"))) for path in found])
        stubs = "".join(path.read_text(encoding="utf-8") for path in out.rglob("0*/*.py"))
        assert "NotImplementedError" in stubs and "SOLUTION" not in stubs
        with pytest.raises(UsageError, match="not an empty folder"):
            release(course, all_tasks(), lang, out)
    assert grades[0] == grades[1]


def hand_in(folder: Path, notebook: Any, name: str = "lesson.ipynb") -> Path:
    path = folder / "02_vgg" / name
    path.parent.mkdir(parents=True)
    content = notebook if isinstance(notebook, str) else json.dumps(notebook)
    path.write_text(content, encoding="utf-8")
    return folder


def test_answers_are_read_and_never_run(course: Course, tmp_path: Path) -> None:
    question = find(course, "vgg_better", "ru")
    assert "VGG" in question.text and "3x3" in question.sample
    cell = {"cell_type": "code", "id": "x", "metadata": {"nbgrader": {"grade_id": "vgg_better"}}}
    given = [
        {"cells": [cell | {"source": f'better = """{HOSTILE}"""'}]},
        {"cells": [cell | {"source": ["better = __import__('os')", ".system('x')"]}]},
        {"cells": [cell | {"source": 'better = """\n...\n"""'}]},
        {"cells": [cell | {"source": 5}, 7]},
        "[" * 100_000,
        {"cells": []},
    ]
    folders = [hand_in(tmp_path / f"s{n}", one) for n, one in enumerate(given)]
    hand_in(tmp_path / "ru", given[0], "lesson.ru.ipynb")
    found = collect(question, [*folders, tmp_path / "ru", tmp_path / "nobody"])
    assert found[0].text == HOSTILE
    assert found[1].text.startswith("better = __import__")
    problems = [one.problem for one in found[2:]]
    assert problems[:1] == ["answers.empty"]
    assert problems[2:4] == ["answers.unreadable", "answers.empty"]
    assert problems[4:] == ["", "answers.missing"]
    page = answers_html(question, found, Catalogue.load("ru"))
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_an_unknown_question_names_those_there_are(course: Course) -> None:
    with pytest.raises(UsageError, match="vgg_better"):
        find(course, "nothing", "en")
    assert [q.id for q in questions(course, "en")] == [q.id for q in questions(course, "ru")]
