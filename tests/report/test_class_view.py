"""What a class has not understood: counted once a submission, by group, and what changed."""

import json
from pathlib import Path

from autograder.checks.task_run import planned
from autograder.course.messages import Catalogue
from autograder.course.roster import Student, find
from autograder.course.tasks import task_named
from autograder.model import Message, Report, Result, TaskReport
from autograder.report.folder import Results

CHECKS = planned(task_named("gradients"))


def report(*mistakes: str) -> Report:
    """A report in which each mistake fails two checks."""
    failed = [
        Result(check, "failed", 0.0, Message("norms.not_a_dict", {"call": "f()"}), 0.0, mistake)
        for mistake in mistakes
        for check in CHECKS[:2]
    ]
    task = TaskReport("gradients", "graded", 0.0, 10.0, tuple(failed))
    return Report("somebody", None, "", "cpu", {}, (task,))


def page(folder: Path, found: dict[str, Report], snapshot: bool = False) -> str:
    students = [Student("ann", group="9A"), Student("b2", github="bob", group="9B")]
    catalogue = Catalogue.load("en")
    results = Results(folder, list(found), catalogue, False, students, snapshot)
    for number, (name, one) in enumerate(found.items()):
        results.add(number, Report(name, *list(vars(one).values())[1:]))
    results.finish()
    return (folder / "class.html").read_text(encoding="utf-8")


def test_typical_mistakes_of_a_class(tmp_path: Path) -> None:
    diagnosis = Catalogue.load("en").mistake("gradients", "concat_order")[0]
    both = {"ann": report("concat_order"), "bob": report("concat_order", "sum_of_factors")}
    first = page(tmp_path, both)
    assert diagnosis.replace('"', "&#34;") in first
    assert "100 % (2)" in first and "50 % (1)" in first
    assert "9A: 1" in first and "9B: 1" in first
    assert "explained in one minute" in first
    assert "100 % (2)" in page(tmp_path, both)  # the same again is no new run
    then = page(tmp_path, {"ann": report("concat_order"), "bob": report()})
    assert "50 % (1, -1)" in then and "0 % (0, -1)" in then
    assert len(json.loads((tmp_path / "history.json").read_text())["runs"]) == 2


def test_a_snapshot_writes_no_grade(tmp_path: Path) -> None:
    found = page(tmp_path, {"ann": report("concat_order"), "bob": report()}, snapshot=True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "class.html", "staff.html", "history.json",
    }  # fmt: skip
    assert "this look at the class gives no grades" in found
    assert "<rect" not in found


def test_a_submission_is_named_after_its_student() -> None:
    students = [Student("7", "Анна", github="ann-k"), Student("8", lms_id="1234")]
    assert find(students, "ANN-K") == students[0]
    assert find(students, "1234") == students[1]
    assert find(students, "nobody") is None
