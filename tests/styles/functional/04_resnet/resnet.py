"""ResNet, functional style: bare parameters, registered buffers and torch.nn.functional."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Unit(nn.Module):
    """The tensors of one convolution and its batch norm, and the two calls."""

    def __init__(self, c_in: int, c_out: int, k: int, stride: int = 1) -> None:
        super().__init__()
        self.stride, self.padding = stride, k // 2
        self.kernel = nn.Parameter(torch.randn(c_out, c_in, k, k) * (2 / (c_out * k * k)) ** 0.5)
        self.gamma = nn.Parameter(torch.ones(c_out))
        self.beta = nn.Parameter(torch.zeros(c_out))
        self.register_buffer("mean", torch.zeros(c_out))
        self.register_buffer("var", torch.ones(c_out))

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.kernel, stride=self.stride, padding=self.padding)
        return F.batch_norm(x, self.mean, self.var, self.gamma, self.beta, self.training)


class ResidualBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.a = Unit(in_channels, out_channels, 3, stride)
        self.b = Unit(out_channels, out_channels, 3)
        changes = stride != 1 or in_channels != out_channels
        self.s = Unit(in_channels, out_channels, 1, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(F.relu(self.a(x)))
        return F.relu(y + (x if self.s is None else self.s(x)))


class BottleneckBlock(nn.Module):
    def __init__(self, in_channels: int, mid_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.a = Unit(in_channels, mid_channels, 1)
        self.b = Unit(mid_channels, mid_channels, 3, stride)
        self.c = Unit(mid_channels, 4 * mid_channels, 1)
        changes = stride != 1 or in_channels != 4 * mid_channels
        self.s = Unit(in_channels, 4 * mid_channels, 1, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.c(F.relu(self.b(F.relu(self.a(x)))))
        return F.relu(y + (x if self.s is None else self.s(x)))


class ResNet(nn.Module):
    def __init__(self, depth: int = 18, num_classes: int = 1000) -> None:
        super().__init__()
        if depth == 18:
            counts, widen = (2, 2, 2, 2), 1
        elif depth == 34:
            counts, widen = (3, 4, 6, 3), 1
        elif depth == 50:
            counts, widen = (3, 4, 6, 3), 4
        elif depth == 101:
            counts, widen = (3, 4, 23, 3), 4
        elif depth == 152:
            counts, widen = (3, 8, 36, 3), 4
        else:
            raise ValueError(f"there is no ResNet-{depth}")
        make = ResidualBlock if widen == 1 else BottleneckBlock
        self.stem = Unit(3, 64, 7, 2)
        self.num_blocks = sum(counts)
        channels, i = 64, 0
        for stage, count in enumerate(counts):
            width = 64 * 2**stage
            for j in range(count):
                stride = 2 if stage > 0 and j == 0 else 1
                self.add_module(f"block{i}", make(channels, width, stride))
                channels, i = widen * width, i + 1
        self.fc_weight = nn.Parameter(torch.randn(num_classes, channels) * channels**-0.5)
        self.fc_bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.stem(x)), kernel_size=3, stride=2, padding=1)
        for i in range(self.num_blocks):
            x = getattr(self, f"block{i}")(x)
        x = x.mean(dim=(2, 3))
        return F.linear(x, self.fc_weight, self.fc_bias)
