"""What a class gets through nbgrader: one notebook in each assignment, in one language."""

from collections.abc import Iterable
from pathlib import Path

from autograder.authoring.build import SHEETS, assignments
from autograder.authoring.notebooks import CODE_STUB, TEXT_STUB, read_lesson, to_json
from autograder.course.messages import Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import Task
from autograder.errors import UsageError
from autograder.report.lesson_links import NOTEBOOKS

CONFIG = '''"""Made by `autograder release`. Here: nbgrader generate_assignment ASSIGNMENT."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "{course}"
c.ClearSolutions.code_stub = {{"python": "{code}"}}
c.ClearSolutions.text_stub = "{text}"
c.ExecutePreprocessor.timeout = 300
'''


def release(course: Course, tasks: Iterable[Task], lang: str, out: Path) -> list[str]:
    """Stage source/<assignment>/ for nbgrader, with the answers that generate_assignment removes.

    Grade ids and points are the same in every language, so one gradebook serves a mixed class.

    Raises:
        UsageError: out holds something already, or a source cannot be used.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out}: not an empty folder; name a new one or remove it first")
    catalogue = Catalogue.load(lang)
    files = assignments(course, lang)
    staged: dict[str, str] = {}
    for task in tasks:
        for file in task.files:
            staged[f"source/{task.folder}/{file}"] = files[f"{task.folder}/{file}"]
        staged[f"source/{task.folder}/TASK.md"] = files[f"{task.folder}/{SHEETS[lang]}"]
        lesson = read_lesson(course, task, lang)
        notebook = to_json(lesson, course.repository, catalogue, solutions=True)
        staged[f"source/{task.folder}/{NOTEBOOKS['en']}"] = notebook
    staged["nbgrader_config.py"] = CONFIG.format(
        course=f"cnn_{lang}", code=CODE_STUB, text=TEXT_STUB[lang]
    )
    for name, text in staged.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return sorted(staged)
