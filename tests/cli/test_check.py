"""``autograder check``: what a student sees, on any system and any terminal."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autograder.errors import UsageError
from autograder.grading.locally import find_folder
from tests.conftest import HANG, ROOT

FILE = Path("03_gradients") / "gradients.py"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A student's folder with untouched stubs, in a path with Cyrillic and spaces."""
    folder = tmp_path / "Мои задания 1" / "assignments"
    shutil.copytree(ROOT / "assignments", folder)
    return folder


def check(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "autograder.cli", "check", *map(str, words)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        timeout=HANG,
    )


def solve(work: Path, old: str = "", new: str = "") -> None:
    text = (ROOT / "solutions" / FILE).read_text(encoding="utf-8")
    assert old in text
    (work / FILE).write_text(text.replace(old, new) if old else text, encoding="utf-8")


def test_from_stub_to_solved(work: Path) -> None:
    done = check("gradients", cwd=work, PYTHONIOENCODING="utf-8")
    assert done.returncode == 1
    text = done.stdout.decode()
    assert "first_weight_gradient is not written yet" in text
    assert "Solved: 0 of 1 tasks." in text
    wrong = "print('look', third.shape); third = second + third"
    solve(work, "third = first + third", wrong)
    done = check("gradients", cwd=work.parent, PYTHONIOENCODING="utf-8")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 1
    assert "✗" in lines[1]
    assert "layers 1 and 3" in lines[1]
    assert "Hint:" in lines[3]
    assert "| look torch.Size" in done.stdout.decode()
    solve(work)
    done = check(cwd=(work / FILE).parent, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0
    assert "Solved: 1 of 1 tasks." in done.stdout.decode()


@pytest.mark.parametrize(
    ("lang", "encoding"),
    [("ru", "cp1251"), ("ru", "cp866"), ("ru", "ascii")]
    + [
        pytest.param("en", encoding, marks=pytest.mark.slow)
        for encoding in ("cp1251", "cp866", "ascii", "utf-8")
    ],
)
def test_any_terminal_encoding(work: Path, lang: str, encoding: str) -> None:
    done = check("gradients", "--lang", lang, cwd=work, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 1, done.stderr.decode(errors="replace")
    text = done.stdout.decode(encoding)
    assert ("✗" if encoding == "utf-8" else "[x]") in text
    if encoding in ("cp1251", "cp866") and lang == "ru":
        assert "Решено задач: 0 из 1." in text


def test_the_first_failing_task_is_explained_first(work: Path) -> None:
    solve(work)
    done = check("gradients", "resnet", "--lang", "ru", cwd=work, PYTHONIOENCODING="utf-8")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "resnet"
    assert any(line.startswith("✓ gradients") for line in lines)
    assert lines[-1] == "Решено задач: 1 из 2."


def test_watch_checks_again_when_a_file_is_saved(work: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "autograder.cli", "check", "gradients", "--watch"],
        cwd=work,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    killer = threading.Timer(HANG, process.kill)
    killer.start()
    seen = []
    try:
        for line in process.stdout:
            seen.append(line)
            if line.startswith("Solved: 0"):
                solve(work)
            if line.startswith("Solved: 1"):
                break
    finally:
        killer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    assert seen[-1].startswith("Solved: 1 of 1")


def test_the_folder_is_found(work: Path, tmp_path: Path) -> None:
    assert find_folder(work) == (work.resolve(), [])
    assert find_folder(work.parent) == (work.resolve(), [])
    root, (task,) = find_folder(work / "02_vgg")
    assert (root, task.name) == (work.resolve(), "vgg")
    with pytest.raises(UsageError, match="no task found here"):
        find_folder(work.parent.parent)
    with pytest.raises(UsageError, match="no such folder"):
        find_folder(tmp_path / "nowhere")


def test_debugging_runs_in_this_process(work: Path) -> None:
    solve(work, "third = first + third", "third = first + undefined_name")
    done = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "check", "gradients", "--pdb"],
        cwd=work,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        input=b"p 6 * 7\nq\n" * 20,
        capture_output=True,
        timeout=HANG,
    )
    text = done.stdout.decode()
    assert "(Pdb) 42" in text
    assert "undefined_name" in text + done.stderr.decode()


BLOCK = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not there on this system")

sys.meta_path.insert(0, Refuse())
for name in {blocked}:
    sys.modules.pop(name, None)
"""


def test_check_needs_no_posix_module_and_few_packages(work: Path) -> None:
    """Windows has no resource, fcntl, pwd or grp; students have no babel, sklearn, jinja2.

    Nor does the checking process load torch.
    """
    blocked = (
        "resource", "fcntl", "pwd", "grp", "termios", "pty", "tty", "posixpath_", "sklearn",
        "babel", "jinja2", "PIL", "safetensors", "scipy", "torchvision", "tomlkit",
    )  # fmt: skip
    code = BLOCK.format(blocked=blocked) + (
        "import autograder.cli.main, autograder.grading.locally, autograder.report.terminal\n"
        "import autograder.observe.session, autograder.grading.plugin, autograder.sandbox.warm\n"
        "sys.argv = ['autograder', 'check', 'gradients']\n"
        "try:\n    autograder.cli.main.main()\n"
        "finally:\n    assert 'torch' not in sys.modules\n"
    )
    solve(work)
    done = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, timeout=HANG)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode(errors="replace")
