"""AlexNet, functional style: bare parameters, registered buffers and torch.nn.functional."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class AlexNet(nn.Module):
    # (in, out, kernel, stride, padding)
    CONVS = ((3, 96, 11, 4, 0), (96, 256, 5, 1, 2), (256, 384, 3, 1, 1), (384, 384, 3, 1, 1),
             (384, 256, 3, 1, 1))  # fmt: skip

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.dropout = dropout
        for i, (c_in, c_out, k, _, _) in enumerate(self.CONVS, start=1):
            self.make_weight(f"conv{i}", c_out, c_in, k, k)
        for i, c in ((1, 96), (2, 256)):
            self.register_parameter(f"gamma{i}", nn.Parameter(torch.ones(c)))
            self.register_parameter(f"beta{i}", nn.Parameter(torch.zeros(c)))
            self.register_buffer(f"mean{i}", torch.zeros(c))
            self.register_buffer(f"var{i}", torch.ones(c))
        self.make_weight("fc6", 4096, 9216)
        self.make_weight("fc7", 4096, 4096)
        self.make_weight("fc8", num_classes, 4096)

    def make_weight(self, name: str, *shape: int) -> None:
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        weight = torch.empty(shape).uniform_(-bound, bound)
        bias = torch.empty(shape[0]).uniform_(-bound, bound)
        self.register_parameter(f"{name}_w", nn.Parameter(weight))
        self.register_parameter(f"{name}_b", nn.Parameter(bias))

    def weights(self, name: str) -> tuple[Tensor, Tensor]:
        return getattr(self, f"{name}_w"), getattr(self, f"{name}_b")

    def norm(self, x: Tensor, i: int) -> Tensor:
        mean, var = getattr(self, f"mean{i}"), getattr(self, f"var{i}")
        gamma, beta = getattr(self, f"gamma{i}"), getattr(self, f"beta{i}")
        return F.batch_norm(x, mean, var, gamma, beta, training=self.training)

    def forward(self, x: Tensor) -> Tensor:
        for i, (_, _, _, stride, padding) in enumerate(self.CONVS, start=1):
            x = F.conv2d(x, *self.weights(f"conv{i}"), stride=stride, padding=padding)
            if i in (1, 2):
                x = self.norm(x, i)
            x = F.relu(x)
            if i in (1, 2, 5):
                x = F.max_pool2d(x, 3, 2)
        x = x.flatten(1)
        for name in ("fc6", "fc7"):
            x = F.relu(F.linear(x, *self.weights(name)))
            x = F.dropout(x, self.dropout, self.training)
        return F.linear(x, *self.weights("fc8"))
