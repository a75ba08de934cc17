"""Prove the checks: the reference passes, stubs are not written yet, every mutant is caught."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.build import make_stub
from autograder.checks.judge import Bench, Judge, Result
from autograder.checks.witness import Witness
from autograder.course import Course, patched
from autograder.grading import Solutions
from autograder.homework import Homework, Rules
from autograder.observe.session import SharedSession
from autograder.sandbox.profiles import Profile, profile_for
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
    students = SharedSession(profile_for(Profile(), task.allowed, "cpu"))
    sources = {f: course.solution(task, f).read_text(encoding="utf-8") for f in task.files}
    homework = right_homework(course.folder) if task.homework else None
    if task.homework:
        for path in course.folder.glob("solutions/0*/*.py"):
            students.place(f"{path.parent.name}/{path.name}", path.read_bytes())

    def judge(name: str, texts: dict[str, str], only: str = "") -> dict[str, Result]:
        """Judge the task's files in the shared worker: it is our own code."""
        for file, text in texts.items():
            students.place(f"{name}/{file}", text.encode())
        opens = partial(students.open, f"{name}/{task.file}")
        student = Witness(f"{task.name}/{name}", opens, files=task.files)
        bench = Bench(task, student, solutions.references(task), seed, homework)
        results = Judge([bench], only=[only] if only else []).run()
        student.forget()
        return results

    try:
        rights = [text.decode() for text in solutions.sources(task)] or [sources[task.file]]
        for number, right in enumerate(rights):
            name = f"reference_{number}"
            found = judge(name, sources | {task.file: right})
            yield Proof(task.name, name, not_passed(found))
        stubs = {file: make_stub(text, task, file) for file, text in sources.items()}
        yield Proof(task.name, "stub", not_a_stub(judge("stub", stubs)))
        for mutant in course.mutants(task):
            file = mutant.file or task.file
            for number, (replace, by) in enumerate(((mutant.replace, mutant.by), *mutant.also)):
                name = f"{mutant.id}_{number}" if number else mutant.id
                text = patched(sources[file], replace, by, f"{task.name}: {name}")
                result = judge(name, sources | {file: text}, only=mutant.fails)[mutant.fails]
                yield Proof(
                    task.name,
                    name,
                    not_failed(result) if number else not_caught(result, mutant.message),
                )
    finally:
        solutions.close()
        students.close()


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


def not_caught(result: Result, message: str) -> str:
    """How a mutant's check ended otherwise than by failing with its message."""
    if result.outcome == "failed" and told(result) == message:
        return ""
    return f"expected {message}, got {describe(result)}"


def not_failed(result: Result) -> str:
    """How the check of a mistake's other form ended, if not failed or kept from running."""
    if result.outcome == "failed" or told(result) == "not_run.after":
        return ""
    return f"expected a failure, got {describe(result)}"


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
