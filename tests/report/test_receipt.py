"""Accounting for a grade: receipts that show edits, replays and regrades that name every change."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from autograder.checks.task_run import planned
from autograder.classroom.replay import as_graded, changes, differences
from autograder.cli.main import app
from autograder.course.messages import Catalogue
from autograder.course.settings import find_course
from autograder.course.tasks import task_named
from autograder.errors import UsageError
from autograder.grading import batch
from autograder.model import Message, Report, Result, TaskReport, digest
from autograder.report import receipt
from autograder.report.as_json import to_json
from autograder.report.folder import Results
from autograder.report.html import to_html
from autograder.report.reading import read_data
from autograder.report.terminal import make_console, origins, print_report
from autograder.submission.collected import COLLECTED_SCHEMA, receipted
from tests.conftest import ROOT
from tests.helpers.organisation import VGG, Class

KEY = "k" * 32
EN = Catalogue.load("en")


def made(failed: Sequence[str] = (), place: str = "ann", **other: Any) -> Report:
    """A report in which some checks of two tasks failed."""
    tasks = []
    for name in ("vgg", "resnet"):
        checks = tuple(
            Result(c, "failed", 0.0, Message("file.missing", {"file": "x"}), 0.5)
            if c.id in failed
            else Result(c, "passed", float(c.points), None, 0.25)
            for c in planned(task_named(name))
        )
        points = sum(check.points for check in checks)
        maximum = float(sum(check.check.points for check in checks))
        tasks.append(TaskReport(name, "graded", points, maximum, checks))
    versions = {"autograder": "0.1.0", "python": "3.11.1"}
    report = Report(place, None, "vgg=1,resnet=2", "cpu", versions, tuple(tasks))
    return receipted(replace(report, **other))


SCORED = [check.id for check in planned(task_named("resnet")) if check.points]


def written(folder: Path, report: Report, key: str = KEY, lang: str = "en") -> Path:
    path = folder / "ann.json"
    path.write_text(to_json(report, Catalogue.load(lang), key), encoding="utf-8")
    return path


def _points(data: dict[str, Any]) -> None:
    data["points"] += 1


def _outcome(data: dict[str, Any]) -> None:
    data["tasks"][0]["checks"][0]["outcome"] = "not_run"


def _text(data: dict[str, Any]) -> None:
    data["tasks"][0]["checks"][0]["title"] = "Well done."


def _deadline(data: dict[str, Any]) -> None:
    data["collected"] = [{"task": "vgg", "commit": "0" * 40, "deadline": ""}]


def _more(data: dict[str, Any]) -> None:
    data["praise"] = "much"


def _signature(data: dict[str, Any]) -> None:
    """As whoever has no key would do it: with everything else made right."""
    _points(data)
    old = data["receipt"]
    data["receipt"] = receipt.receipt(data, "another") | {"key": old["key"]}


def _seconds(data: dict[str, Any]) -> None:
    data["tasks"][0]["checks"][0]["seconds"] = 99


@pytest.mark.parametrize("edit", [_points, _outcome, _text, _deadline, _more, _signature])
def test_an_edit_shows(tmp_path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    data = read_data(written(tmp_path, made()))
    assert receipt.verify(data, KEY)
    edit(data)
    assert not receipt.verify(data, KEY)


def test_timings_are_not_signed_and_the_digest_has_no_language(tmp_path: Path) -> None:
    english = read_data(written(tmp_path, made()))
    _seconds(english)
    assert receipt.verify(english, KEY)
    russian = read_data(written(tmp_path, made(), lang="ru"))
    assert digest(russian) == digest(english) == made().receipt
    assert made([SCORED[0]]).receipt != made().receipt


def test_a_key_that_is_missing_or_another_one_is_no_edit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another key"):
        receipt.verify(read_data(written(tmp_path, made())), "other")
    with pytest.raises(UsageError, match="not signed"):
        receipt.verify(read_data(written(tmp_path, made(), key="")), KEY)
    text = written(tmp_path, made()).read_text()
    assert KEY not in text and "another" not in text


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "autograder/report/v1"}', "[" * 100_000],
)
def test_what_is_no_report_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="no report"):
        read_data(path)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, made())
    path.write_text(path.read_text().replace('"lang": "en"', '"points": 99, "lang": "en"'))
    with pytest.raises(UsageError, match="twice"):
        read_data(path)


def test_the_command_tells_by_key_and_by_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Results(tmp_path, ["ann"], EN, names=False, key=KEY)
    results.add(0, made())
    results.finish()
    path, listed = tmp_path / "ann.json", ["--published", str(tmp_path / "receipts.txt")]
    edited = tmp_path / "edited.json"
    edited.write_text(path.read_text().replace('"points": 20.0', '"points": 21.0'))
    run = CliRunner().invoke
    assert isinstance(run(app, ["receipt", str(path)]).exception, UsageError)
    assert run(app, ["receipt", str(path), *listed]).exit_code == 0
    assert run(app, ["receipt", str(edited), *listed]).exit_code == 1
    monkeypatch.setenv("AUTOGRADER_KEY", KEY)
    assert run(app, ["receipt", str(path)]).exit_code == 0
    told = run(app, ["receipt", str(edited)])
    assert (told.exit_code, "was edited" in told.output) == (1, True)


def collected(folder: Path, **tasks: dict[str, Any]) -> str:
    """A submission with a record of what was collected."""
    place = folder / "submissions" / "ann"
    place.mkdir(parents=True)
    student = {"commit": "b" * 40, "tasks": tasks}
    record = {"schema": COLLECTED_SCHEMA, "students": {"ann": student}}
    (folder / "collected.json").write_text(json.dumps(record))
    return str(place)


def test_a_report_says_commit_deadline_receipt_and_how_to_question_it(tmp_path: Path) -> None:
    taken = {"submitted": "2026-03-01T20:00:00+00:00", "deadline": "2026-03-01T21:00:00+00:00"}
    place = collected(
        tmp_path,
        vgg={"commit": "a" * 40, "late": False, **taken},
        resnet={"commit": "b" * 40, "late": True, **taken},
        alexnet={"commit": "c" * 40, "late": False, **taken},
    )
    report = made(place=place)
    assert report.commit == "b" * 40
    assert origins(report, EN) == [
        f"vgg: commit {'a' * 12}, deadline 2026-03-01 21:00 UTC",
        f"resnet: commit {'b' * 12}, handed in after the deadline 2026-03-01 21:00 UTC",
    ]
    console = make_console()
    with console.capture() as shown:
        print_report(report, console, EN)
    for text in (shown.get(), to_html(report, EN)):
        for part in (report.receipt[:16], *origins(report, EN), "Give your teacher the receipt"):
            assert part in text
    data = json.loads(to_json(report, EN, KEY))
    assert data["receipt"]["id"] == report.receipt[:16]
    assert [row["commit"] for row in data["collected"]] == ["a" * 40, "b" * 40, "c" * 40]


def test_every_difference_is_named(tmp_path: Path) -> None:
    before = json.loads(to_json(made(), EN))
    after = json.loads(to_json(made([SCORED[0]], device="cuda"), EN))
    assert differences(before, before) == []
    told = "\n".join(differences(before, after))
    lost = planned(task_named("resnet"))
    points = next(check.points for check in lost if check.id == SCORED[0])
    for part in (
        "device: cpu -> cuda",
        f"points: 20.0 -> {20.0 - points}",
        f"{SCORED[0]}: outcome passed -> failed",
        "message_id  -> file.missing",
    ):
        assert part in told
    [change] = changes(before, after)
    assert change.lower
    wanted = f"resnet: 10 -> {10 - points} (-{points}), through {SCORED[0]} passed -> failed"
    assert str(change) == wanted


@pytest.fixture
def grades(monkeypatch: pytest.MonkeyPatch) -> dict[str, Report]:
    """What the grader of today finds, by name."""
    found: dict[str, Report] = {}

    def grade_all(places: Sequence[str], *_: object) -> Iterator[tuple[int, Report]]:
        for number, place in enumerate(places):
            yield number, found[Path(place).name]

    monkeypatch.setattr(batch, "grade_all", grade_all)
    return found


def test_a_regrade_raises_names_who_changes_and_keeps_the_old_report(
    tmp_path: Path, grades: dict[str, Report]
) -> None:
    old = {"up": made([SCORED[0]]), "down": made(), "same": made()}
    results = Results(tmp_path, list(old), EN, names=False, key=KEY)
    for number, report in enumerate(old.values()):
        results.add(number, report)
    (tmp_path / "batch.json").write_text(json.dumps({"seed": KEY}))
    grades |= {"up": made(), "down": made([SCORED[1]]), "same": made()}
    command = ["regrade", *old, "--out", str(tmp_path), "--sandbox", "none", "--lang", "en"]
    command += ["--course", str(ROOT)]
    run = CliRunner().invoke(app, [*command, "--since", "0.1.0"])
    assert run.exit_code == 0, run.output
    assert f"up: resnet: {old['up'].tasks[1].points:g} -> 10" in run.output
    assert f"{SCORED[0]} failed -> passed" in run.output
    assert f"{SCORED[1]} passed -> failed; kept" in run.output
    now = {name: read_data(tmp_path / f"{name}.json") for name in old}
    assert [data["points"] for data in now.values()] == [20, 20, 20]
    assert all(receipt.verify(data, KEY) for data in now.values())
    assert "yours are kept" in now["down"]["notes"][0]
    kept = read_data(tmp_path / "before" / "up.0.1.0.json")
    assert kept["points"] == old["up"].points
    assert not (tmp_path / "before" / "same.0.1.0.json").exists()
    run = CliRunner().invoke(app, [*command, "--since", "0.1.0", "--allow-lower"])
    assert read_data(tmp_path / "down.json")["points"] == grades["down"].points
    run = CliRunner().invoke(app, [*command, "--since", "0.0.9"])
    assert "newer version" in str(run.exception)


def test_a_replay_takes_what_was_collected(tmp_path: Path) -> None:
    """The mirror still has the commit of the report, whatever lies in the folder now."""
    group = Class(tmp_path)
    ann = group.student("ann")
    ann.commit({VGG: "graded"})
    group.collect()
    place = group.out / "submissions" / "ann"
    data = json.loads(to_json(receipted(replace(made(), submission=str(place))), EN))
    (place / VGG).write_text("changed")
    with as_graded(data, None) as folder:
        assert (folder / VGG).read_text() == "graded"
        assert folder.name == "ann"
    with as_graded(data, place) as folder:
        assert folder == place
    with pytest.raises(UsageError, match="not there"), as_graded({"submission": "x"}, None):
        pass


def test_a_record_that_cannot_be_read_ends_a_batch_before_it_begins(tmp_path: Path) -> None:
    place = collected(tmp_path)
    (Path(place) / "02_vgg").mkdir()
    (tmp_path / "collected.json").write_text("{")
    plan = batch.Plan(find_course(ROOT), (task_named("vgg"),), None, KEY, "cpu", ())
    with pytest.raises(UsageError, match=r"collected\.json"):
        next(batch.grade_all([place], plan))
