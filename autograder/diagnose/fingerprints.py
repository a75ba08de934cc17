"""What each recorded answer depends on, so that only what can have changed is asked again.

``golden/fingerprints.json`` states for every symbol a digest of the questions (challenge), of the
solution's symbol with all code it reaches, of how numbers are drawn and of the protocol's format.
Code is compared without comments, docstrings, imports and ids of messages, so that a remark, a
renamed module or another text makes nothing stale.
"""

import ast
import hashlib
import inspect
import json
import re
import textwrap
import typing
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.checks import compare, dropout, families, gradients, trials, without_reference
from autograder.checks.challenge import Challenge, Confirming
from autograder.checks.recorded import GOLDEN, SEED
from autograder.checks.subject import Subject
from autograder.checks.task_run import special
from autograder.course.patching import bases, owner, variants
from autograder.course.settings import Course
from autograder.course.tasks import Symbol, Task, all_tasks
from autograder.diagnose import asking
from autograder.errors import GraderFault
from autograder.files import write
from autograder.observe import draw, frames, protocol, sharp

PATH = GOLDEN / "fingerprints.json"
ANSWERS, MISTAKES = "answers", "mistakes"
MESSAGE = re.compile(r"[a-z_]+(\.[a-z_]+)+")
# Fields of the syntax tree that another version of Python may fill in another way.
# Names: importing these would load torch.
WEIGHTS, TRIAL = "autograder.observe.weights", "autograder.observe.trial"
UNTOLD = ("ctx", "kind", "type_comment", "type_params")
Fingerprint = dict[str, str]


def name_of(task: Task, symbol: Symbol, of: str) -> str:
    """The name under which a fingerprint stands."""
    return f"{task.name}/{symbol.name}.{of}"


def of_answers(course: Course, task: Task, symbol: Symbol) -> Fingerprint:
    """What the reference's answers about a symbol depend on."""
    checks: tuple[Any, ...] = (
        compare.thin,
        Challenge,
        Confirming,
        trials,
        Subject,
        families,
        without_reference,
    )
    checks += (dropout, special(task.name))
    return {
        "challenge": digest(SEED, *_asked(symbol), *_tried(symbol), *map(code, checks)),
        "solution": digest(
            *(reached(text, [symbol.name]) for text in bases(course, task).values())
        ),
        **_everywhere(),
        "trial": digest(code(TRIAL), code(sharp), _format(protocol.Tried)),
    }


def of_mistakes(course: Course, task: Task, symbol: Symbol) -> Fingerprint:
    """What the answers of the typical mistakes in a symbol depend on."""
    source = bases(course, task)[""]
    own = [
        (mutant.id, *patch)
        for mutant in course.mutants(task)
        if mutant.hint and owner(source, mutant.replace, task) == symbol.name
        for patch in variants(mutant)
    ]
    return {**of_mistake(course, task, symbol), "mistakes": digest(repr(own))}


def of_mistake(course: Course, task: Task, symbol: Symbol) -> Fingerprint:
    """The same of any one of them, without the mistake itself."""
    later = task.symbols[task.symbols.index(symbol) :]
    names = [other.name for other in later]
    asked = [text for other in later for text in _asked(other)]
    questions: tuple[Any, ...] = (compare.thin, Challenge, asking)
    questions += (gradients.calls, gradients.probe_arguments)
    return {
        "challenge": digest(SEED, *asked, *map(code, questions)),
        "solution": digest(*(reached(text, names) for text in bases(course, task).values())),
        **_everywhere(),
    }


def _tried(symbol: Symbol) -> list[str]:
    drawn = [(one.args, one.input, one.main) for one in symbol.trials]
    full = symbol.full and (symbol.full.args, symbol.full.input)
    return [repr(drawn), repr(full), repr(symbol.divisor), repr(symbol.whole)]


def _asked(symbol: Symbol) -> list[str]:
    samples = [(sample.args, sample.input) for sample in symbol.samples]
    return [symbol.name, symbol.kind, repr(samples), repr(symbol.counted), repr(symbol.refused)]


@cache
def _everywhere() -> Fingerprint:
    shapes = [_format(answer) for answer in protocol.ANSWERS if answer is not protocol.Tried]
    shapes += [_format(part) for part in (protocol.Weight, protocol.Layer, protocol.Trace)]
    return {
        "numbers": digest(code(draw), code(WEIGHTS)),
        "protocol": digest(code(frames), *shapes),
    }


def _format(kind: type) -> str:
    """The fields of a kind of answer, as they travel."""
    assert is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    return f"{kind.__name__}: {[(field.name, str(hints[field.name])) for field in fields(kind)]}"


def is_fresh(course: Course, task: Task, of: str) -> bool:
    """Whether everything of a task was recorded from the sources as they are."""
    found = of_mistakes if of == MISTAKES else of_answers
    try:
        return not task.reference or all(
            stated().get(name_of(task, symbol, of)) == found(course, task, symbol)
            for symbol in task.symbols
        )
    except GraderFault:  # a mistake no longer fits the solution
        return False


@cache
def stated() -> dict[str, Fingerprint]:
    """The fingerprints of what is recorded, by name."""
    try:
        found: dict[str, Fingerprint] = json.loads(PATH.read_text(encoding="utf-8"))["of"]
    except (OSError, ValueError, KeyError):
        return {}
    return found


def state(found: dict[str, Fingerprint]) -> None:
    """Note new fingerprints; names that no symbol has any more go."""
    known = {
        name_of(task, symbol, of)
        for task in all_tasks()
        for symbol in task.symbols
        for of in (ANSWERS, MISTAKES)
    }
    now = {name: own for name, own in sorted((stated() | found).items()) if name in known}
    lines = [f"{json.dumps(name)}: {json.dumps(own)}" for name, own in now.items()]
    write(PATH, '{"made_by": "autograder build",\n"of": {\n' + ",\n".join(lines) + "\n}}\n")
    stated.cache_clear()


def digest(*texts: str) -> str:
    """One short digest of several texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


@cache
def code(thing: Any) -> str:
    """A module, class or function as text that only changes with what it does.

    A module may be given by its name, and is then only read.
    """
    if isinstance(thing, str):
        spec = find_spec(thing)
        assert spec is not None and spec.origin is not None
        return plain(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    if isinstance(thing, ModuleType):
        return plain(ast.parse(inspect.getsource(thing)))
    return plain(ast.parse(textwrap.dedent(inspect.getsource(thing))))


@cache
def _definitions(source: str) -> dict[str, list[ast.stmt]]:
    """What stands at the top of a file, by the names it defines; imports too."""
    found: dict[str, list[ast.stmt]] = {}
    for node in ast.parse(source).body:
        names: Iterable[str] = ()
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names = (node.name,)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        else:
            names = {
                n.id
                for n in ast.walk(node)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
        for name in names:
            found.setdefault(name, []).append(node)
    return found


def reached(source: str, names: Iterable[str]) -> str:
    """Everything in a file that these names reach, as text."""
    defined = _definitions(source)
    seen: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in defined:
            continue
        seen.append(name)
        waiting += [
            n.id for node in defined[name] for n in ast.walk(node) if isinstance(n, ast.Name)
        ]
    return "\n".join(plain(node, True) for name in sorted(seen) for node in defined[name])


def plain(node: ast.AST, imports: bool = False) -> str:
    """A syntax tree as text, without remarks, docstrings, ids of messages and, usually, imports."""
    skipped = () if imports else (ast.Import, ast.ImportFrom)
    parts = []
    for name, value in ast.iter_fields(node):
        if name in UNTOLD:
            continue
        if name == "body" and isinstance(value, list):
            value = value[1:] if value and _is_docstring(value[0]) else value
        items = value if isinstance(value, list) else [value]
        told = [
            plain(item, imports) if isinstance(item, ast.AST) else _word(item)
            for item in items
            if not isinstance(item, skipped)
        ]
        if told and told != ["None"]:
            parts.append(f"{name}={','.join(told)}")
    return f"{type(node).__name__}({';'.join(parts)})"


def _is_docstring(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _word(value: object) -> str:
    return "message" if isinstance(value, str) and MESSAGE.fullmatch(value) else repr(value)
