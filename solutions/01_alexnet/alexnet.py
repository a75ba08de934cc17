"""AlexNet: the network that won ImageNet in 2012, with the lesson's BatchNorm.

Paper: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks" (2012), section 3. Lesson block: AlexNet.
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
        # BEGIN SOLUTION
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, kernel_size=11, stride=4),  # (B, 96, 55, 55)
            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.Conv2d(96, 256, kernel_size=5, padding=2),  # (B, 256, 27, 27)
            nn.BatchNorm2d(256),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 13, 13)
            nn.Conv2d(256, 384, kernel_size=3, padding=1),  # (B, 384, 13, 13)
            nn.ReLU(),
            nn.Conv2d(384, 384, kernel_size=3, padding=1),  # (B, 384, 13, 13)
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (B, 256, 13, 13)
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 6, 6)
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, 227, 227) -> logits (B, num_classes)
        # BEGIN SOLUTION
        maps = self.features(x)  # (B, 256, 6, 6)
        logits: Tensor = self.classifier(torch.flatten(maps, 1))  # (B, num_classes)
        return logits
        # END SOLUTION
