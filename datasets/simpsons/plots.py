"""Pictures of a training: learning curves, confusion matrix, the worst mistakes."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from simpsons.classes import CLASSES
from simpsons.data import Data

SHOWN = 24  # mistakes


def save(folder: Path, data: Data, rows: Tensor, predicted: Tensor) -> list[Path]:
    """Draw curves.png, confusion.png and mistakes.png of the validation pictures into a run.

    Returns what was drawn: nothing where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no plots: they need matplotlib (pip install matplotlib)")
        return []
    drawn = {
        "curves.png": curves(Figure, folder / "log.csv"),
        "confusion.png": confusion(Figure, data.labels[rows].numpy(), predicted.numpy()),
        "mistakes.png": mistakes(Figure, data, rows, predicted),
    }
    for name, figure in drawn.items():
        figure.savefig(folder / name, dpi=100)
    return [folder / name for name in drawn]


def curves(figures: Any, log: Path) -> Any:
    """Loss, and both F1 of the validation part, by epoch."""
    with log.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) for row in rows]
    figure = figures(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [float(row["loss"]) for row in rows], marker=".")
    left.set(title="Training loss", xlabel="epoch")
    for name in ("honest_f1", "macro_f1"):
        right.plot(epochs, [float(row[name]) for row in rows], marker=".", label=name)
    right.set(title="Validation F1 (no near-duplicates)", xlabel="epoch")
    right.legend()
    return figure


def confusion(figures: Any, truth: Any, predicted: Any) -> Any:
    """Rows: true class; columns: predicted; each row adds up to 1."""
    size = len(CLASSES)
    matrix = np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size)
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    figure = figures(figsize=(12, 11), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(size)
    axes.set_xticks(ticks, CLASSES, rotation=90, fontsize=7)
    axes.set_yticks(ticks, CLASSES, fontsize=7)
    axes.set(title="Confusion matrix of the validation part", xlabel="predicted", ylabel="true")
    figure.colorbar(image, ax=axes, shrink=0.6)
    return figure


def mistakes(figures: Any, data: Data, rows: Tensor, predicted: Tensor) -> Any:
    """Validation pictures of the most frequent confusions, each with what it was taken for."""
    truth = data.labels[rows]
    wrong = [i for i in range(len(rows)) if truth[i] != predicted[i]]
    counts: dict[tuple[int, int], int] = {}
    for i in wrong:
        pair = (int(truth[i]), int(predicted[i]))
        counts[pair] = counts.get(pair, 0) + 1
    wrong.sort(key=lambda i: -counts[int(truth[i]), int(predicted[i])])
    figure = figures(figsize=(12, 8), layout="constrained")
    for axes in figure.subplots(4, 6).flat:
        axes.axis("off")
    for axes, i in zip(figure.axes, wrong[:SHOWN], strict=False):
        axes.imshow(data.train[rows[i]].permute(1, 2, 0).numpy())
        names = f"{CLASSES[int(truth[i])]}\nas {CLASSES[int(predicted[i])]}"
        axes.set_title(names, fontsize=7)
    figure.suptitle(f"{len(wrong)} of {len(rows)} validation pictures are mistaken")
    return figure
