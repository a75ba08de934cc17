"""BatchNorm by hand: scale and shift are folded from weights and statistics."""

import torch
from torch import Tensor, nn


class Norm(nn.Module):
    """Batch normalisation by hand."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.g, self.b = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))
        self.register_buffer("m", torch.zeros(c))
        self.register_buffer("v", torch.ones(c))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            n = x.numel() / x.size(1)
            with torch.no_grad():
                self.m.lerp_(mean, 0.1)
                self.v.lerp_(var * n / (n - 1), 0.1)
        else:
            mean, var = self.m, self.v
        scale = self.g * torch.rsqrt(var + 1e-5)
        shift = self.b - mean * scale
        return x * scale.view(-1, 1, 1) + shift.view(-1, 1, 1)


def conv(c_in: int, c_out: int, k: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, k, stride, padding=k // 2, bias=False)


class ResidualBlock(nn.Module):
    expansion = 1

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.relu = nn.ReLU(inplace=True)  # one for all
        self.conv1 = conv(in_channels, out_channels, 3, stride)
        self.bn1 = Norm(out_channels)
        self.conv2 = conv(out_channels, out_channels, 3)
        self.bn2 = Norm(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                conv(in_channels, out_channels, 1, stride), Norm(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class BottleneckBlock(nn.Module):
    expansion = 4

    def __init__(self, in_channels: int, mid_channels: int, stride: int = 1) -> None:
        super().__init__()
        out_channels = mid_channels * self.expansion
        self.relu = nn.ReLU(inplace=True)
        self.conv1 = conv(in_channels, mid_channels, 1)
        self.bn1 = Norm(mid_channels)
        self.conv2 = conv(mid_channels, mid_channels, 3, stride)
        self.bn2 = Norm(mid_channels)
        self.conv3 = conv(mid_channels, out_channels, 1)
        self.bn3 = Norm(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                conv(in_channels, out_channels, 1, stride), Norm(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, depth: int = 18, num_classes: int = 1000) -> None:
        super().__init__()
        if depth not in (18, 34, 50, 101, 152):
            raise ValueError(f"depth {depth}: choose 18, 34, 50, 101 or 152")
        block = BottleneckBlock if depth >= 50 else ResidualBlock
        stage2 = {18: 2, 152: 8}.get(depth, 4)
        stage3 = {18: 2, 34: 6, 50: 6, 101: 23, 152: 36}[depth]
        counts = (2, 2, 2, 2) if depth == 18 else (3, stage2, stage3, 3)
        self.stem = nn.Sequential(
            conv(3, 64, 7, 2),
            Norm(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
        )
        self.body = nn.Sequential()
        c = 64
        for i in range(4):
            for j in range(counts[i]):
                self.body.append(block(c, 64 * 2**i, 2 if i > 0 and j == 0 else 1))
                c = 64 * 2**i * block.expansion
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, num_classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.stem(x))).squeeze(-1).squeeze(-1)
