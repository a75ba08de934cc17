"""A trial: one module is built, recorded, filled and run, all in one request.

Every weight gets its numbers when the data first reaches it, by the place in the data flow where
that happens. Two right implementations so compute with the same numbers, whatever their names,
and nothing needs to be matched before. A network may be thinned on the way: a weight that is
reached gets an eighth of its width, so that all depths of a network cost less than one did.
"""

import copy
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from autograder.observe import trace
from autograder.observe.draw import pattern
from autograder.observe.frames import Array
from autograder.observe.protocol import Description, Outcome, Pass, Trace, Trial
from autograder.observe.sharp import LOUD, PLAIN, SHARP, sharpened
from autograder.observe.trace import Recorder, Used
from autograder.observe.weights import fill, project, take_part

KEPT = 4096  # numbers of an input's gradient that are sent
WIDE, VERY_WIDE = 64, 4096  # the smallest width that is thinned, and thinned even more
PRODUCTS = ("matmul", "__matmul__", "mm", "addmm", "linear")


class Untriable(Exception):
    """The way a module is written cannot be followed; nothing is wrong with it."""


@dataclass(frozen=True)
class Number:
    """Which numbers a weight got: those of a key, maybe stored as (inputs, outputs)."""

    key: str
    transposed: bool


class Numbering(Recorder):
    """Fill, and maybe thin, each weight when the data first reaches it."""

    def __init__(self, module: nn.Module, x: Tensor, trial: Trial) -> None:
        super().__init__(module, x)
        self.numbers: dict[str, Number] = {}
        self._trial = trial
        self._dtype = x.dtype
        self._matrices = 0
        self._counts: Counter[str] = Counter()
        self._sizes = {name: tensor.numel() for name, tensor in self._stored.items()}
        self._mixes = {name: trace.is_matrix(tensor) for name, tensor in self._stored.items()}

    def _numel(self, name: str, tensor: Tensor) -> int:
        return self._sizes.get(name, tensor.numel())

    def _is_matrix(self, name: str, tensor: Tensor) -> bool:
        mixes = self._mixes.get(name)
        return (trace.is_matrix(tensor) if mixes is None else mixes) and not self._is_buffer(name)

    def _reached(
        self,
        function: str,
        args: Any,
        kwargs: dict[str, Any],
        weights: list[Used],
        sources: frozenset[str],
    ) -> None:
        given = {id(tensor) for tensor in trace.tensors_of([args, kwargs])}
        tensors = {name: tensor for name, tensor, _ in weights}
        places = list(self._places(function, args, kwargs, weights, sources))
        data = next(t for t in trace.tensors_of([args, kwargs]) if id(t) in self._data)
        width = 0  # of what the matrix of this call gives
        for name, role, signature, transposed in places:
            if name in self.numbers or not tensors[name].is_floating_point():
                continue
            whole = name.partition("@")[0]
            stored, tensor = self._stored[whole], tensors[name]
            alias = tensor.untyped_storage().data_ptr() == stored.untyped_storage().data_ptr()
            if id(tensor) not in given or not alias:
                raise Untriable(f"{name} is used as a copy")
            if self._trial.divisor > 1:
                if tensor is not stored:
                    raise Untriable(f"{name} is used as a view")
                width = self._thin(name, tensor, role, function, data, width, transposed)
            within = "" if function in ("batch_norm", "group_norm", "layer_norm") else "own"
            place = f"{signature}/{role}/{within}"
            key = f"{place}/{self._counts[place]}"
            self._counts[place] += 1
            self.numbers[name] = Number(key, transposed)
            fan_in = tensor.shape[0] if transposed else max(1, tensor[0].numel())
            fill_sharp(tensor, self._trial.seed, key, SHARP.get(role, role), fan_in, transposed)

    def _thin(
        self,
        name: str,
        tensor: Tensor,
        role: str,
        function: str,
        data: Tensor,
        width: int,
        transposed: bool,
    ) -> int:
        """Give a weight fewer numbers of its own; the width of what comes out."""
        if role == "weight":
            number, self._matrices = self._matrices, self._matrices + 1
            wide = tensor.shape[1] if transposed else tensor.shape[0]
            divisor = self._trial.divisor * (8 if wide >= VERY_WIDE else 1)
            if number != self._trial.whole and wide >= WIDE and wide % divisor == 0:
                wide //= divisor
            if function in PRODUCTS:
                inputs = [data.shape[-1]]
            elif function == "conv2d" and data.ndim == 4:
                inputs = [data.shape[1], *tensor.shape[2:]]
            else:
                raise Untriable(f"{name} is used by {function}")
            shape = [*inputs, wide] if transposed else [wide, *inputs]
        else:
            if tensor.ndim != 1 or function not in (*PRODUCTS, "conv2d", "batch_norm"):
                raise Untriable(f"{name} is used by {function}")
            shape = [data.shape[1] if function == "batch_norm" else width]
        tensor.data = torch.zeros(shape, dtype=self._dtype, device=tensor.device)
        return wide if role == "weight" else width


@torch.no_grad()
def fill_sharp(
    tensor: Tensor, seed: str, index: int | str, role: str, fan_in: int, transposed: bool
) -> None:
    """Fill a tensor, of a sharp role too."""
    fill(tensor, seed, index, PLAIN.get(role, role), fan_in, transposed)
    if role in PLAIN:
        tensor.copy_(sharpened(tensor, role))


def drawn(seed: str, shape: list[int], dtype: torch.dtype) -> Tensor:
    """The input of a pass."""
    numbers = pattern(seed, f"input {shape}", "weight", int(np.prod(shape)))
    return torch.from_numpy(LOUD * np.resize(numbers, shape)).to(dtype)


class Trying:
    """A module under trial: recorded once, then run again and again from the same state."""

    def __init__(self, module: nn.Module, trial: Trial) -> None:
        dtype: torch.dtype = getattr(torch, trial.dtype)
        self.module = module if trial.divisor > 1 else module.to(dtype)
        self._seed, self._dtype, self._device = trial.seed, dtype, trial.device
        self._sizes = {name: list(t.shape) for name, t in module.named_parameters()}
        self._sizes |= {name: list(t.shape) for name, t in module.named_buffers()}
        first = trial.passes[0]
        leaf = drawn(self._seed, first.shape, dtype).to(trial.device)
        x = leaf.clone()
        module.train(first.mode == "train")
        torch.default_generator.manual_seed(int(self._seed, 16))
        with torch.no_grad(), Numbering(module, x, trial) as numbering:
            output = module(x)
        self._numbers = numbering.numbers
        self.description = self._described(numbering, output, trial)
        self._settle()
        self.first = self._outcome(output, not torch.equal(x, leaf))

    def _settle(self) -> None:
        """Remember the module's tensors, and its buffers as they are now."""
        self._parameters = dict(self.module.named_parameters())
        self._stored = dict(self.module.named_buffers())
        self._kept = {name: buffer.clone() for name, buffer in self._stored.items()}

    def restore(self) -> None:
        """Put the buffers back where they were when the module was filled."""
        with torch.no_grad():
            for name, buffer in self._stored.items():
                buffer.copy_(self._kept[name])

    def copied(self, twin: nn.Module) -> "Trying":
        """Load the state_dict into another instance, which had other numbers before."""
        self.restore()
        others = dict(twin.named_parameters()) | dict(twin.named_buffers())
        for name, tensor in (self._parameters | self._stored).items():
            if tensor.is_floating_point():
                others[name].data = torch.full_like(tensor, 0.5)
        state = {name: tensor.clone() for name, tensor in self.module.state_dict().items()}
        twin.load_state_dict(state)
        found = copy.copy(self)
        found.module = twin
        found._settle()
        return found

    def cast(self, dtype: torch.dtype, one: Pass) -> Outcome:
        """Make a pass in another type."""
        self.restore()
        self.module.to(dtype)
        found = copy.copy(self)
        found._dtype = dtype
        found._settle()
        return found.run(one)

    def _described(self, numbering: Numbering, output: Any, trial: Trial) -> Description:
        weights = trace.weights(self.module, numbering.uses)
        for weight in weights:
            if weight.name in self._sizes:  # as built, not as thinned
                weight.shape[:] = self._sizes[weight.name]
        shape = list(output.shape) if isinstance(output, Tensor) else []
        return Description(weights, numbering.layers, shape, [], trace.hidden(self.module)[:8])

    @property
    def keys(self) -> dict[str, str]:
        """Under which key each weight got its numbers, by its name."""
        return {name: number.key for name, number in self._numbers.items()}

    def run(self, one: Pass) -> Outcome:
        """One pass, from the state in which the module was filled."""
        module = self.module
        if module.training != (one.mode == "train"):
            module.train(one.mode == "train")
        self.restore()
        for parameter in self._parameters.values():
            parameter.grad = None
        leaf = drawn(self._seed, one.shape, self._dtype).to(self._device)
        leaf.requires_grad_(one.gradients == "all")
        torch.default_generator.manual_seed(int(self._seed, 16))
        asked = one.gradients in ("all", "weights")
        with torch.inference_mode(one.gradients == "inference"), torch.set_grad_enabled(asked):
            x = leaf * 1  # not a leaf: code that changes its input must be seen doing so
            output = module(x)
        changed = not torch.equal(x.detach(), leaf.detach())
        if asked and isinstance(output, Tensor) and output.requires_grad:
            factors = pattern(self._seed, 0, "projection", output.numel())
            tiled = torch.from_numpy(np.resize(factors, output.shape)).to(output.device)
            (output * tiled.to(output.dtype)).sum().backward()  # type: ignore[no-untyped-call]
        reached = None
        if one.gradients == "all":
            reached = thin(_array(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad))
        return self._outcome(output, changed, reached)

    def _outcome(self, output: Any, changed: bool, reached: Array | None = None) -> Outcome:
        moved = {
            name: buffer
            for name, buffer in self._stored.items()
            if buffer.is_floating_point() and not torch.equal(buffer, self._kept[name])
        }
        gradients = {n: p.grad for n, p in self._parameters.items() if p.grad is not None}
        return Outcome(
            list(output.shape),
            str(output.dtype).removeprefix("torch."),
            changed,
            _array(output),
            reached,
            self._traces(gradients),
            self._traces(moved),
        )

    def _traces(self, tensors: dict[str, Tensor]) -> dict[str, Trace]:
        """What is left of tensors, under the keys of their numbers."""
        found = {}
        for name, number in self._numbers.items() if tensors else ():
            whole = tensors.get(name.partition("@")[0])
            if whole is None:
                continue
            tensor = take_part(whole.contiguous(), name) if "@" in name else whole
            tensor = tensor.t() if number.transposed else tensor
            found[number.key] = Trace(*project(tensor, self._seed, number.key))
        return found


def thin(array: Array) -> Array:
    """At most so many numbers as are sent, evenly spread."""
    flat = array.reshape(-1)
    return flat[:: max(1, -(-flat.size // KEPT))]


def shared_storage(one: nn.Module, other: nn.Module) -> list[str]:
    """Names of the other module's parameters and buffers that lie in the memory of the one."""

    def spans(module: nn.Module) -> dict[str, int]:
        tensors = dict(module.named_parameters()) | dict(module.named_buffers())
        return {n: t.untyped_storage().data_ptr() for n, t in tensors.items() if t.numel()}

    owned = set(spans(one).values()) - {0}
    return [name for name, address in spans(other).items() if address in owned]


def _array(tensor: Tensor) -> Array:
    plain = tensor.detach().as_subclass(Tensor).cpu()
    if plain.dtype not in (torch.float32, torch.float64):
        plain = plain.float()
    return plain.contiguous().numpy()
