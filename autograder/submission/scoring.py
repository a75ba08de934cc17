"""Predictions -> F1 -> points: the contract ``autograder/score/v1``.

The competition's "Mean F1-Score" is micro-averaged; with one class for each picture it equals
accuracy. Points compare exact fractions: 97 right of 100 are 15 points, whatever a float says.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from autograder.errors import UsageError
from autograder.submission.predictions import Table, check_against, read_ids, read_table

SCHEMA = "autograder/score/v1"
AVERAGES = ("micro", "macro", "weighted")
FIRST_POINT = 83  # hundredths of F1; each further hundredth is one point more
MAX_POINTS = 15
DRAWS = 2000  # of the bootstrap
Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class; support is its number of pictures."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Score:
    """The result of one file. confusions: (true class, predicted class, count), worst first."""

    average: str
    exact: Fraction
    points: int
    n: int
    correct: int
    interval: tuple[float, float]
    per_class: tuple[ClassScore, ...]
    macro_f1: float
    weighted_f1: float
    confusions: tuple[tuple[str, str, int], ...]

    @property
    def f1(self) -> float:
        return float(self.exact)

    @property
    def shown(self) -> str:
        """F1 cut (not rounded) to five decimals, as the competition shows it."""
        return f"{self.exact * 100_000 // 1 / 100_000:.5f}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "f1": self.f1,
            "average": self.average,
            "points": self.points,
            "n": self.n,
            "correct": self.correct,
            "f1_interval": list(self.interval),
            "per_class": [
                {
                    "class": c.name,
                    "precision": c.precision,
                    "recall": c.recall,
                    "f1": c.f1,
                    "support": c.support,
                }
                for c in self.per_class
            ],
            "macro_f1": self.macro_f1,
            "weighted_f1": self.weighted_f1,
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"


def points_for(f1: Fraction) -> int:
    """0.83 -> 1, 0.84 -> 2, … 0.97 -> 15; nothing below, nothing above."""
    return int(max(0, min(MAX_POINTS, f1 * 100 // 1 - FIRST_POINT + 1)))


def score_files(
    predictions: Path,
    truth: Path,
    public: Path | None = None,
    average: str = "micro",
) -> Score:
    """Score a file of predictions against the truth, or against its public part.

    Raises:
        UsageError: a file cannot be used; the text names file and rows.
    """
    from simpsons.classes import CLASSES

    if average not in AVERAGES:
        raise UsageError(f"--average {average}: choose one of {', '.join(AVERAGES)}")
    right, guesses = read_table(truth), read_table(predictions)
    check_against(guesses, right, set(CLASSES) | set(right.labels.values()))
    return score_tables(guesses, right, None if public is None else read_ids(public), average)


def score_tables(
    guesses: Table, right: Table, public: set[str] | None = None, average: str = "micro"
) -> Score:
    """Score tables that fit each other, on the public Ids only where they are given.

    Raises:
        UsageError: a public Id is not in the truth, or none is left.
    """
    keys = list(right.labels)
    if public is not None:
        unknown = sorted(public - set(keys))
        if unknown:
            raise UsageError(f"public part: not in the truth: {', '.join(unknown[:5])}")
        keys = [key for key in keys if key in public]
    if not keys:
        raise UsageError(f"{right.path}: there is no picture to score")
    return score(
        [right.labels[key] for key in keys], [guesses.labels[key] for key in keys], average
    )


def score(truth: list[str], predictions: list[str], average: str = "micro") -> Score:
    """Score equally long lists of class names."""
    from sklearn.metrics import precision_recall_fscore_support

    names = sorted(set(truth) | set(predictions))
    index = {name: number for number, name in enumerate(names)}
    right = np.fromiter((index[name] for name in truth), np.int64, len(truth))
    guesses = np.fromiter((index[name] for name in predictions), np.int64, len(predictions))
    labels = np.arange(len(names))
    size = len(names)
    matrix: Counts = np.bincount(right * size + guesses, minlength=size * size)
    matrix = matrix.reshape(size, size)  # rows: truth
    # A pair of classes stands once, with its count as weight: the cost is that of 42 classes.
    pairs_right, pairs_guessed = np.nonzero(matrix)
    precision, recall, f1, support = precision_recall_fscore_support(
        pairs_right,
        pairs_guessed,
        labels=labels,
        sample_weight=matrix[pairs_right, pairs_guessed],
        zero_division=0.0,
    )
    exact = exact_f1(matrix, average)
    supported = [i for i in range(len(names)) if support[i]]
    off = matrix - np.diag(np.diag(matrix))
    worst = np.argsort(-off, axis=None, kind="stable")[:10]
    pairs = [(int(flat) // len(names), int(flat) % len(names)) for flat in worst]
    return Score(
        average=average,
        exact=exact,
        points=points_for(exact),
        n=len(truth),
        correct=int(np.trace(matrix)),
        interval=bootstrap(matrix, average),
        per_class=tuple(
            ClassScore(
                names[i], float(precision[i]), float(recall[i]), float(f1[i]), int(support[i])
            )
            for i in supported
        ),
        macro_f1=float(exact_f1(matrix, "macro")),
        weighted_f1=float(exact_f1(matrix, "weighted")),
        confusions=tuple((names[i], names[j], int(off[i, j])) for i, j in pairs if off[i, j]),
    )


def exact_f1(matrix: Counts, average: str) -> Fraction:
    """F1 of a confusion matrix (rows: truth) as a fraction; macro is over all its classes.

    As scikit-learn does, a class nobody is in and nobody is taken for has no place in the
    matrix, and 0/0 is 0.
    """
    n = int(matrix.sum())
    if average == "micro":
        return Fraction(int(np.trace(matrix)), n)
    truth, guessed = matrix.sum(axis=1), matrix.sum(axis=0)
    each = [Fraction(2 * int(matrix[i, i]), int(truth[i] + guessed[i])) for i in range(len(matrix))]
    if average == "macro":
        return sum(each, Fraction(0)) / len(each)
    return sum((f * int(t) for f, t in zip(each, truth, strict=True)), Fraction(0)) / n


def bootstrap(matrix: Counts, average: str, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of F1 if the pictures were drawn anew.

    Drawing rows with replacement is drawing the confusion matrix from a multinomial, so the
    cost does not depend on the number of rows.
    """
    n = int(matrix.sum())
    cells = np.flatnonzero(matrix)
    size = len(matrix)
    random = np.random.default_rng(seed)
    draws = random.multinomial(n, matrix.ravel()[cells] / n, DRAWS)  # (DRAWS, cells)
    hits = draws * (cells // size == cells % size)
    if average == "micro":
        values = hits.sum(axis=1) / n
    else:
        one_hot = np.eye(size)
        truth = draws @ one_hot[cells // size]  # (DRAWS, classes)
        guessed = draws @ one_hot[cells % size]
        right = hits @ one_hot[cells // size]
        each = 2 * right / np.maximum(truth + guessed, 1)
        present = (truth + guessed) > 0
        values = (
            each.sum(axis=1) / np.maximum(present.sum(axis=1), 1)
            if average == "macro"
            else (each * truth).sum(axis=1) / n
        )
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
