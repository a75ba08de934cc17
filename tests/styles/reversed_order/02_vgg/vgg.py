"""VGG, reversed order style: layers defined from the last to the first, pool before ReLU."""

from torch import Tensor, nn


class VGGBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, num_convs: int, batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2, 2)
        self.bns = nn.ModuleList(
            nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity() for _ in range(num_convs)
        )
        inputs = [in_channels] + [out_channels] * (num_convs - 1)
        self.convs = nn.ModuleList(
            nn.Conv2d(c, out_channels, 3, padding=1) for c in reversed(inputs)
        )
        for conv in self.convs:
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        pairs = list(zip(self.convs, self.bns, strict=True))
        while pairs:
            conv, bn = pairs.pop()
            x = bn(conv(x))
            x = (x if pairs else self.pool(x)).relu()  # the last ReLU after the pooling
        return x


class VGG(nn.Module):
    def __init__(
        self,
        depth: int = 16,
        num_classes: int = 1000,
        batch_norm: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if depth not in (11, 13, 16, 19):
            raise ValueError("depth must be 11, 13, 16 or 19")
        first = 1 if depth == 11 else 2
        last = {11: 2, 13: 2, 16: 3, 19: 4}[depth]
        self.fc3 = nn.Linear(4096, num_classes)
        self.drop2 = nn.Dropout(dropout)
        self.fc2 = nn.Linear(4096, 4096)
        self.drop1 = nn.Dropout(dropout)
        self.fc1 = nn.Linear(512 * 7 * 7, 4096)
        self.stage5 = VGGBlock(512, 512, last, batch_norm)
        self.stage4 = VGGBlock(256, 512, last, batch_norm)
        self.stage3 = VGGBlock(128, 256, last, batch_norm)
        self.stage2 = VGGBlock(64, 128, first, batch_norm)
        self.stage1 = VGGBlock(3, 64, first, batch_norm)
        for fc in (self.fc1, self.fc2, self.fc3):
            nn.init.normal_(fc.weight, 0, 0.01)
            nn.init.zeros_(fc.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stage5(self.stage4(self.stage3(self.stage2(self.stage1(x)))))
        x = x.view(x.size(0), -1)
        x = self.drop1(self.fc1(x).relu())
        x = self.drop2(self.fc2(x).relu())
        return self.fc3(x)
