"""Count what is right in an upload. The truth stays in this process."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from autograder.errors import UsageError
from autograder.submission.predictions import check_against, read_ids, read_table

NAME = "submission.csv"


@dataclass(frozen=True)
class Upload:
    """The bytes of an upload, to be read as if they were a file."""

    content: bytes
    name: str = NAME

    def read_bytes(self) -> bytes:
        return self.content

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Marks:
    """How many pictures of the public and of the private part are right."""

    public: int
    private: int


class Marker:
    """Knows the truth. public and private are the numbers of pictures in the two parts.

    Raises:
        UsageError: a file of the teacher's cannot be used.
    """

    def __init__(self, truth: Path, public: Path | None) -> None:
        from simpsons.classes import CLASSES

        self._truth = read_table(truth)
        labels = self._truth.labels
        chosen = set(labels) if public is None else read_ids(public)
        if not chosen or not chosen <= labels.keys():
            raise UsageError(f"{public}: the public part must be Ids of {truth}")
        self._public = {key: label for key, label in labels.items() if key in chosen}
        self._private = {key: label for key, label in labels.items() if key not in chosen}
        self._classes = set(CLASSES) | set(labels.values())
        self.public, self.private = len(self._public), len(self._private)
        parts = sorted((key, label, key in chosen) for key, label in labels.items())
        self.fingerprint = hashlib.sha256(repr(parts).encode()).hexdigest()

    def mark(self, content: bytes) -> Marks:
        """Compare an upload with the truth.

        Raises:
            UsageError: the file cannot be read or does not fit; the text names the rows.
        """
        guesses = read_table(Upload(content))
        check_against(guesses, self._truth, self._classes)
        return Marks(*(self._right(part, guesses.labels) for part in (self._public, self._private)))

    @staticmethod
    def _right(part: dict[str, str], guesses: dict[str, str]) -> int:
        return sum(guesses[key] == label for key, label in part.items())

    def public_f1(self, right: int) -> Fraction:
        """With one class for each picture the competition's micro-averaged F1 is accuracy."""
        return Fraction(right, self.public)

    def private_f1(self, right: int) -> Fraction | None:
        return Fraction(right, self.private) if self.private else None
