"""Attacks by what a submission's folder holds: links, devices, odd names, files that hide."""

import contextlib
import os
import shutil
from pathlib import Path

from tests.attacks.catalogue import Attack

FILE = "gradients.py"
HIDING = (
    "torch.py", "numpy.py", "typing.py", "conftest.py", "sitecustomize.py", "usercustomize.py",
    "autograder.py", "json.py", "struct.py", "zygote.py", "pytest_plugin.py",
)  # fmt: skip


def replaced(folder: Path) -> Path:
    """The path of the task's file, with nothing there."""
    (folder / FILE).unlink()
    return folder / FILE


def link(folder: Path) -> None:
    replaced(folder).symlink_to("/etc/passwd")


def fifo(folder: Path) -> None:
    os.mkfifo(replaced(folder))
    os.mkfifo(folder / "helper.py")


def device(folder: Path) -> None:
    path = replaced(folder)
    try:
        os.mknod(path, 0o20600, os.makedev(1, 5))  # zeros without end
    except OSError:  # not as an ordinary user
        path.symlink_to("/dev/zero")


def sparse(folder: Path) -> None:
    with (folder / FILE).open("r+b") as file:
        file.truncate(1 << 40)


def directory(folder: Path) -> None:
    (replaced(folder) / "deep").mkdir(parents=True)


def odd_names(folder: Path) -> None:
    names = ("::error::x.py", "\x1b[31m.py", "\n##[error]y.py", "..\\..\\x.py", "a" * 250 + ".py")
    for name in names:
        (folder / name).write_text("raise RuntimeError('BREACH: imported')")
    with contextlib.suppress(OSError):
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.py")).write_text("x")


def hiding(folder: Path) -> None:
    for name in HIDING:
        (folder / name).write_text("raise RuntimeError('BREACH: a file hides another')")
    package = folder / "autograder"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('BREACH: a package hides ours')")
    (folder / "x.pth").write_text("import os; os._exit(0)\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-k nothing'\n")


def many_files(folder: Path) -> None:
    for number in range(2000):
        (folder / f"x{number}.py").write_text("x")


def git_trap(folder: Path) -> None:
    git = folder.parent / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/../../../../etc/passwd")
    os.mkfifo(git / "packed-refs")
    (git / "config").write_text("[core]\n\tfsmonitor = touch /BREACH\n")


def run_link(folder: Path) -> None:
    (folder / "submission.csv").write_text("Id,Expected\nimg0,nobody\n")
    (folder / "run").symlink_to("/etc")


def run_fifo(folder: Path) -> None:
    run = folder / "run"
    run.mkdir()
    os.mkfifo(run / "config.json")
    (run / "model.safetensors").symlink_to("/etc/passwd")
    (folder / "submission.csv").write_text("Id,Expected\n../../../etc/passwd,nobody\n")


def formulas(folder: Path) -> None:
    shutil.rmtree(folder / "run", ignore_errors=True)
    rows = ("=1+1,+cmd|' /C calc'!A0", "@SUM(1),-2", "::error::x,\x1b[31m<script>", "img0,\ud7ff")
    (folder / "submission.csv").write_text("Id,Expected\n" + "\n".join(rows))


FILES = [
    Attack("link", "files", "a link to a file of the machine", prepare=link),
    Attack("fifo", "files", "a pipe that nobody writes to", prepare=fifo),
    Attack("device", "files", "a device without end", prepare=device),
    Attack("sparse", "files", "a terabyte of nothing", prepare=sparse),
    Attack("directory", "files", "a folder with the file's name", prepare=directory),
    Attack("odd_names", "files", "names with commands and escapes", prepare=odd_names),
    Attack("crowd", "files", "two thousand files", prepare=many_files),
    Attack("git_trap", "files", "a .git with a path outside, a pipe and a hook", prepare=git_trap),
    Attack("run_link", "files", "a run folder that is a link", task="simpsons", prepare=run_link),
    Attack("run_fifo", "files", "a run folder of pipes and links", task="simpsons",
           prepare=run_fifo),
    Attack("formulas", "files", "formulas and escapes in submission.csv", task="simpsons",
           prepare=formulas),
    Attack("overwrites_itself", "files", "changes its own files after they were read", r"""
must_fail("its own file", lambda: open(__file__, "a"))
must_fail("a new file beside it", lambda: open(__file__ + "x", "w"))
must_fail("its own folder", lambda: os.rename(os.path.dirname(__file__), "/autograder/work/x"))
os.symlink("/proc/1/mem", f"{WORK}/link")
os.mkfifo(f"{WORK}/fifo")
"""),
]  # fmt: skip

IMPORTS = [
    Attack("hiding", "imports", "torch.py, conftest.py, sitecustomize.py, .pth, pytest.ini",
           "", 10, "solutions", prepare=hiding),
    Attack("import_hook", "imports", "a finder of its own for everything that comes later", r"""
class Finder:
    def find_spec(self, name, path=None, target=None): raise RuntimeError(f"no {name}")
sys.meta_path.insert(0, Finder())
sys.path_hooks.insert(0, lambda path: 1 / 0)
""", 10, "solutions"),
    Attack("new_interpreter", "imports", "another Python with files of its own in the way", r"""
import subprocess
for name in ("sitecustomize", "torch", "autograder"):
    open(f"{WORK}/{name}.py", "w").write("print('BREACH')")
for words in (["-c", "import autograder.checks.task_run as found; print('BREACH', found)"],
              ["-m", "pip", "install", "torchvision"], ["-m", "pytest", "--version"]):
    found = subprocess.run([sys.executable, "-I", *words], capture_output=True, timeout=60)
    if found.returncode == 0 or b"BREACH" in found.stdout: breach(words)
"""),
]  # fmt: skip

ATTACKS = [*FILES, *IMPORTS]
