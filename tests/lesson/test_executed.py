"""Notebooks are really executed: on the reference, on stubs, and where they cannot work."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring.notebooks import read_lesson, to_json
from autograder.authoring.pictures import PICTURES, reference, run_notebook
from autograder.authoring.release import release
from autograder.course.messages import LANGUAGES
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks, task_named
from autograder.report.lesson_links import NOTEBOOKS
from tests.conftest import ROOT

LAST = "my_work.zip"
NOT_YET = {"en": "Not written yet", "ru": "Ещё не написано"}


def stub_notebook(folder: str, lang: str, skip_long: bool) -> str:
    text = (ROOT / "assignments" / folder / NOTEBOOKS[lang]).read_text(encoding="utf-8")
    notebook = json.loads(text)
    if skip_long:
        notebook["cells"] = [
            cell for cell in notebook["cells"] if "long" not in cell["metadata"].get("tags", [])
        ]
    return json.dumps(notebook)


def said(notebook: Any) -> str:
    return "\n".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )


def pictures(notebook: Any) -> list[str]:
    return [
        output.data["image/png"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def earned(notebook: Any) -> list[float]:
    return [
        float(output.data["text/plain"])
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("locked")
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]


def students(course: Course, root: Path, half: bool = False) -> Path:
    """The stubs; half: with everything done but the last task's files and one in each other."""
    shutil.copytree(ROOT / "assignments", root, dirs_exist_ok=True)
    if half:
        reference(course, root)
        for task in all_tasks():
            path = root / task.folder / task.file
            stub = ROOT / "assignments" / task.folder / task.file
            solution = path.read_text(encoding="utf-8")
            last = task.symbols[-1].name
            done, _, _ = solution.partition(f"class {last}(")
            rest = stub.read_text(encoding="utf-8").partition(f"class {last}(")[2]
            path.write_text(f"{done}class {last}({rest}" if rest else solution, encoding="utf-8")
    return root


@pytest.mark.parametrize("lang", ["ru", pytest.param("en", marks=pytest.mark.slow)])
def test_a_notebook_on_untouched_stubs_and_on_the_reference(
    course: Course, tmp_path: Path, lang: str
) -> None:
    task = task_named("gradients")
    root = students(course, tmp_path / "stubs")
    untouched = run_notebook(stub_notebook(task.folder, lang, skip_long=True), root / task.folder)
    assert NOT_YET[lang] in said(untouched)
    assert LAST in said(untouched)
    assert sum(earned(untouched)) == 0
    reference(course, tmp_path / "done")
    lesson = read_lesson(course, task, lang)
    cells = tuple(cell for cell in lesson.cells if "long" not in cell.tags)
    from dataclasses import replace

    from autograder.course.messages import Catalogue

    text = to_json(replace(lesson, cells=cells), "", Catalogue.load(lang), solutions=True)
    done = run_notebook(text, tmp_path / "done" / task.folder)
    assert NOT_YET[lang] not in said(done) and "○" not in said(done)
    points = [cell.points for cell in cells if cell.test]
    assert earned(done) == points
    assert len(pictures(done)) == len(pictures(untouched)) == len(lesson.pictures) - 1


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
@pytest.mark.parametrize("state", ["reference", "untouched", "half", "syntax", "missing"])
def test_every_notebook_in_every_state(
    course: Course, tmp_path: Path, state: str, task: Any, lang: str
) -> None:
    root = students(course, tmp_path / "course", half=state == "half")
    folder = root / task.folder
    lesson = read_lesson(course, task, lang)
    if state == "reference":
        from autograder.course.messages import Catalogue

        reference(course, root)
        text = to_json(lesson, "", Catalogue.load(lang), solutions=True)
    else:
        text = stub_notebook(task.folder, lang, skip_long=False)
    for file in task.files:
        if state == "syntax":
            (folder / file).write_text("def broken(:\n", encoding="utf-8")
        if state == "missing":
            (folder / file).unlink()
    notebook = run_notebook(text, folder)
    assert LAST in said(notebook)
    assert len(pictures(notebook)) == len(lesson.pictures)
    assert not any(
        output.output_type == "error"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    if state == "reference":
        assert "○" not in said(notebook) and "✗" not in said(notebook)
        assert earned(notebook) == [cell.points for cell in lesson.cells if cell.test]
    elif state in ("syntax", "missing"):
        for file in task.files[:1]:
            assert file in said(notebook)


@pytest.mark.slow
def test_nbgrader_generates_and_validates_a_release(course: Course, tmp_path: Path) -> None:
    pytest.importorskip("nbgrader", reason="needs: pip install -e '.[notebooks]'")

    def nbgrader(*words: str) -> str:
        command = [sys.executable, "-m", "nbgrader", *words]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path}  # it calls alembic by name
        done = subprocess.run(command, cwd=out, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    for lang in LANGUAGES:
        out = tmp_path / lang
        release(course, all_tasks(), lang, out)
        for task in all_tasks():
            nbgrader("generate_assignment", task.folder)
            found = list((out / "release" / task.folder).glob("*.ipynb"))
            assert [path.name for path in found] == ["lesson.ipynb"]
            made = json.loads(found[0].read_text(encoding="utf-8"))
            ours = json.loads(stub_notebook(task.folder, lang, skip_long=False))
            sources = [["".join(cell["source"]) for cell in nb["cells"]] for nb in (made, ours)]
            assert sources[0] == sources[1]
        folder = f"source/{task_named('vgg').folder}"
        assert "Success" in nbgrader("validate", f"{folder}/lesson.ipynb")


def test_the_setup_cell_fetches_the_bundle_on_colab(tmp_path: Path) -> None:
    """A stand-in for Colab: its module is there, the zip was dragged into the files."""
    setup = "".join(json.loads(stub_notebook("02_vgg", "ru", True))["cells"][1]["source"])
    content = tmp_path / "content"
    bundle = tmp_path / "bundle" / "cnn-main"
    (bundle / "02_vgg").mkdir(parents=True)
    (bundle / "02_vgg" / "vgg.py").write_text("", encoding="utf-8")
    (bundle / "requirements.txt").write_text("./grader/nothing.whl\n", encoding="utf-8")
    content.mkdir()
    shutil.make_archive(str(content / "student"), "zip", bundle.parent)
    program = "\n".join(
        [
            "import os, subprocess, sys, types",
            "sys.modules['google.colab'] = types.ModuleType('colab')",
            "subprocess.run = lambda words, check, cwd: print('PIP', *words, 'IN', cwd)",
            setup.replace("/content/course", (content / "course").as_posix()),
            "print('HERE', os.getcwd(), os.path.exists('vgg.py'))",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=content, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"-c {content / 'kept.txt'} -r" in done.stdout
    assert "cnn-main/requirements.txt IN" in done.stdout  # its paths are relative to it
    assert "torch==" in (content / "kept.txt").read_text(encoding="utf-8")
    assert done.stdout.strip().endswith("02_vgg True")
    (content / "student.zip").write_bytes(b"<html>404</html>")
    shutil.rmtree(content / "course")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=content, capture_output=True, text=True
    )
    assert "student.zip" in done.stdout and done.returncode == 0


def test_the_handouts_are_whole_and_load_nothing(course: Course, tmp_path: Path) -> None:
    from autograder.authoring.lesson_pages import write

    for lang in LANGUAGES:
        for path in write(course, lang, tmp_path):
            page = path.read_text(encoding="utf-8")
            assert "{{" not in page and "$$" not in page and "NotImplementedError" not in page
            for attribute in ('src="http', "@import", "<link", 'src="//'):
                assert attribute not in page
            assert page.count("<img ") == page.count('alt="')
            assert 'alt=""' not in page
        names = {path.name for path in tmp_path.glob(f"*.{lang}.html")}
        assert names == {
            f"{n}.{lang}.html" for n in ("lesson", "slides", "worksheet", "worksheet-key")
        }
        lesson = (tmp_path / f"lesson.{lang}.html").read_text(encoding="utf-8")
        assert '<input type="range" id="depth"' in lesson and "<math" in lesson
        sheet = (tmp_path / f"worksheet.{lang}.html").read_text(encoding="utf-8")
        key = (tmp_path / f"worksheet-key.{lang}.html").read_text(encoding="utf-8")
        assert "9216" in key and "9216" not in sheet
    assert PICTURES.is_dir()
