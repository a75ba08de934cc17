"""Prepared pictures as batches of tensors, the same on one process or many."""

import csv
import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from simpsons.classes import CLASSES
from simpsons.errors import DataError

CELL = 32  # pictures that are augmented together, with a generator of their own
AHEAD = 3  # batches made ready while the network works

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Data:
    """What ``simpsons prepare`` wrote. Images are uint8 (N, 3, size, size), mapped from disk.

    held_out marks the training pictures kept for validation; no near-duplicate of one of them
    is trained on.
    """

    folder: Path
    size: int
    train: Tensor
    labels: Tensor  # (N,) int64
    names: list[str]
    held_out: Tensor  # (N,) bool
    test: Tensor
    test_names: list[str]


def load(folder: Path) -> Data:
    """Open a prepared folder.

    Raises:
        DataError: it was not written by ``simpsons prepare``, or by another version of it.
    """
    try:
        state = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
        rows, test = _rows(folder / "train.csv"), _rows(folder / "test.csv")
        if state["classes"] != list(CLASSES) or state["format"] != 1:
            raise DataError(f"{folder}: prepared by another version; run simpsons prepare again")
        arrays = {part: _mapped(folder / f"{part}.npy") for part in ("train", "test")}
        if len(arrays["train"]) != len(rows) or len(arrays["test"]) != len(test):
            raise DataError(f"{folder}: arrays and tables differ; run simpsons prepare --force")
        index = {name: number for number, name in enumerate(CLASSES)}
        return Data(
            folder,
            state["size"],
            arrays["train"],
            torch.tensor([index[row["Expected"]] for row in rows]),
            [row["Id"] for row in rows],
            torch.tensor([row["part"] == "validation" for row in rows]),
            arrays["test"],
            [row["Id"] for row in test],
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DataError(
            f"{folder}: no prepared data ({error}); make it with: simpsons prepare "
            f"--zip journey-springfield.zip --out {folder}"
        ) from None


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _mapped(path: Path) -> Tensor:
    # Copy-on-write: torch warns of arrays it could not write to.
    return torch.from_numpy(np.load(path, mmap_mode="c")).permute(0, 3, 1, 2)


def normalise(images: Tensor, mean: list[float], std: list[float]) -> Tensor:
    """uint8 (B, 3, H, W) -> float32, channels last, of about zero mean and unit variance.

    mean and std are of colours from 0 to 1. Training and prediction both call this, with the
    numbers of config.json.
    """
    height, width = images.shape[-2:]
    scale = 1 / (255 * torch.tensor(std, device=images.device))
    shift = torch.tensor(mean, device=images.device) / torch.tensor(std, device=images.device)
    # Whole rows of pixels at once: three channels at a time are ten times slower.
    rows = images.permute(0, 2, 3, 1).reshape(-1, 3 * width).float()
    rows.mul_(scale.repeat(width)).sub_(shift.repeat(width))
    return rows.view(-1, height, width, 3).permute(0, 3, 1, 2)


def statistics(data: Data, rows: Tensor) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel over every eighth of the training pictures."""
    sample = data.train[rows[::8]].double() / 255
    std, mean = torch.std_mean(sample, dim=(0, 2, 3))
    return [round(float(m), 4) for m in mean], [round(max(float(s), 1e-3), 4) for s in std]


def unlabelled(
    images: Tensor, rows: Tensor, mean: list[float], std: list[float], device: str = "cpu"
) -> Iterator[Tensor]:
    """The pictures of some rows in order, normalised, as prediction gets them."""
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        yield normalise(images[part].to(device), mean, std)


@dataclass(frozen=True)
class Shard:
    """Which part of every batch this process gets, and in how many pieces."""

    rank: int = 0
    world: int = 1
    accumulate: int = 1

    @property
    def parts(self) -> int:
        return self.world * self.accumulate


class Batches:
    """One epoch of (images, labels): normalised float32 (B, 3, S, S) and int64 (B,).

    With an augment function the pictures are shuffled and augmented. What happens to a picture
    follows from the seed, the epoch and its place in the epoch, which itself follows from seed
    and epoch: never from the number of processes. The last incomplete batch is left out then.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        rows: Tensor,
        batch_size: int,
        mean: list[float],
        std: list[float],
        *,
        augment: Augment | None = None,
        seed: int = 0,
        epoch: int = 0,
        shard: Shard | None = None,
        device: str = "cpu",
    ) -> None:
        shard = shard or Shard()
        if augment is not None and batch_size % (CELL * shard.parts):
            raise DataError(
                f"--batch-size {batch_size}: with {shard.parts} part(s) it must be a multiple "
                f"of {CELL * shard.parts}"
            )
        self._images, self._labels = images, labels
        self._size, self._mean, self._std = batch_size, mean, std
        self._augment, self._seed, self._epoch = augment, seed, epoch
        self._shard, self._device = shard, device
        if augment is not None:
            rows = rows[torch.randperm(len(rows), generator=self._generator(-1))]
            rows = rows[: len(rows) // batch_size * batch_size]
            if not len(rows):
                raise DataError(f"--batch-size {batch_size}: more than there are pictures")
        self._rows = rows

    def __len__(self) -> int:
        full = -(-len(self._rows) // self._size)
        return full * (1 if self._augment is None else self._shard.accumulate)

    def _generator(self, place: int) -> torch.Generator:
        """The randomness of one cell of an epoch; -1 is the order of the pictures."""
        state = np.random.SeedSequence([self._seed, self._epoch, place + 1]).generate_state(2)
        return torch.Generator().manual_seed(int(state[0]) << 31 | int(state[1]))

    def _batch(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        rows = self._rows[start:stop]
        images = self._images[rows]
        if self._augment is not None:
            fresh = torch.empty_like(images)
            for place in range(0, len(images), CELL):
                cell = slice(place, place + CELL)
                generator = self._generator((start + place) // CELL)
                fresh[cell] = self._augment(images[cell], generator)
            images = fresh
        if self._device != "cpu":
            images = images.pin_memory().to(self._device, non_blocking=True)
        images = normalise(images, self._mean, self._std)
        return images, self._labels[rows].to(self._device)

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """First and last place of everything this process gets, in order."""
        for start in range(0, len(self._rows), self._size):
            stop = min(start + self._size, len(self._rows))
            if self._augment is None:
                yield start, stop
                continue
            step = self._size // self._shard.parts
            first = start + self._shard.rank * self._shard.accumulate * step
            for number in range(self._shard.accumulate):
                yield first + number * step, first + (number + 1) * step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches; for a GPU they are made in a thread while it computes.

        On a CPU the network needs every core: a thread beside it would only be in its way.
        """
        if self._device == "cpu":
            yield from (self._batch(start, stop) for start, stop in self._pieces())
            return
        ready: queue.Queue[tuple[Tensor, Tensor] | BaseException | None] = queue.Queue(AHEAD)
        stopped = threading.Event()

        def put(item: tuple[Tensor, Tensor] | BaseException | None) -> None:
            while not stopped.is_set():
                try:
                    ready.put(item, timeout=0.1)
                    return
                except queue.Full:
                    continue

        def make() -> None:
            try:
                for start, stop in self._pieces():
                    if stopped.is_set():
                        return
                    put(self._batch(start, stop))
                put(None)
            except BaseException as error:  # raised again where the batches are used
                put(error)

        thread = threading.Thread(target=make, daemon=True)
        thread.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stopped.set()
            thread.join()
