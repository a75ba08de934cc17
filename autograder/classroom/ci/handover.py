"""What a machine that runs student code gets: seeds and references; no key, no truth, no names."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.course.settings import Course
from autograder.errors import UsageError
from autograder.files import write
from autograder.grading import seeds
from autograder.grading.grade import Options, task_seed
from autograder.submission.collected import COLLECTED
from autograder.submission.task_files import read_submission

SEEDS, COURSE, SUBMISSIONS = "seeds.json", "course", "submissions"
UNUSED = ("__pycache__", "run", "*.csv", "lesson.py")  # of solutions, where code is judged


def hand_over(
    course: Course, submissions: Sequence[Path], key: str, out: Path, only: Sequence[str] = ()
) -> list[str]:
    """Write the folder; the names of the submissions in it.

    Of course.toml only what judging needs is handed over: its deadlines and overrides name
    students. only: names of submissions, or of their repositories where collected.json lies
    beside their folder.

    Raises:
        UsageError: a folder is no submission, a name fits none, or nothing can be written.
    """
    if out.exists() and not (out / SEEDS).is_file():
        raise UsageError(f"--out {out}: is there and not ours to empty; give a new folder")
    chosen = _chosen(submissions, only) if only else list(submissions)
    options = Options(key=key)
    found = []
    for place in chosen:
        found += [(files, task_seed(options, files)) for files in read_submission(place)]
    try:
        shutil.rmtree(out, ignore_errors=True)
        ignored = shutil.ignore_patterns(*UNUSED)
        shutil.copytree(course.folder / "solutions", out / COURSE / "solutions", ignore=ignored)
        for place in chosen:  # the same files under another name: they may be large
            target = out / SUBMISSIONS / place.resolve().name
            shutil.copytree(place, target, symlinks=True, copy_function=_link)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error}") from None
    write(out / SEEDS, seeds.to_json(found))
    write(out / COURSE / "course.toml", _settings(course))
    return [place.resolve().name for place in chosen]


def _link(source: str, target: str) -> None:
    os.link(source, target, follow_symlinks=False)


def _chosen(submissions: Sequence[Path], only: Sequence[str]) -> list[Path]:
    """The submissions of these names or repositories, in their order."""
    names = {place.resolve().name: place for place in submissions}
    known = {name.casefold(): place for name, place in names.items()}
    for record in {place.resolve().parent.parent / COLLECTED for place in submissions}:
        if record.is_file():
            students = json.loads(record.read_text(encoding="utf-8"))["students"]
            for name, kept in students.items():
                parts = kept["url"].casefold().removesuffix(".git").split("/")
                for count in (1, 2, len(parts)) if name in names else ():
                    known.setdefault("/".join(parts[-count:]), names[name])
    wanted = {name: name.casefold().removesuffix(".git") for name in only}
    if lost := [name for name, key in wanted.items() if key not in known]:
        raise UsageError(f"--only {', '.join(lost)}: nothing was collected under that name")
    return list(dict.fromkeys(known[key] for key in wanted.values()))


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
