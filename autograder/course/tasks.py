"""The tasks of the course, read from tasks.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from autograder.errors import UsageError


@dataclass(frozen=True)
class Sample:
    """Arguments to construct a symbol with, in the order of its signature, and an input shape."""

    args: dict[str, Any]
    input: tuple[int, ...]


@dataclass(frozen=True)
class Symbol:
    """A class or function of a task.

    kind: block (small), network (runs at small input), large (too large to run often),
    function, or own (a network of the student's own design). samples are run with numbers;
    counted are only constructed and counted; refused must raise ValueError.
    """

    name: str
    file: str
    kind: str
    samples: tuple[Sample, ...]
    counted: tuple[dict[str, Any], ...]
    refused: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Task:
    """One task: where its files are, and what they must hold.

    allowed: packages it may use beyond the standard library, torch and numpy. homework: the
    task that is scored by its predictions and may use the student's other tasks.
    """

    name: str
    folder: str
    file: str
    title: dict[str, str]
    lesson: dict[str, str]
    paper: str
    symbols: tuple[Symbol, ...]
    allowed: tuple[str, ...] = ()
    homework: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files to write, each once, in the order they are loaded."""
        return tuple(dict.fromkeys(symbol.file for symbol in self.symbols))

    @property
    def given(self) -> tuple[str, ...]:
        """The files that students get whole."""
        return ("app.py",) if self.homework else ()

    def symbol(self, name: str) -> Symbol:
        return next(symbol for symbol in self.symbols if symbol.name == name)


@cache
def all_tasks() -> tuple[Task, ...]:
    """Every task in the lesson's order."""
    text = (resources.files("autograder") / "tasks.toml").read_text(encoding="utf-8")
    return tuple(_task(entry) for entry in tomllib.loads(text)["task"])


def task_named(name: str) -> Task:
    """Find a task by its name, its folder or its file.

    Raises:
        UsageError: there is no such task.
    """
    key = name.strip("/\\").replace("\\", "/").rpartition("/")[2]
    for task in all_tasks():
        if key in (task.name, task.folder, *task.files):
            return task
    names = ", ".join(task.name for task in all_tasks())
    raise UsageError(f"there is no task {name!r}; the tasks are: {names}")


def _task(entry: dict[str, Any]) -> Task:
    return Task(
        name=entry["name"],
        folder=entry["folder"],
        file=entry["file"],
        title=entry["title"],
        lesson=entry["lesson"],
        paper=entry["paper"],
        symbols=tuple(_symbol(symbol, entry["file"]) for symbol in entry["symbol"]),
        allowed=tuple(entry.get("allowed", [])),
        homework=entry.get("homework", False),
    )


def _symbol(entry: dict[str, Any], file: str) -> Symbol:
    return Symbol(
        name=entry["name"],
        file=entry.get("file", file),
        kind=entry["kind"],
        samples=tuple(
            Sample(sample["args"], tuple(sample["input"])) for sample in entry.get("samples", [])
        ),
        counted=tuple(entry.get("counted", [])),
        refused=tuple(entry.get("refused", [])),
    )
