"""Gradients, in-place style: relu_, preallocated maps, .grad zeroed and put back in place."""
# ruff: noqa: N803 (dL_dx3 is the lesson's name)

import torch
from torch import Tensor, nn


def first_weight_gradient(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    g = dL_dx3 * dx3_dx2  # a new tensor: from here on it is ours
    g *= dx2_dx1
    g *= dx1_dw1
    return g


def first_weight_gradient_with_skip(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    g = dx3_dx2 * dx2_dx1
    g += 1
    g *= dL_dx3
    g *= dx1_dw1
    return g


def gradient_norms(model: nn.Module, x: Tensor) -> dict[str, float]:
    params = dict(model.named_parameters())
    saved = {name: p.grad.clone() for name, p in params.items() if p.grad is not None}
    for name in saved:
        params[name].grad.zero_()
    with torch.enable_grad():
        loss = model(x.detach()).sum()
        if loss.requires_grad:
            loss.backward()
    norms = {}
    for name, p in params.items():
        if p.ndim >= 2:
            norms[name] = 0.0 if p.grad is None else p.grad.norm().item()
        if name in saved:
            p.grad.copy_(saved[name])
        else:
            p.grad = None
    return norms


class FourConvNet(nn.Module):
    def __init__(self, connection: str = "none") -> None:
        super().__init__()
        if connection not in ("none", "add", "concat"):
            raise ValueError('connection must be "none", "add" or "concat"')
        self.connection = connection
        self.layer1 = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True))
        self.layer2 = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(inplace=True))
        self.layer3 = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(inplace=True))
        self.conv4 = nn.Conv2d(12 if connection == "concat" else 6, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.layer1(x)
        third = self.layer3(self.layer2(first))
        if self.connection == "none":
            joined = third
        elif self.connection == "add":
            joined = third.clone()  # ReLU still needs its own result for the gradient
            joined += first
        else:
            joined = first.new_empty(first.size(0), 12, *first.shape[2:])
            joined[:, :6] = first
            joined[:, 6:] = third
        return self.conv4(joined).relu_()
