"""All weights of FourConvNet in one flat parameter."""
# ruff: noqa: N803 (dL_dx3 is the lesson's name)

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Number = TypeVar("Number", float, Tensor)


def first_weight_gradient(
    dL_dx3: Number, dx3_dx2: Number, dx2_dx1: Number, dx1_dw1: Number
) -> Number:
    return dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1


def first_weight_gradient_with_skip(
    dL_dx3: Number, dx3_dx2: Number, dx2_dx1: Number, dx1_dw1: Number
) -> Number:
    return dL_dx3 * (dx3_dx2 * dx2_dx1 + 1) * dx1_dw1


def gradient_norms(model: nn.Module, x: Tensor) -> dict[str, float]:
    weights = {name: p for name, p in model.named_parameters() if p.ndim >= 2}
    live = {name: p for name, p in weights.items() if p.requires_grad}
    norms = dict.fromkeys(weights, 0.0)
    with torch.enable_grad():
        total = model(x).sum()
    if not live or not total.requires_grad:
        return norms
    grads = torch.autograd.grad(total, list(live.values()), allow_unused=True)
    for name, grad in zip(live, grads, strict=True):
        if grad is not None:
            norms[name] = torch.linalg.vector_norm(grad).item()
    return norms


class FourConvNet(nn.Module):
    def __init__(self, connection: str = "none") -> None:
        super().__init__()
        if connection not in ("none", "add", "concat"):
            raise ValueError(f"unknown connection {connection!r}")
        self.connection = connection
        c4 = 12 if connection == "concat" else 6
        self.sizes = [54 * c for c in (3, 6, 6, c4)] + [6] * 4
        self.w = nn.Parameter(torch.randn(sum(self.sizes)) / 7)

    def layer(self, x: Tensor, i: int) -> Tensor:
        parts = self.w.split(self.sizes)
        return F.relu(F.conv2d(x, parts[i].view(6, -1, 3, 3), parts[4 + i], padding=1))

    def forward(self, x: Tensor) -> Tensor:
        first = self.layer(x, 0)
        third = self.layer(self.layer(first, 1), 2)
        if self.connection == "add":
            third = third + first
        elif self.connection == "concat":
            third = torch.cat((first, third), dim=1)
        return self.layer(third, 3)
