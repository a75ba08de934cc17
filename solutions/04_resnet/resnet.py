"""ResNet: a network whose layers learn only what the shortcut does not bring.

Paper: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2015),
section 3 and table 1. Lesson block: ResNet.
"""

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: the block of ResNet-18 and ResNet-34.

    The residual branch is convolution, BatchNorm, ReLU, convolution, BatchNorm. Both
    convolutions are 3x3 with padding 1; the first one carries the stride. The shortcut is
    the input itself where its shape equals the branch's; where the shape changes (another
    number of maps, or a stride) it is a 1x1 convolution with that stride and a BatchNorm.
    ReLU comes after the sum of the two. No convolution has a bias: BatchNorm follows.

    Shape:
        input (B, in_channels, H, W), output (B, out_channels, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        # TODO: create the layers of the residual branch and the shortcut.
        # BEGIN SOLUTION
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        # BEGIN SOLUTION
        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels, H / stride, W / stride)
        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual + self.shortcut(x))
        # END SOLUTION


class BottleneckBlock(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut: the block of ResNet-50 and deeper.

    The first convolution reduces the maps to mid_channels, the second one (3x3, padding 1)
    carries the stride, the third one widens to 4 * mid_channels. Each is followed by
    BatchNorm, and ReLU follows the first two. Shortcut, sum and last ReLU are as in
    ResidualBlock. No convolution has a bias.

    Shape:
        input (B, in_channels, H, W), output (B, 4 * mid_channels, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, mid_channels: int, stride: int = 1) -> None:
        super().__init__()
        # TODO: create the layers of the residual branch and the shortcut.
        # BEGIN SOLUTION
        out_channels = 4 * mid_channels
        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid_channels)
        self.conv3 = nn.Conv2d(mid_channels, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        # BEGIN SOLUTION
        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, mid_channels, H, W)
        residual = torch.relu(self.bn2(self.conv2(residual)))  # (B, mid, H / stride, W / stride)
        residual = self.bn3(self.conv3(residual))  # (B, 4 * mid, H / stride, W / stride)
        return torch.relu(residual + self.shortcut(x))
        # END SOLUTION


class ResNet(nn.Module):
    """A stem, four stages of blocks, global average pooling and one fully connected layer.

    Stem: 7x7 convolution with stride 2 and padding 3 to 64 maps, BatchNorm, ReLU, 3x3 max
    pooling with stride 2 and padding 1. The stages have 64, 128, 256 and 512 maps (the
    mid_channels of the bottleneck); the first block of each of the last three stages halves
    the maps with stride 2. How many blocks a stage has, and of which kind, follows from
    depth: the paper's table 1 (18 and 34: ResidualBlock; 50, 101 and 152: BottleneckBlock).
    Any picture from 32x32 works. The network returns logits. With 1000 classes the
    parameters are 11 689 512 (18), 21 797 672 (34), 25 557 032 (50), 44 549 160 (101) and
    60 192 808 (152).

    Shape:
        input (B, 3, H, W), output (B, num_classes)

    Raises:
        ValueError: depth is not 18, 34, 50, 101 or 152.
    """

    def __init__(self, depth: int = 18, num_classes: int = 1000) -> None:
        super().__init__()
        # TODO: refuse an unknown depth with ValueError.
        # TODO: create the stem, the four stages and the classifier.
        # BEGIN SOLUTION
        num_blocks = {
            18: (2, 2, 2, 2),
            34: (3, 4, 6, 3),
            50: (3, 4, 6, 3),
            101: (3, 4, 23, 3),
            152: (3, 8, 36, 3),
        }
        if depth not in num_blocks:
            raise ValueError(f"depth must be one of {sorted(num_blocks)}, not {depth}")
        bottleneck = depth >= 50
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        blocks: list[nn.Module] = []
        maps = 64
        for stage, (width, count) in enumerate(
            zip((64, 128, 256, 512), num_blocks[depth], strict=True)
        ):
            for index in range(count):
                stride = 2 if stage > 0 and index == 0 else 1
                if bottleneck:
                    blocks.append(BottleneckBlock(maps, width, stride))
                    maps = 4 * width
                else:
                    blocks.append(ResidualBlock(maps, width, stride))
                    maps = width
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(maps, num_classes)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, H, W) -> logits (B, num_classes)
        # BEGIN SOLUTION
        maps = self.blocks(self.stem(x))  # (B, 512 or 2048, H / 32, W / 32)
        logits: Tensor = self.classifier(torch.flatten(self.pool(maps), 1))  # (B, num_classes)
        return logits
        # END SOLUTION
