# Made by `autograder build` from solutions/05_densenet/densenet.py. Now it is yours: write your code here.
"""DenseNet: every layer sees the maps of all layers before it.

Paper: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks"
(2016), section 3 and table 1. Lesson block: DenseNet.

Every module works in float32, float64 and bfloat16 after .to(dtype), leaves its input
unchanged, treats the items of a batch independently in eval mode, registers its weights (so
that parameters() and state_dict() see them) and shares nothing with other instances.
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
        raise NotImplementedError("densenet: DenseLayer.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, growth_rate, H, W)
        raise NotImplementedError("densenet: DenseLayer.forward is not written yet")


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
        raise NotImplementedError("densenet: DenseBlock.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: concatenate, do not add
        raise NotImplementedError("densenet: DenseBlock.forward is not written yet")


class TransitionLayer(nn.Module):
    """BatchNorm, ReLU, 1x1 convolution without bias, 2x2 average pooling with stride 2.

    Shape:
        input (B, in_channels, H, W), output (B, out_channels, H // 2, W // 2)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        # TODO: create the BatchNorm, the convolution and the pooling.
        raise NotImplementedError("densenet: TransitionLayer.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        raise NotImplementedError("densenet: TransitionLayer.forward is not written yet")


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
        raise NotImplementedError("densenet: DenseNet.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, H, W) -> logits (B, num_classes)
        raise NotImplementedError("densenet: DenseNet.forward is not written yet")
