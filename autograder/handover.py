"""What a machine that runs student code gets: seeds and references; no key, no truth, no names."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder import seeds
from autograder.course import Course
from autograder.errors import UsageError
from autograder.grading import Options, task_seed
from autograder.report.folder import write
from autograder.submission import read_submission

SEEDS, COURSE = "seeds.json", "course"


def hand_over(course: Course, submissions: Sequence[Path], key: str, out: Path) -> int:
    """Write the folder; the number of submissions in it that can be graded.

    Of course.toml only what judging needs is handed over: its deadlines and overrides name
    students.

    Raises:
        UsageError: the folder cannot be written.
    """
    options = Options(key=key)
    found = []
    for place in submissions:
        found += [(files, task_seed(options, files)) for files in read_submission(place)]
    write(out / SEEDS, seeds.to_json(found))
    target = out / COURSE
    try:
        shutil.rmtree(target, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__", "run", "*.csv")
        shutil.copytree(course.folder / "solutions", target / "solutions", ignore=ignored)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error}") from None
    write(target / "course.toml", _settings(course))
    return len(submissions)


def _settings(course: Course) -> str:
    """The part of course.toml that verdicts depend on; JSON's strings and lists are TOML's too."""
    rules = course.homework
    lines = [
        "# Made by autograder handover: what judging needs of course.toml.",
        "[course]",
        f"name = {json.dumps(course.name, ensure_ascii=False)}",
        f"languages = {json.dumps(list(course.languages))}",
        "[homework]",
        f"checkpoint = {json.dumps(rules.checkpoint)}",
        f"metric = {json.dumps(rules.metric)}",
    ]
    return "\n".join(lines) + "\n"
