"""Where a submission is: a folder here, or a URL that fsspec can read."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.course.tasks import Task, all_tasks
from autograder.errors import UsageError
from autograder.submission.chosen import MAX_BYTES, MAX_CSV, MAX_RUN
from autograder.submission.task_files import MAX_FILES, read_submission


def is_url(place: str) -> bool:
    """Whether a place is a URL, not a path."""
    return "://" in place


def name_of(place: str) -> str:
    """The last part of a place, fit to name files by."""
    own = place if is_url(place) else os.path.abspath(place).replace(os.sep, "/")
    name = own.rstrip("/").rpartition("/")[2]
    return name.replace("\\", "_").strip() if name.strip(". ") else "submission"


@contextmanager
def at_hand(place: str) -> Iterator[Path]:
    """The folder of a submission; what is behind a URL is fetched and removed afterwards.

    Raises:
        UsageError: it cannot be read.
    """
    if not is_url(place):
        yield Path(place)
        return
    files, root = _open(place)
    if _is_local(files):  # no copy: a copy would follow the links in it
        yield Path(root)
        return
    scratch = tempfile.mkdtemp(prefix="autograder-")
    try:
        folder = Path(scratch) / name_of(place)
        folder.mkdir()
        for task in all_tasks():
            _fetch_task(files, root, folder, task)
        yield folder
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def look(place: str) -> None:
    """See that a place holds a submission.

    Raises:
        UsageError: it does not, or cannot be read.
    """
    if not is_url(place):
        read_submission(Path(place))
        return
    files, root = _open(place)
    if _is_local(files):
        read_submission(Path(root))
    elif not {entry["name"].rstrip("/").rpartition("/")[2] for entry in _list(files, root)} & {
        task.folder for task in all_tasks()
    }:
        raise UsageError(f"{place}: no task found there; give the URL of a submission's folder")


def _open(place: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    kind = place.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        files, root = url_to_fs(place)
    except ImportError as error:
        raise UsageError(f"{place}: {error}; install it, or give a folder") from None
    except ValueError as error:
        raise UsageError(f"{place}: {kind}:// cannot be read ({error}); give a folder") from None
    return files, str(root)


def _is_local(files: Any) -> bool:
    return "file" in ((files.protocol,) if isinstance(files.protocol, str) else files.protocol)


def _list(files: Any, path: str) -> list[dict[str, Any]]:
    try:
        return list(files.ls(path, detail=True))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except Exception as error:  # every kind of storage has exceptions of its own
        raise UsageError(f"{path}: cannot be read: {error}") from None


def _fetch_task(files: Any, root: str, folder: Path, task: Task) -> None:
    """Fetch what grading may read of a task, each file to its limit and a byte."""
    target = folder / task.folder
    python = 0
    for entry in sorted(_list(files, f"{root}/{task.folder}"), key=lambda e: str(e["name"])):
        name = entry["name"].rpartition("/")[2]
        if entry["type"] != "file":
            continue
        if name.endswith(".py") and (python < MAX_FILES or name in task.files):
            python += 1
            _fetch(files, entry["name"], target / name, MAX_BYTES + 1)
        elif task.predictions and name == task.predictions:
            _fetch(files, entry["name"], target / name, MAX_CSV + 1)
    for entry in _list(files, f"{root}/{task.folder}/run") if task.run else []:
        name = entry["name"].rpartition("/")[2]
        if entry["type"] == "file" and name in task.run:
            _fetch(files, entry["name"], target / "run" / name, MAX_RUN + 1)


def _fetch(files: Any, source: str, target: Path, limit: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with files.open(source, "rb") as there, target.open("wb") as here:
            while limit > 0 and (chunk := there.read(min(limit, 1 << 20))):
                here.write(chunk)
                limit -= len(chunk)
    except Exception as error:  # every kind of storage has exceptions of its own
        raise UsageError(f"{source}: cannot be read: {error}") from None
