"""What a student gets: verdicts under the rules of the class."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.checks.promise import Message
from autograder.gradebook.policy import Late, Policy
from autograder.gradebook.verdicts import Verdict, to_task
from autograder.messages import Catalogue
from autograder.report.as_json import to_dict
from autograder.report.model import Report
from autograder.report.terminal import number
from autograder.roster import Student
from autograder.tasks import Task, all_tasks


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


def settled(
    report: Report,
    student: Student,
    submitted: Mapping[str, datetime],
    policy: Policy,
    catalogue: Catalogue,
) -> tuple[Report, Verdict, StudentGrade]:
    """A report with what the class's rules say of it, its verdicts, and the grade they give."""
    tasks = tuple(to_task(task) for task in to_dict(report, catalogue)["tasks"])
    verdict = Verdict(student, tasks, submitted, commit=report.commit or "")
    grade, late = settle(verdict, policy)
    notes = []
    for row in grade.tasks:
        values: dict[str, str | int | float] = {"task": catalogue.task_title(row.task.name)}
        if row.reason:
            values |= {"points": number(row.points), "reason": row.reason}
            notes.append(Message("note.override", values))
        elif row.penalty:
            values |= {"days": late[row.task.name].days, "points": number(row.penalty)}
            notes.append(Message("note.late", values))
    return replace(report, notes=report.notes + tuple(notes)), verdict, grade
