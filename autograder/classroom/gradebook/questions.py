"""Points for the answers in a notebook: the course's own test cells, run on the answers as data.

An answer that is a plain value is read, not run. Any other runs in the sandbox, and only plain
values come out of it; the test cell compares them in this process. So nothing that a notebook
does to its kernel, to the lesson's helpers or to nbgrader reaches a verdict.
"""

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.classroom.gradebook.notebook_answers import defined
from autograder.course.messages import Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.errors import GraderFault, UsageError
from autograder.observe import protocol
from autograder.observe.profiles import Profile
from autograder.observe.session import Session, Workers

# What odd values make of a test cell; anything else is a fault of ours.
ODD = (ArithmeticError, TypeError, ValueError, AttributeError, LookupError, RecursionError)
SHOWN = 80  # characters of a wrong answer
# What answers may use without saying so, as in the notebook.
PRELUDE = """\
import math
import torch
from torch import nn

def _value(name):
    return globals()[name]

def _called(name, args):
    return globals()[name](*args)

for _source in {sources}:
    try:
        exec(compile(_source, "answer", "exec"), globals())
    except Exception:
        pass
"""


@dataclass(frozen=True)
class Question:
    """A test cell: its grade id, its points, and what it looks at."""

    id: str
    points: float
    source: str


@dataclass(frozen=True)
class Questions:
    """The questions of a task's notebook. names: what each answer cell defines, by its id."""

    task: Task
    tests: tuple[Question, ...]
    names: Mapping[str, tuple[str, ...]]
    helpers: tuple[ast.stmt, ...] = ()


def read_questions(course: Course, task: Task) -> Questions:
    """The questions as they are handed out.

    Raises:
        UsageError: the notebook cannot be read.
    """
    path = course.folder / "assignments" / task.folder / "lesson.ipynb"
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{path}: cannot be read ({error!r}); run autograder build") from None
    tests: list[Question] = []
    names: dict[str, tuple[str, ...]] = {}
    helpers: list[ast.stmt] = []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        own, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
        if own.get("solution"):
            names[own["grade_id"]] = tuple(defined(source))
        elif own.get("grade"):
            tests.append(Question(own["grade_id"], float(own["points"]), source))
        else:
            helpers += [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    return Questions(task, tuple(tests), names, tuple(helpers))


@dataclass(frozen=True)
class Mark:
    """Points of a test cell, and what the student is told.

    points: None where nothing may be run here and reading was not enough.
    """

    points: float | None
    told: str = ""


@dataclass
class Marker:
    """Stands where notebooks have their lesson; remembers what was earned."""

    points: float
    say: Callable[..., str]
    earned: float = 0.0
    told: list[str] = field(default_factory=list)

    def compare(self, given: Mapping[str, Any], right: Mapping[str, Any], points: int) -> None:
        kept = 0
        for name, expected in right.items():
            answer = given.get(name)
            if _same(answer, expected):
                kept += 1
                self.told.append(f"✓ {name}: {answer}")
            elif answer is None or answer is ...:
                self.told.append(f"○ {name}: {self.say('lesson.no_answer')}")
            else:
                shown = self.say("lesson.not_yet", answer=str(answer)[:SHOWN])
                self.told.append(f"✗ {name}: {shown}")
        self.earned = round(self.points * kept / len(right), 2)

    def credit(self, answer: Any, points: int = 1) -> None:
        written = isinstance(answer, str) and any(letter.isalnum() for letter in answer)
        self.earned = self.points if written else 0.0
        self.told.append(self.say("lesson.answered") if written else self.say("lesson.no_answer"))


def _same(answer: Any, expected: Any) -> bool:
    return type(answer) in (bool, int, float, str) and bool(answer == expected)


@dataclass
class Judge:
    """Marks the answers of one student after the other. workers: None runs nothing."""

    questions: Mapping[str, Questions]
    workers: Workers | None
    say: Callable[..., str]
    profile: Profile = field(default_factory=lambda: replace(Profile(), cpu_seconds=5.0))

    @classmethod
    def of(cls, course: Course, workers: Workers | None, catalogue: Catalogue) -> "Judge":
        asked = {task.name: read_questions(course, task) for task in all_tasks()}
        return cls(asked, workers, catalogue.say)

    def mark(self, task: Task, answers: Mapping[str, str]) -> dict[str, Mark]:
        """What each test cell gives, by grade id."""
        asked = self.questions[task.name]
        answered = Answers(task, asked, answers, self.workers, self.profile)
        try:
            return self._mark(asked, answered)
        finally:
            answered.close()

    def _mark(self, asked: Questions, answered: "Answers") -> dict[str, Mark]:
        import torch

        namespace: dict[str, Any] = {"torch": torch, "nn": torch.nn}
        for helper in asked.helpers:
            exec(compile(ast.Module([helper], []), "lesson", "exec"), namespace)
        namespace |= answered.values()
        found: dict[str, Mark] = {}
        for test in asked.tests:
            namespace["lesson"] = marker = Marker(test.points, self.say)
            try:
                exec(compile(test.source, test.id, "exec"), namespace)
            except NotRun:
                found[test.id] = Mark(None)
                continue
            except ODD:
                marker.earned = 0.0
            except Exception as error:
                raise GraderFault(f"the test cell {test.id}: {error!r}") from error
            unknown = any(name in test.source for name in answered.not_run)
            told = "\n".join(marker.told)
            found[test.id] = Mark(None) if unknown else Mark(marker.earned, told)
        return found


class NotRun(Exception):
    """An answer would have to be run, and there is no place to run it."""


class Answers:
    """What a student's answer cells define. not_run: names that only running would tell."""

    def __init__(
        self,
        task: Task,
        asked: Questions,
        sources: Mapping[str, str],
        workers: Workers | None,
        profile: Profile,
    ) -> None:
        self._task, self._asked, self._sources = task, asked, sources
        self._workers, self._profile = workers, profile
        self._session: Session | None = None
        self.not_run: set[str] = set()

    def values(self) -> dict[str, Any]:
        """Every name that the answer cells should define; ... where they do not."""
        found: dict[str, Any] = {}
        for id, names in self._asked.names.items():
            tree = _parsed(self._sources.get(id, ""))
            for name in names:
                found[name] = self._value(tree, name)
        return found

    def _value(self, tree: ast.Module | None, name: str) -> Any:
        last = None if tree is None else _last(tree, name)
        if last is None:
            return ...
        if isinstance(last, ast.FunctionDef):
            return self._function(name)
        try:
            assert isinstance(last, ast.Assign)
            return ast.literal_eval(last.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return self._ask("_value", [name], {name})

    def _function(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            return self._ask("_called", [name, list(args)], set())

        return call

    def _ask(self, function: str, args: list[Any], names: set[str]) -> Any:
        """Ask the sandbox; ... where the student's code fails."""
        if self._workers is None:
            self.not_run |= names
            if not names:
                raise NotRun
            return ...
        file = f"answers_{self._task.name}.py"
        if self._session is None:
            text = PRELUDE.format(sources=repr(list(self._sources.values())))
            self._session = self._workers.session(self._profile, {file: text.encode()})
            self._session.ask(protocol.Open(self._task.name, self._session.path(file)))
        if not self._session.alive:
            return ...
        answer = self._session.ask(protocol.Call(self._task.name, function, args))
        return answer.value if isinstance(answer, protocol.Returned) else ...

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


def _last(tree: ast.Module, name: str) -> ast.stmt | None:
    """The last statement at the top that defines a name."""
    own = [node for node in tree.body if name in defined(ast.unparse(node))]
    return own[-1] if own else None


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
