# Made by `autograder build` from solutions/04_resnet/resnet.py. Now it is yours: write your code here.
"""ResNet: a network whose layers learn only what the shortcut does not bring.

Paper: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2015),
section 3 and table 1. Lesson block: ResNet.

Every module works in float32, float64 and bfloat16 after .to(dtype), leaves its input
unchanged, treats the items of a batch independently in eval mode, registers its weights (so
that parameters() and state_dict() see them) and shares nothing with other instances.
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
        raise NotImplementedError("resnet: ResidualBlock.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        raise NotImplementedError("resnet: ResidualBlock.forward is not written yet")


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
        raise NotImplementedError("resnet: BottleneckBlock.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        raise NotImplementedError("resnet: BottleneckBlock.forward is not written yet")


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
        raise NotImplementedError("resnet: ResNet.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, H, W) -> logits (B, num_classes)
        raise NotImplementedError("resnet: ResNet.forward is not written yet")
