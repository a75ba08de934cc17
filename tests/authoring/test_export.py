"""The student repository: nothing hidden in it, and its workflow really run, step by step."""

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from autograder.authoring.export import export, texts
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks
from autograder.errors import UsageError
from autograder.files import write
from tests.conftest import ROOT
from tests.helpers import hidden

FILE = Path("assignments") / "03_gradients" / "gradients.py"


def read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def fake_wheel(tmp_path: Path, version: str = "1") -> str:
    path = tmp_path / f"cnn_autograder-{version}-py3-none-any.whl"
    path.write_bytes(b"wheel " + version.encode())
    return str(path)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=s", "-c", "user.email=s@x.example"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands(log: str) -> list[str]:
    """The lines of a log that GitHub takes for commands."""
    found, ends = [], ""
    for line in log.splitlines():
        if ends:
            ends = "" if line.strip() == ends else ends
        elif match := re.fullmatch(r"::stop-commands::(.+)", line.strip()):
            ends = f"::{match[1]}::"
        elif line.lstrip().startswith("::") or "##[" in line:
            found.append(line)
    assert not ends
    return found


def test_an_export_holds_nothing_hidden_and_its_workflow_runs(
    course: Course, tmp_path: Path
) -> None:
    """From export over a push to the steps of check.yml, with the wheel that is in it.

    Every step runs as it is written; pip alone is told to stay offline, and finds what the grader
    needs where the tests run.
    """
    template = tmp_path / "template"
    try:
        export(course, template)
    except UsageError as error:
        if os.environ.get("CI") or "no wheel can be built" not in str(error):
            raise
        pytest.skip(str(error))
    shipped = [
        text for name, data in read(template).items() for text in hidden.contents(name, data)
    ]
    members = {name.partition(".whl/")[2] for name, _ in shipped}
    wanted = {"autograder/cli/main.py", "autograder/course/mutants.py", "simpsons/classes.py"}
    assert wanted <= members
    secrets = [text.encode() for text in (*hidden.regions(course), *hidden.patches(course))]
    lines = {line.encode() for line in hidden.lines(course)}
    for name, text in shipped:
        assert "mutants.py" not in name.replace(".whl/autograder/course/mutants.py", "")
        assert not re.search(r"solutions/|truth\.csv|course\.toml", name)
        assert [one for one in secrets if one in text] == [], name
        assert b"MUTANTS =" not in text and b"MUTANTS: " not in text
        if ".whl" not in name:
            stripped = {line.strip() for line in text.splitlines()}
            assert lines & stripped == set(), name

    for path in template.glob("assignments/*/*.py"):  # only one task was begun, with a slip
        path.unlink()
    text = (ROOT / "solutions" / "03_gradients" / "gradients.py").read_text(encoding="utf-8")
    slip = 'raise KeyError("50%, _b_\\n::set-env name=X::y ##[error]z")'
    (template / FILE).write_text(text.replace("third = first + third", slip), encoding="utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "third = first + third" in row)
    git(template, "init", "-q")
    git(template, "add", ".")
    git(template, "commit", "-qm", "ResNet")
    work = tmp_path / "work"
    git(tmp_path, "clone", "-q", str(template), str(work))

    venv.create(tmp_path / "python", with_pip=False, symlinks=os.name != "nt")
    (site,) = (tmp_path / "python").glob("lib/python*/site-packages")
    (site / "tests.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    summary = tmp_path / "summary.md"
    environment = {
        "PATH": f"{tmp_path / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GITHUB_WORKSPACE": str(work),
        "GITHUB_STEP_SUMMARY": str(summary),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_IGNORE_INSTALLED": "1",
    }
    workflow = yaml.safe_load((work / ".github" / "workflows" / "check.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    ran = []
    for step in job["steps"]:
        if "run" not in step:
            assert re.fullmatch(r"actions/(checkout|setup-python)@[0-9a-f]{40}", step["uses"])
            continue
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        settings = environment | step.get("env", {})
        done = subprocess.run(words, cwd=work, env=settings, capture_output=True, text=True)
        ran.append((step["name"], done.returncode, done.stdout, done.stderr))
    (_, installed, _, trouble), (_, checked, log, _) = ran
    assert installed == 0, trouble
    assert (site / "autograder" / "cli" / "main.py").is_file()
    assert checked == 1
    said = commands(log)
    assert len(said) == len(all_tasks())
    assert all(one.startswith("::error file=assignments/") for one in said)
    assert [one for one in said if f"file={FILE.as_posix()},line={line},title=" in one]
    assert [one for one in said if "50%25, _b_" in one and "set-env" in one], log
    report = summary.read_text(encoding="utf-8")
    assert "не оценка" in report or "а не оценка" in report
    assert "50&#37;&#44; &#95;b&#95;" in report


@pytest.mark.slow  # test_grade.py has the plugin, the next test the student's conftest.py
def test_plain_pytest_checks_the_work(course: Course, tmp_path: Path) -> None:
    export(course, tmp_path / "repo", grader=fake_wheel(tmp_path))
    root = tmp_path / "repo"
    shutil.copy(ROOT / "solutions" / "03_gradients" / "gradients.py", root / FILE)

    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=(root / FILE).parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "27 passed" in done.stdout


@pytest.mark.parametrize(
    ("here", "named", "judged"),
    [
        (".", [], "assignments"),
        ("assignments", [], "assignments"),
        ("assignments/02_vgg", [], "assignments/02_vgg"),
        (".", ["assignments"], "assignments"),
        (".", ["assignments/02_vgg/"], "assignments/02_vgg"),
        (".", ["test_mine.py"], None),
        ("assignments/02_vgg", ["test_mine.py"], None),
        (".", ["assignments/02_vgg/test_mine.py"], None),
        (".", ["assignments", "test_mine.py"], None),
    ],
)
def test_pytest_judges_the_folder_where_it_is_called(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    here: str,
    named: list[str],
    judged: str | None,
) -> None:
    (tmp_path / "assignments" / "02_vgg").mkdir(parents=True)
    conftest = shutil.copy(ROOT / ".github" / "student" / "conftest.py", tmp_path)
    monkeypatch.chdir(tmp_path / here)
    option = SimpleNamespace(submission=None, file_or_dir=named)
    runpy.run_path(conftest)["pytest_configure"](SimpleNamespace(option=option))
    assert option.submission == (judged and str(tmp_path / judged))


def test_an_update_leaves_what_students_wrote(course: Course, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    wheels = tmp_path / "cnn_autograder-0-py3-none-any.whl", fake_wheel(tmp_path, "2")
    wheels[0].write_bytes(b"old")
    first = export(course, root, "en", str(wheels[0]))
    assert not first.kept and len(first.written) == len(read(root)) - 1
    assert export(course, root, "en", str(wheels[0])).written == []
    (root / FILE).write_text("# mine\n")
    (root / "notes.txt").write_text("mine too\n")
    (root / "pytest.ini").unlink()
    done = export(course, root, "ru", wheels[1])
    assert done.kept == [FILE.as_posix()]
    assert (root / FILE).read_text() == "# mine\n"
    assert (root / "notes.txt").is_file() and (root / "pytest.ini").is_file()
    assert [path.name for path in (root / "grader").iterdir()] == [Path(wheels[1]).name]
    assert "grader/cnn_autograder-0-py3-none-any.whl" in done.removed
    names = {path.name for path in root.rglob("*") if path.is_file()}
    assert {"TASK.ru.md", "lesson.ru.ipynb"} <= names
    assert not {"TASK.md", "lesson.ipynb", "README.ru.md"} & names
    assert "ещё не написано" in (root / "assignments/04_resnet/resnet.py").read_text("utf-8")
    assert "README" not in (root / "README.md").read_text("utf-8")
    assert "check --github --lang ru" in (root / ".github/workflows/check.yml").read_text("utf-8")
    # a change of one's own stays one after the update, and giving it up takes the course's text
    (root / FILE).unlink()
    assert export(course, root, "ru", wheels[1]).written == [FILE.as_posix()]


def test_links_out_of_the_repository_are_not_followed(course: Course, tmp_path: Path) -> None:
    root, outside = tmp_path / "repo", tmp_path / "outside"
    export(course, root, "en", fake_wheel(tmp_path))
    shutil.move(root / "assignments" / "02_vgg", outside)
    (root / "assignments" / "02_vgg").symlink_to(outside)
    (root / "..export.json.part").symlink_to(outside / "vgg.py")
    lie = hashlib.sha256(b"").hexdigest()
    record = json.loads((root / ".export.json").read_text(encoding="utf-8"))
    record["files"] |= {"assignments/02_vgg/vgg.py": lie, "assignments/02_vgg/TASK.md": lie}
    record["files"]["../outside/lesson.ipynb"] = hashlib.sha256(
        (outside / "lesson.ipynb").read_bytes()
    ).hexdigest()
    (root / ".export.json").write_text(json.dumps(record), encoding="utf-8")
    before = read(outside)
    done = export(course, root, "ru", fake_wheel(tmp_path))
    assert "assignments/02_vgg/vgg.py" in done.kept
    assert read(outside) == before


def test_what_cannot_be_exported_is_refused(course: Course, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    wheel = fake_wheel(tmp_path)
    for dest, grader, message in (
        (tmp_path / "full", wheel, "no export"),
        (ROOT / "assignments" / "new", wheel, "overwrite the course"),
        (tmp_path / "a", "missing.whl", "no such wheel"),
        (tmp_path / "a", "torch==2.13.0", "pin it: cnn-autograder=="),
        (tmp_path / "a", "cnn-autograder>=0.1", "pin it"),
        (tmp_path / "a", "cnn-autograder==0.*", "pin it"),
        (tmp_path / "a", "cnn-autograder==1\n--index-url x", "--grader:"),
    ):
        with pytest.raises(UsageError, match=message):
            export(course, dest, "", grader)
    assert read(tmp_path / "full") == {"thesis.tex": b"years of work"}
    assert not (tmp_path / "a").exists()
    (tmp_path / "full" / ".export.json").write_text("[]")
    with pytest.raises(UsageError, match="restore it from git"):
        export(course, tmp_path / "full", "", wheel)


@pytest.mark.parametrize(
    ("grader", "everything"),
    [
        ("cnn-autograder==0.1.0", "cnn-autograder[demo,download,notebooks,train]==0.1.0"),
        (
            "cnn-autograder @ git+https://github.com/o/n@0123abc",
            "cnn-autograder[demo,download,notebooks,train]@ git+https://github.com/o/n@0123abc",
        ),
    ],
)
def test_a_released_grader_is_pinned(
    course: Course, tmp_path: Path, grader: str, everything: str
) -> None:
    export(replace(course, languages=("ru",)), tmp_path / "repo", grader=grader)
    assert not [*(tmp_path / "repo").rglob("TASK.md")]  # the course's only language
    lines = {
        name: (tmp_path / "repo" / name).read_text(encoding="utf-8").splitlines()[1]
        for name in ("requirements.txt", "requirements-all.txt")
    }
    assert lines["requirements.txt"].replace(" ", "") == grader.replace(" ", "")
    assert lines["requirements-all.txt"].replace(" ", "") == everything.replace(" ", "")
    assert not (tmp_path / "repo" / "grader").exists()


def test_an_interrupted_export_is_taken_up_again(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.authoring import export as module

    whole, left = write, [10]

    def fails(target: Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        whole(target, content)

    monkeypatch.setattr(module, "write", fails)
    with pytest.raises(KeyboardInterrupt):
        export(course, tmp_path / "repo", "en", fake_wheel(tmp_path))
    monkeypatch.undo()
    done = export(course, tmp_path / "repo", "en", fake_wheel(tmp_path))
    assert done.kept == []
    assert read(tmp_path / "repo").keys() >= texts(course, "en").keys()
