"""The course: course.toml, and the solutions and mutants that stand beside it."""

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.course.mutants import Accepted, Mutant
from autograder.course.tasks import Task
from autograder.errors import UsageError
from autograder.files import read_text

COURSE = "course.toml"


@dataclass(frozen=True)
class Rules:
    """What the teacher has: course.toml [homework], or the command line.

    checkpoint: "optional" or "required". metric: "competition" scores submission.csv, "honest"
    the network on the held_out pictures. images: the competition's test pictures.
    """

    truth: Path | None = None
    public: Path | None = None
    images: Path | None = None
    runs: Path | None = None
    checkpoint: str = "optional"
    metric: str = "competition"
    held_out: Path | None = None
    held_out_truth: Path | None = None


@dataclass(frozen=True)
class Course:
    """A folder with course.toml, and the settings in it.

    repository: OWNER/NAME on GitHub of what students get; notebooks fetch it on Colab.
    """

    folder: Path
    name: str
    languages: tuple[str, ...]
    homework: Rules = field(default_factory=Rules)
    repository: str = ""

    def solution(self, task: Task, file: str = "") -> Path:
        """The reference's file of a task, or the named one of its files.

        Raises:
            UsageError: it is not there.
        """
        path = self.folder / "solutions" / task.folder / (file or task.file)
        if not path.is_file():
            raise UsageError(
                f"{path}: the reference is missing; grading needs the course's solutions "
                "(give the folder that holds course.toml with --course)"
            )
        return path

    def accepted(self, task: Task) -> list[Accepted]:
        """Variants of the solution that a student may write as well."""
        return list(getattr(self._mutants(task), "ACCEPTED", []))

    def mutants(self, task: Task) -> list[Mutant]:
        """The typical mistakes of a task."""
        return list(getattr(self._mutants(task), "MUTANTS", []))

    def _mutants(self, task: Task) -> ModuleType:
        path = self.solution(task).parent / "mutants.py"
        module = ModuleType(f"{task.name}_mutants")
        if path.is_file():
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        return module


def find_course(folder: Path | None) -> Course:
    """Read course.toml from the folder, or from the nearest parent of the working directory.

    Raises:
        UsageError: there is no course.toml, or it cannot be read.
    """
    places = [folder] if folder is not None else [Path.cwd(), *Path.cwd().parents]
    for place in places:
        path = place / COURSE
        if path.is_file():
            return _read(path)
    raise UsageError(
        f"no course.toml in {places[0]}{'' if folder else ' or above'}; "
        "grade, verify and build need the course repository: run them there or give --course DIR"
    )


def tables(folder: Path) -> dict[str, Any]:
    """Every table of a folder's course.toml.

    Raises:
        UsageError: it cannot be read.
    """
    path = folder / COURSE
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None


def _read(path: Path) -> Course:
    settings = tables(path.parent)
    try:
        course = settings["course"]
        folder = path.parent.resolve()
        rules = _rules(path, settings.get("homework", {}))
        repository = settings.get("lesson", {}).get("repository", "")
        if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise UsageError(f"{path}: [lesson] repository is OWNER/NAME, not {repository!r}")
        return Course(folder, course["name"], tuple(course["languages"]), rules, repository)
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path}: cannot be used: {error!r}") from None


def _rules(path: Path, settings: dict[str, Any]) -> Rules:
    """The table [homework]; paths in it are relative to the course's folder."""
    choices = {"checkpoint": ("optional", "required"), "metric": ("competition", "honest")}
    known = {f.name for f in fields(Rules)}
    values: dict[str, Any] = {}
    for key, value in settings.items():
        if key not in known or not isinstance(value, str):
            raise UsageError(f"{path}: [homework] {key}: use {', '.join(sorted(known))}, as text")
        if key in choices and value not in choices[key]:
            raise UsageError(f"{path}: [homework] {key} is one of {', '.join(choices[key])}")
        values[key] = value if key in choices else path.parent.resolve() / value
    return Rules(**values)
