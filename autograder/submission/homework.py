"""The homework's files: the predictions, the run folder, and the teacher's truth.

Runs in the judging process: it reads CSV, JSON and picture files, never torch and never the
student's code. Predicting again is asked of the student's session like everything else.
"""

import io
import json
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.promise import Held
from autograder.checks.witness import NoAnswer, Witness
from autograder.errors import GraderFault, UsageError
from autograder.observe.draw import random_state
from autograder.predictions import Table, check_against, read_ids, read_table
from autograder.scoring import Score, score_tables
from autograder.submission import SUBMISSION

RUN = ("config.json", "model.safetensors")
MAX_CSV = 4 << 20
MAX_RUN = 400 << 20
SAMPLE = 100  # pictures predicted again
EQUAL_SHARE = 0.9


@dataclass(frozen=True)
class Rules:
    """What the teacher has: course.toml [homework], or the command line.

    checkpoint: "optional" or "required". metric: "competition" scores submission.csv, "honest"
    the network on the held_out pictures. images: the competition's test pictures.
    """

    truth: Path | None = None
    public: Path | None = None
    images: Path | None = None
    runs: Path | None = None
    checkpoint: str = "optional"
    metric: str = "competition"
    held_out: Path | None = None
    held_out_truth: Path | None = None


@dataclass
class Homework:
    """One submission's homework; folder is its 06_simpsons, name the submission's own.

    What was found is kept: several checks ask for it. told: what predicting again showed
    elsewhere, as reproduce() returns it, or why its points wait; then no code is asked here.
    """

    folder: Path
    name: str
    rules: Rules = field(default_factory=Rules)
    submission: str = SUBMISSION
    problem_text: str = ""
    told: tuple[str, int, int] | Held | None = None
    _reproduced: tuple[str, int, int] | None = None

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
            return "homework.no_file"
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

    def reproduce(self, student: Witness, seed: str, share: float) -> tuple[str, int, int]:
        """Predict drawn test pictures again with the submitted network.

        Returns "yes" or "no" with the number of equal labels and of pictures, or why there is
        no answer: "no_checkpoint", "no_images" or "too_slow".

        Raises:
            NoAnswer: predict.py failed.
            Held: it was told so.
        """
        if isinstance(self.told, Held):
            raise self.told
        if said := self.told or self._reproduced:
            return said
        if not self.run:
            return "no_checkpoint", 0, 0
        labels = {} if self.problem else self._guesses().labels
        pictures = teachers_pictures(self.rules.images) if self.rules.images else {}
        known = sorted(set(labels) & set(pictures))
        if not known:
            return "no_images", 0, 0
        order = random_state(seed, "reproduce").permutation(len(known))[:SAMPLE]
        chosen = [known[i] for i in order]
        try:
            found = self._predict_again(student, pictures, chosen)
        except NoAnswer as error:
            if error.fault.kind != "timeout":
                raise
            self._reproduced = ("too_slow", 0, 0)
            return self._reproduced
        equal = sum(found.get(key) == labels[key] for key in chosen)
        id = "yes" if equal >= share * len(chosen) else "no"
        self._reproduced = (id, equal, len(chosen))
        return self._reproduced

    def honest(self, student: Witness) -> Score | None:
        """The F1 of the submitted network on the teacher's held-out pictures, if there are any.

        Raises:
            NoAnswer: predict.py failed.
        """
        rules = self.rules
        if rules.held_out is None or rules.held_out_truth is None or not self.run or self.told:
            return None
        truth = teachers_table(rules.held_out_truth)
        pictures = teachers_pictures(rules.held_out)
        missing = sorted(set(truth.labels) - set(pictures))
        if missing:
            raise GraderFault(f"{rules.held_out}: no picture of {', '.join(missing[:3])}")
        found = self._predict_again(student, pictures, truth.labels)
        guesses = {key: found.get(key, "") for key in truth.labels}
        return score_tables(Table(Path(SUBMISSION), guesses), truth)

    def _predict_again(
        self, student: Witness, pictures: dict[str, Path], chosen: Iterable[str]
    ) -> dict[str, str]:
        return student.predict_again(self.run, {f"{key}.jpg": pictures[key] for key in chosen})


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
    found = {path.stem: path for path in folder.rglob("*") if path.suffix.lower() in endings}
    if not found:
        raise GraderFault(f"{folder}: no pictures there; give the folder with img0.jpg (--images)")
    return found


def drawn_pictures(seed: str, count: int, lift: int) -> dict[str, bytes]:
    """Random pictures as PNG files, each brighter by lift; equal seeds give equal pictures."""
    from PIL import Image

    found = {}
    for number in range(count):
        random = random_state(seed, "drawn", (number,))
        coarse = random.randint(0, 120, (2, 2, 3)).astype(np.uint8)
        # Large even patches: no way of resizing changes what matters in them.
        pixels: Any = np.kron(coarse, np.ones((32, 32, 1), np.uint8)) + np.uint8(lift)
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        found[f"img{number}.jpg"] = out.getvalue()
    return found
