"""What a training is told about itself: two numbers, since one of them flatters."""

import numpy as np
import torch
from torch import Tensor

from simpsons import duplicates
from simpsons.data import Data


def f1(truth: Tensor, predicted: Tensor) -> tuple[float, float]:
    """Micro F1 (the competition's, equal to accuracy) and macro F1 (every class counts alike)."""
    from sklearn.metrics import f1_score

    right, guesses = truth.numpy(), predicted.numpy()
    macro = f1_score(right, guesses, average="macro", zero_division=0.0)
    return float((right == guesses).mean()), float(macro)


def twin_labels(data: Data) -> tuple[Tensor, Tensor]:
    """Rows of test pictures that copy a training picture, and that picture's classes.

    Nearly all test pictures are training pictures at another size. This is for telling the
    learner what the competition will say, and for measuring; never for training or choosing.
    """
    first = duplicates.prints(_pixels(data.test))
    pairs = duplicates.alike(first, duplicates.prints(_pixels(data.train)))
    nearest: dict[int, tuple[float, int]] = {}
    for i, j, distance in zip(pairs.first, pairs.second, pairs.distance, strict=True):
        if distance < duplicates.EXACT:
            nearest[int(i)] = min(nearest.get(int(i), (np.inf, -1)), (float(distance), int(j)))
    rows = torch.tensor(sorted(nearest), dtype=torch.int64)
    twins = torch.tensor([nearest[int(row)][1] for row in rows], dtype=torch.int64)
    return rows, data.labels[twins]


def _pixels(images: Tensor) -> duplicates.Array:
    return images.permute(0, 2, 3, 1).numpy()
