# Made by `autograder build` from solutions/02_vgg/vgg.py. Now it is yours: write your code here.
"""VGG: a deep network made of equal blocks of 3x3 convolutions.

Paper: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition" (2014), section 2, table 1. Lesson block: VGG.

Every module works in float32, float64 and bfloat16 after .to(dtype), leaves its input
unchanged, treats the items of a batch independently in eval mode, registers its weights (so
that parameters() and state_dict() see them) and shares nothing with other instances.
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
        raise NotImplementedError("vgg: VGGBlock.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        raise NotImplementedError("vgg: VGGBlock.forward is not written yet")


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
        raise NotImplementedError("vgg: VGG.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, 224, 224) -> logits (B, num_classes)
        raise NotImplementedError("vgg: VGG.forward is not written yet")
