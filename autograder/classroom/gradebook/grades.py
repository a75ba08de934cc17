"""What a student gets: verdicts under the rules of the class."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.classroom.gradebook.policy import Late, Policy
from autograder.classroom.gradebook.verdicts import Verdict, to_task
from autograder.course.messages import Catalogue
from autograder.course.roster import Student, find
from autograder.course.tasks import Task, all_tasks
from autograder.model import Message, Report
from autograder.report.as_json import to_dict
from autograder.report.terminal import number
from autograder.submission.fetching import name_of


@dataclass(frozen=True)
class TaskGrade:
    """What the gradebook says of a student's task. points: None where nothing is decided.

    points are those that count: late days are taken off, a teacher's word stands.
    """

    task: Task
    points: float | None
    max_points: float
    penalty: float = 0.0
    questions: float | None = None
    max_questions: float = 0.0
    review: bool = False
    reason: str = ""


@dataclass(frozen=True)
class StudentGrade:
    """A row of an export."""

    student: Student
    tasks: tuple[TaskGrade, ...]
    counted: frozenset[str] = field(default_factory=frozenset)
    with_questions: bool = False

    @property
    def points(self) -> float | None:
        """The total of what counts; None while something of it is undecided."""
        parts = [t.points for t in self.tasks if t.task.name in self.counted]
        if self.with_questions:
            parts += [t.questions for t in self.tasks if t.task.name in self.counted]
        return None if None in parts else round(sum(p for p in parts if p is not None), 2)

    @property
    def open(self) -> list[str]:
        """What counts and is undecided: tasks, and questions that wait for a person."""
        found = []
        for task in self.tasks:
            if task.task.name in self.counted:
                found += [task.task.name] if task.points is None else []
                asked = self.with_questions and task.questions is None
                found += [f"questions of {task.task.name}"] if asked else []
        return found

    @property
    def max_points(self) -> float:
        counted = [t for t in self.tasks if t.task.name in self.counted]
        return sum(t.max_points + self.with_questions * t.max_questions for t in counted)


def settle(verdict: Verdict, policy: Policy) -> tuple[StudentGrade, Mapping[str, Late]]:
    """A student's grade by the verdicts alone, and what lateness cost of it by task."""
    student = verdict.student
    points = {task.task.name: task.points or 0.0 for task in verdict.tasks}
    late = policy.lateness(student, verdict.submitted, points)
    rows = []
    for graded in verdict.tasks:
        name = graded.task.name
        override = policy.override(student.student_id, name)
        penalty = late[name].penalty if name in late and not override else 0.0
        total = None if graded.points is None else max(0.0, round(graded.points - penalty, 2))
        rows.append(
            TaskGrade(
                graded.task,
                override.points if override else total,
                graded.max_points,
                penalty,
                reason=override.reason if override else "",
            )
        )
    counted = frozenset(task.name for task in all_tasks() if policy.counts(task))
    return StudentGrade(student, tuple(rows), counted), late


def explained(
    report: Report,
    student: Student,
    submitted: Mapping[str, datetime],
    policy: Policy,
    catalogue: Catalogue,
) -> tuple[Report, StudentGrade]:
    """A report with what the class's rules say of it as notes, and the grade that follows."""
    tasks = tuple(to_task(task) for task in to_dict(report, catalogue)["tasks"])
    grade, late = settle(Verdict(student, tasks, submitted), policy)
    notes = []
    for task in grade.tasks:
        values: dict[str, str | int | float] = {"task": catalogue.task_title(task.task.name)}
        if task.reason:
            values |= {"points": number(task.points), "reason": task.reason}
            notes.append(Message("note.override", values))
        elif task.penalty:
            values |= {"days": late[task.task.name].days, "points": number(task.penalty)}
            notes.append(Message("note.late", values))
    return replace(report, notes=report.notes + tuple(notes)), grade


def all_explained(
    graded: Iterable[tuple[int, Report]],
    students: list[Student],
    times: Mapping[str, Mapping[str, datetime]],
    policy: Policy,
    catalogue: Catalogue,
) -> Iterator[tuple[int, Report]]:
    """Reports as they come, each with its notes; who is not on the roster is called as it is."""
    for index, report in graded:
        name = name_of(report.submission)
        student = find(students, name) or Student(name)
        submitted = times.get(student.student_id, {})
        yield index, explained(report, student, submitted, policy, catalogue)[0]
