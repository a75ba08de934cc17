"""A submission folder: which files of it are read, and what is wrong with the others."""

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import UsageError
from autograder.tasks import Task, all_tasks

MAX_FILES = 40
MAX_BYTES = 512 << 10
SUBMISSION = "submission.csv"


@dataclass(frozen=True)
class TaskFiles:
    """The Python files of one task, by name.

    problem is a message id ("" if the task's file can be judged): missing, link,
    not_a_file, too_large or unreadable. siblings are files of other tasks that this one may
    use, by path.
    """

    task: Task
    files: dict[str, bytes] = field(default_factory=dict)
    problem: str = ""
    siblings: dict[str, bytes] = field(default_factory=dict)

    def placed(self) -> dict[str, bytes]:
        """All files by their path in the session's folder: tasks side by side."""
        own = {f"{self.task.folder}/{name}": content for name, content in self.files.items()}
        return self.siblings | own

    def digest(self) -> str:
        """Equal for equal files."""
        found = hashlib.sha256()
        for name, content in sorted((self.siblings | self.files).items()):
            found.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape") + content)
        return found.hexdigest()


def read_submission(folder: Path, tasks: tuple[Task, ...] = ()) -> list[TaskFiles]:
    """Read the files of every task below a submission folder.

    Only regular ``*.py`` files right in the task's folder are read, no links, at most
    40 files of 512 KiB each.

    Raises:
        UsageError: the folder is not there, not a folder, unreadable or holds no task.
    """
    if not folder.exists():
        raise UsageError(f"{folder}: there is no such folder; give the folder of a submission")
    if not folder.is_dir():
        raise UsageError(f"{folder}: this is a file; give the folder that holds it")
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from None
    folders = [task.folder for task in all_tasks()]
    if not any(name in folders for name in names):
        raise UsageError(
            f"{folder}: no task found; a submission holds folders such as {', '.join(folders[:3])}"
        )
    return [read_task(folder / task.folder, task) for task in tasks or all_tasks()]


def read_task(folder: Path, task: Task) -> TaskFiles:
    """Read one task's folder; never raises for what a student put there.

    The homework may use the student's other tasks, and it is judged by its predictions even
    where its code is missing.
    """
    found = read_folder(folder, task)
    if not task.homework:
        return found
    others = (read_folder(folder.parent / o.folder, o) for o in all_tasks() if not o.homework)
    siblings = {name: content for other in others for name, content in other.placed().items()}
    handed_in = os.path.lexists(folder / SUBMISSION) and not folder.is_symlink()
    problem = "" if found.files or handed_in else found.problem
    return TaskFiles(task, found.files, problem, siblings)


def read_folder(folder: Path, task: Task) -> TaskFiles:
    """The Python files in a task's folder."""
    if folder.is_symlink():
        return TaskFiles(task, problem="link")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return TaskFiles(task, problem="missing")
    except OSError:
        return TaskFiles(task, problem="unreadable")
    files: dict[str, bytes] = {}
    problem = "missing"
    for entry in entries:
        if not entry.name.endswith(".py"):
            continue
        content, trouble = read_file(Path(entry.path))
        if entry.name == task.file:
            problem = trouble
        if not trouble and (len(files) < MAX_FILES or entry.name in task.files):
            files[entry.name] = content
    return TaskFiles(task, files if not problem or task.homework else {}, problem)


def read_file(path: Path) -> tuple[bytes, str]:
    """The bytes of a regular file of bearable size, or the message id of what is wrong."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        return b"", "link"
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return b"", "unreadable"
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return b"", "not_a_file"
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > MAX_BYTES:
            return b"", "too_large"
        try:
            return file.read(MAX_BYTES), ""
        except OSError:
            return b"", "unreadable"
