"""DenseNet, in-place style: relu_, a list of features, a preallocated output, NHWC pooling."""

import torch
from torch import Tensor, nn


class DenseLayer(nn.Module):
    def __init__(self, in_channels: int, growth_rate: int, bottleneck: int = 4) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(in_channels, bottleneck * growth_rate, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bottleneck * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bottleneck * growth_rate, growth_rate, 3, padding=1, bias=False)

    def forward(self, features: Tensor | list[Tensor]) -> Tensor:
        x = features if isinstance(features, Tensor) else torch.cat(features, 1)
        x = self.conv1(self.relu1(self.norm1(x)))
        return self.conv2(self.relu2(self.norm2(x)))


class DenseBlock(nn.ModuleList):
    def __init__(
        self, in_channels: int, num_layers: int, growth_rate: int, bottleneck: int = 4
    ) -> None:
        super().__init__()
        for i in range(num_layers):
            self.append(DenseLayer(in_channels + i * growth_rate, growth_rate, bottleneck))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self:
            features.append(layer(features))
        channels = sum(f.size(1) for f in features)
        out = x.new_empty(x.size(0), channels, *x.shape[2:])
        start = 0
        for f in features:
            out[:, start : start + f.size(1)] = f
            start += f.size(1)
        return out


class TransitionLayer(nn.Sequential):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.AvgPool2d(2, 2),
        )


class DenseNet(nn.Module):
    def __init__(self, depth: int = 121, growth_rate: int = 32, num_classes: int = 1000) -> None:
        super().__init__()
        configs = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
        if depth not in configs:
            raise ValueError(f"depth must be one of {tuple(configs)}, not {depth}")
        c = 2 * growth_rate
        self.features = nn.Sequential(
            nn.Conv2d(3, c, 7, 2, 3, bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        for i, n in enumerate(configs[depth]):
            self.features.add_module(f"denseblock{i + 1}", DenseBlock(c, n, growth_rate))
            c += n * growth_rate
            if i != 3:
                self.features.add_module(f"transition{i + 1}", TransitionLayer(c, c // 2))
                c //= 2
        self.features.add_module("norm_last", nn.BatchNorm2d(c))
        self.classifier = nn.Linear(c, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).relu_()
        x = x.permute(0, 2, 3, 1).flatten(1, 2)  # (B, H * W, C)
        return self.classifier(x.mean(dim=1))
