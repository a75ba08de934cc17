"""The catalogue of typical mistakes as it ships: what each of them answers, not its code.

golden/<task>.mistakes.ag1.gz is made from solutions/<task>/mutants.py by ``autograder build``.
It holds, for one fixed seed, what the solution with each mistake in it answers, reduced to a
few numbers of each tensor. Nothing here earns a point: knowing these answers is no use.
"""

import ast
import hashlib
import json
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder import recordings
from autograder.checks import gradients
from autograder.checks.compare import thin
from autograder.checks.families import count
from autograder.checks.promise import clean
from autograder.checks.witness import Challenge, NoAnswer, Witness
from autograder.course import Course, patched
from autograder.diagnose.behaviour import KEPT, Asked, differences, finite, runs
from autograder.errors import GraderFault
from autograder.mutants import Mutant
from autograder.observe.frames import Array
from autograder.observe.match import places
from autograder.observe.protocol import Description, Done, Fault, Outcome, Place, Weight
from autograder.observe.session import SharedSession
from autograder.recordings import digestible, recording_key
from autograder.sandbox.profiles import Profile
from autograder.tasks import Symbol, Task, task_named

SOURCES = ("observe/*.py", "checks/compare.py", "checks/gradients.py", "diagnose/behaviour.py")

MOST = 400  # layers of a network that are shown
TRACED = 16  # weights of a network whose gradients are kept

# The mistake that makes a plain network of one with skip connections: the lesson's comparison.
PLAIN = {"ResNet": "skip_never_added"}


@dataclass(frozen=True)
class Title:
    """What an entry is about. variant: which of the mutant's patches.

    base: the accepted variant of the solution that it is made of, or empty. symbol: the class or
    function it is in. differs: the kinds of difference it makes there. evidence: see Mutant.
    digest: of what its answers depend on.
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


class Entry:
    """A typical mistake, and the answers that were written down.

    It can be asked like a reference (then a recorded fault is raised) and like a behaviour.
    """

    def __init__(self, title: Title, answers: dict[str, Any]) -> None:
        self.title = title
        self.answers = answers

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Any:
        return self.answers[recording_key("describe", [symbol.name, args, shape])]

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Any:
        return self.answers[recording_key("outcome", challenge.key())]

    def call(self, function: str, args: list[Any]) -> Any:
        return self.answers[recording_key("call", [function, digestible(args)])]

    def refuses(self, symbol: Symbol) -> bool:
        return recording_key("refuses", symbol.name) in self.answers


class Carried:
    """An entry as the reference of what is built from it."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Any:
        return _raised(self._entry.describe, symbol, args, shape)

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Any:
        return _raised(self._entry.outcome, symbol, challenge, where)

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


def path_of(task: Task) -> Path:
    """Where the catalogue of a task is kept."""
    return recordings.PACKAGE / "golden" / f"{task.name}.mistakes.ag1.gz"


@cache
def entries(task: str) -> tuple[Entry, ...]:
    """Every entry of a task, in the order of mutants.py; none for a task without a reference.

    Raises:
        GraderFault: the catalogue cannot be read.
    """
    found = task_named(task)
    if found.homework:
        return ()
    head, answers = recordings.read(path_of(found))
    about = _titles(json.loads(head))
    answers += [{} for _ in about[len(answers) :]]
    return tuple(Entry(title, own) for title, own in zip(about, answers, strict=True))


@cache
def titles(task: str) -> dict[str, Title]:
    """What the entries of a task are about, by id."""
    return {title.id: title for title in reversed(_titles(_head(task)))}


def plain(task: str, symbol: str) -> tuple[float, ...]:
    """The norm of each layer's gradient without the skip connections, if there are any."""
    return tuple(_head(task)["plain"].get(symbol, ()))


@cache
def _head(task: str) -> dict[str, Any]:
    found = task_named(task)
    if found.homework:
        return {"titles": [], "plain": {}}
    head: dict[str, Any] = json.loads(recordings.head(path_of(found)))
    return head


def _titles(head: dict[str, Any]) -> list[Title]:
    return [Title(**(title | {"differs": tuple(title["differs"])})) for title in head["titles"]]


def digest(course: Course, task: Task) -> str:
    """Changes with everything the entries depend on."""
    parts = [_common(task), *bases(course, task).values()]
    return _digest(*parts, *map(repr, course.mutants(task)))


def _common(task: Task) -> str:
    """What the answers of every entry depend on: how they are asked for and reduced."""
    paths = [path for pattern in SOURCES for path in recordings.PACKAGE.glob(pattern)]
    return _digest(repr(task.symbols), *(p.read_text(encoding="utf-8") for p in sorted(paths)))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def is_fresh(course: Course, task: Task) -> bool:
    """Whether the catalogue was made from the sources as they are."""
    return task.homework or recordings.stated(path_of(task)) == digest(course, task)


def variants(mutant: Mutant) -> list[tuple[str, str]]:
    """Every patch that shows a mistake: (replace, by)."""
    return [(mutant.replace, mutant.by), *mutant.also]


def record(course: Course, task: Task) -> None:
    """Ask the solution with each mistake in it, and write the answers down.

    What was asked before, of the same text, is kept.

    Raises:
        GraderFault: a mistake makes no difference.
    """
    old = {entry.title.digest: entry for entry in _old(task)}
    session = SharedSession(Profile(cpu_seconds=3600))
    made: list[Entry] = []
    try:
        for base, source in bases(course, task).items():
            right = Entry(Title(""), _answers(session, task, f"right_{base}", source, None))
            for mutant in course.mutants(task):
                for number, patch in enumerate(variants(mutant) if mutant.hint else ()):
                    if base and source.count(patch[0]) != 1:
                        continue  # the mistake is in what the variant has otherwise
                    title, wrong = _title(course, task, mutant, number, base, source)
                    symbol, kept = task.symbol(title.symbol), old.get(title.digest)
                    if kept is None:
                        name = f"{base}_{mutant.id}_{number}"
                        # What is built from it is asked of the first patch only: it takes long.
                        answers = _answers(session, task, name, wrong, symbol, not number)
                        kept = Entry(title, answers)
                    differs = tuple(sorted(set(differences(symbol, kept, right))))
                    if not differs:
                        raise GraderFault(
                            f"{task.name}: {mutant.id}, patch {number}: no difference"
                        )
                    made.append(Entry(replace(title, differs=differs), kept.answers))
    finally:
        session.close()
    for known in (entries, titles, _head):
        known.cache_clear()
    norms = {symbol.name: _plain(symbol, made) for symbol in task.symbols}
    head = {
        "titles": [asdict(entry.title) for entry in made],
        "plain": {name: found for name, found in norms.items() if found},
    }
    written = [entry.answers for entry in made]
    recordings.write(path_of(task), digest(course, task), written, json.dumps(head))


def bases(course: Course, task: Task) -> dict[str, str]:
    """The solution, and the variants that are accepted as well, by id."""
    source = course.solution(task).read_text(encoding="utf-8")
    found = {"": source}
    for variant in course.accepted(task):
        found[variant.id] = patched(source, variant.replace, variant.by, variant.id)
    return found


def _title(
    course: Course, task: Task, mutant: Mutant, number: int, base: str, source: str
) -> tuple[Title, str]:
    """What one patch is about, and the source with it."""
    text, by = variants(mutant)[number]
    wrong = patched(source, text, by, f"{task.name}: {mutant.id}, patch {number}")
    symbol = owner(source, text, task)
    key = _digest(_common(task), wrong, symbol, str(bool(number)))
    about = (mutant.idea, mutant.lesson or task.name, mutant.evidence)
    return Title(mutant.id, number, base, symbol, (), *about, key), wrong


def _plain(symbol: Symbol, made: list[Entry]) -> tuple[float, ...]:
    for entry in made:
        if entry.title.id != PLAIN.get(symbol.name):
            continue
        for challenge in runs(symbol):
            described = entry.describe(symbol, challenge.args, challenge.shape)
            outcome = entry.outcome(symbol, challenge, {})
            if isinstance(described, Description) and isinstance(outcome, Outcome):
                used = [weight for weight in described.weights if weight.order >= 0]
                return layers(replace(described, weights=used), outcome)[1]
    return ()


def layers(description: Description, outcome: Outcome) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Names of the weight matrices and norms of their gradients: those that were used in order,
    then the others."""
    matrices = [
        w for w in description.weights if w.role == "weight" and w.name in outcome.gradients
    ]
    used = sorted(matrices, key=lambda w: (w.order < 0, w.order))[:MOST]
    norms = tuple(_shown(outcome.gradients[w.name].norm) for w in used)
    return tuple(clean(w.name)[:80] for w in used), norms


def _shown(norm: float) -> float:
    """Three digits: more would differ from machine to machine."""
    return float(f"{norm:.3g}") if math.isfinite(norm) else 0.0


def _old(task: Task) -> tuple[Entry, ...]:
    """The catalogue as it was, if it can still be read."""
    try:
        return entries(task.name)
    except (GraderFault, TypeError, ValueError):
        return ()


def owner(source: str, text: str, task: Task) -> str:
    """The symbol of the task in whose definition a text of the source begins."""
    at = source.index(text) + len(text) - len(text.lstrip())
    line = source.count("\n", 0, at) + 1
    for node in ast.parse(source).body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            continue
        if node.lineno <= line <= (node.end_lineno or 0):
            return task.symbol(node.name).name
    raise GraderFault(f"{task.name}: {text[:40]!r} is in none of the task's symbols")


def _answers(
    session: SharedSession,
    task: Task,
    name: str,
    text: str,
    own: Symbol | None,
    built: bool = False,
) -> dict[str, Any]:
    """Everything that is asked of one version of the solution: of a symbol, and if built in
    short of those that may be built from it; without a symbol everything of all."""
    file = f"{task.name}_{name}.py"
    session.place(file, text.encode())
    witness = Witness(f"{task.name}/{name}", partial(session.open, file))
    found: dict[str, Any] = {}
    try:
        start = task.symbols.index(own) if own else 0
        for symbol in task.symbols[start:]:
            if own is None or symbol == own:
                found |= _of_symbol(symbol, Asked(witness), whole=True)
            elif built and "function" not in (symbol.kind, own.kind):
                found |= _of_symbol(symbol, Asked(witness), whole=False)
            witness.forget()
    finally:
        witness.forget()
    return found


def _of_symbol(symbol: Symbol, asked: Asked, whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if symbol.kind == "function":
        for args in gradients.calls(symbol.name, recordings.SEED):
            key = recording_key("call", [symbol.name, digestible(args)])
            found[key] = asked.call(symbol.name, args)
        return found
    for sample in symbol.samples:
        key = recording_key("describe", [symbol.name, sample.args, sample.input])
        found[key] = short(asked.describe(symbol, sample.args, sample.input))
    for counts in symbol.counted:
        described = asked.describe(symbol, counts, ())
        found[recording_key("describe", [symbol.name, counts, ()])] = counted(described)
    if symbol.refused and asked.refuses(symbol):
        found[recording_key("refuses", symbol.name)] = Done()
    for challenge in runs(symbol):
        key = recording_key("describe", [symbol.name, challenge.args, challenge.shape])
        if isinstance(found[key], Fault):
            continue
        described = asked.describe(symbol, challenge.args, challenge.shape)
        assert isinstance(described, Description)
        outcome = asked.outcome(symbol, challenge, places(described))
        traced = traced_weights(symbol, described, whole)
        found[recording_key("outcome", challenge.key())] = reduced(outcome, traced)
    return found


def traced_weights(symbol: Symbol, described: Description, whole: bool) -> set[str]:
    """The weights whose traces are kept: all of a block, some of a network, none of what is
    only built from the symbol."""
    names = [w.name for w in described.weights]
    if whole and symbol.kind == "block":
        return set(names)
    matrices = [w.name for w in described.weights if w.role == "weight"]
    if symbol.name in PLAIN:
        return set(matrices)
    step = -(-len(matrices) // TRACED)
    return set(matrices[::step] + names[-1:]) if whole else set()


def short(answer: Description | Fault) -> Description | Fault:
    """A description without what matching does not need."""
    if isinstance(answer, Fault):
        return answer
    weights = [replace(w, learns=True, identity=0) for w in answer.weights]
    return Description(weights, [], answer.output, [], answer.hidden)


def counted(answer: Description | Fault) -> Description | Fault:
    """A description of which only the number of parameters is left."""
    if isinstance(answer, Fault):
        return answer
    weight = Weight("all", [count(answer)], False, True, "weight", 0, "", False, 0)
    return Description([weight], [], [])


def reduced(answer: Outcome | Fault, traced: Collection[str]) -> Outcome | Fault:
    """A few numbers of each tensor, and the traces of some weights."""
    if isinstance(answer, Fault):
        return answer
    reached = answer.input_gradient
    return replace(
        answer,
        output=_few(answer.output),
        input_gradient=None if reached is None else _few(reached),
        gradients={n: _trace(t) for n, t in answer.gradients.items() if n in traced},
        buffers={n: _trace(t) for n, t in answer.buffers.items() if n in traced},
    )


def _few(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return thin(array, KEPT).astype(np.float32)


def _trace(trace: Any) -> Any:
    return replace(trace, norm=finite(trace.norm), projection=finite(trace.projection))
