"""AlexNet, sequential style: a function that returns one flat nn.Sequential."""

from torch import nn


def AlexNet(num_classes: int = 1000, dropout: float = 0.5) -> nn.Sequential:  # noqa: N802
    return nn.Sequential(
        nn.Conv2d(3, 96, kernel_size=11, stride=4),
        nn.ReLU(),
        nn.BatchNorm2d(96),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, kernel_size=5, padding="same"),
        nn.ReLU(),
        nn.BatchNorm2d(256),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, kernel_size=3, padding="same"),
        nn.ReLU(),
        nn.Conv2d(384, 384, kernel_size=3, padding="same"),
        nn.ReLU(),
        nn.Conv2d(384, 256, kernel_size=3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(6 * 6 * 256, 4096),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(4096, num_classes),
    )
