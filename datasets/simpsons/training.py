"""What a training needs around its loop: processes, precision, accumulation, resuming."""

import ctypes
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from simpsons.errors import DataError
from simpsons.files import replacing

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Team:
    """This process among those that torchrun started: rank 0 speaks and writes."""

    rank: int
    world: int
    device: str

    @property
    def speaks(self) -> bool:
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model with gradients averaged over all processes."""
        if self.world == 1:
            return model
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model)

    def mean(self, value: float) -> float:
        """The mean of a number over all processes."""
        if self.world == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return float(total) / self.world

    def leave(self) -> None:
        if self.world > 1:
            torch.distributed.destroy_process_group()


def join(device: str) -> Team:
    """Find the device, and the other processes where torchrun started several.

    Raises:
        DataError: a GPU is asked for and there is none.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise DataError("--device cuda: torch finds no GPU here; leave --device out")
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if device == "cuda":
            device = f"cuda:{local}"
        torch.cuda.set_device(device)
    elif device != "cpu":
        raise DataError(f"--device {device}: choose auto, cpu or cuda")
    if world > 1:
        torch.distributed.init_process_group("nccl" if device != "cpu" else "gloo")
    return Team(rank, world, device)


def keep_memory() -> None:
    """Let the C library keep freed memory: glibc gives large blocks back at once.

    Every batch needs the same blocks again; having their pages mapped anew costs a CPU about a
    tenth of its time.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    m_trim_threshold, m_mmap_threshold = -1, -3
    mallopt(m_mmap_threshold, 1 << 30)
    mallopt(m_trim_threshold, (1 << 31) - 1)


class MixedPrecision(nn.Module):
    """Computes in bfloat16 where that is safe, keeps weights and logits in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16):
            logits: Tensor = self.network(images)
        return logits.float()


def has_bfloat16(device: str) -> bool:
    """Whether bfloat16 is computed in hardware there, so that it helps."""
    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    found = (getattr(torch.cpu, name, None) for name in names)
    return any(bool(asked()) for asked in found if asked is not None)


class Optimizers:
    """Several optimizers as one, on one schedule, stepping once for every few batches.

    every: batches whose gradients are averaged for a step. factor: the learning rate of step
    number n is factor(n) times that of the optimizer.
    """

    def __init__(
        self,
        optimizers: list[torch.optim.Optimizer],
        factor: Callable[[int], float],
        every: int = 1,
    ) -> None:
        self._optimizers, self._every, self._count = optimizers, every, 0
        schedulers = torch.optim.lr_scheduler
        self._schedules = [schedulers.LambdaLR(one, factor) for one in optimizers]

    def loss(self, loss_fn: Loss) -> Loss:
        """The loss divided, so that the gradients of several batches add up to their mean."""
        return lambda logits, labels: loss_fn(logits, labels) / self._every

    def zero_grad(self) -> None:
        if self._count % self._every == 0:
            for optimizer in self._optimizers:
                optimizer.zero_grad()

    def step(self) -> None:
        self._count += 1
        if self._count % self._every == 0:
            for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
                optimizer.step()
                schedule.step()

    def state_dict(self) -> dict[str, Any]:
        return {
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "schedules": [schedule.state_dict() for schedule in self._schedules],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for optimizer, found in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(found)
        for schedule, found in zip(self._schedules, state["schedules"], strict=True):
            schedule.load_state_dict(found)


def schedule(steps: int, warmup: float) -> Callable[[int], float]:
    """One cycle: the learning rate rises for a share of the steps, then falls to zero.

    It falls as a parabola: early enough to be useful before the end, late enough to learn.
    """
    top = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        if step < top:
            return (step + 1) / (top + 1)
        return max(0.0, (steps - step) / max(1, steps - top)) ** 2

    return factor


def class_weights(labels: Tensor, classes: int, balance: float) -> Tensor:
    """Weights of the loss for unequally frequent classes, (classes,), mean 1 over the pictures.

    A class with n pictures gets n ** -balance: 0 treats every picture alike, 1 every class.
    With 2 000 pictures of one class and 3 of another, 1 would let three pictures shout. What it
    did to the honest F1 of a training: with 0 micro 0.931 and macro 0.739, with 0.25 micro 0.927
    and macro 0.759. The competition counts micro, and its test part holds only frequent classes.
    """
    counts = torch.bincount(labels, minlength=classes).clamp(min=1).float()
    weights = counts**-balance
    return weights / weights[labels].mean()


@dataclass
class Progress:
    """Where a training stands after an epoch: what it takes to go on to the same result."""

    model: nn.Module
    optimizer: Optimizers
    settings: Any  # a frozen dataclass; a training is only continued with the same
    seconds: float = 0.0
    epoch: int = 0

    def save(self, folder: Path) -> None:
        """Write resume.pt, whole or not at all.

        Raises:
            DataError: it cannot be written.
        """
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "settings": asdict(self.settings),
            "seconds": self.seconds,
            "epoch": self.epoch,
        }
        try:
            with replacing(folder / "resume.pt") as part:
                torch.save(state, part)
        except (OSError, RuntimeError) as error:
            raise DataError(f"{folder / 'resume.pt'}: cannot be written: {error}") from None

    def restore(self, folder: Path) -> None:
        """Go on from resume.pt.

        Raises:
            DataError: it is missing or damaged, or belongs to a training with other settings.
        """
        path = folder / "resume.pt"
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            found = state["settings"]
        except FileNotFoundError:
            raise DataError(f"{path}: nothing to resume; start without --resume") from None
        except Exception as error:  # torch raises many things for a damaged file
            raise DataError(f"{path}: cannot be read ({error}); start without --resume") from None
        wanted = asdict(self.settings)
        other = [f"{key} was {found.get(key)}" for key in wanted if found.get(key) != wanted[key]]
        if other:
            raise DataError(f"{path}: other settings ({', '.join(other)}); resume with the same")
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, KeyError) as error:
            text = " ".join(str(error).split())[:200]
            raise DataError(f"{path}: of another network ({text}); start anew") from None
        self.epoch, self.seconds = state["epoch"], state["seconds"]
