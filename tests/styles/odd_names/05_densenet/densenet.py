"""DenseNet, odd names style: NamedTuple configs, ModuleDict, loops and Russian comments."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Menu(NamedTuple):
    """Сколько слоёв в каждом плотном блоке."""

    soup: int
    salad: int
    meat: int
    tea: int


MENUS = {
    121: Menu(soup=6, salad=12, meat=24, tea=16),
    169: Menu(soup=6, salad=12, meat=32, tea=32),
    201: Menu(soup=6, salad=12, meat=48, tea=32),
}


class DenseLayer(nn.Module):
    def __init__(self, before: int, growth: int, squeeze: int = 4, kernel: int = 3) -> None:
        super().__init__()
        sizes = [(before, squeeze * growth, 1), (squeeze * growth, growth, kernel)]
        self.ступени = nn.ModuleList(
            nn.ModuleDict(
                {
                    "свёртка": nn.Conv2d(a, b, k, padding=(k - 1) // 2, bias=False),
                    "норма": nn.BatchNorm2d(a),
                }
            )
            for a, b, k in sizes
        )

    def forward(self, x: Tensor) -> Tensor:
        for step in self.ступени:
            x = step["свёртка"](step["норма"](x).relu())
        return x  # только новые карты


class DenseBlock(nn.Module):
    def __init__(self, before: int, count: int, growth: int, squeeze: int = 4) -> None:
        super().__init__()
        self.книги = nn.ModuleDict()
        for i in range(count):
            self.книги[f"том {i + 1}"] = DenseLayer(before + i * growth, growth, squeeze)

    def forward(self, x: Tensor) -> Tensor:
        for book in self.книги.values():
            x = torch.concat([x, book(x)], dim=-3)  # старые карты впереди
        return x


class TransitionLayer(nn.Module):
    def __init__(self, before: int, after: int, window: int = 2) -> None:
        super().__init__()
        self.мост = nn.ModuleList(
            [
                nn.BatchNorm2d(before),
                nn.ReLU(),
                nn.Conv2d(before, after, 1, bias=False),
                nn.AvgPool2d(window, window),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.мост:
            x = layer(x)
        return x


class DenseNet(nn.Module):
    def __init__(
        self, layers: int = 121, growth: int = 32, n_out: int = 1000, first_maps: int | None = None
    ) -> None:
        super().__init__()
        menu = MENUS.get(layers)
        if menu is None:
            raise ValueError(f"нет такой глубины: {layers}, есть {sorted(MENUS)}")
        maps = first_maps or 2 * growth
        self.вход = nn.Conv2d(3, maps, 7, stride=2, padding=3, bias=False)
        self.нормы = nn.ModuleDict({"первая": nn.BatchNorm2d(maps)})
        self.обед = nn.ModuleDict()
        for dish, count in menu._asdict().items():
            self.обед[dish] = DenseBlock(maps, count, growth)
            maps += count * growth
            if dish != "tea":  # после чая перехода нет
                self.обед[f"после {dish}"] = TransitionLayer(maps, maps // 2)
                maps //= 2
        self.нормы["последняя"] = nn.BatchNorm2d(maps)
        self.выход = nn.Linear(maps, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.нормы["первая"](self.вход(x)).relu()
        x = torch.max_pool2d(x, 3, stride=2, padding=1)
        for part in self.обед.values():
            x = part(x)
        x = self.нормы["последняя"](x).relu()
        return self.выход(x.mean((-2, -1)))
