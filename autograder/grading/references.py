"""What is right: the references of a course in a worker of their own, and its typical mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from autograder.checks.answers import Answers
from autograder.checks.challenge import NoAnswer, Reference
from autograder.course.patching import bases, patched, variants
from autograder.course.settings import Course
from autograder.course.tasks import Task
from autograder.diagnose import catalogue
from autograder.diagnose.catalogue import Entry
from autograder.diagnose.explain import Mistakes
from autograder.diagnose.fingerprints import MISTAKES, is_fresh
from autograder.errors import GraderFault
from autograder.observe import protocol
from autograder.observe.profiles import Profile
from autograder.observe.session import SharedSession


@dataclass(frozen=True)
class References:
    """What one task is compared with."""

    #: The solution, then the accepted variants; none for a task of the student's own design.
    right: Sequence[Reference] = ()
    #: What recognises typical mistakes.
    mistakes: Mistakes = field(default_factory=Mistakes)


class Solutions:
    """The references of a course in one worker process of their own, started at once."""

    def __init__(self, course: Course, tasks: tuple[Task, ...], device: str = "cpu") -> None:
        self._session = SharedSession(Profile(cpu_seconds=120))
        self._sources: dict[str, dict[str, bytes]] = {}
        self._device = device
        self._course = course
        self._answers_by_task: dict[str, list[Answers]] = {}
        self._mistakes: dict[str, Mistakes] = {}
        self._carrying: dict[str, Answers] = {}
        for task in tasks:
            self._sources[task.name] = {}
            if not task.reference:
                continue  # the student's own design: there is nothing to compare with
            self._sources[task.name] = {
                f"{task.name}_{id}.py" if id else task.file: text.encode()
                for id, text in bases(course, task).items()
            }
            for name, content in self._sources[task.name].items():
                self._session.place(name, content)

    def of(self, task: Task) -> References:
        """Everything that a task is compared with."""
        return References(self.answers(task), self.mistakes(task))

    def answers(self, task: Task) -> list[Answers]:
        """The solution and the accepted variants of a task."""
        if task.name not in self._answers_by_task:
            self._answers_by_task[task.name] = [
                TrustedAnswers(
                    f"{task.name}/{name}", partial(self._session.open, name), self._device
                )
                for name in self._sources[task.name]
            ]
        return self._answers_by_task[task.name]

    def mistakes(self, task: Task) -> Mistakes:
        """The catalogue of typical mistakes; empty where it is not made from this course."""
        if task.name not in self._mistakes:
            fresh = is_fresh(self._course, task, MISTAKES)
            found = partial(catalogue.entries, task.name) if fresh else tuple
            self._mistakes[task.name] = Mistakes(found, self._carried)
        return self._mistakes[task.name]

    def _carried(self, task: Task, entries: list[Entry]) -> Reference | None:
        """The solution with mistakes in it, as the reference of what is built from them."""
        text = bases(self._course, task)[entries[0].title.base]
        patches = {mutant.id: variants(mutant) for mutant in self._course.mutants(task)}
        try:
            for entry in entries:
                patch = patches[entry.title.id][entry.title.variant]
                if entry.title.base != entries[0].title.base:
                    return None
                text = patched(text, *patch, entry.title.id)
        except GraderFault:
            return None  # two mistakes in one place
        names = (f"{e.title.base}_{e.title.id}_{e.title.variant}" for e in entries)
        name = f"{task.name}_{'_'.join(names)}.py"
        self._session.place(name, text.encode())
        answers = Answers(f"{task.name}/{name}", partial(self._session.open, name), self._device)
        self._free(task)  # two large networks of this kind may be more than the worker's memory
        self._carrying[task.name] = answers
        return answers

    def _free(self, task: Task) -> None:
        if (carried := self._carrying.pop(task.name, None)) is not None:
            carried.forget()

    def forget(self, task: Task) -> None:
        """Free the large networks of a task; drop the answers that depend on a seed."""
        for answers in self._answers_by_task.get(task.name, []):
            answers.forget(small=False)
        self._free(task)

    def close(self) -> None:
        self._session.close()


class TrustedAnswers(Answers):
    """Answers of our own code: a fault there is the grader's, not the student's."""

    def _ask(self, request: protocol.Request, kind: type, call: str) -> Any:
        try:
            return super()._ask(request, kind, call)
        except NoAnswer as error:
            fault = error.fault
            raise GraderFault(
                f"the reference of {self.task} gave no answer to {call}: {fault.kind} "
                f"{fault.message} {fault.file}:{fault.line}"
            ) from None
