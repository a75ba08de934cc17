"""Prove the checks: the reference passes, stubs are not written yet, every mutant is caught."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.text import Text

from autograder.build import make_stub
from autograder.checks.plugin import Bench, Judge, Result
from autograder.checks.witness import Witness
from autograder.course import Course, patched
from autograder.grading import Solutions
from autograder.observe.session import Profile, SharedSession
from autograder.tasks import Task


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
    students = SharedSession(Profile())
    source = course.solution(task).read_text(encoding="utf-8")

    def judge(name: str, text: str, only: str = "") -> dict[str, Result]:
        """Judge one text in the shared worker: it is our own code."""
        file = f"{task.name}_{name}.py"
        students.place(file, text.encode())
        student = Witness(f"{task.name}/{name}", partial(students.open, file))
        bench = Bench(task, student, solutions.references(task), seed)
        results = Judge([bench], only=only).run()
        student.forget()
        return results

    try:
        for number, right in enumerate(solutions.sources(task)):
            name = f"reference_{number}"
            yield Proof(task.name, name, not_passed(judge(name, right.decode())))
        stub = make_stub(source, task, task.file)
        yield Proof(task.name, "stub", not_a_stub(judge("stub", stub)))
        for mutant in course.mutants(task):
            text = patched(source, mutant.replace, mutant.by, f"{task.name}: {mutant.id}")
            result = judge(mutant.id, text, only=mutant.fails)[mutant.fails]
            yield Proof(task.name, mutant.id, not_caught(result, mutant.message))
    finally:
        solutions.close()
        students.close()


def not_passed(results: dict[str, Result]) -> str:
    """What of a right submission did not pass."""
    wrong = [result for result in results.values() if result.outcome != "passed"]
    return "; ".join(describe(result) for result in wrong[:3])


def not_a_stub(results: dict[str, Result]) -> str:
    """What of an untouched stub earned points or failed as anything but not written."""
    wrong = [
        result
        for result in results.values()
        if (result.outcome == "passed" and result.check.points)
        or (result.outcome == "failed" and told(result) not in ("fault.not_written",))
    ]
    return "; ".join(describe(result) for result in wrong[:3])


def not_caught(result: Result, message: str) -> str:
    """How a mutant's check ended otherwise than by failing with its message."""
    if result.outcome == "failed" and told(result) == message:
        return ""
    return f"expected {message}, got {describe(result)}"


def describe(result: Result) -> str:
    """A result in one line."""
    values = result.message.values if result.message else {}
    return f"{result.check.id} {result.outcome} {told(result)} {values}"


def told(result: Result) -> str:
    """The message id of a result."""
    return result.message.id if result.message else "no message"
