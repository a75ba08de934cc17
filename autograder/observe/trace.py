"""Record how a forward pass uses its weights, however the module is written.

A function mode sees every torch call, so module style, functional style and in-place style
look alike. Each weight gets a signature that says where in the data flow it stands: how many
numbers it has and which weight matrices its input came through. Two right implementations
give the same signatures whatever their names, their order of definition or which branch
they evaluate first. Vectors (bias, BatchNorm) count as applied after the matrix of their
call, and functions without weights do not count at all.
"""

import functools
import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from autograder.observe.protocol import Layer, Weight
from autograder.observe.weights import is_part, part_name, shape_of_part

INPUT = "input"
IDENTITIES = itertools.count(1)
# These make a tensor of the same shape, not of the same data.
SHAPE_ONLY = {
    "new_empty", "new_zeros", "new_ones", "new_full", "new_tensor", "empty_like", "zeros_like",
    "ones_like", "full_like", "rand_like", "randn_like",
}  # fmt: skip
FLIPS = ("t", "T", "mT", "transpose", "swapaxes", "permute", "adjoint")
PRODUCTS = ("matmul", "__matmul__", "mm", "addmm", "bmm", "__rmatmul__")
ROLES = {"mul": "scale", "multiply": "scale", "__rmul__": "scale", "addcmul": "scale"}
ROOTS = ("sqrt", "rsqrt", "pow", "__pow__", "float_power", "reciprocal")  # taken of a variance


Uses = dict[str, tuple[int, str, str, bool]]  # name: order, signature, role, transposed
Used = tuple[str, Tensor, bool]  # a weight that a call gets: name, tensor, stored transposed


class Recorder(TorchFunctionMode):
    """Follow the data from the input through the weights; use as a context manager."""

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self._names = {id(p): name for name, p in module.named_parameters()}
        self._names |= {id(b): name for name, b in module.named_buffers()}
        self._variances: set[str] = set()
        self._stored = dict(module.named_parameters()) | dict(module.named_buffers())
        self._buffers = {name for name, _ in module.named_buffers()}
        self.uses: Uses = {}
        # id -> (the tensor, kept alive so that its id stays its own, and what is known of it)
        self._data: dict[int, tuple[Tensor, frozenset[str]]] = {
            id(x): (x, frozenset([INPUT])),
        }
        self._views: dict[int, tuple[Tensor, list[str], bool]] = {}  # weights only: names, flipped

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":  # a property such as Tensor.T
            name = getattr(getattr(func, "__self__", None), "__name__", "")
        weights, sources = self._inputs(name, args, kwargs)
        if weights and sources:
            self._reached(name, args, kwargs, weights, sources)
        out = func(*args, **kwargs)
        self._follow(name, args, kwargs, weights, sources, out)
        return out

    def _reached(
        self,
        function: str,
        args: Any,
        kwargs: dict[str, Any],
        weights: "list[Used]",
        sources: frozenset[str],
    ) -> None:
        """Called before a function that gets data and weights."""

    def _inputs(
        self, name: str, args: Any, kwargs: dict[str, Any]
    ) -> "tuple[list[Used], frozenset[str]]":
        """The weights among the arguments of a call, and where its data came through."""
        sources: frozenset[str] = frozenset()
        weights: list[Used] = []
        for position, tensor in enumerate(tensors_of([args, kwargs])):
            if id(tensor) in self._names:
                flipped = name in PRODUCTS and position > 0
                weights.append((self._names[id(tensor)], tensor, flipped))
            elif id(tensor) in self._views:
                _, names, turned = self._views[id(tensor)]
                flipped = (name in PRODUCTS and position > 0) != turned
                # Seen as it is used; several folded into one are seen as they are stored.
                if len(names) > 1:
                    weights += [(n, self._stored[n], flipped) for n in names]
                elif is_part(tensor, self._stored[names[0]]):
                    part = part_name(names[0], tensor, self._stored[names[0]])
                    weights.append((part, tensor, flipped))
                else:
                    weights.append((names[0], tensor, flipped))
            elif id(tensor) in self._data:
                sources |= self._data[id(tensor)][1]
        return weights, sources

    def _follow(
        self,
        name: str,
        args: Any,
        kwargs: dict[str, Any],
        weights: "list[Used]",
        sources: frozenset[str],
        out: Any,
    ) -> None:
        if weights and not sources:
            if name in ROOTS:
                self._variances |= {n for n, _, _ in weights}
            turned = (name in FLIPS) != weights[0][2]
            for tensor in tensors_of(out):
                if id(tensor) not in self._names:
                    names = list(dict.fromkeys(n.partition("@")[0] for n, _, _ in weights))
                    self._views[id(tensor)] = (tensor, names, turned)
            return
        if name in SHAPE_ONLY:
            sources = frozenset()
        if weights:
            sources = self._use(name, args, kwargs, weights, sources, out)
        if name in ("__setitem__", "copy_") or out is None:
            # The data went into the first argument.
            target = next(tensors_of(args), None)
            if target is not None:
                old = self._data.get(id(target), (target, frozenset()))[1]
                self._data[id(target)] = (target, old | sources)
            return
        for tensor in tensors_of(out):
            if sources and id(tensor) not in self._names:
                self._data[id(tensor)] = (tensor, sources)

    def _use(
        self,
        function: str,
        args: Any,
        kwargs: dict[str, Any],
        weights: "list[Used]",
        sources: frozenset[str],
        out: Any,
    ) -> frozenset[str]:
        after = sources
        for name, role, signature, transposed in self._places(
            function, args, kwargs, weights, sources
        ):
            self._record(name, signature, role, transposed)
            if role == "weight":
                after = frozenset([signature])
        for name, tensor, _ in weights:
            if self._is_matrix(name, tensor):
                shape = next((list(t.shape) for t in tensors_of(out)), [])
                self.layers.append(Layer(function, list(tensor.shape), shape))
        return after

    def _places(
        self,
        function: str,
        args: Any,
        kwargs: dict[str, Any],
        weights: "list[Used]",
        sources: frozenset[str],
    ) -> Iterator[tuple[str, str, str, bool]]:
        """Name, role, signature of every weight that a call gets, and whether it is transposed."""
        roles = _batch_norm_roles(function, args, kwargs)
        after = sources
        for name, tensor, flipped in weights:
            if self._is_matrix(name, tensor):
                signature = _digest("matrix", self._numel(name, tensor), sources)
                after = frozenset([signature])
                yield name, "weight", signature, flipped and function in PRODUCTS
        for name, tensor, _ in weights:
            if not self._is_matrix(name, tensor):
                buffer = self._is_buffer(name)
                role = roles.get(id(tensor)) or ROLES.get(function, "bias")
                if buffer and id(tensor) not in roles:
                    role = "var" if name in self._variances else "mean"
                kind = "buffer" if buffer else "vector"
                yield name, role, _digest(kind, self._numel(name, tensor), after), False

    def _numel(self, name: str, tensor: Tensor) -> int:
        return tensor.numel()

    def _is_matrix(self, name: str, tensor: Tensor) -> bool:
        return is_matrix(tensor) and not self._is_buffer(name)

    def _is_buffer(self, name: str) -> bool:
        return name.partition("@")[0] in self._buffers

    def _record(self, name: str, signature: str, role: str, transposed: bool) -> None:
        self.uses.setdefault(name, (len(self.uses), signature, role, transposed))


def tensors_of(value: Any) -> Iterator[Tensor]:
    """Every tensor in nested arguments."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_of(item)
    elif isinstance(value, dict):
        yield from tensors_of(list(value.values()))


def is_matrix(tensor: Tensor) -> bool:
    """Whether a tensor mixes its inputs: the weight of a convolution or a linear layer."""
    return tensor.ndim > 1 and tensor.numel() > max(tensor.shape)


@functools.lru_cache(maxsize=4096)
def _digest(kind: str, numel: int, sources: frozenset[str]) -> str:
    return hashlib.sha256(f"{kind} {numel} {sorted(sources)}".encode()).hexdigest()[:16]


def _named_role(name: str, buffer: bool) -> str:
    """Guess from the usual names where the pass did not use the tensor at all."""
    if buffer:
        return "mean" if "mean" in name else "var"
    return "bias" if "bias" in name else "scale"


def _batch_norm_roles(function: str, args: Any, kwargs: dict[str, Any]) -> dict[int, str]:
    """The roles of the tensors of F.batch_norm and torch.batch_norm, by id."""
    if function != "batch_norm":
        return {}
    # torch.batch_norm has nine positional arguments and another order.
    names = (
        ("", "weight", "bias", "running_mean", "running_var")
        if len(args) == 9
        else ("", "running_mean", "running_var", "weight", "bias")
    )
    given = dict(zip(names, args, strict=False)) | kwargs
    roles = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
    return {id(given[key]): role for key, role in roles.items() if given.get(key) is not None}


def weights(module: nn.Module, uses: Uses | None = None) -> list[Weight]:
    """Every parameter and floating-point buffer, in the order of registration."""
    tensors: list[tuple[str, Tensor, bool]]
    tensors = [(name, p, False) for name, p in module.named_parameters()]
    tensors += [(name, b, True) for name, b in module.named_buffers()]
    found: list[Weight] = []
    uses = dict(uses or {})
    parts_of: dict[str, list[str]] = {}
    for used in uses:
        if "@" in used:
            parts_of.setdefault(used.rpartition("@")[0], []).append(used)
    for name, tensor, buffer in tensors:
        if not tensor.is_floating_point():
            continue
        guess = "weight" if is_matrix(tensor) else _named_role(name, buffer)
        parts = parts_of.get(name, [])
        if parts:
            uses.setdefault(name, uses[parts[0]])
        for used in (name, *parts):
            order, signature, role, transposed = uses.get(used, (-1, "", guess, False))
            found.append(
                Weight(
                    name=used,
                    shape=shape_of_part(used) if used in parts else list(tensor.shape),
                    buffer=buffer,
                    learns=tensor.requires_grad,
                    role=role,
                    order=order,
                    signature=signature,
                    transposed=transposed,
                    identity=_identity(tensor),
                )
            )
    return found


def hidden(module: nn.Module) -> list[str]:
    """Attributes that keep layers or parameters where PyTorch does not see them."""
    found = []
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            if name.startswith("_") or not isinstance(value, (list, tuple, dict)):
                continue
            if any(isinstance(item, (nn.Module, nn.Parameter)) for item in _flat(value)):
                found.append(f"{path}.{name}".lstrip("."))
    return found


def _flat(value: Any, depth: int = 3) -> Iterator[Any]:
    """What lists, tuples and dicts hold, in each other too."""
    items = value.values() if isinstance(value, dict) else value
    for item in items:
        if depth and isinstance(item, (list, tuple, dict)):
            yield from _flat(item, depth - 1)
        else:
            yield item


def _identity(tensor: Tensor) -> int:
    """A number of the tensor's own; an id would be used again after its tensor is gone."""
    if not hasattr(tensor, "_autograder_identity"):
        tensor._autograder_identity = next(IDENTITIES)  # type: ignore[attr-defined]
    return int(tensor._autograder_identity)  # type: ignore[attr-defined]


def record(module: nn.Module, x: Tensor) -> tuple[Tensor, list[Weight], list[Layer]]:
    """Run module(x) in eval mode without gradients and say how the weights were used."""
    module.eval()
    with torch.no_grad(), Recorder(module, x) as recorder:
        output = module(x)
    return output, weights(module, recorder.uses), recorder.layers
