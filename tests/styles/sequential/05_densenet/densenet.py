"""DenseNet, sequential style: functions that return nn.Sequential, and one Keep wrapper."""
# ruff: noqa: N802 (the task names the functions)

import torch
from torch import Tensor, nn


class Keep(nn.Module):
    """The input maps first, then the new ones."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.fn(x)], 1)


def bn_relu_conv(c_in: int, c_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm2d(c_in),
        nn.ReLU(),
        nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False),
    )


def DenseLayer(in_channels: int, growth_rate: int, bottleneck: int = 4) -> nn.Sequential:
    mid = bottleneck * growth_rate
    return nn.Sequential(bn_relu_conv(in_channels, mid, 1), bn_relu_conv(mid, growth_rate, 3))


def DenseBlock(
    in_channels: int, num_layers: int, growth_rate: int, bottleneck: int = 4
) -> nn.Sequential:
    channels = range(in_channels, in_channels + num_layers * growth_rate, growth_rate)
    return nn.Sequential(*(Keep(DenseLayer(c, growth_rate, bottleneck)) for c in channels))


def TransitionLayer(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(*bn_relu_conv(in_channels, out_channels, 1), nn.AvgPool2d(2))


def DenseNet(depth: int = 121, growth_rate: int = 32, num_classes: int = 1000) -> nn.Sequential:
    try:
        counts = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}[depth]
    except KeyError:
        raise ValueError(f"unknown depth {depth}") from None
    c = 2 * growth_rate
    net = nn.Sequential(
        nn.Conv2d(3, c, 7, 2, 3, bias=False), nn.BatchNorm2d(c), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
    )
    for i, count in enumerate(counts):
        if i:
            net.append(TransitionLayer(c, c // 2))
            c //= 2
        net.append(DenseBlock(c, count, growth_rate))
        c += count * growth_rate
    return net.extend(
        [
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(),
            nn.Linear(c, num_classes),
        ]
    )
