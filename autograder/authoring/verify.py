"""Prove the checks: the reference passes, stubs are not written yet, every mutant is caught, and
every typical mistake is recognised in any style and counted once."""

from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.authoring.stubs import make_stub
from autograder.authoring.styles import STYLES
from autograder.checks.subject import Subject
from autograder.checks.task_run import planned
from autograder.course.mutants import Mutant
from autograder.course.patching import bases, owner, patched, variants
from autograder.course.settings import Course, Rules
from autograder.course.tasks import Symbol, Task
from autograder.diagnose.explain import identify
from autograder.grading.grade_task import ask_student, grade_task
from autograder.grading.references import Solutions
from autograder.model import Message, Result
from autograder.observe.profiles import Profile, profile_for
from autograder.observe.protocol import Fault
from autograder.observe.session import SharedWorkers
from autograder.submission.homework import Homework
from autograder.submission.task_files import TaskFiles

AS_WRITTEN: dict[str, Callable[[str], str]] = {"as written": str}


@dataclass(frozen=True)
class Proof:
    """One thing that was proved, or what came instead ("" if it was proved)."""

    task: str
    what: str
    instead: str


def verify(course: Course, tasks: tuple[Task, ...], seeds: int, console: Console) -> bool:
    """Prove every task with every seed and print what does not hold; True if all holds."""
    sound = True
    solutions = Solutions(course, tasks)
    try:
        for task in tasks:
            with closing(students_of(task)) as students:
                for number in range(seeds):
                    prover = Prover(course, task, f"{number:015x}", solutions, students)
                    # Another seed changes neither how a mistake is written nor what is built of it.
                    proofs = list(prover.prove(thorough=number == 0))
                    solutions.forget(task)
                    wrong = [proof for proof in proofs if proof.instead]
                    sound = sound and not wrong
                    for proof in wrong:
                        text = f"{task.name} {proof.what}: {proof.instead}"
                        console.print(Text(text, style="red"))
                    of = f"{len(proofs) - len(wrong)} of {len(proofs)}"
                    console.print(f"{task.name}: seed {number}: {of} proved")
    finally:
        solutions.close()
    return sound


def students_of(task: Task) -> SharedWorkers:
    """A worker for what stands in a student's place: all of it is our own code."""
    return SharedWorkers(profile_for(Profile(), task.allowed, "cpu"))


@dataclass
class Prover:
    """Proves one task under one seed."""

    course: Course
    task: Task
    seed: str
    solutions: Solutions
    students: SharedWorkers

    def __post_init__(self) -> None:
        task, course = self.task, self.course
        self._sources = {
            f: course.solution(task, f).read_text(encoding="utf-8") for f in task.files
        }
        self._homework = right_homework(course.folder) if task.predictions else None
        self._siblings = {
            f"{path.parent.name}/{path.name}": path.read_bytes()
            for path in course.folder.glob("solutions/0*/*.py")
            if task.uses_others and path.parent.name != task.folder
        }

    def prove(self, thorough: bool = True) -> Iterator[Proof]:
        """The reference, its accepted variants, the stub, then every mutant.

        Thorough: every typical mistake in every place and style, and in what is built from it.
        """
        task, sources = self.task, self._sources
        for number, right in enumerate(bases(self.course, task).values()):
            found = self.judge(sources | {task.file: right})
            yield self._proof(f"reference_{number}", not_passed(found))
        stubs = {file: make_stub(text, task, file) for file, text in sources.items()}
        yield self._proof("stub", not_a_stub(self.judge(stubs)))
        for mutant in self.course.mutants(task):
            if thorough and mutant.hint:
                yield from self.prove_entry(mutant)
                continue
            file = mutant.file or task.file
            text = patched(sources[file], mutant.replace, mutant.by, f"{task.name}: {mutant.id}")
            result = self.judge(sources | {file: text}, [mutant.fails])[mutant.fails]
            yield self._proof(mutant.id, not_caught(result, mutant.message))
            if mutant.hint:
                instead = not_recognised(mutant, {result.misconception} - {None})
                yield self._proof(f"{mutant.id}, recognised", instead)

    def prove_entry(self, mutant: Mutant) -> Iterator[Proof]:
        """Every patch is caught, and recognised in every style; the first is carried into what
        is built from its symbol."""
        source = self._sources[self.task.file]
        symbol = self.task.symbol(owner(source, mutant.replace, self.task))
        built = later(self.task, symbol)
        for number, patch in enumerate(variants(mutant)):
            name = f"{mutant.id}_{number}" if number else mutant.id
            text = patched(source, *patch, f"{self.task.name}: {name}")
            only = [mutant.fails] if number else [mutant.fails, *built]
            found = self.judge({self.task.file: text}, only)
            yield self._proof(name, not_caught(found[mutant.fails], mutant.message, number))
            failed = {
                id: result.message
                for id, result in found.items()
                if result.check.symbol == symbol.name
                and result.outcome == "failed"
                and result.message
            }
            for style, rewrite in (AS_WRITTEN | STYLES).items():
                ids = self.recognised(rewrite(text), symbol, failed)
                yield self._proof(f"{name}, {style}", not_recognised(mutant, ids))
            if not number and built and not self.stops(mutant, symbol):
                wrong = [found[id] for id in built if found[id].outcome != "passed"]
                what = "; ".join(map(describe, wrong[:2]))
                yield self._proof(f"{name}, counted once", what)

    def _proof(self, what: str, instead: str) -> Proof:
        return Proof(self.task.name, what, instead)

    def _files(self, texts: dict[str, str]) -> TaskFiles:
        own = {file: text.encode() for file, text in texts.items()}
        return TaskFiles(self.task, own, siblings=self._siblings)

    def judge(self, texts: dict[str, str], only: Collection[str] = ()) -> dict[str, Result]:
        """Judge the task's files in the shared worker."""
        report = grade_task(
            self._files(texts),
            self.solutions.of(self.task),
            self.seed,
            workers=self.students,
            homework=self._homework,
            only=only,
        )
        return {result.check.id: result for result in report.checks}

    def recognised(self, text: str, symbol: Symbol, failed: dict[str, Message]) -> set[str]:
        """The mistakes that a text is recognised as."""
        references = self.solutions.of(self.task)
        files = self._files({self.task.file: text})
        with closing(ask_student(files, self.students, Profile(), "cpu")) as student:
            subject = Subject(self.task, symbol, student, list(references.right), self.seed)
            found = identify(subject, references.mistakes.entries(), failed)
        return {entry.title.id for entry in found.values()}

    def stops(self, mutant: Mutant, symbol: Symbol) -> bool:
        """Whether a mistake makes what is built from it fail altogether, so that nothing can be
        compared: an error, or layers that PyTorch does not see."""
        entries = self.solutions.mistakes(self.task).entries()
        entry = next(e for e in entries if e.title.id == mutant.id)
        for other in self.task.symbols[self.task.symbols.index(symbol) + 1 :]:
            for sample in other.samples:
                found = entry.describe(other, sample.args, sample.input)
                if isinstance(found, Fault) or found.hidden:
                    return True
        return False


def later(task: Task, symbol: Symbol) -> list[str]:
    """The scored checks of what may be built from a symbol."""
    after = task.symbols[task.symbols.index(symbol) + 1 :]
    names = {s.name for s in after if "function" not in (s.kind, symbol.kind)}
    return [check.id for check in planned(task) if check.points and check.symbol in names]


def not_recognised(mutant: Mutant, ids: Collection[str | None]) -> str:
    """What an entry of the catalogue was recognised as, if not as itself."""
    found = ", ".join(sorted(map(str, ids))) or "nothing"
    return "" if set(ids) == {mutant.id} else f"recognised as {found}"


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
        if (result.outcome == "passed" and result.check.points and result.stated is None)
        or (result.outcome == "failed" and told(result) not in ("fault.not_written",))
    ]
    return "; ".join(describe(result) for result in wrong[:3])


def not_caught(result: Result, message: str, variant: int = 0) -> str:
    """How a mutant's check ended otherwise than by failing with its message; a variant may fail
    with another one, or fail what comes before."""
    if result.outcome == "failed" and (variant or told(result) == message):
        return ""
    if variant and told(result) == "not_run.after":
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
