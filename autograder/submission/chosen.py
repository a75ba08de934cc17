"""Which file counts: one rule for folders, archives, repositories and notebooks.

The expected path counts, else the nearest to it. Files of systems and programs never do, nor do
backups. A file that may be meant as a task's but has another name is kept beside it and told, for
a person to decide: "resnet (1).py", "ResNet.py", a notebook instead of the file.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from simpsons.junk import is_junk

from autograder.course.tasks import Task, all_tasks

MAX_BYTES = 512 << 10  # of a file of code
MAX_CSV = 4 << 20
MAX_NOTEBOOK = 128 << 20  # pictures included; more than nbgrader would show
MAX_RUN = 400 << 20
NOTEBOOKS = "notebooks"  # for notebooks in no task's folder: their cells tell what they are
LIMITS = {".py": MAX_BYTES, ".ipynb": MAX_NOTEBOOK, ".csv": MAX_CSV, ".txt": MAX_BYTES}
TOLD = (*LIMITS, ".doc", ".docx", ".odt", ".pdf", ".rtf")  # told where nothing takes them
TASK_FOLDER = re.compile(r"0?(\d)[_ -]?([a-z]+)")
BACKUP = re.compile(r"(?<![^\W_])(backups?|bak|old|trash|бэкап|копия|старое)(?![^\W_])")


def place_of(path: PurePosixPath) -> tuple[str, int] | None:
    """Where a file belongs in a submission, and how large it may be; None: it is not read."""
    path = PurePosixPath(unicodedata.normalize("NFC", str(path)))
    if is_junk(path.parts):
        return None
    name, suffix = path.name, path.suffix.lower()
    task, own = _task_of(path)
    if is_backup(path):
        name = "_".join(path.parts[-2:])  # beside the file, and never in its place
        own = False
    if task is None:
        return (f"{NOTEBOOKS}/{name}", MAX_NOTEBOOK) if suffix == ".ipynb" else None
    if task.run and path.parent.name == "run":
        return (f"{task.folder}/run/{name}", MAX_RUN) if name in task.run else None
    readable = own and suffix in (".py", ".ipynb")
    if name in expected(task) or readable or is_like(name, task):
        return f"{task.folder}/{name}", LIMITS[suffix]
    return None


def is_own(folder: Path, task: Task) -> bool:
    """Whether a folder is called like a task's."""
    return _task_of(PurePosixPath(folder.name) / "_")[0] == task


def _task_of(path: PurePosixPath) -> tuple[Task | None, bool]:
    """The task a file is of, by the nearest folder that is named so, else by its own name.

    Also whether it was the folder.
    """
    for part in reversed(path.parts[:-1]):
        match = TASK_FOLDER.fullmatch(part.casefold())
        for task in all_tasks():
            if part.casefold() == task.folder or (match and match[2] == task.name):
                return task, True
    for task in all_tasks():
        if path.name in expected(task) or (path.parent.name == "run" and path.name in task.run):
            return task, False
    alike = [task for task in all_tasks() if is_like(path.name, task)]
    return (alike[0], False) if len(alike) == 1 else (None, False)


def expected(task: Task) -> tuple[str, ...]:
    """The names of a task's files, its predictions included."""
    return (*task.files, *filter(None, [task.predictions]))


def is_backup(path: PurePosixPath) -> bool:
    """Whether a file lies in a folder of old versions."""
    return any(BACKUP.search(part.casefold()) for part in path.parts[:-1])


def is_like(name: str, task: Task) -> bool:
    """Whether a name is not that of a task's file, but may be meant so."""
    stem, dot, suffix = name.casefold().rpartition(".")
    if name in expected(task) or f".{suffix}" not in LIMITS or not dot:
        return False
    words = re.findall(r"[^\W\d_]+", stem)
    several = len(task.files) > 1  # then each has a name that any file may have
    own_names = filter(None, (task.predictions,)) if several else expected(task)
    for own in (*own_names, f"{task.name}.py"):
        start, _, kind = own.rpartition(".")
        fits = suffix == kind or (kind == "py" and suffix in ("ipynb", "txt"))
        if fits and start.replace("_", "") in (*words, "".join(words)):
            return True
    return False


def otherwise(names: Iterable[str], task: Task, own: bool) -> list[str]:
    """Names in a folder that may be meant as a task's file, which is not there.

    own: the folder is the task's, so that any code and any notebook in it may be.
    """
    known = (*expected(task), *task.given)
    found = [name for name in sorted(names) if not is_junk([name]) and name not in known]
    likely = [name for name in found if is_like(name, task)]
    others = [name for name in found if own and name.lower().endswith((".py", ".ipynb"))]
    return list(dict.fromkeys(likely + others))


def misnamed(sources: Mapping[str, object]) -> Iterator[str]:
    """What a teacher is told of files that may be meant as a task's, and are not called so.

    sources: where each file of a submission lay, by its place in the submission.
    """
    for task in all_tasks():
        parts = (place.partition("/") for place in sources)
        there = {name for folder, _, name in parts if folder == task.folder}
        for name in otherwise(there, task, own=not there & set(expected(task))):
            wanted = " or ".join(expected(task))
            source = sources[f"{task.folder}/{name}"]
            yield f"{source}: the file of {task.name} is called {wanted}"


def nearness(path: PurePosixPath, place: str) -> tuple[bool, bool, bool, int, str]:
    """Of two files for one place the one with the smaller value counts: that in the task's own
    folder, then the higher one.
    """
    tail = PurePosixPath(place).parts
    own = path.parts[-len(tail) :] == tail
    return is_backup(path), not own, place != place.lower(), len(path.parts), str(path)
