"""The trusted way into nbgrader's database: verdicts of our reports, never those of a notebook.

An assignment is a task. Its notebook "lesson" holds the questions, its notebook "points" a cell
for each scored check of the code, and one that carries what a teacher decided otherwise.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from autograder.checks.task_run import planned
from autograder.classroom.gradebook.database import (
    again,
    check_version,
    course_id,
    own_programs,
    told,
)
from autograder.classroom.gradebook.grades import StudentGrade, TaskGrade
from autograder.classroom.gradebook.policy import Override, Policy
from autograder.classroom.gradebook.verdicts import Verdict
from autograder.course.roster import Student
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.errors import UsageError

POINTS, LESSON = "points", "lesson"


@dataclass(frozen=True)
class Cell:
    """A graded cell of the gradebook. manual: a teacher reads it."""

    name: str
    points: float
    kind: str = "code"
    manual: bool = False


def adjustment(task: Task) -> str:
    """The name of the cell that carries what a teacher decided otherwise."""
    return f"{task.name}-adjustment"


def points_cells(task: Task) -> list[Cell]:
    """The cells of the notebook "points"."""
    scored = [check for check in planned(task) if check.points]
    cells = [Cell(check.id.replace(".", "-"), float(check.points)) for check in scored]
    return [*cells, Cell(adjustment(task), 0.0)]


def lesson_cells(course: Course, task: Task) -> list[Cell]:
    """The graded cells of a task's notebook, as it is handed out."""
    path = course.folder / "assignments" / task.folder / f"{LESSON}.ipynb"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); run autograder build") from None
    found = []
    for cell in notebook["cells"]:
        own = cell["metadata"].get("nbgrader", {})
        if own.get("grade"):
            points = float(own["points"])
            found.append(Cell(own["grade_id"], points, cell["cell_type"], own["solution"]))
    return found


class Gradebook:
    """nbgrader's database at a URL of SQLAlchemy."""

    def __init__(self, url: str, course: Course, policy: Policy) -> None:
        self.path = url.removeprefix("sqlite:///")
        self._course, self._policy = course, policy
        with told(url):
            from nbgrader.api import Gradebook as Book

            check_version(url)
            with own_programs():
                self._book = Book(url, course_id(url))
        self._cells = {t.name: (points_cells(t), lesson_cells(course, t)) for t in all_tasks()}

    def close(self) -> None:
        self._book.close()
        self._book.engine.dispose()

    def prepare(self, students: Iterable[Student]) -> None:
        """Make assignments, cells and students, as far as they are not there."""
        book = self._book
        for task in all_tasks():
            due = self._policy.deadlines.get(task.name)
            again(partial(book.update_or_create_assignment, task.folder, duedate=_utc(due)))
            for name, cells in zip((POINTS, LESSON), self._cells[task.name], strict=True):
                notebook = again(partial(book.update_or_create_notebook, name, task.folder))
                there = {cell.name: cell.max_score for cell in notebook.grade_cells}
                for cell in cells:
                    if there.get(cell.name) != cell.points:
                        self._make_cell(cell, name, task)
        for student in students:
            self.add(student)

    def _make_cell(self, cell: Cell, notebook: str, task: Task) -> None:
        place = (cell.name, notebook, task.folder)
        values = {"max_score": cell.points, "cell_type": cell.kind}
        again(lambda: self._book.update_or_create_grade_cell(*place, **values))
        if cell.manual:
            again(lambda: self._book.update_or_create_solution_cell(*place))

    def add(self, student: Student) -> None:
        """A student's row. What the roster leaves empty is not touched."""
        first, _, last = student.name.partition(" ")
        values = {"first_name": first, "last_name": last, "email": student.email}
        values["lms_user_id"] = student.lms_id
        given = {key: value for key, value in values.items() if value}
        again(lambda: self._book.update_or_create_student(student.student_id, **given))

    def update(self, verdict: Verdict) -> int:
        """Write a verdict; the number of grades that changed.

        What a person wrote (manual scores, extra credit, comments) is kept. A task without a
        verdict is left as it is, unless a teacher decided it.
        """
        self.add(verdict.student)
        id = verdict.student.student_id
        changed = 0
        submissions = {}
        for graded in verdict.tasks:
            task = graded.task
            override = self._policy.override(id, task.name)
            own = {cell.name for cell in self._cells[task.name][1]} & verdict.questions.keys()
            if graded.points is None and override is None and not own:
                continue
            submission = self._submission(task, verdict)
            submissions[task.name] = submission
            grades = _grades(submission, POINTS)
            if graded.points is not None:
                for check in graded.checks:
                    changed += _score(grades[check.grade_id], check.points)
            changed += self._decide(grades, task, override)
            questions = _grades(submission, LESSON)
            for name in own:
                if (points := verdict.questions[name]) is not None:
                    changed += _score(questions[name], points)
        self._book.db.flush()
        self._take_late(verdict, submissions)
        self._book.db.commit()
        return changed

    def notes(self, verdict: Verdict) -> dict[str, str]:
        """Why a teacher decided otherwise, by task."""
        id = verdict.student.student_id
        found = {t.task.name: self._policy.override(id, t.task.name) for t in verdict.tasks}
        return {name: f"{o.points:g}: {o.reason}" for name, o in found.items() if o}

    def _submission(self, task: Task, verdict: Verdict) -> Any:
        """The student's submission of a task, with its times; made where it is missing."""
        student = verdict.student
        due, own = self._policy.deadlines.get(task.name), self._policy.due(student, task.name)
        values: dict[str, Any] = {"extension": own - due if due and own and own != due else None}
        if task.name in verdict.submitted:
            values["timestamp"] = _utc(verdict.submitted[task.name])
        return again(
            lambda: self._book.update_or_create_submission(
                task.folder, student.student_id, **values
            )
        )

    def _decide(self, grades: Mapping[str, Any], task: Task, override: Override | None) -> int:
        name = adjustment(task)
        others = sum(_effective(grade) or 0 for key, grade in grades.items() if key != name)
        return _score(grades[name], round(override.points - others, 4) if override else 0.0)

    def _take_late(self, verdict: Verdict, submissions: Mapping[str, Any]) -> None:
        """Write what lateness costs into nbgrader's own column."""
        id = verdict.student.student_id
        for name in (POINTS, LESSON):
            points = {
                task: sum(_effective(grade) or 0 for grade in _grades(submission, name).values())
                for task, submission in submissions.items()
            }
            late = self._policy.lateness(verdict.student, verdict.submitted, points)
            for task, submission in submissions.items():
                notebook = _notebook(submission, name)
                decided = name == POINTS and self._policy.override(id, task)
                penalty = late[task].penalty if task in late and not decided else 0.0
                if (notebook.late_submission_penalty or 0.0) != penalty:
                    notebook.late_submission_penalty = penalty

    def grades(self, students: Iterable[Student]) -> Iterator[StudentGrade]:
        """What stands in the gradebook of these students."""
        from nbgrader.api import MissingEntry

        counted = frozenset(t.name for t in all_tasks() if self._policy.counts(t))
        for student in students:
            rows = []
            for task in all_tasks():
                try:
                    submission = self._book.find_submission(task.folder, student.student_id)
                except MissingEntry:
                    submission = None
                rows.append(self._grade(student, task, submission))
            yield StudentGrade(student, tuple(rows), counted, self._policy.questions)

    def _grade(self, student: Student, task: Task, submission: Any) -> TaskGrade:
        points, lesson = self._cells[task.name]
        highest = (sum(c.points for c in points), sum(c.points for c in lesson))
        override = self._policy.override(student.student_id, task.name)
        if submission is None:
            decided = override.points if override else None
            return TaskGrade(task, decided, highest[0], 0.0, None, highest[1])
        code, questions = _grades(submission, POINTS), _grades(submission, LESSON)
        penalty = _notebook(submission, POINTS).late_submission_penalty or 0.0
        scores = [_effective(grade) for name, grade in code.items() if name != adjustment(task)]
        total: float | None = None
        if override:
            total = override.points
        elif None not in scores:
            total = round(max(0.0, sum(_effective(g) or 0 for g in code.values()) - penalty), 2)
        answers = [_effective(grade) for grade in questions.values()]
        taken = _notebook(submission, LESSON).late_submission_penalty or 0.0
        asked = (
            None if None in answers else round(max(0.0, sum(a or 0 for a in answers) - taken), 2)
        )
        review = any(g.needs_manual_grade for g in (*code.values(), *questions.values()))
        reason = override.reason if override else ""
        return TaskGrade(task, total, highest[0], penalty, asked, highest[1], review, reason)

    def students(self) -> list[Student]:
        """Everybody in the gradebook, for exports without a roster."""
        return [
            Student(
                row.id,
                " ".join(filter(None, (row.first_name, row.last_name))),
                row.email or "",
                lms_id=row.lms_user_id or "",
            )
            for row in self._book.students
        ]


def _score(grade: Any, points: float) -> int:
    """Write an automatic score; 1 if it is another one than before."""
    if grade.auto_score == points and not (grade.needs_manual_grade and grade.manual_score is None):
        return 0
    # Where a person has graded already, somebody should look whether that still fits.
    grade.needs_manual_grade = grade.manual_score is not None and grade.auto_score != points
    grade.auto_score = points
    return 1


def _effective(grade: Any) -> float | None:
    """What counts: a person's score before the automatic one."""
    score = grade.auto_score if grade.manual_score is None else grade.manual_score
    return None if score is None else float(score + (grade.extra_credit or 0.0))


def _notebook(submission: Any, name: str) -> Any:
    return next(notebook for notebook in submission.notebooks if notebook.name == name)


def _grades(submission: Any, name: str) -> dict[str, Any]:
    return {grade.cell.name: grade for grade in _notebook(submission, name).grades}


def _utc(moment: datetime | None) -> datetime | None:
    """A time as nbgrader keeps it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
