"""ResNet, reversed order style: shortcut first, zero last gamma, one block inherits the other."""

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    expansion = 1

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.make_branch(in_channels, out_channels, stride)
        out_channels *= self.expansion
        self.down_bn, self.down_conv = None, None
        if stride != 1 or in_channels != out_channels:
            self.down_bn = nn.BatchNorm2d(out_channels)
            self.down_conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.last_bn.weight)  # at first the block is its shortcut

    def make_branch(self, in_channels: int, out_channels: int, stride: int) -> None:
        self.last_bn = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)

    def branch(self, x: Tensor) -> Tensor:
        return self.conv2(self.relu(self.bn1(self.conv1(x))))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        if self.down_conv is not None:
            shortcut = self.down_bn(self.down_conv(x))
        return self.relu(shortcut + self.last_bn(self.branch(x)))


class BottleneckBlock(ResidualBlock):
    expansion = 4

    def make_branch(self, in_channels: int, out_channels: int, stride: int) -> None:
        self.last_bn = nn.BatchNorm2d(4 * out_channels)
        self.conv3 = nn.Conv2d(out_channels, 4 * out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def branch(self, x: Tensor) -> Tensor:
        return self.conv3(self.relu(self.bn2(super().branch(x))))


class ResNet(nn.Module):
    def __init__(self, depth: int = 18, num_classes: int = 1000) -> None:
        super().__init__()
        configs = {
            18: (ResidualBlock, (2, 2, 2, 2)),
            34: (ResidualBlock, (3, 4, 6, 3)),
            50: (BottleneckBlock, (3, 4, 6, 3)),
            101: (BottleneckBlock, (3, 4, 23, 3)),
            152: (BottleneckBlock, (3, 8, 36, 3)),
        }
        if depth not in configs:
            raise ValueError(f"depth {depth} is not supported")
        block, counts = configs[depth]
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.stage4 = self.make_stage(block, 256 * block.expansion, 512, counts[3], 2)
        self.stage3 = self.make_stage(block, 128 * block.expansion, 256, counts[2], 2)
        self.stage2 = self.make_stage(block, 64 * block.expansion, 128, counts[1], 2)
        self.stage1 = self.make_stage(block, 64, 64, counts[0], 1)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.bn = nn.BatchNorm2d(64)
        self.conv = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    @staticmethod
    def make_stage(
        block: type[ResidualBlock], c_in: int, width: int, count: int, stride: int
    ) -> nn.Sequential:
        tail = [block(width * block.expansion, width) for _ in range(count - 1)]
        return nn.Sequential(block(c_in, width, stride), *tail)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.maxpool(self.bn(self.conv(x))))  # pooling first: the same, but faster
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        x = self.avgpool(x)
        return self.fc(x.view(x.size(0), -1))
