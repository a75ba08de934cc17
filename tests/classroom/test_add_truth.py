"""Finishing reports made without the truth: the same verdict, and nothing is believed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.task_run import planned
from autograder.classroom.ci.add_truth import F1, REPRODUCED, Staff, finish_all, finished
from autograder.classroom.ci.handover import hand_over
from autograder.classroom.gradebook.policy import Policy
from autograder.course.messages import Catalogue
from autograder.course.roster import Student
from autograder.course.settings import Course, Rules
from autograder.course.tasks import task_named
from autograder.errors import GraderFault, UsageError
from autograder.grading.seeds import read_seeds, seed_of
from autograder.model import Message, Report, Result, TaskReport
from autograder.report.as_json import to_dict
from autograder.report.reading import to_report
from autograder.submission.task_files import read_submission
from tests.conftest import ROOT

EXAMPLE = ROOT / "datasets" / "example"
TRUTH = EXAMPLE / "truth.csv"
TASK = task_named("simpsons")
EN = Catalogue.load("en")
Written = Callable[..., Path]


def unfinished(reproduced: str, message: Message | None) -> Report:
    """What a machine without the truth says of the homework."""
    said = {F1: ("not_run", Message("homework.no_truth")), REPRODUCED: (reproduced, message)}
    checks = []
    for check in planned(TASK):
        outcome, why = said.get(check.id, ("passed", None))
        checks.append(Result(check, outcome, 0.0, why, 0.1))
    task = TaskReport("simpsons", "error", None, 15.0, tuple(checks))
    return Report("ann", None, "simpsons=5eed", "cpu", {"autograder": "1"}, (task,))


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A report in its folder, and the submission beside it."""
    folder = tmp_path / "submissions" / "ann" / TASK.folder
    folder.mkdir(parents=True)
    (folder / "submission.csv").write_bytes((EXAMPLE / "predictions.csv").read_bytes())

    def write(report: Report, change: Callable[[Any], None] = lambda data: None) -> Path:
        data = to_dict(report, EN)
        change(data)
        path = tmp_path / "reports" / "ann.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("outcome", "message", "checkpoint", "points", "said"),
    [
        ("passed", None, "required", 13, "homework.f1_competition"),
        ("not_run", Message("homework.no_images"), "optional", 13, "homework.f1_competition"),
        (
            "not_run",
            Message("homework.no_checkpoint"),
            "required",
            0,
            "homework.checkpoint_required",
        ),
        ("not_run", Message("homework.too_slow"), "required", None, "homework.too_slow"),
        ("not_run", Message("homework.other_program"), "optional", None, "homework.other_program"),
        ("not_run", Message("not_run.gave_up"), "optional", 0, "not_run.gave_up"),
        (
            "failed",
            Message("homework.not_reproduced", {"equal": 12, "n": 100}),
            "optional",
            None,
            "homework.not_reproduced",
        ),
    ],
)
def test_the_truth_decides_where_no_code_runs(
    written: Written,
    outcome: str,
    message: Message | None,
    checkpoint: str,
    points: int | None,
    said: str,
) -> None:
    path = written(unfinished(outcome, message))
    rules = Rules(truth=TRUTH, checkpoint=checkpoint)
    report = finished(path, path.parent.parent / "submissions" / "ann", rules)
    (task,) = report.tasks
    assert (task.points, task.status) == (points, "error" if points is None else "graded")
    (f1,) = [check for check in task.checks if check.check.id == F1]
    assert f1.message is not None and f1.message.id == said
    if outcome == "passed":
        assert f1.message.values["verified"] == "yes"


def edit(**values: Any) -> Callable[[Any], None]:
    """Change the first check of a report."""
    return lambda data: data["tasks"][0]["checks"][0].update(values)


@pytest.mark.parametrize(
    "change",
    [
        edit(points=15),
        edit(id="simpsons.other"),
        edit(message_id="{check.__class__}", values={"check": "x"}),
        edit(message_id="homework.no_truth", values={"a": ["list"]}),
        edit(misconception="<script>"),
        edit(outcome="won"),
        lambda data: data["tasks"][0].update(points=15),
        lambda data: data["tasks"].append(data["tasks"][0]),
        lambda data: data["tasks"][0].update(task="../../etc"),
        lambda data: data.update(schema="autograder/report/v2"),
        lambda data: data.update(lang="../en"),
    ],
)
def test_nothing_is_believed_that_the_plan_does_not_allow(
    written: Written, change: Callable[[Any], None]
) -> None:
    path = written(unfinished("passed", None), change)
    with pytest.raises(UsageError):
        finished(path, path.parent.parent / "submissions" / "ann", Rules(truth=TRUTH))


def test_a_report_survives_its_json() -> None:
    report = unfinished("passed", None)
    assert to_report(to_dict(report, EN)) == report


def test_a_broken_report_costs_nobody_else_anything(written: Written, tmp_path: Path) -> None:
    path = written(unfinished("passed", None))
    path.with_name("bob.json").write_text("{", encoding="utf-8")
    (tmp_path / "submissions" / "bob").mkdir()
    students = [Student(name) for name in ("bob", "ann", "carl")]
    staff = Staff(Rules(truth=TRUTH), students, Policy(), EN)
    with pytest.raises(GraderFault, match=r"bob\.json"):
        list(finish_all([path.parent], tmp_path / "submissions", tmp_path / "out", staff))
    rows = (tmp_path / "out" / "gradebook.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["bob", "ann", "carl"]
    assert "13" in rows[2].split(",") and set("".join(rows[1].split(",")[4:10])) <= set("0")
    assert (tmp_path / "out" / "ann.html").is_file()


def test_what_is_handed_over_has_the_seeds_of_the_key(tmp_path: Path, course: Course) -> None:
    work = tmp_path / "submissions" / "ann" / "03_gradients"
    work.mkdir(parents=True)
    (work / "gradients.py").write_text("x = 1\n")
    out = tmp_path / "out"
    assert hand_over(course, [work.parent], "key", out) == ["ann"]
    seeds = read_seeds(out / "seeds.json")
    files = read_submission(out / "submissions" / "ann")
    first = {one.task.name: seed_of(seeds, one) for one in files}
    (work / "gradients.py").write_text("x = 2\n")
    with pytest.raises(UsageError, match="handover"):
        seed_of(seeds, read_submission(work.parent)[2])
    hand_over(course, [work.parent], "key", out)
    again = read_seeds(out / "seeds.json")
    after = {one.task.name: seed_of(again, one) for one in read_submission(work.parent)}
    assert {name for name in first if first[name] != after[name]} == {"gradients", "simpsons"}
    mine = tmp_path / "mine"
    mine.mkdir()
    with pytest.raises(UsageError, match="not ours"):
        hand_over(course, [work.parent], "key", mine)


def test_only_some_are_handed_over_by_name_or_repository(tmp_path: Path, course: Course) -> None:
    places = [tmp_path / "c" / "submissions" / name for name in ("ann", "bob")]
    for place in places:
        (place / "03_gradients").mkdir(parents=True)
    rows = {name: {"url": f"https://github.com/School/cnn-{name}"} for name in ("ann", "bob")}
    (tmp_path / "c" / "collected.json").write_text(json.dumps({"students": rows}))
    for text in ("bob", "cnn-bob", "school/CNN-bob", "https://github.com/school/cnn-bob.git"):
        assert hand_over(course, places, "key", tmp_path / "out", [text]) == ["bob"]
    with pytest.raises(UsageError, match="eve"):
        hand_over(course, places, "key", tmp_path / "out", ["eve"])
