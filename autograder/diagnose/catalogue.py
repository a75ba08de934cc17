"""The catalogue of typical mistakes as it ships: what each of them answers, not its code.

``golden/<task>/mistakes.json`` says what the entries are about, ``<symbol>.mistakes.gz`` beside it
holds their answers for one fixed seed. ``autograder build`` makes both of solutions/. Nothing here
earns a point: knowing these answers is no use.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from autograder.checks.challenge import Challenge, NoAnswer
from autograder.checks.recorded import GOLDEN, Recorded, digestible, read, recording_key
from autograder.checks.trials import Trial
from autograder.course.tasks import Symbol, Task, task_named
from autograder.errors import GraderFault
from autograder.model import clean
from autograder.observe.protocol import Fault, Place, Tried

MOST = 400  # layers of a network that are shown


@dataclass(frozen=True)
class Title:
    """What an entry is about. variant: which of the mutant's patches.

    base: the accepted variant of the solution that it is made of, or empty. symbol: the class or
    function it is in. differs: the kinds of difference it makes there. evidence: see Mutant.
    digest: of what its answers depend on. place: which of the symbol's recordings is its own.
    """

    id: str
    variant: int = 0
    base: str = ""
    symbol: str = ""
    differs: tuple[str, ...] = ()
    idea: str = ""
    lesson: str = ""
    evidence: str = ""
    digest: str = ""
    place: int = 0


class Entry:
    """A typical mistake and its answers, which are read when they are first asked for.

    It can be asked like a reference (then a recorded fault is raised) and like a behaviour.
    """

    def __init__(self, title: Title, recordings: Path | Sequence[Recorded]) -> None:
        self.title = title
        self._recordings = recordings

    @property
    def answers(self) -> Recorded:
        """Every answer by its question; a mistake may have none."""
        if isinstance(self._recordings, Path):
            self._recordings = read(self._recordings)
        place = self.title.place
        return self._recordings[place] if place < len(self._recordings) else {}

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Any:
        return self.answers[recording_key("describe", [symbol.name, args, shape])]

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Any:
        return self.answers[recording_key("outcome", challenge.key())]

    def call(self, function: str, args: list[Any]) -> Any:
        return self.answers[recording_key("call", [function, digestible(args)])]

    def refuses(self, symbol: Symbol) -> bool:
        return recording_key("refuses", symbol.name) in self.answers


class MistakeAsReference:
    """An entry as the reference of what is built from it."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Any:
        return _raised(self._entry.describe, symbol, args, shape)

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Any:
        return _raised(self._entry.outcome, symbol, challenge, where)

    def tried(self, trial: Trial) -> None:
        """Nothing: a mistake is recorded with fixed questions only."""

    def call(self, function: str, args: list[Any]) -> Any:
        return _raised(self._entry.call, function, args)


def _raised(ask: Any, *args: Any) -> Any:
    """An answer that was written down.

    Raises:
        NoAnswer: it was a fault, or nothing was written down.
    """
    try:
        answer = ask(*args)
    except KeyError:
        answer = Fault("error", "nothing is written down")
    if isinstance(answer, Fault):
        raise NoAnswer(answer, "")
    return answer


def path_of(task: Task, symbol: Symbol) -> Path:
    """Where the answers of the mistakes in a symbol are kept."""
    return GOLDEN / task.name / f"{symbol.name}.mistakes.gz"


def titles_of(task: Task) -> Path:
    """Where the titles of a task's entries are kept."""
    return GOLDEN / task.name / "mistakes.json"


@cache
def entries(task: str) -> tuple[Entry, ...]:
    """Every entry of a task, in the order of mutants.py; none for a task without a reference.

    Raises:
        GraderFault: the catalogue cannot be read.
    """
    found = task_named(task)
    return tuple(
        Entry(title, path_of(found, found.symbol(title.symbol))) for title in _titles(task)
    )


@cache
def titles(task: str) -> dict[str, Title]:
    """What the entries of a task are about, by id."""
    return {title.id: title for title in reversed(_titles(task))}


def plain(task: str, symbol: str) -> tuple[float, ...]:
    """The norm of each layer's gradient without the skip connections, if there are any."""
    return tuple(_head(task)["plain"].get(symbol, ()))


@cache
def _head(task: str) -> dict[str, Any]:
    found = task_named(task)
    if not found.reference:
        return {"titles": [], "plain": {}}
    path = titles_of(found)
    try:
        head: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GraderFault(f"{path}: cannot be read ({error}); install again") from None
    return head


def _titles(task: str) -> list[Title]:
    titles = _head(task)["titles"]
    return [Title(**(title | {"differs": tuple(title["differs"])})) for title in titles]


def forget() -> None:
    """Read everything again when it is next asked for."""
    for known in (entries, titles, _head, read):
        known.cache_clear()


def layers(tried: Tried) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Names of the weight matrices, in the order of use, and norms of their gradients.

    They are those of the first pass of a trial that ran backward; empty where none did.
    """
    outcome = next((outcome for outcome in tried.outcomes if outcome.gradients), None)
    weights = [w for w in tried.description.weights if w.role == "weight" and w.order >= 0]
    used = sorted(weights, key=lambda weight: weight.order)[:MOST]
    if outcome is None:
        return (), ()
    traces = [outcome.gradients.get(tried.keys.get(weight.name, "")) for weight in used]
    norms = tuple(_shown(trace.norm if trace else 0.0) for trace in traces)
    return tuple(clean(weight.name)[:80] for weight in used), norms


def _shown(norm: float) -> float:
    """Three digits: more would differ from machine to machine."""
    return float(f"{norm:.3g}") if math.isfinite(norm) else 0.0
