"""AlexNet, odd names style: a table of dataclasses, ModuleDict and Russian comments."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Row:
    """Одна строка таблицы: свёртка и то, что идёт за ней."""

    maps: int
    k: int
    s: int = 1
    p: int = 0
    bn: bool = False
    pool: bool = False


TABLE = (
    Row(96, 11, s=4, bn=True, pool=True),  # 227 -> 55 -> 27
    Row(256, 5, p=2, bn=True, pool=True),  # 27 -> 13
    Row(384, 3, p=1),
    Row(384, 3, p=1),
    Row(256, 3, p=1, pool=True),  # 13 -> 6
)


class AlexNet(nn.Module):
    def __init__(self, n_out: int = 1000, p_drop: float = 0.5, picture_maps: int = 3) -> None:
        super().__init__()
        self.borscht = nn.ModuleDict()  # свёртки
        self.salt = nn.ModuleDict()  # нормализации
        for i, row in enumerate(TABLE):
            self.borscht[f"ложка {i}"] = nn.Conv2d(picture_maps, row.maps, row.k, row.s, row.p)
            if row.bn:
                self.salt[f"ложка {i}"] = nn.BatchNorm2d(row.maps)
            picture_maps = row.maps
        sizes = (6 * 6 * picture_maps, 4096, 4096, n_out)
        self.dessert = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))
        self.forget = nn.Dropout(p_drop)

    def forward(self, x: Tensor) -> Tensor:
        for row, (name, conv) in zip(TABLE, self.borscht.items(), strict=True):
            x = conv(x).relu()
            if name in self.salt:  # после ReLU, как в статье
                x = self.salt[name](x)
            if row.pool:
                x = torch.max_pool2d(x, 3, 2)
        x = x.flatten(start_dim=1)
        *hidden, last = self.dessert
        for fc in hidden:
            x = self.forget(fc(x).relu())
        return last(x)  # логиты, без softmax
