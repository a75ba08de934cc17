"""Judging on the student's own machine, against recorded answers instead of the reference.

Nothing here is POSIX-only, and this process needs no torch: it loads in the worker meanwhile.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.checks import recorded
from autograder.course.tasks import Task, all_tasks, task_named
from autograder.diagnose.explain import shipped
from autograder.errors import UsageError
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References
from autograder.model import TaskReport
from autograder.observe import protocol
from autograder.observe.profiles import Profile
from autograder.observe.session import InProcessSession, Session, Workers
from autograder.submission.task_files import TaskFiles, read_task


def find_folder(folder: Path | None) -> tuple[Path, list[Task]]:
    """The folder that holds the tasks, and the one task if we stand inside its folder.

    Raises:
        UsageError: no task's folder is near.
    """
    start = (folder or Path.cwd()).resolve()
    if folder is not None and not start.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    names = {task.folder: task for task in all_tasks()}
    if start.name in names and (start / names[start.name].file).exists():
        return start.parent, [names[start.name]]
    for place in (start, start / "assignments"):
        if any((place / name).is_dir() for name in names):
            return place, []
    raise UsageError(
        f"{start}: no task found here; go to the folder that holds {next(iter(names))} "
        "or name it with --dir"
    )


def readable(folder: Path, names: list[str]) -> list[TaskFiles]:
    """The files of the tasks in a folder that can be judged.

    Raises:
        UsageError: there is no such task or folder, or no file of a task.
    """
    root, here = find_folder(folder)
    tasks = [task_named(name) for name in names] or here or list(all_tasks())
    found = [read_task(root / task.folder, task) for task in tasks]
    if all(files.problem for files in found):
        raise UsageError(f"{folder}: no file to judge, such as {tasks[0].folder}/{tasks[0].file}")
    return [files for files in found if not files.problem]


def check_task(files: TaskFiles, workers: Workers) -> TaskReport:
    """Judge a task against the recorded answers."""
    right = References(recorded.load(files.task), shipped(files.task))
    return grade_task(files, right, recorded.SEED, workers=workers)


class DebugSession(InProcessSession):
    """Stops in the debugger where the student's code first raised."""

    stopped = False

    def ask(self, request: protocol.Request) -> protocol.Answer:
        answer = super().ask(request)
        error, self.worker.last_error = self.worker.last_error, None
        # A ValueError while building is what the task asks for; one stop is enough.
        expected = isinstance(error, NotImplementedError) or (
            isinstance(request, protocol.Build) and isinstance(error, ValueError)
        )
        if error is not None and not expected and not self.stopped:
            import pdb
            import traceback

            self.stopped = True
            traceback.print_exception(error)
            pdb.post_mortem(error.__traceback__)
        return answer


class Debugger:
    """Sessions in this process, on the files that their author edits."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> Session:
        return DebugSession(self._root)

    def expect(self, profiles: Iterable[Profile]) -> None:
        """Nothing can start ahead: all of it is this process."""

    def close(self) -> None:
        """There is nothing to end."""
