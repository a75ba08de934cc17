"""The same in other words: styles.py puts this text on top of a rewritten solution."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def own_relu(x: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); what is not a number stays so."""
    if inplace:
        return x.relu_()
    return torch.where(x <= 0, torch.zeros_like(x), x)


def own_sum(a: Any, b: Any) -> Any:
    """a + b, whatever they are."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.add(b, a)
    return a + b


def own_cat(given: Any, dim: int = 0) -> Tensor:
    """The maps in one new tensor, filled part by part."""
    tensors: list[Tensor] = list(given)
    rests = {(t.dtype, t.device, t.ndim, t.shape[:1], t.shape[2:]) for t in tensors}
    if len(rests) != 1 or tensors[0].ndim != 4 or dim not in (1, -3):
        return torch.cat(tensors, dim)  # with its own words where they do not fit
    rows, _, high, wide = tensors[0].shape
    whole = tensors[0].new_empty(rows, sum(t.shape[1] for t in tensors), high, wide)
    start = 0
    for part in tensors:
        whole[:, start : start + part.shape[1]] = part
        start += part.shape[1]
    return whole


def own_flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """All but the batch in one dimension."""
    if (start_dim, end_dim) != (1, -1) or x.ndim < 2:
        return torch.flatten(x, start_dim, end_dim)
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class OwnReLU(nn.Module):
    """own_relu as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, x: Tensor) -> Tensor:
        return own_relu(x, self.inplace)


class OwnFlatten(nn.Module):
    """own_flatten as a layer."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.dims = (start_dim, end_dim)

    def forward(self, x: Tensor) -> Tensor:
        return own_flatten(x, *self.dims)


class OwnMaxPool2d(nn.Module):
    """The function with the arguments the layer was made with."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__()
        self.args, self.settings = args, settings

    def forward(self, x: Tensor) -> Any:
        return F.max_pool2d(x, *self.args, **self.settings)


class OwnAdaptiveAvgPool2d(nn.Module):
    """The mean of each map."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        if self.output_size not in (1, (1, 1)):
            return F.adaptive_avg_pool2d(x, self.output_size)
        return x.mean(dim=(-2, -1), keepdim=True)
