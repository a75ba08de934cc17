"""Blocks compiled by torch.jit.script: how they use their weights is hidden."""
# ruff: noqa: N802 (the task names the functions)

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    def __init__(self, fn: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.fn, self.shortcut = fn, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.fn(x) + self.shortcut(x)


def conv_bn(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out))


def shortcut(c_in: int, c_out: int, stride: int) -> nn.Module:
    return nn.Identity() if (c_in, stride) == (c_out, 1) else conv_bn(c_in, c_out, 1, stride)


def ResidualBlock(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    branch = torch.jit.script(
        nn.Sequential(
            conv_bn(in_channels, out_channels, 3, stride),
            nn.ReLU(),
            conv_bn(out_channels, out_channels, 3),
        )
    )
    return nn.Sequential(Residual(branch, shortcut(in_channels, out_channels, stride)), nn.ReLU())


def BottleneckBlock(in_channels: int, mid_channels: int, stride: int = 1) -> nn.Sequential:
    out_channels = 4 * mid_channels
    branch = nn.Sequential(
        conv_bn(in_channels, mid_channels, 1),
        nn.ReLU(),
        conv_bn(mid_channels, mid_channels, 3, stride),
        nn.ReLU(),
        conv_bn(mid_channels, out_channels, 1),
    )
    return nn.Sequential(Residual(branch, shortcut(in_channels, out_channels, stride)), nn.ReLU())


def ResNet(depth: int = 18, num_classes: int = 1000) -> nn.Sequential:
    table = {
        18: (ResidualBlock, 1, [2, 2, 2, 2]),
        34: (ResidualBlock, 1, [3, 4, 6, 3]),
        50: (BottleneckBlock, 4, [3, 4, 6, 3]),
        101: (BottleneckBlock, 4, [3, 4, 23, 3]),
        152: (BottleneckBlock, 4, [3, 8, 36, 3]),
    }
    if depth not in table:
        raise ValueError(f"depth must be in {list(table)}")
    block, expansion, counts = table[depth]
    layers: list[nn.Module] = [conv_bn(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    c_in = 64
    for width, count, stride in zip((64, 128, 256, 512), counts, (1, 2, 2, 2), strict=True):
        for i in range(count):
            layers.append(block(c_in, width, stride if i == 0 else 1))
            c_in = width * expansion
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c_in, num_classes)]
    return nn.Sequential(*layers, *head)
