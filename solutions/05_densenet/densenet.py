"""DenseNet: every layer sees the maps of all layers before it.

Paper: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks"
(2016), section 3 and table 1. Lesson block: DenseNet.
"""

import torch
from torch import Tensor, nn


class DenseLayer(nn.Module):
    """BatchNorm, ReLU, 1x1 convolution, BatchNorm, ReLU, 3x3 convolution.

    The 1x1 convolution makes bottleneck * growth_rate maps, the 3x3 one (padding 1) makes
    growth_rate maps. The layer returns only these new maps; joining them with the maps
    before is the block's work. No convolution has a bias.

    Shape:
        input (B, in_channels, H, W), output (B, growth_rate, H, W)
    """

    def __init__(self, in_channels: int, growth_rate: int, bottleneck: int = 4) -> None:
        super().__init__()
        # TODO: create two BatchNorms and two convolutions.
        # BEGIN SOLUTION
        width = bottleneck * growth_rate
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, growth_rate, kernel_size=3, padding=1, bias=False)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, growth_rate, H, W)
        # BEGIN SOLUTION
        maps = self.conv1(torch.relu(self.bn1(x)))  # (B, bottleneck * growth_rate, H, W)
        new_maps: Tensor = self.conv2(torch.relu(self.bn2(maps)))  # (B, growth_rate, H, W)
        return new_maps
        # END SOLUTION


class DenseBlock(nn.Module):
    """num_layers dense layers; each sees the block's input and all new maps before it.

    The output is the input maps first, then the new maps of every layer, in order.

    Shape:
        input (B, in_channels, H, W)
        output (B, in_channels + num_layers * growth_rate, H, W)
    """

    def __init__(
        self, in_channels: int, num_layers: int, growth_rate: int, bottleneck: int = 4
    ) -> None:
        super().__init__()
        # TODO: create num_layers DenseLayers; each one sees growth_rate maps more.
        # BEGIN SOLUTION
        self.layers = nn.ModuleList(
            DenseLayer(in_channels + index * growth_rate, growth_rate, bottleneck)
            for index in range(num_layers)
        )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: concatenate, do not add
        # BEGIN SOLUTION
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more
        return x
        # END SOLUTION


class TransitionLayer(nn.Module):
    """BatchNorm, ReLU, 1x1 convolution without bias, 2x2 average pooling with stride 2.

    Shape:
        input (B, in_channels, H, W), output (B, out_channels, H // 2, W // 2)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        # TODO: create the BatchNorm, the convolution and the pooling.
        # BEGIN SOLUTION
        self.bn = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        # BEGIN SOLUTION
        maps: Tensor = self.pool(self.conv(torch.relu(self.bn(x))))
        return maps
        # END SOLUTION


class DenseNet(nn.Module):
    """A stem, four dense blocks with three transitions between them, and a classifier.

    Stem: 7x7 convolution with stride 2 and padding 3 to 2 * growth_rate maps, BatchNorm,
    ReLU, 3x3 max pooling with stride 2 and padding 1. How many layers each block has
    follows from depth: the paper's table 1 (121, 169 and 201), with bottleneck 4. Each
    transition halves the number of maps and their size. After the last block come
    BatchNorm, ReLU, global average pooling and one fully connected layer. No convolution
    has a bias. Any picture from 32x32 works. The network returns logits. With
    growth_rate 32 and 1000 classes the parameters are 7 978 856 (121), 14 149 480 (169)
    and 20 013 928 (201).

    Shape:
        input (B, 3, H, W), output (B, num_classes)

    Raises:
        ValueError: depth is not 121, 169 or 201.
    """

    def __init__(self, depth: int = 121, growth_rate: int = 32, num_classes: int = 1000) -> None:
        super().__init__()
        # TODO: refuse an unknown depth with ValueError.
        # TODO: create the stem, the blocks and transitions, the last BatchNorm, the classifier.
        # BEGIN SOLUTION
        num_layers = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
        if depth not in num_layers:
            raise ValueError(f"depth must be one of {sorted(num_layers)}, not {depth}")
        maps = 2 * growth_rate
        self.stem = nn.Sequential(
            nn.Conv2d(3, maps, kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(maps),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        blocks: list[nn.Module] = []
        for index, count in enumerate(num_layers[depth]):
            if index > 0:
                blocks.append(TransitionLayer(maps, maps // 2))
                maps = maps // 2
            blocks.append(DenseBlock(maps, count, growth_rate))
            maps += count * growth_rate
        self.blocks = nn.Sequential(*blocks)
        self.bn = nn.BatchNorm2d(maps)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(maps, num_classes)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, H, W) -> logits (B, num_classes)
        # BEGIN SOLUTION
        maps = torch.relu(self.bn(self.blocks(self.stem(x))))  # (B, maps, H / 32, W / 32)
        logits: Tensor = self.classifier(torch.flatten(self.pool(maps), 1))  # (B, num_classes)
        return logits
        # END SOLUTION
