"""result.json of a check in Classroom 50's runner: feedback in its format, not the grade."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from autograder.classroom.gradebook.exports import Target, classroom50
from autograder.classroom.gradebook.grades import StudentGrade, TaskGrade
from autograder.classroom.gradebook.verdicts import CheckPoints, TaskPoints, Verdict
from autograder.course.messages import Catalogue
from autograder.course.roster import Student
from autograder.errors import UsageError
from autograder.report.github import Checked

NEEDED = ("GITHUB_REPOSITORY_OWNER", "CLASSROOM", "ASSIGNMENT", "OWNER")
# What the runner knows better than we could guess it.
GIVEN = {
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


def result(checked: Sequence[Checked], catalogue: Catalogue) -> dict[str, Any]:
    """The points that can be given here; the homework's come from its predictions alone.

    Raises:
        UsageError: this is not Classroom 50's runner.
    """
    lacking = [name for name in NEEDED if not os.environ.get(name)]
    if lacking:
        raise UsageError(f"--classroom50 is for its runner, which sets {', '.join(lacking)}")
    org, classroom, assignment, owner = (os.environ[name] for name in NEEDED)
    tasks = tuple(_points(one, catalogue) for one in checked if not one.files.task.predictions)
    rows = tuple(TaskGrade(task.task, task.points, task.max_points) for task in tasks)
    student = Student(owner)
    row = StudentGrade(student, rows, frozenset(task.task.name for task in tasks))
    now = {task.task.name: datetime.now(UTC) for task in tasks}
    verdict = Verdict(student, tasks, now, commit=os.environ.get("GITHUB_SHA", ""))
    made = classroom50(row, verdict, Target(org, classroom, assignment))
    known = {key: os.environ.get(name) for key, name in GIVEN.items()}
    return made | {key: text for key, text in known.items() if text}


def _points(one: Checked, catalogue: Catalogue) -> TaskPoints:
    checks = tuple(
        CheckPoints(
            report.check.id,
            catalogue.title(report.check),
            report.points,
            float(report.check.points),
            "\n".join(filter(None, catalogue.told(report))),
        )
        for report in one.reports
        if report.check.points
    )
    points = sum(check.points for check in checks)
    maximum = sum(check.max_points for check in checks)
    return TaskPoints(one.files.task, "graded", points, maximum, checks)
