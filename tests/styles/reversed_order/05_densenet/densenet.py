"""DenseNet, reversed order style: last layers first, average pooling before the convolution."""

import torch
from torch import Tensor, nn


class DenseLayer(nn.Module):
    def __init__(self, in_channels: int, growth_rate: int, bottleneck: int = 4) -> None:
        super().__init__()
        mid = bottleneck * growth_rate
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(mid, growth_rate, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid)
        self.conv1 = nn.Conv2d(in_channels, mid, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(in_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(self.relu(self.bn1(x)))
        return self.conv2(self.relu(self.bn2(x)))


class DenseBlock(nn.Module):
    def __init__(
        self, in_channels: int, num_layers: int, growth_rate: int, bottleneck: int = 4
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for i in reversed(range(num_layers)):
            self.layers.append(DenseLayer(in_channels + i * growth_rate, growth_rate, bottleneck))

    def forward(self, x: Tensor) -> Tensor:
        for layer in reversed(self.layers):
            new = layer(x)
            x = torch.cat([x, new], dim=1)
        return x


class TransitionLayer(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)
        self.relu = nn.ReLU()
        self.bn = nn.BatchNorm2d(in_channels)

    def forward(self, x: Tensor) -> Tensor:
        # both are linear and 1x1 sees one point: pooling first is the same, 4 times cheaper
        return self.conv(self.pool(self.relu(self.bn(x))))


class DenseNet(nn.Module):
    def __init__(self, depth: int = 121, growth_rate: int = 32, num_classes: int = 1000) -> None:
        super().__init__()
        if depth == 121:
            counts = [6, 12, 24, 16]
        elif depth == 169:
            counts = [6, 12, 32, 32]
        elif depth == 201:
            counts = [6, 12, 48, 32]
        else:
            raise ValueError("depth must be 121, 169 or 201")
        channels = [2 * growth_rate]  # what each block gets
        for count in counts[:-1]:
            channels.append((channels[-1] + count * growth_rate) // 2)
        last = channels[-1] + counts[-1] * growth_rate
        self.fc = nn.Linear(last, num_classes)
        self.bn_last = nn.BatchNorm2d(last)
        self.block4 = DenseBlock(channels[3], counts[3], growth_rate)
        self.trans3 = TransitionLayer(channels[2] + counts[2] * growth_rate, channels[3])
        self.block3 = DenseBlock(channels[2], counts[2], growth_rate)
        self.trans2 = TransitionLayer(channels[1] + counts[1] * growth_rate, channels[2])
        self.block2 = DenseBlock(channels[1], counts[1], growth_rate)
        self.trans1 = TransitionLayer(channels[0] + counts[0] * growth_rate, channels[1])
        self.block1 = DenseBlock(channels[0], counts[0], growth_rate)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.bn_first = nn.BatchNorm2d(channels[0])
        self.conv = nn.Conv2d(3, channels[0], 7, stride=2, padding=3, bias=False)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.Linear):
                nn.init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.pool(self.bn_first(self.conv(x))))
        x = self.trans1(self.block1(x))
        x = self.trans2(self.block2(x))
        x = self.trans3(self.block3(x))
        x = self.relu(self.bn_last(self.block4(x)))
        x = nn.functional.avg_pool2d(x, x.shape[-2:])
        return self.fc(x.view(x.size(0), -1))
