"""Grading attacks in one place, and looking for what they leave behind."""

import io
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.settings import Rules, find_course
from autograder.course.tasks import task_named
from autograder.grading.grade import Options, grade
from autograder.grading.references import Solutions
from autograder.model import Report
from autograder.observe.profiles import MIB, Profile, profile_for
from autograder.observe.session import Session, Workers
from autograder.report.as_json import to_json
from autograder.report.html import grades_csv, to_html
from autograder.report.summary import summary
from autograder.report.terminal import make_console, print_report
from autograder.sandbox.warm import WarmWorkers
from tests.attacks.catalogue import PRELUDE, Attack
from tests.conftest import until

COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)  # of GitHub's log
ROOT = Path(__file__).parent.parent.parent
SEED = "5eed5eed5eed5ee"
SMALL = Profile(  # so much wall time that it ends only those who wait for it
    cpu_seconds=1,
    wall_factor=100,
    total_seconds=2,
    memory=700 * MIB,
    disk=16 * MIB,
    printed=MIB,
)
SHORT = replace(SMALL, wall_factor=1.5)  # for these
TASKS = ("gradients", "resnet", "simpsons")
RULES = Rules(truth=ROOT / "datasets" / "example" / "truth.csv")


@dataclass(frozen=True)
class Verdict:
    """A report, the seconds it took, and what was left behind.

    busy: seconds of CPU time of the grader itself. sessions: how many the attack was given.
    """

    report: Report
    seconds: float
    busy: float
    sessions: int
    left: str

    @property
    def outcome(self) -> str:
        """The message id of the first check that did not pass."""
        messages = [check.message for check in self.report.tasks[0].checks]
        return next((message.id for message in messages if message), "passed")

    @property
    def limits(self) -> set[object]:
        """The limits that ended it, as the sandbox names them."""
        messages = [check.message for check in self.report.tasks[0].checks]
        return {m.values.get("text") for m in messages if m and m.id == "fault.timeout"}


class Counted:
    """Workers that count their sessions."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self.sessions = 0

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> Session:
        self.sessions += 1
        return self._workers.session(profile, files)

    def expect(self, profiles: Iterable[Profile]) -> None:
        self._workers.expect(profiles)

    def close(self) -> None:
        self._workers.close()


class Arena:
    """Warm workers and references for any number of attacks.

    Raises:
        UsageError: this machine cannot isolate.
    """

    def __init__(self) -> None:
        self.temporary = Path(tempfile.mkdtemp())  # of our own: others grade on this machine, too
        self.submissions = self.temporary / "submissions"
        self.submissions.mkdir()
        self.folders: list[Path] = []
        self.enter()
        self.workers = WarmWorkers()
        self.workers.check()
        tasks = [task_named(name) for name in TASKS]
        for task in tasks:
            self.workers.session(profile_for(SMALL, task.allowed, "cpu"), {}).close()
        self.solutions = Solutions(find_course(ROOT), tuple(tasks))
        self.folders = [parent.exchange for parent in self.workers._parents.values()]
        self.enter()

    def enter(self) -> None:
        """From here on attacks leave nothing beyond what is there now."""
        os.environ["AUTOGRADER_KEY"] = "a secret that no job may see"
        tempfile.tempdir = str(self.temporary)
        self.quiet = self.present()

    def leave(self) -> None:
        """Let other tests of this process find everything as it was."""
        os.environ.pop("AUTOGRADER_KEY", None)
        tempfile.tempdir = None

    def new_folder(self) -> Path:
        """A new folder for a submission."""
        return Path(tempfile.mkdtemp(dir=self.submissions))

    def fight(self, attack: Attack, profile: Profile | None = None) -> Verdict:
        """Grade an attack."""
        folder = self.new_folder()
        write(attack, folder)
        profile = profile or (SHORT if attack.waits else SMALL)
        workers = Counted(self.workers)
        start, busy = time.perf_counter(), time.process_time()
        report = self.grade(attack.task, folder, profile, workers)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        return Verdict(report, seconds, busy, workers.sessions, self.left())

    def spy(self, attack: Attack) -> Report:
        """Grade the submission that looks for traces of an attack."""
        folder = self.new_folder()
        write(Attack(f"after {attack.id}", "state", "", attack.after), folder)
        return self.grade("gradients", folder, Profile())

    def reference(self) -> Report:
        """Grade the solution of the cheapest task, on the same workers."""
        folder = self.new_folder()
        write(Attack("reference", "", "", base="solutions", honest=10), folder)
        return self.grade("gradients", folder, Profile())

    def grade(
        self, task: str, folder: Path, profile: Profile, workers: Workers | None = None
    ) -> Report:
        options = Options((task_named(task),), SEED, student=profile, rules=RULES)
        return grade(folder, self.solutions, replace(options, workers=workers or self.workers))

    def present(self) -> set[str]:
        """Processes of the warm parents, files in their exchange, folders of sessions."""
        found = {f"process {name}" for name in descendants(os.getpid())}
        found |= {f"file {path}" for folder in self.folders for path in folder.iterdir()}
        return found | {f"folder {path}" for path in self.temporary.iterdir()}

    def left(self) -> str:
        """What an attack left, after a moment for the kernel to clean up."""
        until(lambda: not self.present() - self.quiet)
        return ", ".join(sorted(self.present() - self.quiet))

    def close(self) -> None:
        self.workers.close()
        self.solutions.close()
        self.leave()
        shutil.rmtree(self.temporary)


def write(attack: Attack, folder: Path) -> None:
    """Write the submission of an attack."""
    task = task_named(attack.task)
    place = folder / task.folder
    place.mkdir(parents=True)
    if attack.task != "simpsons":
        text = (ROOT / attack.base / task.folder / task.file).read_text(encoding="utf-8")
        (place / task.file).write_text(text + PRELUDE + attack.text, encoding="utf-8")
    if attack.prepare is not None:
        attack.prepare(place)


def descendants(ancestor: int) -> set[int]:
    """Every process below one."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError), open(f"/proc/{name}/stat") as file:
            parents[int(name)] = int(file.read().rpartition(") ")[2].split()[1])
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def check_rendering(report: Report) -> None:
    """No report can steer a terminal, a browser, a spreadsheet or GitHub's log."""
    for lang in LANGUAGES:
        catalogue = Catalogue.load(lang)
        json.loads(to_json(report, catalogue).encode())
        assert "<script" not in to_html(report, catalogue).encode().decode()
        stream = io.StringIO()
        print_report(report, make_console(stream), catalogue)
        text = stream.getvalue()
        assert all(c.isprintable() or c == "\n" for c in text)
        assert not COMMAND.search(text)
        assert "##[" not in to_json(report, catalogue)
    cells = grades_csv([summary(report)]).encode().decode().splitlines()[1].split(",")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
