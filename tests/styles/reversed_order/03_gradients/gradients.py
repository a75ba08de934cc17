"""Gradients, reversed order style: factors and layers from the last to the first."""
# ruff: noqa: N803 (dL_dx3 is the lesson's name)

import torch
from torch import Tensor, nn
from torch.func import functional_call


def first_weight_gradient(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    return dx1_dw1 * dx2_dx1 * dx3_dx2 * dL_dx3


def first_weight_gradient_with_skip(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    by_skip = dx1_dw1 * dL_dx3
    by_layers = dx1_dw1 * dx2_dx1 * dx3_dx2 * dL_dx3
    return by_skip + by_layers


def gradient_norms(model: nn.Module, x: Tensor) -> dict[str, float]:
    # the model runs with copies of its parameters, so its own .grad never changes
    copies = {
        name: p.detach().clone().requires_grad_(p.requires_grad)
        for name, p in model.named_parameters()
    }
    with torch.enable_grad():
        total = functional_call(model, copies, (x.detach(),)).sum()
    if total.requires_grad:
        total.backward()
    norms = {}
    for name, p in copies.items():
        if p.ndim >= 2:
            norms[name] = 0.0 if p.grad is None else p.grad.square().sum().sqrt().item()
    return norms


class FourConvNet(nn.Module):
    def __init__(self, connection: str = "none") -> None:
        super().__init__()
        if connection not in {"none", "add", "concat"}:
            raise ValueError(connection)
        self.connection = connection
        self.conv4 = nn.Conv2d(12 if connection == "concat" else 6, 6, 3, padding=1)
        self.conv3 = nn.Conv2d(6, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1)
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        for m in self.children():
            nn.init.kaiming_normal_(m.weight)
            nn.init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        layer1 = torch.relu(self.conv1(x))
        layer2 = torch.relu(self.conv2(layer1))
        layer3 = torch.relu(self.conv3(layer2))
        if self.connection == "concat":
            return torch.relu(self.conv4(torch.cat([layer1, layer3], dim=1)))
        if self.connection == "add":
            return torch.relu(self.conv4(layer3 + layer1))
        return torch.relu(self.conv4(layer3))
