"""my_work.zip: a student's files of all tasks, carried from one machine to the next."""

import zipfile
from pathlib import Path

from simpsons.files import replacing

from autograder.course.tasks import all_tasks

NAME = "my_work.zip"
NOTEBOOKS = ("lesson.ipynb", "lesson.ru.ipynb")
OTHERS = ("submission.csv",)
LIMIT = 20_000_000  # bytes of one file


def root_of(folder: Path) -> Path:
    """The folder that holds the tasks, seen from one of them or from itself."""
    return folder.parent if folder.name in {task.folder for task in all_tasks()} else folder


def names() -> list[str]:
    """Everything of the tasks that is a student's work."""
    return [
        f"{task.folder}/{name}"
        for task in all_tasks()
        for name in (*task.files, *NOTEBOOKS, *(OTHERS if task.uses_others else ()))
    ]


def pack(folder: Path) -> Path:
    """Write my_work.zip beside the notebook; a half-written file never replaces a whole one."""
    root, path = root_of(folder), folder / NAME
    with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names():
            if (root / name).is_file():
                archive.write(root / name, name)
    return path


def restore(folder: Path, uploaded: Path) -> list[str]:
    """Unpack an uploaded my_work.zip over the tasks, once: afterwards it has another name.

    Only what is a student's code, only into the tasks' folders.
    """
    archive = uploaded / NAME
    if not zipfile.is_zipfile(archive):
        return []
    restored = []
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            name = info.filename
            if name in names() and not name.endswith(".ipynb") and info.file_size <= LIMIT:
                target = root_of(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(opened.read(info))
                restored.append(name)
    archive.replace(archive.with_name("my_work.restored.zip"))
    return restored
