"""Rehearsals of the homework: the student's loops on a small network that keeps a diary."""

import contextlib
import io
import os
import runpy
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from autograder.observe import protocol
from autograder.observe.frames import Array
from autograder.observe.protocol import Step
from autograder.observe.weights import fill

CLASSES = 5
MAX_TEXT = 4 << 20  # bytes of what a script wrote


class Token:
    """Lives as long as the graph of one forward pass."""


class Diary(torch.autograd.Function):
    """The identity; its node in the graph holds a token and calls back when gradients come."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, token: Token, told: Callable[[], None]) -> Tensor:
        ctx.token, ctx.told = token, told
        return logits.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        ctx.told()
        return gradients[0], None, None


class WatchedNetwork(nn.Module):
    """Averages each channel, then one linear layer; writes down every forward pass.

    Shape:
        input (B, 3, H, W), output (B, 5)
    """

    def __init__(self, seed: str) -> None:
        super().__init__()
        self.head = nn.Linear(3, CLASSES)
        for index, parameter in enumerate(self.parameters()):
            fill(parameter, seed, index, "weight")
        self.entries: list[dict[str, Any]] = []
        self.logits: list[Array] = []
        self.stepped = False
        self._tokens: list[weakref.ref[Token]] = []

    def forward(self, images: Tensor) -> Tensor:
        token = Token()
        alive = sum(reference() is not None for reference in self._tokens[:-1])
        self._tokens.append(weakref.ref(token))
        entry: dict[str, Any] = {
            "training": self.training,
            "graph": torch.is_grad_enabled(),
            "input": as_array(images),
            "stale": False,
            "kept": alive,
        }
        self.entries.append(entry)
        logits = self.head(images.float().mean(dim=(2, 3)))  # (B, 5)
        self.logits.append(as_array(logits))
        if not torch.is_grad_enabled():
            return logits  # type: ignore[no-any-return]

        def told() -> None:
            gradient = self.head.weight.grad
            left = gradient is not None and bool(gradient.any())
            entry["stale"] = left and self.stepped  # before a step it is accumulation
            self.stepped = False

        watched: Tensor = Diary.apply(logits, token, told)  # type: ignore[no-untyped-call]
        return watched


def rehearse(
    function: Callable[..., Any], request: protocol.Rehearse
) -> tuple[Any, bool, WatchedNetwork]:
    """Call the function; return what it returned, whether weights moved, and the network.

    The network starts in the mode it should not stay in.
    """
    model = WatchedNetwork(request.seed)
    before = model.head.weight.detach().clone()
    images = [torch.from_numpy(batch.copy()) for batch in request.batches]
    if request.function == "predict":
        model.train()
        value = function(model, images)
    else:
        model.eval()
        labels = [torch.from_numpy(batch.copy()) for batch in request.labels]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def stepped(*args: Any) -> None:
            model.stepped = True

        optimizer.register_step_post_hook(stepped)

        def loss_fn(logits: Tensor, labels: Tensor) -> Tensor:
            loss = nn.functional.cross_entropy(logits, labels)
            if model.entries:
                told = {"loss_input": as_array(logits), "loss": float(loss.detach())}
                model.entries[-1].update(told)
            return loss

        value = function(model, list(zip(images, labels, strict=True)), optimizer, loss_fn)
    moved = not torch.equal(before, model.head.weight.detach())
    return value, moved, model


def steps(model: WatchedNetwork) -> list[Step]:
    """The diary as the protocol states it."""
    return [Step(**entry) for entry in model.entries]


def as_array(tensor: Tensor) -> Array:
    """A copy: the student may change the tensor later."""
    return np.array(tensor.detach().float().cpu().numpy())


def save_run(module: nn.Module, request: protocol.Checkpoint) -> None:
    """Save a network as train.py does.

    With random weights a network gives nearly every picture the same class. So the bias of its
    last layer, if it has one, is moved until the classes are even on random pictures.
    """
    from simpsons import run

    patches = torch.rand(64, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    images = nn.functional.interpolate(patches, size=request.size) - 0.5
    last = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1:]
    with torch.no_grad():
        logits = module.eval()(images / 2 / torch.tensor(request.std)[:, None, None])
        for layer in last:
            if layer.bias is not None and layer.bias.shape == logits.shape[1:]:
                layer.bias.sub_(logits.mean(0))
    config = run.Config(request.size, request.mean, request.std, classes=request.classes)
    run.save(Path(request.folder), module, config)


def run_script(request: protocol.Script) -> str | None:
    """Run a program in this process; its last words where it ended with an error, else None."""
    path = Path(request.path).resolve()
    old, sys.argv = sys.argv, [str(path), *request.args]
    folder = str(path.parent)
    sys.path.insert(0, folder)  # as python does for a script
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            runpy.run_path(str(path), run_name="__main__")
    except SystemExit as error:
        if error.code in (None, 0):
            return None
        words = said.getvalue().strip().splitlines()[-1:]
        return words[0] if words else f"exit code {error.code}"
    finally:
        sys.argv = old
        sys.stderr.write(said.getvalue())
        if folder in sys.path:
            sys.path.remove(folder)
    return None


def written(request: protocol.Script) -> str | None:
    """The text the program wrote, if it is a file of bearable size."""
    out = Path(request.out)
    if out.is_symlink() or not out.is_file() or os.path.getsize(out) > MAX_TEXT:
        return None
    return out.read_text(encoding="utf-8")
