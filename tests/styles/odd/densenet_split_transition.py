"""The 1x1 convolution of the transition in two halves of one weight."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def add_norm(module: nn.Module, name: str, channels: int) -> None:
    module.register_parameter(name + "_gamma", nn.Parameter(torch.ones(channels)))
    module.register_parameter(name + "_beta", nn.Parameter(torch.zeros(channels)))
    module.register_buffer(name + "_mean", torch.zeros(channels))
    module.register_buffer(name + "_var", torch.ones(channels))


def add_kernel(module: nn.Module, name: str, c_in: int, c_out: int, k: int) -> None:
    weight = nn.init.kaiming_normal_(torch.empty(c_out, c_in, k, k))
    module.register_parameter(name, nn.Parameter(weight))


def norm_relu(module: nn.Module, name: str, x: Tensor) -> Tensor:
    gamma, beta = module.get_parameter(name + "_gamma"), module.get_parameter(name + "_beta")
    mean, var = module.get_buffer(name + "_mean"), module.get_buffer(name + "_var")
    return F.relu(F.batch_norm(x, mean, var, gamma, beta, module.training, 0.1, 1e-5))


class DenseLayer(nn.Module):
    def __init__(self, in_channels: int, growth_rate: int, bottleneck: int = 4) -> None:
        super().__init__()
        add_norm(self, "n1", in_channels)
        add_kernel(self, "w1", in_channels, bottleneck * growth_rate, 1)
        add_norm(self, "n2", bottleneck * growth_rate)
        add_kernel(self, "w2", bottleneck * growth_rate, growth_rate, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(norm_relu(self, "n1", x), self.w1)
        return F.conv2d(norm_relu(self, "n2", x), self.w2, padding=1)


class DenseBlock(nn.Module):
    def __init__(
        self, in_channels: int, num_layers: int, growth_rate: int, bottleneck: int = 4
    ) -> None:
        super().__init__()
        self.num_layers = num_layers
        for i in range(num_layers):
            layer = DenseLayer(in_channels + i * growth_rate, growth_rate, bottleneck)
            self.add_module(f"layer{i}", layer)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(self.num_layers):
            x = torch.cat((x, self.get_submodule(f"layer{i}")(x)), dim=1)
        return x


class TransitionLayer(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        add_norm(self, "n", in_channels)
        add_kernel(self, "w", in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = norm_relu(self, "n", x)
        half = x.size(1) // 2
        y = F.conv2d(x[:, :half], self.w[:, :half]) + F.conv2d(x[:, half:], self.w[:, half:])
        return F.avg_pool2d(y, 2, 2)


class DenseNet(nn.Module):
    def __init__(self, depth: int = 121, growth_rate: int = 32, num_classes: int = 1000) -> None:
        super().__init__()
        counts = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}.get(depth)
        if counts is None:
            raise ValueError(f"there is no DenseNet-{depth}")
        c = 2 * growth_rate
        add_kernel(self, "stem", 3, c, 7)
        add_norm(self, "stem_norm", c)
        for i, count in enumerate(counts, start=1):
            self.add_module(f"dense{i}", DenseBlock(c, count, growth_rate))
            c += count * growth_rate
            if i < 4:
                self.add_module(f"transition{i}", TransitionLayer(c, c // 2))
                c //= 2
        add_norm(self, "last_norm", c)
        self.fc_weight = nn.Parameter(torch.empty(num_classes, c).normal_(std=c**-0.5))
        self.fc_bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x: Tensor) -> Tensor:
        x = norm_relu(self, "stem_norm", F.conv2d(x, self.stem, stride=2, padding=3))
        x = F.max_pool2d(x, 3, 2, 1)
        x = self.transition1(self.dense1(x))
        x = self.transition2(self.dense2(x))
        x = self.transition3(self.dense3(x))
        x = norm_relu(self, "last_norm", self.dense4(x))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return F.linear(x, self.fc_weight, self.fc_bias)
