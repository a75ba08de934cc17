"""Prove the checks: the reference passes, stubs are not written yet, every mutant is caught, and
every typical mistake is recognised in any style and counted once."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.build import make_stub
from autograder.checks.judge import Bench, Judge, Result, planned
from autograder.checks.promise import Message
from autograder.checks.subject import Subject
from autograder.checks.witness import Witness
from autograder.course import Course, patched
from autograder.diagnose.catalogue import owner, variants
from autograder.diagnose.explain import identify
from autograder.diagnose.styles import STYLES
from autograder.grading import Solutions
from autograder.homework import Homework, Rules
from autograder.mutants import Mutant
from autograder.observe.protocol import Fault
from autograder.observe.session import SharedSession
from autograder.sandbox.profiles import Profile, profile_for
from autograder.tasks import Symbol, Task


@dataclass(frozen=True)
class Proof:
    """One thing that was proved, or what came instead ("" if it was proved)."""

    task: str
    what: str
    instead: str


def verify(course: Course, tasks: tuple[Task, ...], seeds: int, console: Console) -> bool:
    """Prove every task with every seed and print what does not hold; True if all holds."""
    sound = True
    for task in tasks:
        for number in range(seeds):
            proofs = list(prove(course, task, f"{number:015x}"))
            wrong = [proof for proof in proofs if proof.instead]
            sound = sound and not wrong
            for proof in wrong:
                console.print(Text(f"{task.name} {proof.what}: {proof.instead}", style="red"))
            of = f"{len(proofs) - len(wrong)} of {len(proofs)}"
            console.print(f"{task.name}: seed {number}: {of} proved")
    return sound


def prove(course: Course, task: Task, seed: str) -> Iterator[Proof]:
    """The reference, its accepted variants, the stub, then every mutant of a task."""
    solutions = Solutions(course, (task,))
    students = SharedSession(profile_for(Profile(), task.allowed, "cpu"))
    sources = {f: course.solution(task, f).read_text(encoding="utf-8") for f in task.files}
    homework = right_homework(course.folder) if task.homework else None
    if task.homework:
        for path in course.folder.glob("solutions/0*/*.py"):
            students.place(f"{path.parent.name}/{path.name}", path.read_bytes())

    def opened(name: str, texts: dict[str, str]) -> Witness:
        """A witness of the task's files in the shared worker: it is our own code."""
        for file, text in texts.items():
            students.place(f"{name}/{file}", text.encode())
        opens = partial(students.open, f"{name}/{task.file}")
        return Witness(f"{task.name}/{name}", opens, files=task.files)

    def judge(name: str, texts: dict[str, str], only: Collection[str] = ()) -> dict[str, Result]:
        student = opened(name, texts)
        mistakes = solutions.mistakes(task)
        bench = Bench(task, student, solutions.references(task), seed, homework, mistakes)
        results = Judge([bench], only=only).run()
        student.forget()
        return results

    def named(name: str, text: str, symbol: Symbol, failed: dict[str, Message]) -> set[str]:
        """The mistakes that a text is recognised as."""
        student = opened(name, {task.file: text})
        subject = Subject(task, symbol, student, solutions.references(task), seed)
        found = identify(subject, solutions.mistakes(task).entries, failed)
        student.forget()
        return {entry.title.id for entry in found.values()}

    def prove_entry(mutant: Mutant) -> Iterator[Proof]:
        """Every patch of an entry is caught, and recognised in every style; the first is
        carried into what is built from its symbol."""
        source = sources[task.file]
        symbol = task.symbol(owner(source, mutant.replace, task))
        built = later(task, symbol)
        for number, patch in enumerate(variants(mutant)):
            name = f"{mutant.id}_{number}" if number else mutant.id
            text = patched(source, *patch, f"{task.name}: {name}")
            only = [mutant.fails, *(built if not number else [])]
            found = judge(name, {task.file: text}, only)
            yield Proof(task.name, name, not_caught(found[mutant.fails], mutant.message, number))
            failed = {r.check.id: r.message for r in found.values() if is_of(symbol, r)}
            messages = {id: message for id, message in failed.items() if message}
            for style, rewrite in {"as written": str, **STYLES}.items():
                ids = named(f"{name}_{style.replace(' ', '_')}", rewrite(text), symbol, messages)
                instead = "" if ids == {mutant.id} else f"recognised as {', '.join(ids) or None}"
                yield Proof(task.name, f"{name}, {style}", instead)
            if not number and built and not stops(task, solutions, mutant, symbol):
                wrong = [r for id in built if (r := found[id]).outcome != "passed"]
                what = "; ".join(map(describe, wrong[:2]))
                yield Proof(task.name, f"{name}, counted once", what)

    try:
        rights = [text.decode() for text in solutions.sources(task)] or [sources[task.file]]
        for number, right in enumerate(rights):
            name = f"reference_{number}"
            found = judge(name, sources | {task.file: right})
            yield Proof(task.name, name, not_passed(found))
        stubs = {file: make_stub(text, task, file) for file, text in sources.items()}
        yield Proof(task.name, "stub", not_a_stub(judge("stub", stubs)))
        for mutant in course.mutants(task):
            if mutant.hint:
                yield from prove_entry(mutant)
                continue
            file = mutant.file or task.file
            text = patched(sources[file], mutant.replace, mutant.by, f"{task.name}: {mutant.id}")
            found = judge(mutant.id, sources | {file: text}, [mutant.fails])
            yield Proof(task.name, mutant.id, not_caught(found[mutant.fails], mutant.message))
    finally:
        solutions.close()
        students.close()


def later(task: Task, symbol: Symbol) -> list[str]:
    """The scored checks of what may be built from a symbol."""
    after = task.symbols[task.symbols.index(symbol) + 1 :]
    names = {s.name for s in after if "function" not in (s.kind, symbol.kind)}
    return [check.id for check in planned(task) if check.points and check.symbol in names]


def stops(task: Task, solutions: Solutions, mutant: Mutant, symbol: Symbol) -> bool:
    """Whether a mistake makes what is built from it fail altogether, so that nothing can be
    compared: an error, or layers that PyTorch does not see."""
    entry = next(e for e in solutions.mistakes(task).entries if e.title.id == mutant.id)
    for other in task.symbols[task.symbols.index(symbol) + 1 :]:
        for sample in other.samples:
            found = entry.describe(other, sample.args, sample.input)
            if isinstance(found, Fault) or found.hidden:
                return True
    return False


def is_of(symbol: Symbol, result: Result) -> bool:
    return result.check.symbol == symbol.name and result.outcome == "failed"


def right_homework(course: Path) -> Homework:
    """The example truth, handed in as predictions."""
    truth = course / "datasets" / "example" / "truth.csv"
    return Homework(truth.parent, "example", Rules(truth=truth), submission=truth.name)


def not_passed(results: dict[str, Result]) -> str:
    """What of a right submission did not pass."""
    wrong = [r for r in results.values() if r.outcome != "passed" and not graded_only(r)]
    return "; ".join(describe(result) for result in wrong[:3])


def not_a_stub(results: dict[str, Result]) -> str:
    """What of an untouched stub earned points or failed as anything but not written.

    A check that states its points scores a file beside the stub, not the stub.
    """
    wrong = [
        result
        for result in results.values()
        if (result.outcome == "passed" and result.check.points and result.points is None)
        or (result.outcome == "failed" and told(result) not in ("fault.not_written",))
    ]
    return "; ".join(describe(result) for result in wrong[:3])


def not_caught(result: Result, message: str, variant: int = 0) -> str:
    """How a mutant's check ended otherwise than by failing with its message; a variant may fail
    with another one."""
    if result.outcome == "failed" and (variant or told(result) == message):
        return ""
    return f"expected {message}, got {describe(result)}"


def graded_only(result: Result) -> bool:
    """Whether a check had nothing to judge here: there is no checkpoint in this course."""
    return told(result) == "homework.no_checkpoint"


def describe(result: Result) -> str:
    """A result in one line."""
    values = result.message.values if result.message else {}
    return f"{result.check.id} {result.outcome} {told(result)} {values}"


def told(result: Result) -> str:
    """The message id of a result."""
    return result.message.id if result.message else "no message"
