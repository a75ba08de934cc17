"""VGG, in-place style: ReLU overwrites its input, the classifier is made of convolutions."""

import torch.nn.functional as F
from torch import Tensor, nn


class VGGBlock(nn.Sequential):
    def __init__(
        self, in_channels: int, out_channels: int, num_convs: int, batch_norm: bool = True
    ) -> None:
        layers: list[nn.Module] = []
        for i in range(num_convs):
            c = out_channels if i else in_channels
            layers += [nn.Conv2d(c, out_channels, 3, padding=1, bias=not batch_norm)]
            if batch_norm:
                layers += [nn.BatchNorm2d(out_channels)]
            layers += [nn.ReLU(inplace=True)]
        super().__init__(*layers, nn.MaxPool2d(2, 2))


class VGG(nn.Module):
    def __init__(
        self,
        depth: int = 16,
        num_classes: int = 1000,
        batch_norm: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        cfg = {
            11: [(64, 1), (128, 1), (256, 2), (512, 2), (512, 2)],
            13: [(64, 2), (128, 2), (256, 2), (512, 2), (512, 2)],
            16: [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)],
            19: [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)],
        }
        if depth not in cfg:
            raise ValueError(f"VGG has no depth {depth}")
        self.features = nn.Sequential()
        c = 3
        for width, count in cfg[depth]:
            self.features.append(VGGBlock(c, width, count, batch_norm))
            c = width
        self.dropout = dropout
        self.fc1 = nn.Conv2d(512, 4096, 7)
        self.fc2 = nn.Conv2d(4096, 4096, 1)
        self.fc3 = nn.Conv2d(4096, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        for conv in (self.fc1, self.fc2):
            x = conv(x).relu_()
            x = F.dropout(x, self.dropout, training=self.training)
        return self.fc3(x).flatten(1)
