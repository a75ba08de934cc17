"""What a check is: one promise, its points, its place in the plan, and how it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn, TypeVar

from autograder.course.tasks import Task
from autograder.model import Check, Message, Value

Function = TypeVar("Function", bound=Callable[..., None])


class Failed(Exception):
    """A promise that was not kept."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id, message.values)
        self.message = message


class Scored(Exception):
    """The check ends here with some of its points; the message says why."""

    def __init__(self, points: int, id: str, **values: Value) -> None:
        super().__init__(id, points)
        self.points = points
        self.message = Message(id, values)


class Held(Exception):
    """No verdict can be given here. points: the points of the task are held, not lost."""

    def __init__(self, id: str, *, points: bool = True, **values: Value) -> None:
        super().__init__(id)
        self.points = points
        self.message = Message(id, values)


def fail(id: str, **values: Value) -> NoReturn:
    """Fail the running check with a message of the catalogue."""
    raise Failed(Message(id, values))


def expect(kept: bool, id: str, **values: Value) -> None:
    """Fail the running check unless the promise is kept."""
    if not kept:
        fail(id, **values)


@dataclass(frozen=True)
class Terms:
    """What stands in @promise above a check.

    after: the check of the same symbol, or "loads", that must pass first.
    members: families of the same symbol; the failure of one fails this check too.
    kinds: the kinds of symbols a family is for; needs: the fact of tasks.toml that they must
    state. symbol: the only one, for a task's check.
    """

    points: int = 0
    after: str = ""
    members: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    symbol: str = ""
    needs: str = ""


def promise(
    *,
    points: int = 0,
    after: str = "",
    members: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    symbol: str = "",
    needs: str = "",
) -> Callable[[Function], Function]:
    """State the points and the place of a check; its docstring is the title a learner sees."""

    def mark(function: Function) -> Function:
        function.terms = Terms(points, after, members, kinds, symbol, needs)  # type: ignore[attr-defined]
        return function

    return mark


def plan(task: Task, families: tuple[ModuleType, ...], special: ModuleType) -> list[Check]:
    """Every check of a task in the order of the report: by symbol, families first."""
    common, own = [f for family in families for f in _functions(family)], _functions(special)
    checks = [_check(task, "", f, common) for f in common if not f.terms.kinds]
    for symbol in task.symbols:
        for function in common:
            terms: Terms = function.terms
            if symbol.kind in terms.kinds and (not terms.needs or getattr(symbol, terms.needs)):
                checks.append(_check(task, symbol.name, function, common))
        for function in own:
            if function.terms.symbol == symbol.name:
                checks.append(_check(task, symbol.name, function, common))
    return checks


def _functions(module: ModuleType) -> list[Any]:
    return [f for name, f in vars(module).items() if name.startswith("test_")]


def _check(task: Task, symbol: str, function: Any, families: list[Any]) -> Check:
    """Plan one function; names in after and members mean a family of the same symbol first."""
    shared = {f.__name__.removeprefix("test_"): f for f in families}

    def full(name: str) -> str:
        of_symbol = name in shared and bool(shared[name].terms.kinds)
        return f"{task.name}.{name}.{symbol}" if of_symbol else f"{task.name}.{name}"

    terms: Terms = function.terms
    return Check(
        id=full(function.__name__.removeprefix("test_")),
        task=task.name,
        symbol=symbol,
        title=" ".join((function.__doc__ or "").split()),
        points=terms.points,
        after=full(terms.after) if terms.after else "",
        members=tuple(full(member) for member in terms.members),
        function=function.__name__,
    )
