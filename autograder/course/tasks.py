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


@dataclass(frozen=True, eq=False)
class Drawn:
    """Arguments and an input shape whose values a seed draws; see checks/trials.py."""

    args: dict[str, Any]
    input: tuple[Any, ...]
    #: Whether it is one that the main check of a network is about; else it is another depth.
    main: bool = True


@dataclass(frozen=True)
class Reach:
    """How far one pixel reaches: by so many pixels, then every step-th remains.

    Each is a number, or the name of the argument that it equals.
    """

    radius: int | str
    step: int | str = 1

    def of(self, args: dict[str, Any]) -> tuple[int, int]:
        """Radius and step of a symbol made with these arguments."""
        radius, step = (
            int(args[one] if isinstance(one, str) else one) for one in (self.radius, self.step)
        )
        return radius, step


@dataclass(frozen=True, eq=False)
class Symbol:
    """A class or function of a task."""

    name: str
    file: str
    #: block (small), network (runs at small input), large (too large to run often), function, or
    #: own (a network of the student's own design).
    kind: str
    #: Arguments and inputs that it is run with.
    samples: tuple[Sample, ...] = ()
    #: Arguments with which it is only constructed and counted.
    counted: tuple[dict[str, Any], ...] = ()
    #: Arguments for which it must raise ValueError.
    refused: tuple[dict[str, Any], ...] = ()
    #: What it is run with and compared.
    trials: tuple[Drawn, ...] = ()
    #: What it is run with at its full width, where the trials are thinner.
    full: Drawn | None = None
    #: Trials divide its widths by it, but for that of the weight matrix number whole.
    divisor: int = 1
    whole: int | str = -1
    #: Its receptive field, of a block that has one.
    reach: Reach | None = None
    #: Whether it adds its input to what it computes.
    shortcut: bool = False
    #: Whether its first maps are its input.
    keeps_input: bool = False
    #: Whether its gradient flow is shown though it is a block.
    flow: bool = False
    #: The typical mistake that makes a plain network of it: the lesson's comparison.
    plain: str = ""


@dataclass(frozen=True)
class Task:
    """One task: where its files are, and what they must hold."""

    name: str
    folder: str
    file: str
    #: By language, as the block of the lesson.
    title: dict[str, str]
    lesson: dict[str, str]
    paper: str
    symbols: tuple[Symbol, ...]
    #: Packages it may use beyond the standard library, torch and numpy.
    allowed: tuple[str, ...] = ()
    #: Whether there is a solution to compare with; else the design is the student's own.
    reference: bool = True
    #: Whether its code may use the student's other tasks.
    uses_others: bool = False
    #: The file of predictions that scores it, or "".
    predictions: str = ""
    #: The files of its run folder.
    run: tuple[str, ...] = ()
    #: The files that students get whole.
    given: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files to write, each once, in the order they are loaded."""
        return tuple(dict.fromkeys(symbol.file for symbol in self.symbols))

    def symbol(self, name: str) -> Symbol:
        return next(symbol for symbol in self.symbols if symbol.name == name)


@cache
def all_tasks() -> tuple[Task, ...]:
    """Every task in the lesson's order."""
    text = (resources.files(__package__) / "tasks.toml").read_text(encoding="utf-8")
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
        reference=entry.get("reference", True),
        uses_others=entry.get("uses_others", False),
        predictions=entry.get("predictions", ""),
        run=tuple(entry.get("run", [])),
        given=tuple(entry.get("given", [])),
    )


def _drawn(entry: dict[str, Any]) -> Drawn:
    return Drawn(entry["args"], tuple(entry["input"]), entry.get("main", True))


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
        trials=tuple(_drawn(drawn) for drawn in entry.get("trials", [])),
        full=_drawn(entry["full"]) if "full" in entry else None,
        divisor=entry.get("divisor", 1),
        whole=entry.get("whole", -1),
        reach=Reach(**entry["reach"]) if "reach" in entry else None,
        shortcut=entry.get("shortcut", False),
        keeps_input=entry.get("keeps_input", False),
        flow=entry.get("flow", False),
        plain=entry.get("plain", ""),
    )
