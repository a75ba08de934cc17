"""What a training shows and keeps: a bar, a table for each epoch, log.csv, TensorBoard, plots."""

import csv
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from simpsons.data import Batches
from simpsons.errors import DataError

ETA_AFTER = 20  # batches
TOO_LONG = 30 * 60  # seconds

Loss = Callable[[Tensor, Tensor], Tensor]


class Display:
    """Counts what passes through batches() and loss(), and says what comes of it.

    quiet: say and write nothing (every process but the first). faster: the advice given when
    the training would take more than half an hour. done: epochs of an earlier
    start that stay in log.csv.

    Raises:
        DataError: the folder cannot be written.
    """

    def __init__(
        self, folder: Path, epochs: int, faster: str, quiet: bool = False, done: int = 0
    ) -> None:
        if not quiet:
            prepare_folder(folder, done)
        self._folder, self._epochs, self._quiet, self._faster = folder, epochs, quiet, faster
        self._console = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=quiet or not sys.stdout.isatty(),
        )
        self._warned = False
        self._loss, self._f1 = float("nan"), float("nan")
        self.images = 0
        self.seconds = 0.0
        self._writer = None if quiet else tensorboard(folder)

    def batches(self, batches: Batches, epoch: int) -> "Watched":
        """The same batches, once, with a bar; after 20 of the first tell how long all will take."""
        return Watched(self._passed_on(batches, epoch), len(batches))

    def _passed_on(self, batches: Batches, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        count = len(batches)
        start, self.images = time.perf_counter(), 0
        with self._bar as bar:
            task = bar.add_task(f"epoch {epoch + 1}/{self._epochs}", total=count, facts="")
            for number, (images, labels) in enumerate(batches, start=1):
                yield images, labels
                self.images += len(images)
                self.seconds = time.perf_counter() - start
                speed = self.images / self.seconds
                facts = f"loss {self._loss:.3f}  F1 {self._f1:.3f}  {speed:.0f} images/s"
                bar.update(task, advance=1, facts=facts)
                if number == ETA_AFTER and not self._warned:
                    self._estimate(self.seconds / number * count * (self._epochs - epoch))
            bar.remove_task(task)

    def loss(self, loss_fn: Loss) -> Loss:
        """The same loss, watched for the bar."""

        def watched(logits: Tensor, labels: Tensor) -> Tensor:
            value = loss_fn(logits, labels)
            self._loss = float(value.detach())
            return value

        return watched

    def _estimate(self, seconds: float) -> None:
        self._warned = True
        self._console.print(f"about {clock(seconds)} to go")
        if seconds > TOO_LONG:
            self._console.print(f"[bold]That is long.[/] {self._faster}")

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)

    def epoch(self, row: dict[str, Any]) -> None:
        """Print one epoch and append it to log.csv and TensorBoard."""
        self._f1 = row["honest_f1"]
        if self._quiet:
            return
        self._console.print(
            f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  honest F1 {row['honest_f1']:.4f}"
            f"  macro {row['macro_f1']:.4f}  {row['images_per_second']:.0f} images/s"
            f"  {row['seconds']:.1f} s of training"
        )
        path = self._folder / "log.csv"
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if not path.stat().st_size:
                writer.writeheader()
            writer.writerow(row)
        if self._writer is not None:
            for name, value in row.items():
                if name != "epoch":
                    self._writer.add_scalar(name, value, row["epoch"])
            self._writer.flush()


@dataclass(frozen=True)
class Watched:
    """An iterator that knows its length, as loops with a bar of their own like it."""

    iterator: Iterator[tuple[Tensor, Tensor]]
    length: int

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.iterator

    def __len__(self) -> int:
        return self.length


def prepare_folder(folder: Path, done: int) -> None:
    """Make the run folder; of an earlier training's log only the epochs that are done stay."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "log.csv"
        if done:
            lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
            log.write_text("".join(lines[: done + 1]), encoding="utf-8")
        else:
            for path in (log, folder / "resume.pt"):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror or error}") from None


def tensorboard(folder: Path) -> Any:
    """A TensorBoard writer, or None where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))


def clock(seconds: float) -> str:
    """Seconds as 40 s, 3 min or 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
