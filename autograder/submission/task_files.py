"""A submission folder: which files of it are read, and what is wrong with the others."""

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from simpsons.junk import is_junk

from autograder.course.tasks import Task, all_tasks
from autograder.errors import UsageError
from autograder.submission.chosen import (
    MAX_BYTES,
    NOTEBOOKS,
    expected,
    is_backup,
    is_own,
    nearness,
    otherwise,
    place_of,
)

MAX_FILES = 40
SUBMISSION = "submission.csv"
MAX_ENTRIES, MAX_FOLDERS, MAX_DEPTH = 20_000, 1_000, 8  # looked at where a task is not found
NAMED = 3


@dataclass(frozen=True)
class TaskFiles:
    """The Python files of one task, by name.

    problem is a message id ("" if the task's file can be judged): missing, otherwise, link,
    not_a_file, too_large or unreadable. siblings are files of other tasks that this one may
    use, by path. others: names of files that may be meant as the one that is missing.
    """

    task: Task
    files: dict[str, bytes] = field(default_factory=dict)
    problem: str = ""
    siblings: dict[str, bytes] = field(default_factory=dict)
    others: tuple[str, ...] = ()

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
    40 files of 512 KiB each. A task that is not where it should be is looked for.

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
    places = folders_of(folder)
    if not any(name in folders for name in names) and not any(map(Path.exists, places.values())):
        raise UsageError(
            f"{folder}: no task found; a submission holds folders such as {', '.join(folders[:3])}"
        )
    return [
        read_task(places[task.name], task, tuple(places.items())) for task in tasks or all_tasks()
    ]


def folder_of(submission: Path, task: Task) -> Path:
    """The folder of a task in a submission: the expected one, else that of the nearest file."""
    return folders_of(submission, (task,))[task.name]


def folders_of(submission: Path, tasks: tuple[Task, ...] = ()) -> dict[str, Path]:
    """The folder of each task, by name."""
    found: dict[str, Path] = {}
    near: dict[str, PurePosixPath] | None = None
    for task in tasks or all_tasks():
        found[task.name] = wanted = submission / task.folder
        there = any(os.path.lexists(wanted / name) for name in expected(task))
        if not there and not wanted.is_symlink():
            near = _nearest(submission) if near is None else near
            found[task.name] = submission / near.get(task.folder, task.folder)
    return found


def _nearest(submission: Path) -> dict[str, PurePosixPath]:
    """The folder of each task by the nearest file that may be its own; links are not followed."""
    known = {name for task in all_tasks() for name in expected(task)}
    best: dict[str, tuple[Any, PurePosixPath]] = {}
    seen = 0
    for root, folders, names in os.walk(submission):
        here = PurePosixPath(Path(root).relative_to(submission).as_posix())
        folders[:] = [name for name in folders if not is_junk([name])][:MAX_FOLDERS]
        if len(here.parts) >= MAX_DEPTH:
            folders.clear()
        for name in names:
            seen += 1
            path = here / name
            place = place_of(path)
            if place is None or place[0].startswith(f"{NOTEBOOKS}/"):
                continue
            folder, _, kept = place[0].partition("/")
            value = (kept not in known, nearness(path, place[0]))
            if kept == name and (folder not in best or value < best[folder][0]):
                best[folder] = value, here
        if seen > MAX_ENTRIES:
            break
    return {folder: here for folder, (_, here) in best.items()}


def read_task(folder: Path, task: Task, places: tuple[tuple[str, Path], ...] = ()) -> TaskFiles:
    """Read one task's folder; never raises for what a student put there.

    places: the folders of the other tasks by name, where they are not beside it.

    The homework may use the student's other tasks, and it is judged by its predictions even
    where its code is missing.
    """
    found = read_folder(folder, task)
    if not task.uses_others:
        return found
    known = dict(places)
    beside = [task for task in all_tasks() if not task.uses_others]
    others = [read_folder(known.get(o.name, folder.parent / o.folder), o) for o in beside]
    siblings = {name: content for other in others for name, content in other.placed().items()}
    handed_in = (
        bool(task.predictions)
        and os.path.lexists(folder / task.predictions)
        and not folder.is_symlink()
    )
    problem = "" if found.files or handed_in else found.problem
    return TaskFiles(task, found.files, problem, siblings, found.others)


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
    others: list[str] = []
    if problem == "missing":
        plain = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        others = otherwise(plain, task, own=is_own(folder, task))
        backups = [e.name for e in entries if is_backup(PurePosixPath(e.name) / task.file)]
        found = (f"{name}/{task.file}" for name in backups)
        others += [name for name in found if (folder / name).is_file()]
    files = files if not problem or task.predictions else {}
    return TaskFiles(task, files, "otherwise" if others else problem, others=tuple(others[:NAMED]))


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
