"""Gradients, sequential style: nn.Sequential, tiny wrappers and a deep copy of the model."""
# ruff: noqa: N802, N803 (the names of the task)

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def first_weight_gradient(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    return math.prod([dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1])


def first_weight_gradient_with_skip(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    skip = dL_dx3 * dx1_dw1  # the short way
    return skip + first_weight_gradient(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1)


def gradient_norms(model: nn.Module, x: Tensor) -> dict[str, float]:
    twin = copy.deepcopy(model)  # the model itself stays untouched
    twin.zero_grad(set_to_none=True)
    out = twin(x.detach()).sum()
    if out.requires_grad:
        out.backward()
    return {
        name: 0.0 if p.grad is None else p.grad.norm().item()
        for name, p in twin.named_parameters()
        if p.dim() > 1
    }


class Around(nn.Module):
    """join(x, fn(x)): goes around fn."""

    def __init__(self, fn: nn.Module, join: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.fn, self.join = fn, join

    def forward(self, x: Tensor) -> Tensor:
        return self.join(x, self.fn(x))


def concat(a: Tensor, b: Tensor) -> Tensor:
    return torch.cat([a, b], dim=1)


def conv(c_in: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, 6, 3, padding=1), nn.ReLU())


def FourConvNet(connection: str = "none") -> nn.Sequential:
    middle = nn.Sequential(conv(6), conv(6))
    if connection == "none":
        return nn.Sequential(conv(3), middle, conv(6))
    if connection == "add":
        return nn.Sequential(conv(3), Around(middle, torch.add), conv(6))
    if connection == "concat":
        return nn.Sequential(conv(3), Around(middle, concat), conv(12))
    raise ValueError("connection must be none, add or concat")
