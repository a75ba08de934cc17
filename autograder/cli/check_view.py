"""What ``autograder check`` shows: the first thing to repair, then a line for each task."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.course.messages import Catalogue
from autograder.course.tasks import Task
from autograder.grading.locally import Debugger, check_task
from autograder.model import GRADER_FAULTS, Flow, Result
from autograder.observe.profiles import Profile, profile_for
from autograder.observe.session import LocalWorkers, Workers
from autograder.report import github
from autograder.report.github import Checked
from autograder.report.terminal import mark, number, print_check, print_flow, safe
from autograder.submission.task_files import TaskFiles, read_task

POLL = 0.3  # seconds between two looks at the files while watching


class Checker:
    """Checks some tasks and shows what comes next."""

    def __init__(
        self, root: Path, tasks: list[Task], console: Console, catalogue: Catalogue, debug: bool
    ) -> None:
        self._root = root
        self._tasks = tasks
        self._console = console
        self._catalogue = catalogue
        self._flows: tuple[Flow, ...] = ()
        self._watching = False
        self.checked: list[Checked] = []
        self.workers: Workers = Debugger(root) if debug else LocalWorkers()

    def check(self) -> bool:
        """Check every task; True if nothing failed.

        The first failing check is told in full with its hint, before everything else. Of a single
        task the flow of gradients is shown too.
        """
        files = [read_task(self._root / task.folder, task) for task in self._tasks]
        profiles = [profile_for(Profile(), f.task.allowed, "cpu") for f in files if not f.problem]
        self.workers.expect([*profiles, Profile()] if self._watching else profiles)
        found = [self._task(own) for own in files]
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
            for result in one.reports:
                if result.outcome == "passed" and result.message and result.check.after == "":
                    print_check(result, self._console, self._catalogue)
        solved = len(found) - len(unsolved)
        self._console.print(Text(say("ui.solved", solved=solved, total=len(found)), style="bold"))
        return not unsolved

    def _task(self, files: TaskFiles) -> tuple[Checked, str]:
        """What came of a task, and what its code printed."""
        report = check_task(files, self.workers)
        self._flows = report.flows
        return Checked(files, report.checks), report.printed

    def _explain(self, reports: Sequence[Result], printed: str) -> None:
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
                self._console.print(Text(f"      | {safe(line.expandtabs())}", style="dim"))
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
        self._watching = True
        saved = changes()
        next(saved)  # what is saved during the first check counts
        self.check()
        for tasks in saved:
            self._console.print()
            self._tasks = tasks
            self.check()


def changes(root: Path, tasks: list[Task]) -> Iterator[list[Task]]:
    """First none, then the tasks whose files were saved, each time some were; never ends."""
    before = _times(root, tasks)
    yield []
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
