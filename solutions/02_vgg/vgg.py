"""VGG: a deep network made of equal blocks of 3x3 convolutions.

Paper: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition" (2014), section 2, table 1. Lesson block: VGG.
"""

import torch
from torch import Tensor, nn


class VGGBlock(nn.Module):
    """num_convs times (3x3 convolution, BatchNorm, ReLU), then one max pooling.

    Every convolution has padding 1, so the maps keep their size; the pooling is 2x2 with
    stride 2 and halves it. The first convolution changes the number of maps from
    in_channels to out_channels. With batch_norm=False there is no BatchNorm and every
    convolution has a bias; with batch_norm=True the bias is your choice (BatchNorm cancels
    it).

    Shape:
        input (B, in_channels, H, W), output (B, out_channels, H // 2, W // 2)
    """

    def __init__(
        self, in_channels: int, out_channels: int, num_convs: int, batch_norm: bool = True
    ) -> None:
        super().__init__()
        # TODO: create num_convs convolutions, with BatchNorm if asked for, and the pooling.
        # BEGIN SOLUTION
        layers: list[nn.Module] = []
        for index in range(num_convs):
            maps = in_channels if index == 0 else out_channels
            layers.append(nn.Conv2d(maps, out_channels, kernel_size=3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(out_channels))
            layers.append(nn.ReLU())
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.layers = nn.Sequential(*layers)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        # BEGIN SOLUTION
        maps: Tensor = self.layers(x)  # (B, out_channels, H // 2, W // 2)
        return maps
        # END SOLUTION


class VGG(nn.Module):
    """Five VGG blocks and three fully connected layers.

    The blocks have 64, 128, 256, 512 and 512 maps. How many convolutions each block has
    follows from depth: the paper's table 1, columns A (11), B (13), D (16) and E (19).
    Fully connected layers: 25088 -> 4096 -> 4096 -> num_classes, with ReLU and then dropout
    after the first two. The network returns logits: no softmax. Only 224x224 pictures need
    to work. Without BatchNorm and with 1000 classes the parameters are 132 863 336 (11),
    133 047 848 (13), 138 357 544 (16) and 143 667 240 (19).

    Shape:
        input (B, 3, 224, 224), output (B, num_classes)

    Raises:
        ValueError: depth is not 11, 13, 16 or 19.
    """

    def __init__(
        self,
        depth: int = 16,
        num_classes: int = 1000,
        batch_norm: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        # TODO: refuse an unknown depth with ValueError.
        # TODO: create five blocks (VGGBlock) and three fully connected layers.
        # BEGIN SOLUTION
        num_convs = {
            11: (1, 1, 2, 2, 2),
            13: (2, 2, 2, 2, 2),
            16: (2, 2, 3, 3, 3),
            19: (2, 2, 4, 4, 4),
        }
        if depth not in num_convs:
            raise ValueError(f"depth must be one of {sorted(num_convs)}, not {depth}")
        widths = (64, 128, 256, 512, 512)
        blocks = [
            VGGBlock(in_channels, out_channels, count, batch_norm)
            for in_channels, out_channels, count in zip(
                (3, *widths), widths, num_convs[depth], strict=False
            )
        ]
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, 224, 224) -> logits (B, num_classes)
        # BEGIN SOLUTION
        maps = self.features(x)  # (B, 512, 7, 7)
        logits: Tensor = self.classifier(torch.flatten(maps, 1))  # (B, num_classes)
        return logits
        # END SOLUTION
