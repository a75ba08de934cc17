"""What is wrong with the pictures: rare classes, near-duplicates, doubtful labels, a known test.

Nothing here tells the class of a test picture, nor which training picture it copies: that
would give the competition's answers away. Test pictures are only counted, and paired with
each other.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from simpsons import duplicates, run
from simpsons.classes import CLASSES
from simpsons.data import Data, unlabelled
from simpsons.errors import DataError
from simpsons.own import build_function

RARE = 10  # pictures; a class with fewer is hardly learned
SURE = 0.95
SHOWN = 20
HEADER = ("kind", "first", "first_class", "second", "second_class", "distance")


@dataclass(frozen=True)
class Pair:
    """Two pictures that look alike; those of the test part have the class ""."""

    kind: str  # "same class", "across classes" or "test part"
    first: str
    first_class: str
    second: str
    second_class: str
    distance: float

    def row(self) -> tuple[str, str, str, str, str, str]:
        names = (self.kind, self.first, self.first_class, self.second, self.second_class)
        return (*names, f"{self.distance:.1f}")


@dataclass(frozen=True)
class Audit:
    """What was counted in a prepared folder."""

    counts: dict[str, int]  # pictures of a class, the most frequent first
    validation: int
    alike: int  # training pictures that have a near-duplicate
    groups: int
    test: int
    test_distinct: int
    copies: int  # test pictures that copy a training picture
    copied: int  # distinct training pictures they copy
    pairs: list[Pair]

    @property
    def train(self) -> int:
        return sum(self.counts.values())

    def text(self) -> str:
        """The report that a person reads."""
        (most, many), *_, (least, few) = self.counts.items()
        rare = [f"{name} {count}" for name, count in self.counts.items() if count < RARE]
        across = [pair for pair in self.pairs if pair.kind == "across classes"]
        lines = [
            f"Training: {self.train} pictures of {len(self.counts)} classes, from {many} ({most}) "
            f"to {few} ({least})",
            f"  fewer than {RARE}: {', '.join(rare) or 'none'}",
            f"  split: {self.train - self.validation} to train on, {self.validation} to validate",
            f"  {self.alike} have a near-duplicate, in {self.groups} groups; no group is torn by "
            "the split",
            f"  {len(across)} pairs look alike and have different classes"
            f"{': labels to look at' if across else ''}",
            *(
                f"    {pair.first} and {pair.second} (distance {pair.distance:.1f})"
                for pair in across[:SHOWN]
            ),
            *([f"    and {len(across) - SHOWN} more: see --csv"] if len(across) > SHOWN else []),
            f"Test: {self.test} pictures, {self.test_distinct} of them distinct",
            f"  {self.copies} copy a training picture ({self.copied} distinct training pictures)",
            *(["", *self.meaning()] if self.copies else []),
        ]
        return "\n".join(lines)

    def meaning(self) -> list[str]:
        """What follows from copies in the test part."""
        share = self.copies / self.test
        return [
            f"{share:.0%} of the test pictures copy training pictures, so the competition's F1 "
            "rewards a network for what it remembers.",
            "The honest validation keeps near-duplicates together: it is the number to trust.",
        ]


def audit(data: Data) -> Audit:
    """Compare all pictures of a prepared folder with each other."""
    labels = [CLASSES[number] for number in data.labels.tolist()]
    prints, test = duplicates.prints(_pixels(data.train)), duplicates.prints(_pixels(data.test))
    within = duplicates.alike(prints)
    _, sizes = np.unique(duplicates.groups(len(labels), within), return_counts=True)
    pairs = [
        Pair(
            "same class" if labels[i] == labels[j] else "across classes",
            data.names[i], labels[i], data.names[j], labels[j], float(distance),
        )
        for i, j, distance in zip(within.first, within.second, within.distance, strict=True)
    ]  # fmt: skip
    inside = duplicates.alike(test)
    pairs += [
        Pair("test part", data.test_names[i], "", data.test_names[j], "", float(distance))
        for i, j, distance in zip(inside.first, inside.second, inside.distance, strict=True)
    ]
    nearest: dict[int, tuple[float, int]] = {}
    across = duplicates.alike(test, prints)
    for i, j, distance in zip(across.first, across.second, across.distance, strict=True):
        if distance < duplicates.EXACT:
            nearest[int(i)] = min(nearest.get(int(i), (np.inf, -1)), (float(distance), int(j)))
    return Audit(
        counts=dict(Counter(dict.fromkeys(CLASSES, 0) | Counter(labels)).most_common()),
        validation=int(data.held_out.sum()),
        alike=int(sizes[sizes > 1].sum()),
        groups=int((sizes > 1).sum()),
        test=len(data.test),
        test_distinct=len({image.tobytes() for image in _pixels(data.test)}),
        copies=len(nearest),
        copied=len({number for _, number in nearest.values()}),
        pairs=sorted(pairs, key=lambda pair: (pair.kind, pair.distance, pair.first, pair.second)),
    )


@dataclass(frozen=True)
class Doubt:
    """A validation picture that a trained network is sure to be of another class."""

    name: str
    label: str
    guess: str
    confidence: float


def doubts(data: Data, checkpoint: Path, model: Path | None = None) -> list[Doubt]:
    """Maybe mislabelled: what the network, which never saw it, is very sure about; surest first.

    model is the folder of the model.py it was trained with.

    Raises:
        DataError: the run or model.py cannot be used, or was made for another size.
    """
    build = build_function(model)
    network, config = run.load(checkpoint, build)
    if config.size != data.size:
        raise DataError(
            f"{checkpoint}: trained on pictures of {config.size} pixels, {data.folder} holds "
            f"{data.size}; prepare with --size {config.size}"
        )
    rows = torch.nonzero(data.held_out)[:, 0]
    found = []
    with torch.inference_mode():
        batches = unlabelled(data.train, rows, config.mean, config.std)
        answers: list[Tensor] = [network(batch).float().softmax(1).max(1) for batch in batches]
    sure = torch.cat([answer[0] for answer in answers]).tolist()
    guessed = torch.cat([answer[1] for answer in answers]).tolist()
    for row, confidence, number in zip(rows.tolist(), sure, guessed, strict=True):
        label, guess = CLASSES[int(data.labels[row])], config.classes[number]
        if confidence >= SURE and guess != label:
            found.append(Doubt(data.names[row], label, guess, confidence))
    return sorted(found, key=lambda doubt: (-doubt.confidence, doubt.name))


def _pixels(images: Tensor) -> duplicates.Array:
    return images.permute(0, 2, 3, 1).numpy()
