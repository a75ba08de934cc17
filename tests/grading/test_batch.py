"""A batch: it survives being killed, judges nothing twice, and no submission stops the others."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from autograder.checks.task_run import ignore, planned
from autograder.course.messages import Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.errors import GraderFault
from autograder.grading import batch
from autograder.grading.batch import Grader, Plan, grade_all
from autograder.grading.cache import Cache
from autograder.grading.grade import grade as grade_submission
from autograder.grading.processes import Processes
from autograder.model import Message, Report, Result, task_from_data, task_to_data
from autograder.report.folder import Results, file_names
from autograder.report.html import class_html, staff_html
from autograder.report.summary import Summary, summary
from autograder.submission.task_files import read_submission
from tests.conftest import HANG, ROOT, hearing, until

GRADIENTS = (task_named("gradients"),)
GOOD = (ROOT / "solutions" / "03_gradients" / "gradients.py").read_bytes()
WORDS = ["--task", "gradients", "--sandbox", "none", "--device", "cpu"]
COMMAND = [sys.executable, "-m", "autograder.cli", "grade"]


def held(folder: Path) -> bytes:
    """What is judged until the file "held" is gone; "judged" says that it has begun."""
    (folder / "held").touch()
    begun, waits = str(folder / "judged"), str(folder / "held")
    text = f"import os, time\nopen({begun!r}, 'w').close()\n"
    return f"{text}while os.path.exists({waits!r}): time.sleep(0.01)\n1 / 0\n".encode()


def put(folder: Path, content: bytes) -> str:
    (folder / "03_gradients").mkdir(parents=True)
    (folder / "03_gradients" / "gradients.py").write_bytes(content)
    return str(folder)


@pytest.fixture
def plan(course: Course, tmp_path: Path) -> Plan:
    return Plan(course, GRADIENTS, None, "secret", "cpu", (), cache=tmp_path / "out" / "cache")


def run(places: list[str], out: Path, *more: object) -> subprocess.CompletedProcess:
    words = [*COMMAND, *places, "--out", str(out), *WORDS, *map(str, more)]
    environment = os.environ | {"AUTOGRADER_KEY": "secret"}
    return subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=HANG
    )


def start(places: list[str], out: Path) -> subprocess.Popen:
    """A batch in a process group of its own, which can be interrupted."""
    with hearing(signal.SIGINT):
        return subprocess.Popen(
            [*COMMAND, *places, "--out", str(out), *WORDS, "--lang", "en"],
            cwd=ROOT,
            env=os.environ | {"AUTOGRADER_KEY": "secret"},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def files(out: Path) -> dict[str, object]:
    """Every file of an output folder, without what a clock writes."""

    def timeless(value: object) -> object:
        if isinstance(value, dict):
            return {k: timeless(v) for k, v in value.items() if k != "seconds"}
        return [timeless(v) for v in value] if isinstance(value, list) else value

    found: dict[str, object] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(out))
        if path.suffix == ".json":
            found[name] = timeless(json.loads(text))
        else:  # the slowest submissions are told last
            found[name] = text.partition('id="slow"')[0]
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
def test_a_killed_batch_goes_on_and_ends_with_the_same_files(tmp_path: Path) -> None:
    texts = [b"def f(:\n", GOOD.replace(b"third = first + third", b"pass"), held(tmp_path)]
    places = [put(tmp_path / f"s{i}", text) for i, text in enumerate(texts)]
    out, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(places, out)
    until(lambda: (tmp_path / "judged").exists() or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (tmp_path / "held").unlink()
    uninterrupted = start(places, whole)
    assert (out / "s1.json").exists()
    assert not (out / "grades.csv").exists()
    kept = {path: path.stat().st_mtime_ns for path in (out / "cache").rglob("*.json")}
    assert len(kept) == 2
    part = out / "cache" / "00" / ".half.part"
    part.parent.mkdir(exist_ok=True)
    part.write_text("{")

    assert run(places, out, "--jobs", 2).returncode == 0
    uninterrupted.communicate(timeout=HANG)
    assert uninterrupted.returncode == 0
    assert files(out) == files(whole)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # nothing was judged twice
    rows = (out / "grades.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == places


def test_only_what_changed_is_judged_again(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = (*GRADIENTS, task_named("vgg"))
    plan = replace(plan, tasks=both)
    place = put(tmp_path / "s", b"def f(:\n")
    (Path(place) / "02_vgg").mkdir()
    (Path(place) / "02_vgg" / "vgg.py").write_bytes(b"def f(:\n")
    copy = str(shutil.copytree(place, tmp_path / "copy"))
    judged: list[str] = []
    real = grade_submission

    def grade(folder, solutions, options, told, known, done):  # type: ignore[no-untyped-def]
        def counted(report):  # type: ignore[no-untyped-def]
            judged.append(report.task)
            done(report)

        return real(folder, solutions, options, told, known, counted)

    monkeypatch.setattr(batch, "grade", grade)
    (_, first), (_, second) = grade_all([place, copy], plan)
    assert judged == ["gradients", "vgg"]
    assert first.tasks == second.tasks
    assert (first.submission, second.submission) == (place, copy)

    (Path(place) / "03_gradients" / "gradients.py").write_bytes(b"x = (\n")
    judged.clear()
    ((_, third),) = grade_all([place], plan)
    assert judged == ["gradients"]
    assert third.tasks[1] == first.tasks[1]

    for path in (tmp_path / "out" / "cache").rglob("*.json"):
        path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    judged.clear()
    ((_, fourth),) = grade_all([place], plan)
    assert judged == ["gradients", "vgg"]
    assert fourth.points == third.points


def test_a_key_holds_everything_a_verdict_follows_from(plan: Plan, tmp_path: Path) -> None:
    folder = Path(put(tmp_path / "s", GOOD))

    def key(plan: Plan) -> str:
        (found,) = read_submission(folder, plan.tasks)
        return Cache(tmp_path, plan.course, plan.options(), plan.sandbox).key(folder, found)

    keys = [key(plan)]
    keys += [key(replace(plan, device="cuda")), key(replace(plan, sandbox="bwrap"))]
    keys += [key(replace(plan, key="other")), key(replace(plan, seed="7"))]
    course = tmp_path / "course"
    shutil.copytree(ROOT / "solutions" / "03_gradients", course / "solutions" / "03_gradients")
    with (course / "solutions" / "03_gradients" / "gradients.py").open("a") as file:
        file.write("#\n")
    keys.append(key(replace(plan, course=replace(plan.course, folder=course))))
    (folder / "03_gradients" / "helper.py").write_bytes(b"")
    keys.append(key(plan))
    assert len(set(keys)) == len(keys)


def test_the_homeworks_key_holds_the_files_of_both_sides(plan: Plan, tmp_path: Path) -> None:
    plan = replace(plan, tasks=(task_named("simpsons"),))
    own, truth, pictures = tmp_path / "s" / "06_simpsons", tmp_path / "t.csv", tmp_path / "p"
    (own / "run").mkdir(parents=True)
    pictures.mkdir()
    rules = replace(plan.rules, truth=truth, images=pictures)
    for path in (own / "submission.csv", truth, own / "run" / "config.json"):
        path.write_text("Id,Expected\n", encoding="utf-8")

    def key(rules=rules) -> str:  # type: ignore[no-untyped-def]
        changed = replace(plan, rules=rules)
        (found,) = read_submission(own.parent, plan.tasks)
        return Cache(tmp_path, plan.course, changed.options(), "none").key(own.parent, found)

    keys = [key(), key(replace(rules, checkpoint="required")), key(replace(rules, metric="honest"))]
    steps = [own / "submission.csv", truth, own / "run" / "model.safetensors", pictures / "a.jpg"]
    for path in (*steps, own / "run" / "config.json"):
        path.write_text("changed", encoding="utf-8")
        keys.append(key())
    assert len(set(keys)) == len(keys)
    if hasattr(os, "mkfifo"):
        (own / "submission.csv").unlink()
        os.mkfifo(own / "submission.csv")
        assert key() not in keys


def test_faults_are_not_kept_and_odd_values_are_ignored(plan: Plan, tmp_path: Path) -> None:
    place = put(tmp_path / "s", b"def f(:\n")
    broken = Grader(plan).give_up(place, "no reason")
    cache = Cache(tmp_path / "c", plan.course, plan.options(), "none")
    cache.store("00", broken.tasks[0])
    assert not (tmp_path / "c").exists()
    ((_, report),) = grade_all([place], plan)
    task = report.tasks[0]
    value = json.loads(json.dumps(task_to_data(task)))
    flows = json.loads(json.dumps([asdict(flow) for flow in task.flows]))
    read = task_from_data(value, planned(GRADIENTS[0]), flows)
    assert task_to_data(read) == task_to_data(task)
    assert read.flows == task.flows
    (kept,) = (tmp_path / "out" / "cache").rglob("*.json")
    odd = [[], 7, {}, value | {"points": 9}, value | {"checks": value["checks"][1:]}]
    odd += [value | {"task": "vgg"}, value | {"checks": [7] * len(value["checks"])}]
    cache = Cache(tmp_path / "out" / "cache", plan.course, plan.options(), "none")
    assert cache.load(kept.stem, GRADIENTS[0]) == report.tasks[0]
    for text in (*map(json.dumps, odd), "", "\x00", "[" * 100_000):
        kept.write_text(text, encoding="utf-8")
        assert cache.load(kept.stem, GRADIENTS[0]) is None


class Fragile(Grader):
    """Dies, hangs or raises where a submission is called so."""

    def grade(self, place: str, on_result: Callable[[Result], None] = ignore) -> Report:
        name = Path(place).name
        if name == "dies" or (name == "dies_once" and not (Path(place) / "tried").exists()):
            (Path(place) / "tried").touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        if name == "hangs":
            time.sleep(HANG)
        return super().grade(place, on_result)

    def _grade(self, folder: Path, on_result: Callable[[Result], None]) -> Report:
        if folder.name == "raises":
            raise GraderFault("our own mistake")
        return super()._grade(folder, on_result)


def test_a_grading_process_that_dies_costs_only_its_submission(plan: Plan, tmp_path: Path) -> None:
    names = ["dies", "dies_once", "raises", "fine"]
    places = [put(tmp_path / name, b"def f(:\n# " + name.encode()) for name in names]
    plan = replace(plan, jobs=2)
    out = tmp_path / "out"
    results = Results(out, places, Catalogue.load("en"), names=False)
    for number, report in grade_all(places, plan, partial(Processes, make=Fragile)):
        results.add(number, report)
    results.finish()
    reports = {name: json.loads((out / f"{name}.json").read_text()) for name in names}
    points = {name: report["points"] for name, report in reports.items()}
    assert points == {"dies": None, "dies_once": 0, "raises": None, "fine": 0}
    (task,) = reports["dies"]["tasks"]
    assert task["status"] == "error"
    assert {check["message_id"] for check in task["checks"]} == {"not_run.grader_broke"}
    assert "died (signal 9)" in task["checks"][0]["message"] or sys.platform == "win32"
    assert "our own mistake" in reports["raises"]["tasks"][0]["checks"][0]["message"]
    rows = [row.split(",") for row in (out / "grades.csv").read_text().splitlines()[1:]]
    assert [row[1] for row in rows] == ["", "0", "", "0"]
    with pytest.raises(GraderFault, match="did not run for dies, raises"):
        results.complain()


def test_a_grading_process_that_hangs_is_replaced(plan: Plan, tmp_path: Path) -> None:
    plan = replace(plan, patience=2.0)
    place = put(tmp_path / "hangs", b"def f(:\n")
    ((_, report),) = grade_all([place], plan, partial(Processes, make=Fragile))
    assert report.points is None
    message = report.tasks[0].checks[0].message
    assert message is not None
    assert message.values["text"] == "the grading process hung: 2 s without a sign of life"


def test_what_was_judged_before_the_grader_broke_is_kept(plan: Plan, tmp_path: Path) -> None:
    place = put(tmp_path / "s", b"def f(:\n")
    (Path(place) / "02_vgg").mkdir()
    (Path(place) / "02_vgg" / "vgg.py").write_bytes(b"def f(:\n")
    assert next(grade_all([place], plan))[1].points == 0
    tasks = (*GRADIENTS, task_named("vgg"), task_named("resnet"))
    report = Grader(replace(plan, tasks=tasks)).give_up(place, "why")
    found = [(task.status, task.points) for task in report.tasks]
    assert found == [("graded", 0), ("error", None), ("missing", 0)]


def test_a_report_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    places = [put(tmp_path / name, b"def f(:\n") for name in ("a", "x" * 253, "b")]
    out = tmp_path / "out"
    done = run(places, out)
    assert done.returncode == 3, done.stderr
    assert "cannot be written: File name too long" in done.stderr
    assert "Traceback" not in done.stderr
    assert len((out / "grades.csv").read_text().splitlines()) == 4
    assert [(out / f"{name}.json").exists() for name in ("a", "b")] == [True, True]
    assert done.stdout.splitlines()[0] == "a: 0 of 10 points"
    assert len(done.stdout.splitlines()) == 3


def test_two_submissions_of_one_name_are_told_apart(tmp_path: Path) -> None:
    names = file_names(["one/Ann", "two/ann", "batch", "s3://bucket/class/Ann/", "s3://b/.."])
    assert names == ["Ann", "ann-2", "batch-2", "Ann-3", "submission"]
    places = [put(tmp_path / part / "Ann", b"def f(:\n") for part in ("1", "2")]
    out = tmp_path / "1"  # DIR/* may hold the output folder of the last run
    assert run([*places, str(out)], out).returncode == 0
    for name, place in zip(("Ann", "Ann-2"), places, strict=True):
        assert json.loads((out / f"{name}.json").read_text())["submission"] == place


NAME = "=<script>alert(1)</script>\"'&Ann"
TEXT = b'raise RuntimeError("<b>Ann</b>")\n'


@pytest.fixture(scope="module")
def summaries(course: Course, tmp_path_factory: pytest.TempPathFactory) -> list[Summary]:
    """A hostile one, a broken one, a missing one and a link."""
    folder = tmp_path_factory.mktemp("class")
    places = [put(folder / "hostile", TEXT), put(folder / "broken", GOOD)]
    (folder / "missing" / "02_vgg").mkdir(parents=True)
    (folder / "link" / "03_gradients").mkdir(parents=True)
    (folder / "link" / "03_gradients" / "gradients.py").symlink_to(places[1])
    places += [str(folder / "missing"), str(folder / "link")]
    plan = Plan(course, GRADIENTS, None, "secret", "cpu", ())
    reports = [report for _, report in grade_all([places[0], *places[2:]], plan)]
    reports.insert(1, Grader(plan).give_up(places[1], "the <i>disk</i> broke"))
    reports[0] = replace(reports[0], submission=NAME)
    return [summary(report) for report in reports]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_class_page_names_nobody_unless_asked(summaries: list[Summary], lang: str) -> None:
    catalogue = Catalogue.load(lang)
    page = class_html(summaries, catalogue)
    assert "Ann" not in page
    assert "broken" not in page
    assert "<svg" in page
    named = class_html(summaries, catalogue, names=True)
    assert "Ann" in named
    for text in (page, named, staff_html(summaries, catalogue)):
        assert "<script" not in text
        assert "<b>" not in text
        assert "<i>" not in text
        assert "http" not in text
        assert "page." not in text


def test_the_staff_page_says_who_needs_what(summaries: list[Summary]) -> None:
    page = staff_html(summaries, Catalogue.load("en"))
    parts = dict(
        zip(("flagged", "faults", "stuck", "missing", "slow"), page.split("<h2")[1:], strict=True)
    )
    assert "link" in parts["flagged"]
    assert "Ann" not in parts["flagged"]
    assert "&lt;i&gt;disk" in parts["faults"]
    assert "Ann" in parts["stuck"]
    assert "/missing" in parts["missing"]
    assert "Ann" in parts["slow"]


def test_a_message_in_general_says_nothing_of_a_student() -> None:
    english = Catalogue.load("en")
    values = {"text": "Ann", "call": "Ann()", "at": "", "got": "Ann", "expected": "Bob"}
    assert (
        english.in_general(Message("shape.wrong", values)) == "… returned a tensor …, expected …."
    )
    said = english.in_general(Message("fault.not_written", values))
    assert said == english.hint(Message("fault.not_written", values))


def test_an_interrupted_batch_ends_cleanly(tmp_path: Path) -> None:
    texts = {"a": b"def f(:", "b": held(tmp_path), "c": b"x = (\n"}
    places = [put(tmp_path / name, text) for name, text in texts.items()]
    process = start(places, tmp_path / "out")
    until(lambda: (tmp_path / "judged").exists() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert "1 of 3 graded and kept; the same command goes on" in errors
    assert "Traceback" not in errors
