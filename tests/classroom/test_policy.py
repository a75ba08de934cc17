"""A class's rules: the roster, course.toml, and what lateness and a teacher's word do to points."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.classroom.gradebook.grades import all_explained, settle
from autograder.classroom.gradebook.policy import Override, Policy, read_policy
from autograder.classroom.gradebook.verdicts import TaskPoints, Verdict, read_times
from autograder.course.messages import Catalogue
from autograder.course.roster import Student, read_roster
from autograder.course.tasks import all_tasks, task_named
from autograder.errors import UsageError
from autograder.model import Message, Report, TaskReport

DUE = datetime(2026, 3, 1, 21, tzinfo=UTC)
HEAD = "student_id,name,email,github,lms_id,group,lang,extra_days,note\n"


def roster(folder: Path, content: str | bytes) -> list[Student]:
    path = folder / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_roster(path)


def policy(folder: Path, text: str, students: list[Student] | None = None) -> Policy:
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return read_policy(folder, students or [])


def verdict(student: Student, late: timedelta, **points: float | None) -> Verdict:
    tasks = tuple(TaskPoints(task_named(n), "graded", p, 10.0, ()) for n, p in points.items())
    return Verdict(student, tasks, dict.fromkeys(points, DUE + late))


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffstudent_id,name\nivan,Иван\n".encode(),
        "student_id;name\r\nivan;Иван\r\n".encode("cp1251"),
        "student_id\tname\nivan\tИван\n\n".encode(),
    ],
    ids=["bom", "cp1251 and semicolons", "tabs"],
)
def test_a_roster_is_read_as_spreadsheets_write_it(tmp_path: Path, content: bytes) -> None:
    assert [(s.student_id, s.name) for s in roster(tmp_path, content)] == [("ivan", "Иван")]


def test_everything_wrong_with_a_roster_is_told_at_once(tmp_path: Path) -> None:
    rows = "a,A,a@x,,1,,,,\nA,B,b@x,,2,,,,\n,C,,,,,,,\n../d,D,,,,,,,\ne,E,e,,1,,fr,-1,,more\n"
    with pytest.raises(UsageError) as error:
        roster(tmp_path, HEAD + rows)
    told = str(error.value)
    for line, what in (
        (3, "student_id A stands in line 2"),
        (4, "no student_id"),
        (5, "'../d'"),
        (6, "lms_id 1 stands in line 2"),
        (6, "extra_days '-1'"),
        (6, "lang 'fr'"),
        (6, "email 'e'"),
        (6, "more cells than columns"),
    ):
        assert any(f":{line}:" in row and what in row for row in told.splitlines()), what


def test_everything_wrong_with_course_toml_is_told_at_once(tmp_path: Path) -> None:
    text = """
    [gradnig]
    [grading]
    preset = "exam"
    late = "never"
    late_days = "two"
    timezone = "Mars/Olympus"
    [deadlines]
    vgg = 2026-03-01T23:59:00
    lstm = 2026-03-01T23:59:00+03:00
    alexnet = 2026-03-01
    [[override]]
    student = "nobody"
    task = "vgg"
    points = -1
    reason = "x"
    """
    with pytest.raises(UsageError) as error:
        policy(tmp_path, text, [Student("ivan")])
    told = str(error.value)
    for what in (
        "gradnig", "preset = 'exam'", "late = 'never'", "late_days = 'two'", "Mars/Olympus",
        "vgg = 2026-03-01 23:59:00: give its time zone", "'lstm'", "alexnet = 2026-03-01: use",
        "'nobody' is no student_id", "points = -1",
    ):  # fmt: skip
        assert what in told, what


def test_a_deadline_without_zone_is_of_the_course(tmp_path: Path) -> None:
    text = '[grading]\ntimezone = "Europe/Moscow"\n[deadlines]\nvgg = 2026-03-02T00:00:00\n'
    assert policy(tmp_path, text).deadlines["vgg"] == DUE


@pytest.mark.parametrize(
    ("late", "hours", "points"),
    [
        ("none", 100, 8.0),
        ("zero", -1, 8.0),
        ("zero", 0.01, 0.0),
        ("percent", 1, 7.2),
        ("percent", 25, 6.4),
        ("percent", 24 * 30, 0.0),
    ],
)
def test_lateness_costs_what_the_course_says(late: str, hours: float, points: float) -> None:
    rules = Policy(late=late, deadlines={"vgg": DUE})
    grade, _ = settle(verdict(Student("a"), timedelta(hours=hours), vgg=8.0), rules)
    assert grade.tasks[0].points == points
    assert grade.tasks[0].penalty == round(8.0 - points, 2)


def test_free_days_go_to_the_earliest_deadline_and_extra_days_move_it() -> None:
    days = {"vgg": DUE, "resnet": DUE + timedelta(days=1)}
    rules = Policy(late="percent", late_days=2, deadlines=days)
    given = verdict(Student("a"), timedelta(days=2), vgg=10.0, resnet=10.0)
    _, late = settle(given, rules)
    assert {name: (one.days, one.spared, one.penalty) for name, one in late.items()} == {
        "vgg": (2, 2, 0.0),
        "resnet": (1, 0, 1.0),
    }
    _, late = settle(verdict(Student("b", extra_days="2"), timedelta(days=2), vgg=10.0), rules)
    assert late["vgg"].days == 0


def test_an_own_deadline_stands_before_all_others(tmp_path: Path) -> None:
    text = """
    [grading]
    late = "zero"
    [deadlines]
    vgg = 2026-03-01T21:00:00Z
    [[extension]]
    student = "a"
    task = "vgg"
    due = 2026-04-01T00:00:00+03:00
    """
    rules = policy(tmp_path, text)
    for student, points in (("a", 8.0), ("b", 0.0)):
        grade, _ = settle(verdict(Student(student), timedelta(days=9), vgg=8.0), rules)
        assert grade.points == points


def test_a_teachers_word_stands_late_or_undecided_or_not(tmp_path: Path) -> None:
    text = """
    [grading]
    late = "zero"
    [deadlines]
    vgg = 2026-03-01T21:00:00Z
    [[override]]
    student = "a"
    task = "vgg"
    points = 7
    reason = "ill"
    """
    rules = policy(tmp_path, text)
    for before in (2.0, None):
        grade, _ = settle(verdict(Student("a"), timedelta(days=5), vgg=before), rules)
        assert (grade.tasks[0].points, grade.tasks[0].reason) == (7.0, "ill")


def test_the_lesson_counts_its_homework_only_and_what_is_undecided_is_not_zero() -> None:
    given = verdict(Student("a"), timedelta(0), vgg=8.0, simpsons=12.0)
    assert settle(given, Policy(preset="lesson"))[0].points == 12.0
    assert settle(given, Policy(preset="course"))[0].points == 20.0
    held = verdict(Student("a"), timedelta(0), vgg=8.0, simpsons=None)
    assert settle(held, Policy())[0].points is None


def test_times_need_a_zone_and_may_be_of_all_tasks(tmp_path: Path) -> None:
    path = tmp_path / "submitted.csv"
    path.write_text("student_id,task,submitted\na,,2026-03-01T10:00:00+03:00\n")
    assert len(read_times(path)["a"]) == len(all_tasks())
    path.write_text("student_id,task,submitted\na,vgg,2026-03-01T10:00:00\n")
    with pytest.raises(UsageError, match="time zone"):
        read_times(path)


def test_a_report_says_what_the_rules_make_of_it() -> None:
    points = {"vgg": 6.0, "resnet": 7.0, "densenet": 8.0}
    tasks = tuple(TaskReport(name, "graded", earned, 10.0, ()) for name, earned in points.items())
    names = ("work/bob", "work/stranger")
    reports = ((n, Report(name, None, "", "cpu", {}, tasks)) for n, name in enumerate(names))
    rules = Policy(
        late="percent",
        deadlines={"vgg": DUE, "resnet": DUE},
        overrides=(Override("bob1", "resnet", 9, "told me"),),
    )
    times = {"bob1": dict.fromkeys(points, DUE + timedelta(hours=1))}
    students = [Student("bob1", github="bob")]
    told = all_explained(reports, students, times, rules, Catalogue.load("en"))
    (_, bob), (_, stranger) = told
    assert bob.notes == (
        Message("note.late", {"task": "VGG", "days": 1, "points": "0.6"}),
        Message("note.override", {"task": "ResNet", "points": "9", "reason": "told me"}),
    )
    assert bob.points == 21.0  # the grader's own verdict stays what it was
    assert stranger.notes == ()
