# Made by `autograder build` from solutions/01_alexnet/alexnet.py. Now it is yours: write your code here.
"""AlexNet: the network that won ImageNet in 2012, with the lesson's BatchNorm.

Paper: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks" (2012), section 3. Lesson block: AlexNet.

Every module works in float32, float64 and bfloat16 after .to(dtype), leaves its input
unchanged, treats the items of a batch independently in eval mode, registers its weights (so
that parameters() and state_dict() see them) and shares nothing with other instances.
"""

import torch
from torch import Tensor, nn


class AlexNet(nn.Module):
    """Five convolutions and three fully connected layers.

    The sizes below are those of the activation maps after ReLU and before pooling.

    1. Convolution 11x11, stride 4, padding 0: 96 maps 55x55. Then max pooling.
    2. Convolution 5x5, stride 1, padding 2: 256 maps 27x27. Then max pooling.
    3. Convolution 3x3, stride 1, padding 1: 384 maps 13x13.
    4. Convolution 3x3, stride 1, padding 1: 384 maps 13x13.
    5. Convolution 3x3, stride 1, padding 1: 256 maps 13x13. Then max pooling.
    6. Fully connected layers 9216 -> 4096 -> 4096 -> num_classes.

    Every convolution has a bias and is not split into groups. Max pooling is 3x3 with
    stride 2 and no padding. Layers 1 and 2 have BatchNorm before their pooling (before or
    after ReLU: your choice). ReLU follows every layer but the last. Dropout comes after the
    ReLU of each of the first two fully connected layers, as the lesson says. The network
    returns logits: no softmax. With 1000 classes it has 62 379 048 parameters.

    Shape:
        input (B, 3, 227, 227), output (B, num_classes)
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        # TODO: create the five convolutions, the two BatchNorms, the pooling,
        # TODO: the three fully connected layers and the dropout.
        raise NotImplementedError("alexnet: AlexNet.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, 227, 227) -> logits (B, num_classes)
        raise NotImplementedError("alexnet: AlexNet.forward is not written yet")
