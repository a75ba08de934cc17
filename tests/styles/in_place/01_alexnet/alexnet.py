"""AlexNet, in-place style: ReLU overwrites its input, the classifier is made of convolutions."""

import torch.nn.functional as F
from torch import Tensor, nn


class AlexNet(nn.Module):
    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, 4),
            nn.BatchNorm2d(96),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, 1, 2),
            nn.BatchNorm2d(256),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.p = dropout
        self.fc6 = nn.Conv2d(256, 4096, 6)  # 6x6 maps -> 1x1
        self.fc7 = nn.Conv2d(4096, 4096, 1)
        self.fc8 = nn.Conv2d(4096, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = F.dropout(self.fc6(x).relu_(), self.p, training=self.training)
        x = F.dropout(self.fc7(x).relu_(), self.p, training=self.training)
        return self.fc8(x)[:, :, 0, 0]
