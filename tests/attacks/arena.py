"""Grading attacks in one place, and looking for what they leave behind."""

import io
import json
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import find_course
from autograder.grading import Options, Solutions, grade
from autograder.homework import Rules
from autograder.messages import LANGUAGES, Catalogue
from autograder.report.as_json import to_json
from autograder.report.html import grades_csv, to_html
from autograder.report.model import Report
from autograder.report.summary import summary
from autograder.report.terminal import make_console, print_report
from autograder.sandbox.profiles import MIB, Profile, profile_for
from autograder.sandbox.warm import WarmWorkers
from autograder.tasks import task_named
from tests.attacks.catalogue import PRELUDE, Attack

COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)  # of GitHub's log
ROOT = Path(__file__).parent.parent.parent
SEED = "5eed5eed5eed5ee"
SMALL = Profile(
    cpu_seconds=1,
    wall_factor=1.5,
    total_seconds=2,
    memory=700 * MIB,
    disk=16 * MIB,
    printed=MIB,
)
TASKS = ("gradients", "resnet", "simpsons")
RULES = Rules(truth=ROOT / "datasets" / "example" / "truth.csv")


@dataclass(frozen=True)
class Verdict:
    """A report, the seconds it took, and what was left behind."""

    report: Report
    seconds: float
    left: str

    @property
    def outcome(self) -> str:
        """The message id of the first check that did not pass."""
        messages = [check.message for check in self.report.tasks[0].checks]
        return next((message.id for message in messages if message), "passed")


class Arena:
    """Warm workers and references for any number of attacks.

    Raises:
        UsageError: this machine cannot isolate.
    """

    def __init__(self) -> None:
        os.environ["AUTOGRADER_KEY"] = "a secret that no job may see"
        self.temporary = Path(tempfile.mkdtemp())  # of our own: others grade on this machine, too
        self.submissions = self.temporary / "submissions"
        self.submissions.mkdir()
        tempfile.tempdir = str(self.temporary)
        self.workers = WarmWorkers()
        self.workers.check()
        tasks = [task_named(name) for name in TASKS]
        for task in tasks:
            self.workers.session(profile_for(SMALL, task.allowed, "cpu"), {}).close()
        self.solutions = Solutions(find_course(ROOT), tuple(tasks))
        self.folders = [parent.exchange for parent in self.workers._parents.values()]
        self.quiet = self.present()

    def new_folder(self) -> Path:
        """A new folder for a submission."""
        return Path(tempfile.mkdtemp(dir=self.submissions))

    def fight(self, attack: Attack, profile: Profile = SMALL) -> Verdict:
        """Grade an attack."""
        folder = self.new_folder()
        write(attack, folder)
        start = time.perf_counter()
        report = self.grade(attack.task, folder, profile)
        return Verdict(report, time.perf_counter() - start, self.left())

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

    def grade(self, task: str, folder: Path, profile: Profile) -> Report:
        options = Options((task_named(task),), SEED, student=profile, rules=RULES)
        return grade(folder, self.solutions, replace(options, workers=self.workers))

    def present(self) -> set[str]:
        """Processes of the warm parents, files in their exchange, folders of sessions."""
        found = {f"process {name}" for name in descendants(os.getpid())}
        found |= {f"file {path}" for folder in self.folders for path in folder.iterdir()}
        return found | {f"folder {path}" for path in self.temporary.iterdir()}

    def left(self) -> str:
        """What an attack left, after a moment for the kernel to clean up."""
        for _ in range(20):
            more = self.present() - self.quiet
            if not more:
                return ""
            time.sleep(0.1)
        return ", ".join(sorted(more))

    def close(self) -> None:
        self.workers.close()
        self.solutions.close()
        os.environ.pop("AUTOGRADER_KEY")
        tempfile.tempdir = None
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
