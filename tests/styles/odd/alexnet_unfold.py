"""Convolutions as unfold and a matrix product."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv(nn.Module):
    """A convolution as one product of matrices."""

    def __init__(self, c_in, c_out, k, stride=1, padding=0, bias=True) -> None:
        super().__init__()
        self.k, self.stride, self.padding = k, stride, padding
        self.weight = nn.Parameter(torch.randn(c_out, c_in * k * k) * (2 / (c_in * k * k)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(c_out, 1)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        h, w = ((n + 2 * self.padding - self.k) // self.stride + 1 for n in x.shape[-2:])
        columns = F.unfold(x, self.k, stride=self.stride, padding=self.padding)
        y = self.weight @ columns
        if self.bias is not None:
            y = y + self.bias
        return y.view(x.shape[0], -1, h, w)


class AlexNet(nn.Module):
    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Conv(3, 96, 11, 4),
            nn.BatchNorm2d(96),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            Conv(96, 256, 5, 1, 2),
            nn.BatchNorm2d(256),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            Conv(256, 384, 3, 1, 1),
            nn.ReLU(inplace=True),
            Conv(384, 384, 3, 1, 1),
            nn.ReLU(inplace=True),
            Conv(384, 256, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.p = dropout
        self.fc6 = nn.Linear(9216, 4096)  # 6x6 maps -> 1x1
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).flatten(1)
        x = F.dropout(self.fc6(x).relu_(), self.p, training=self.training)
        x = F.dropout(self.fc7(x).relu_(), self.p, training=self.training)
        return self.fc8(x)
