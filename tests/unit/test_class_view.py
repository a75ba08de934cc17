"""What a class has not understood: counted once a submission, by group, and what changed."""

import json
from pathlib import Path

import pytest

from autograder.checks.judge import planned
from autograder.checks.promise import Message
from autograder.errors import UsageError
from autograder.messages import Catalogue
from autograder.report.folder import Results
from autograder.report.model import CheckReport, Report, TaskReport
from autograder.roster import Student, find, read_roster
from autograder.tasks import task_named

CHECKS = planned(task_named("gradients"))


def report(*mistakes: str) -> Report:
    """A report in which each mistake fails two checks."""
    failed = [
        CheckReport(
            check, "failed", 0.0, Message("norms.not_a_dict", {"call": "f()"}), 0.0, mistake
        )
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


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_roster_as_spreadsheets_write_it(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "roster.csv"
    rows = [
        ("student_id", "name", "github", "group"),
        ("7", "Анна", "ann-k", "9А"),
        ("", "", "", ""),
    ]
    path.write_text("\r\n".join(map(delimiter.join, rows)), encoding=encoding)
    assert read_roster(path) == [Student("7", "Анна", github="ann-k", group="9А")]
    assert find(read_roster(path), "ANN-K") == read_roster(path)[0]
    assert find(read_roster(path), "nobody") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student_id,group\n1,a\n1,b\n", "3: 1 stands in line 2 too"),
        ("name,group\nAnn,a\n", "2: no student_id; the columns are student_id,name,email"),
    ],
)
def test_a_roster_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_roster(path)
