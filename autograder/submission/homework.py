"""The homework's files: the predictions, the run folder, and the teacher's truth.

Read in the judging process: CSV, JSON and pictures, never torch and never the student's code.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from simpsons.junk import is_junk

from autograder.course.settings import Rules
from autograder.course.tasks import Task, task_named
from autograder.errors import GraderFault, UsageError
from autograder.model import Message
from autograder.submission.chosen import MAX_CSV, MAX_RUN, is_like
from autograder.submission.predictions import Table, check_against, read_ids, read_table
from autograder.submission.scoring import Score, score_tables
from autograder.submission.task_files import SUBMISSION, folder_of

RUN = ("config.json", "model.safetensors")


@dataclass(frozen=True)
class Reproduced:
    """What came of predicting test pictures again with the submitted network."""

    #: yes, no, or why there is no answer: no_checkpoint, no_images or too_slow.
    id: str
    #: How many labels were equal, of how many pictures.
    equal: int = 0
    n: int = 0
    #: Why it could not be told, and whether the points wait for that.
    why: Message | None = None
    waits: bool = False


@dataclass
class Homework:
    """One submission's homework; folder is its 06_simpsons, name the submission's own.

    What was found is kept: several checks ask for it.
    """

    folder: Path
    name: str
    rules: Rules = field(default_factory=Rules)
    submission: str = SUBMISSION
    task: Task = field(default_factory=lambda: task_named("simpsons"))
    problem_text: str = ""
    #: What predicting again showed, here or elsewhere; then no code is asked for it.
    reproduced: "Reproduced | None" = None
    #: Whether that was elsewhere; then no code is asked at all.
    elsewhere: bool = False

    @property
    def truth(self) -> Path | None:
        return self.rules.truth

    @cached_property
    def problem(self) -> str:
        """The message id of what is wrong with submission.csv, or nothing."""
        path = self.folder / self.submission
        try:
            status = os.lstat(path)
        except OSError:
            return self._otherwise()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_CSV:
            self.problem_text = f"{SUBMISSION}: not a plain file of at most {MAX_CSV >> 20} MB"
            return "homework.unreadable"
        try:
            guesses = self._guesses()
            if self.truth is not None:
                check_against(guesses, self._truth, set(class_names()))
        except UsageError as error:
            self.problem_text = str(error).replace(f"{self.folder}{os.sep}", "")
            return "homework.unreadable"
        return ""

    @property
    def labels(self) -> dict[str, str]:
        """The predictions by Id; empty where the file cannot be used."""
        return {} if self.problem else dict(self._guesses().labels)

    def _guesses(self) -> Table:
        return read_table(self.folder / self.submission)

    @cached_property
    def _truth(self) -> Table:
        assert self.rules.truth is not None
        return teachers_table(self.rules.truth)

    def score(self) -> Score:
        """The competition's score of submission.csv.

        Raises:
            GraderFault: the teacher's files cannot be used.
        """
        try:
            public = read_ids(self.rules.public) if self.rules.public else None
            return score_tables(self._guesses(), self._truth, public)
        except UsageError as error:
            raise GraderFault(str(error)) from None

    @cached_property
    def run(self) -> dict[str, Path]:
        """The run folder's two files by name; empty where there is no checkpoint.

        Only plain files: safetensors and JSON hold numbers, no code.
        """
        places = [self.folder / "run"]
        if self.rules.runs is not None:
            own = self.rules.runs / self.name
            places += [own / "run", own / "06_simpsons" / "run", own]
        for place in places:
            found = {name: place / name for name in RUN}
            if not place.is_symlink() and all(is_plain(path) for path in found.values()):
                total = sum(path.stat().st_size for path in found.values())
                return found if total <= MAX_RUN else {}
        return {}

    def _otherwise(self) -> str:
        """What is wrong where there is no submission.csv."""
        try:
            names = [name for name in sorted(os.listdir(self.folder)) if is_like(name, self.task)]
        except OSError:
            names = []
        self.problem_text = ", ".join(name for name in names if name.lower().endswith(".csv"))
        return "homework.otherwise" if self.problem_text else "homework.no_file"

    def stated_honest(self) -> str:
        """The honest F1 that the student's own config.json states, or nothing."""
        if not self.run:
            return ""
        try:
            with self.run["config.json"].open(encoding="utf-8") as file:
                value = json.loads(file.read(1 << 20))["scores"]["honest_f1"]
            return f"{float(value):.4f}" if 0 <= float(value) <= 1 else ""
        except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return ""


def class_names() -> list[str]:
    """The classes of the competition."""
    from simpsons.classes import CLASSES

    return list(CLASSES)


def is_plain(path: Path) -> bool:
    """Whether it is a regular file, reached by no link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def teachers_table(path: Path) -> Table:
    """Read a CSV of the teacher's.

    Raises:
        GraderFault: it cannot be used.
    """
    try:
        return read_table(path)
    except UsageError as error:
        raise GraderFault(str(error)) from None


def teachers_pictures(folder: Path) -> dict[str, Path]:
    """Pictures by Id (img7), from a folder."""
    endings = (".jpg", ".jpeg", ".png")
    pictures = (path for path in folder.rglob("*") if path.suffix.lower() in endings)
    found = {p.stem: p for p in pictures if not is_junk(p.relative_to(folder).parts)}
    if not found:
        raise GraderFault(f"{folder}: no pictures there; give the folder with img0.jpg (--images)")
    return found


def read_homework(folder: Path, task: Task, rules: Rules) -> Homework | None:
    """The files to score of a submission, if the task is the homework."""
    if not task.predictions:
        return None
    return Homework(folder_of(folder, task), folder.resolve().name, rules)
