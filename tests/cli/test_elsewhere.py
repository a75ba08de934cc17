"""What students run on Windows and macOS, too: check, score, simpsons, plain pytest.

Needs nothing but the package itself; on Linux it stands for them as far as it can: by hiding the
modules that only POSIX has.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "datasets" / "example"
POSIX = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
# Windows has neither these modules nor these names.
HIDE = f"""
import os, signal, sys
for name in {POSIX}:
    sys.modules[name] = None
for name in ("fork", "forkpty", "getuid", "geteuid", "killpg", "mkfifo", "setsid", "O_NOFOLLOW",
             "O_NONBLOCK", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGCHLD", "SIGXCPU", "pthread_sigmask", "sigtimedwait"):
    if hasattr(signal, name):
        delattr(signal, name)
"""
COMMANDS = {
    "autograder": "from autograder.cli.main import main; main()",
    "simpsons": "from simpsons.cli import main; main()",
    "pytest": "import pytest; sys.exit(pytest.main(sys.argv[1:]))",
}


def run(where: Path, command: str, *words: object, code: int = 0) -> str:
    """Run a command as a student does, without what only POSIX has."""
    loaded = "import pathlib, shutil, subprocess, tempfile\n"  # they choose by os.name at import
    text = f"import sys\n{loaded}{'' if os.name == 'nt' else HIDE}\n{COMMANDS[command]}"
    environment = {**os.environ, "LANG": "en_US.UTF-8", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", text, *map(str, words)],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A student's folder with one task done and one not begun."""
    for source, task in (("solutions", "03_gradients"), ("assignments", "04_resnet")):
        ignored = shutil.ignore_patterns("__pycache__", "*.ipynb")
        shutil.copytree(ROOT / source / task, tmp_path / "мои задачи" / task, ignore=ignored)
    return tmp_path / "мои задачи"


def test_check_tells_what_is_right_and_what_is_next(work: Path) -> None:
    told = run(work, "autograder", "check", "gradients", "resnet", code=1)
    assert "Solved: 1 of 2 tasks." in told and "is not written" in told


@pytest.mark.slow
def test_the_same_checks_run_under_plain_pytest(work: Path) -> None:
    words = ("--submission", work, "-q", "-p", "no:cacheprovider")
    assert "passed" in run(work, "pytest", *words, "--task", "gradients")
    assert "failed" in run(work, "pytest", *words, "--task", "resnet", code=1)


def test_predictions_are_scored(tmp_path: Path) -> None:
    files = (EXAMPLE / "predictions.csv", "--truth", EXAMPLE / "truth.csv")
    found = json.loads(run(tmp_path, "autograder", "score", *files, "--json", "-"))
    assert (found["points"], found["n"]) == (13, 200)


@pytest.mark.slow
def test_pictures_are_drawn_and_prepared(tmp_path: Path) -> None:
    few = ("--per-class", "2", "--test", "4", "--side", "32")
    run(tmp_path, "simpsons", "synthesize", "--out", "drawn", *few)
    run(tmp_path, "simpsons", "prepare", "--zip", "drawn", "--out", "prepared")
    assert any((tmp_path / "prepared").iterdir())
