"""``autograder grade``: the contract of its report, its exit codes, and bad submissions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.checks.task_run import planned
from autograder.cli.main import main
from autograder.course.messages import Catalogue
from autograder.course.tasks import task_named
from autograder.grading.grade import Options, grade, task_seed
from autograder.grading.references import Solutions
from autograder.observe.session import Workers
from autograder.report.as_json import to_dict
from autograder.report.html import class_html, grades_csv, to_html
from autograder.report.summary import summary
from autograder.submission.task_files import read_submission, read_task
from tests.conftest import HANG, ROOT, SEED
from tests.helpers.drawn import run_command

GRADIENTS = (task_named("gradients"),)


def autograder(*words: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run the command line; grading runs code that we trust, so on every machine."""
    if words[0] == "grade" and "--sandbox" not in words:
        words = (*words, "--sandbox", "none")
    return subprocess.run(
        [sys.executable, "-m", "autograder.cli", *map(str, words)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG,
    )


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A right submission of one task, in a folder with a difficult name."""
    folder = tmp_path / "Иванов Иван, 1-я попытка"
    shutil.copytree(ROOT / "solutions" / "03_gradients", folder / "03_gradients")
    return folder


def test_the_report_keeps_its_contract(submission: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = autograder(
        "grade", submission, "--task", "gradients", "--json", "-", "--html", tmp_path / "r.html",
        "--out", out, "--seed", "7", "--sandbox", "none", "--lang", "ru", "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert list(report)[:10] == [
        "schema", "submission", "commit", "seed", "device", "versions", "points", "max_points",
        "tasks", "lang",
    ]  # fmt: skip
    assert report["schema"] == "autograder/report/v1"
    assert report["lang"] == "ru"
    assert report["points"] == report["max_points"] == 10
    (task,) = report["tasks"]
    assert list(task) == ["task", "status", "points", "max_points", "checks"]
    assert [check["id"] for check in task["checks"]] == [c.id for c in planned(GRADIENTS[0])]
    for check in task["checks"]:
        assert list(check) == [
            "id", "title", "outcome", "points", "max_points", "message", "hint", "message_id",
            "values", "misconception", "seconds",
        ]  # fmt: skip
        assert check["outcome"] == "passed"
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Иванов Иван" in page
    assert "http" not in page.replace('http-equiv="', "")
    assert json.loads((out / f"{submission.name}.json").read_text(encoding="utf-8")) == report
    assert "gradients" in (out / "grades.csv").read_text(encoding="utf-8")
    assert "<table>" in (out / "class.html").read_text(encoding="utf-8")


def test_a_missing_task_is_reported_and_the_others_are_graded(
    solutions: Solutions, workers: Workers, submission: Path
) -> None:
    options = Options((*GRADIENTS, task_named("vgg")), SEED, workers=workers)
    report = to_dict(grade(submission, solutions, options), Catalogue.load("en"))
    assert [(t["task"], t["status"], t["points"]) for t in report["tasks"]] == [
        ("gradients", "graded", 10),
        ("vgg", "missing", 0),
    ]
    assert report["tasks"][1]["checks"][0]["message_id"] == "file.missing"
    assert {c["outcome"] for c in report["tasks"][1]["checks"][1:]} == {"not_run"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grade", "nowhere"], "there is no such folder"),
        (["grade", "README.md"], "this is a file"),
        (["grade", "datasets"], "no task found"),
        (["grade", "solutions", "--task", "nonsense"], "there is no task 'nonsense'"),
        (["grade", "solutions", "--course", "datasets"], "no course.toml"),
        (["grade", "solutions", "assignments", "--json", "-"], "use --out"),
        (["grade", "solutions", "--lang", "fr"], "fr"),
        (["grade", "solutions", "--device", "cuda"], "--device cuda"),
        (["grade"], "SUBMISSION"),
        (["check", "--dir", "datasets"], "no task found here"),
        (["score", "nowhere.csv", "--truth", "datasets/example/truth.csv"], "no such file"),
        (["build", "--lang", "ru"], "--out DIR"),
        (["build", "--out", "solutions"], "would overwrite the course"),
        (["grade", "solutions", "--task", "gradients", "--seed", "gradients=zz"], "copy the seed"),
        (["grade", "solutions", "--task", "gradients", "--html", "."], "this is a folder"),
    ],
)
def test_misuse_ends_with_2_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(ROOT)
    assert run_command(main, *words, *(["--sandbox", "none"] * (words[0] == "grade"))) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told


def test_an_unreadable_or_empty_folder_is_refused(tmp_path: Path) -> None:
    done = autograder("grade", tmp_path)
    assert done.returncode == 2
    assert "no task found" in done.stderr


def put(folder: Path, content: bytes, name: str = "gradients.py") -> Path:
    (folder / "03_gradients").mkdir(parents=True)
    (folder / "03_gradients" / name).write_bytes(content)
    return folder


GOOD = (ROOT / "solutions" / "03_gradients" / "gradients.py").read_bytes()


@pytest.mark.parametrize(
    ("content", "points", "message"),
    [
        (b"\xef\xbb\xbf" + GOOD, 10, ""),
        (GOOD.replace(b"\n", b"\r\n"), 10, ""),
        (GOOD.replace(b"    ", b"\t"), 10, ""),
        (b"# \xcf\xf0\xe8\xe2\xe5\xf2\n" + GOOD, 10, ""),
        (b"x = '\xcf\xf0\xe8\xe2\xe5\xf2'\n" + GOOD, 0, "fault.encoding"),
        (b"# -*- coding: cp1251 -*-\n# \xcf\xf0\xe8\xe2\xe5\xf2\n" + GOOD, 10, ""),
        (b"", 0, "fault.missing_symbol"),
        (b"#" * (600 << 10), 0, "file.too_large"),
        (b"print('x' * 10_000_000)\n" + GOOD, 10, ""),
    ],
)
def test_odd_files(
    solutions: Solutions,
    workers: Workers,
    tmp_path: Path,
    content: bytes,
    points: int,
    message: str,
) -> None:
    folder = put(tmp_path / "s", content)
    report = grade(folder, solutions, Options(GRADIENTS, SEED, workers=workers))
    assert report.points == points
    messages = [c.message.id for c in report.tasks[0].checks if c.outcome == "failed" and c.message]
    assert not message or messages[0] == message


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize("kind", ["link", "folder_link", "fifo", "folder"])
def test_things_that_are_not_files(
    solutions: Solutions, workers: Workers, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    place = folder / "03_gradients"
    target = ROOT / "solutions" / "03_gradients"
    if kind == "folder_link":
        place.symlink_to(target)
    else:
        place.mkdir()
        file = place / "gradients.py"
        if kind == "link":
            file.symlink_to(target / "gradients.py")
        elif kind == "fifo":
            os.mkfifo(file)
        else:
            file.mkdir()
    report = grade(folder, solutions, Options(GRADIENTS, SEED, workers=workers))
    assert report.points == 0
    assert report.tasks[0].checks[0].message is not None
    assert report.tasks[0].checks[0].message.id in (
        "file.link",
        "file.not_a_file",
        "file.unreadable",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="limits and FIFOs are tested on Linux")
def test_a_lower_limit_and_a_hostile_git_folder_cost_nothing(submission: Path) -> None:
    (submission / ".git").mkdir()
    os.mkfifo(submission / ".git" / "HEAD")
    words = f"{sys.executable} -m autograder.cli grade . --task gradients --task gradients"
    words += " --json - --sandbox none"
    course = f"--course {ROOT}"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -d 5000000; ulimit -t 200; {words} {course}"],
        cwd=submission,
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    report = json.loads(done.stdout)
    assert (report["points"], report["max_points"], report["commit"]) == (10, 10, None)


def test_equal_files_get_equal_seeds_and_a_seed_can_be_replayed(tmp_path: Path) -> None:
    one, other = put(tmp_path / "a", GOOD), put(tmp_path / "b", GOOD + b"\n")
    (first,), (second,) = (read_submission(folder, GRADIENTS) for folder in (one, other))
    again = read_task(one / "03_gradients", GRADIENTS[0])
    key = Options(key="secret")
    assert task_seed(key, first) == task_seed(key, again)
    assert task_seed(key, first) != task_seed(key, second)
    assert task_seed(key, first) != task_seed(Options(key="other"), first)
    stated = f"gradients={task_seed(key, first)},vgg=0"
    assert task_seed(Options(seed=stated), second) == task_seed(key, first)
    assert task_seed(Options(seed="7"), first) == task_seed(Options(seed="7"), second)


def test_the_key_of_a_folder_is_kept(tmp_path: Path) -> None:
    submission = put(tmp_path / "s", b"#" * (600 << 10))  # too large: no worker need start
    seeds = []
    for out, key in ((tmp_path / "o", ""), (tmp_path / "o", ""), (tmp_path / "p", "k")):
        words = ["grade", submission, "--task", "gradients", "--json", "-", "--out", out]
        done = autograder(*words, AUTOGRADER_KEY=key)
        seeds.append(json.loads(done.stdout)["seed"])
    assert seeds[0] == seeds[1] != seeds[2]
    assert not (tmp_path / "p" / "batch.json").exists()


def test_a_fault_of_the_grader_costs_no_points(
    solutions: Solutions, workers: Workers, submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.checks import gradients

    def broken(subject: object) -> None:
        raise RuntimeError("our own mistake")

    monkeypatch.setattr(gradients, "check_chain_rule", broken)
    report = grade(submission, solutions, Options(GRADIENTS, SEED, workers=workers))
    (task,) = report.tasks
    assert task.status == "error"
    assert task.points is None
    assert report.points is None
    broke = [c for c in task.checks if c.message and c.message.id == "not_run.grader_broke"]
    assert {c.outcome for c in broke} == {"not_run"}
    row = grades_csv([summary(report)]).splitlines()[1].split(",")
    assert "" in row
    assert "our own mistake" in to_html(report, Catalogue.load("en"))


def test_a_broken_reference_ends_with_3(tmp_path: Path, submission: Path) -> None:
    for name in ("course.toml", "solutions"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    path = tmp_path / "solutions" / "03_gradients" / "gradients.py"
    path.write_text("raise RuntimeError\n", encoding="utf-8")
    done = autograder(
        "grade", submission, "--task", "gradients", "--course", tmp_path, "--json", "-"
    )
    assert done.returncode == 3
    assert "no verdict" in done.stderr
    report = json.loads(done.stdout)
    assert report["points"] is None
    assert report["tasks"][0]["status"] == "error"


def test_a_missing_reference_ends_with_2(tmp_path: Path, submission: Path) -> None:
    shutil.copy(ROOT / "course.toml", tmp_path)
    done = autograder("grade", submission, "--course", tmp_path)
    assert done.returncode == 2
    assert "reference is missing" in done.stderr


def test_hostile_text_is_harmless_in_every_report(
    solutions: Solutions, workers: Workers, tmp_path: Path
) -> None:
    text = b'raise RuntimeError("\\x1b[31m<script>alert(1)</script>\\n::error::x =1+1")\n'
    folder = put(tmp_path / "=cmd<b>", text)
    report = grade(folder, solutions, Options(GRADIENTS, SEED, workers=workers))
    page = to_html(report, Catalogue.load("en"))
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<b>" not in class_html([summary(report)], Catalogue.load("en"), names=True)
    message = Catalogue.load("en").text(report.tasks[0].checks[0].message)
    assert "\x1b" not in message
    assert "\n" not in message


@pytest.mark.slow  # test_batch.py kills and resumes such a batch
def test_several_submissions_in_processes(submission: Path, tmp_path: Path) -> None:
    other = put(tmp_path / "other", b"def f(:\n")
    out = tmp_path / "out"
    words = ["--task", "gradients", "--out", out, "--jobs", "2", "--seed", "1"]
    done = autograder("grade", submission, other, *words)
    assert done.returncode == 0, done.stderr
    rows = (out / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 3
    assert (out / "other.json").is_file()


def test_plain_pytest_judges_a_submission(submission: Path) -> None:
    words = [sys.executable, "-m", "pytest", "--submission", str(submission), "-q"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=HANG)
    assert done.returncode == 0, done.stdout
    assert f"{len(planned(GRADIENTS[0]))} passed" in done.stdout
    file = submission / "03_gradients" / "gradients.py"
    file.write_text(file.read_text(encoding="utf-8").replace("third = first + third", "pass"))
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=HANG)
    assert done.returncode == 1
    assert "FourConvNet(connection='add')" in done.stdout
