"""Small networks the worker hands to a student's function that takes a model."""

import torch
from torch import Tensor, nn

from autograder.observe.weights import fill


class Probe(nn.Module):
    """Two convolutions and two linear layers; kind adds what the function must cope with.

    plain: nothing special. unused: one layer is never called. frozen: one layer does not
    learn. busy: some parameters already have a gradient and one layer is in train mode.

    Shape:
        input (B, 3, H, W), output (B, 5)
    """

    def __init__(self, kind: str, seed: str) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 5)
        if kind == "unused":
            self.spare = nn.Linear(4, 3)
        for index, parameter in enumerate(self.parameters()):
            fill(parameter, seed, index, "weight" if parameter.ndim > 1 else "scale")
        self.double()
        if kind == "frozen":
            self.second.weight.requires_grad_(False)
        if kind == "busy":
            self.train()
            self.second.eval()
            for parameter in self.second.parameters():
                parameter.grad = torch.full_like(parameter, 0.5)
        else:
            self.eval()

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.relu(self.norm(self.first(x)))  # (B, 4, H, W)
        maps = torch.tanh(self.second(maps))  # (B, 4, H, W)
        logits: Tensor = self.head(maps.mean(dim=(2, 3)))  # (B, 5)
        return logits


def state_of(probe: nn.Module) -> dict[str, object]:
    """What a function may not change: gradients, flags and parameters."""
    parameters = list(nn.Module.parameters(probe))
    return {
        "grad": [None if p.grad is None else p.grad.tolist() for p in parameters],
        "training": [m.training for m in nn.Module.modules(probe)],
        "requires_grad": [p.requires_grad for p in parameters],
        "weights": [p.tolist() for p in parameters],
    }
