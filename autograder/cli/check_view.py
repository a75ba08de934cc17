"""``autograder check``: the student's own look at the work, on the student's own machine.

The same checks as in grading, against recorded answers instead of the reference. Nothing
here is POSIX-only, and this process needs no torch: it loads in the worker meanwhile.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder import recordings
from autograder.checks.judge import Bench, Judge, Result, planned
from autograder.checks.witness import Witness
from autograder.diagnose.explain import shipped
from autograder.errors import UsageError
from autograder.grading import check_report, unreadable
from autograder.messages import Catalogue
from autograder.observe import protocol
from autograder.observe.session import InProcessSession, LocalSession, Session
from autograder.report import github
from autograder.report.github import Checked
from autograder.report.model import GRADER_FAULTS, CheckReport, Flow
from autograder.report.terminal import clean, mark, number, print_check, print_flow
from autograder.sandbox.profiles import Profile, profile_for
from autograder.submission import TaskFiles, read_task
from autograder.tasks import Task, all_tasks, task_named

POLL = 0.3  # seconds between two looks at the files while watching


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


def local_benches(folder: Path, names: list[str]) -> list[Bench]:
    """Benches for plain pytest: a worker for each task, recorded answers beside it.

    Raises:
        UsageError: there is no such task or folder, or no file of a task.
    """
    root, here = find_folder(folder)
    tasks = [task_named(name) for name in names] or here or list(all_tasks())
    found = [read_task(root / task.folder, task) for task in tasks]
    readable = [files for files in found if not files.problem]
    if not readable:
        raise UsageError(f"{folder}: no file to judge, such as {tasks[0].folder}/{tasks[0].file}")
    return [make_bench(files, root, Workers()) for files in readable]


class Workers:
    """Hands out workers; keeps one ahead, so that its torch is loaded when it is needed."""

    def __init__(self) -> None:
        self._ahead: LocalSession | None = None

    def ahead(self) -> None:
        """Start the next worker now."""
        self._ahead = self._ahead or LocalSession(Profile())

    def take(self, files: TaskFiles) -> LocalSession:
        if files.task.homework:  # a profile of its own
            return LocalSession(profile_for(Profile(), files.task.allowed, "cpu"), files.placed())
        session, self._ahead = self._ahead or LocalSession(Profile()), None
        session.place(files.placed())
        return session

    def close(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
        self._ahead = None


def make_bench(files: TaskFiles, root: Path, workers: Workers, debug: bool = False) -> Bench:
    """A task on the student's machine; debug runs the code in this process."""

    def opens() -> tuple[Session, str]:
        if debug:
            return DebugSession(), str((root / files.task.folder / files.task.file).resolve())
        session = workers.take(files)
        return session, session.path(f"{files.task.folder}/{files.task.file}")

    witness = Witness(files.task.name, opens, files=files.task.files)
    return Bench(
        files.task,
        witness,
        recordings.load(files.task),
        recordings.SEED,
        mistakes=shipped(files.task),
    )


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


class Checker:
    """Checks some tasks and shows what comes next."""

    def __init__(
        self, root: Path, tasks: list[Task], console: Console, catalogue: Catalogue, debug: bool
    ) -> None:
        self._root = root
        self._tasks = tasks
        self._console = console
        self._catalogue = catalogue
        self._debug = debug
        self._flows: tuple[Flow, ...] = ()
        self.checked: list[Checked] = []
        self.workers = Workers()

    def check(self) -> bool:
        """Check every task; True if nothing failed.

        The first failing check is told in full with its hint, before everything else. Of a single
        task the flow of gradients is shown too.
        """
        found = [self._task(task) for task in self._tasks]
        self.checked = [checked for checked, _ in found]
        say = self._catalogue.say
        unsolved = [(one.reports, printed) for one, printed in found if not one.solved]
        if unsolved:
            self._explain(*unsolved[0])
        if len(self._tasks) == 1:
            for flow in self._flows:
                print_flow(flow, self._console, self._catalogue)
        for one in self.checked:
            self._line(one)
        solved = len(found) - len(unsolved)
        self._console.print(Text(say("ui.solved", solved=solved, total=len(found)), style="bold"))
        return not unsolved

    def _task(self, task: Task) -> tuple[Checked, str]:
        """What came of a task, and what its code printed."""
        files = read_task(self._root / task.folder, task)
        checks = planned(task)
        if files.problem:
            return Checked(files, unreadable(files, checks)), ""
        printed: list[str] = []
        bench = make_bench(files, self._root, self.workers, self._debug)

        def told(result: Result) -> None:
            if result.outcome == "failed" and not printed:
                printed.append(bench.student.printed())

        judge = Judge([bench], told=told, done=lambda bench: self.workers.ahead())
        try:
            results = judge.run()
        finally:
            bench.student.close()
        self._flows = judge.flows.get(task.name, ())
        reports = [check_report(results[check.id]) for check in checks]
        return Checked(files, reports), "".join(printed)

    def _explain(self, reports: Sequence[CheckReport], printed: str) -> None:
        say = self._catalogue.say
        failed = [report for report in reports if report.outcome == "failed"]
        broken = [r for r in reports if r.message and r.message.id in GRADER_FAULTS]
        said: set[str] = set()
        for report in (failed or broken)[:1]:
            self._console.print(Text(report.check.task, style="bold"))
            print_check(report, self._console, self._catalogue, said=said)
        if printed.strip():
            self._console.print(Text(f"      {say('ui.printed')}", style="dim"))
            for line in printed.strip().splitlines()[-10:]:
                self._console.print(Text(f"      | {clean(line.expandtabs())}", style="dim"))
        for report in failed[1:]:
            if report.message is not None and report.message.id != "member.failed":
                print_check(report, self._console, self._catalogue, said=said)
        self._console.print()

    def _line(self, one: Checked) -> None:
        """One line for a task: solved or not, points, how many checks passed."""
        passed = sum(report.outcome == "passed" for report in one.judged)
        points = sum(report.points for report in one.judged)
        maximum = sum(report.check.points for report in one.judged)
        line = Text().append_text(mark(self._console, "passed" if one.solved else "failed"))
        of = self._catalogue.say("ui.points_of", points=number(points), maximum=maximum)
        unit = self._catalogue.say("ui.points")
        earned = f"{of} {unit}, " if maximum else ""  # the homework's points come from its F1
        line.append(f" {one.files.task.name:<10} {earned}{passed}/{len(one.judged)}")
        self._console.print(line)

    def check_on_github(self) -> bool:
        """Check as a step of a workflow: annotate the student's lines, write the job's summary."""
        with github.no_commands(self._console.file):
            self._console.print(self._catalogue.say("github.not_the_grade"))
            passed = self.check()
        top = os.environ.get("GITHUB_WORKSPACE") or Path.cwd()
        folder = Path(os.path.relpath(self._root, top)).as_posix()
        for line in github.annotations(self.checked, folder, self._catalogue):
            print(line, file=self._console.file)
        if path := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(github.summary(self.checked, self._catalogue))
        return passed

    def watch(self, changes: Callable[[], Iterator[list[Task]]]) -> None:
        """Check again whenever a file changes, until interrupted."""
        self.check()
        for tasks in changes():
            self._console.print()
            self._tasks = tasks
            self.check()


def changes(root: Path, tasks: list[Task]) -> Iterator[list[Task]]:
    """The tasks whose files were saved, each time some were; never ends."""
    before = _times(root, tasks)
    while True:
        time.sleep(POLL)
        now = _times(root, tasks)
        changed = [task for task in tasks if now[task.name] != before[task.name]]
        before = now
        if changed:
            yield changed


def _times(root: Path, tasks: list[Task]) -> dict[str, list[tuple[str, int, int]]]:
    found: dict[str, list[tuple[str, int, int]]] = {}
    for task in tasks:
        times: list[tuple[str, int, int]] = []
        for path in sorted((root / task.folder).glob("*.py")):
            try:
                status = path.stat()
            except OSError:  # an editor replaces the file just now
                continue
            times.append((path.name, status.st_mtime_ns, status.st_size))
        found[task.name] = times
    return found
