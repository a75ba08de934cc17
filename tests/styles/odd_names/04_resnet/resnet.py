"""ResNet, odd names style: dataclass configs, ModuleList, ModuleDict and Russian comments."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Plan:
    """Свёртка с нормализацией: сколько карт, размер ядра, шаг."""

    maps: int
    k: int
    step: int = 1

    def build(self, before: int) -> nn.ModuleDict:
        conv = nn.Conv2d(before, self.maps, self.k, self.step, self.k // 2, bias=False)
        return nn.ModuleDict({"ёж": conv, "уж": nn.BatchNorm2d(self.maps)})


class Base(nn.Module):
    """Общее у двух блоков: ветка по плану, обход, сумма."""

    def __init__(self, before: int, plans: list[Plan]) -> None:
        super().__init__()
        self.branch, maps, step = nn.ModuleList(), before, 1
        for plan in plans:
            self.branch.append(plan.build(maps))
            maps, step = plan.maps, step * plan.step
        self.detour = nn.ModuleList()  # пустой, если форма не меняется
        if maps != before or step > 1:
            self.detour.append(Plan(maps, 1, step).build(before))

    @staticmethod
    def run(pair: nn.ModuleDict, x: Tensor) -> Tensor:
        return pair["уж"](pair["ёж"](x))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for number, pair in enumerate(self.branch):
            y = self.run(pair, torch.relu(y) if number else y)
        for pair in self.detour:
            x = self.run(pair, x)
        return torch.relu(x + y)


class ResidualBlock(Base):
    def __init__(self, before: int, after: int, step: int = 1, k: int = 3) -> None:
        super().__init__(before, [Plan(after, k, step), Plan(after, k)])


class BottleneckBlock(Base):
    def __init__(self, before: int, narrow: int, step: int = 1, widen: int = 4) -> None:
        super().__init__(before, [Plan(narrow, 1), Plan(narrow, 3, step), Plan(widen * narrow, 1)])


class ResNet(nn.Module):
    def __init__(self, layers: int = 18, n_out: int = 1000, picture_maps: int = 3) -> None:
        super().__init__()
        deep = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
        shallow = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
        if layers not in deep | shallow:
            raise ValueError(f"нет такой глубины: {layers}")
        kind, widen = (BottleneckBlock, 4) if layers in deep else (ResidualBlock, 1)
        self.вход = Plan(64, 7, 2).build(picture_maps)
        self.вход["пул"] = nn.MaxPool2d(3, stride=2, padding=1)
        self.этажи = nn.ModuleList()
        before = 64
        for floor, count in enumerate((deep | shallow)[layers]):
            rooms, narrow = nn.ModuleDict(), 64 << floor
            for room in range(count):
                step = 2 if floor and not room else 1
                rooms[f"комната {room}"] = kind(before, narrow, step)
                before = widen * narrow
            self.этажи.append(rooms)
        self.выход = nn.Linear(before, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = Base.run(self.вход, x)
        x = self.вход["пул"](torch.relu(x))
        for rooms in self.этажи:
            for room in rooms.values():
                x = room(x)
        return self.выход(x.flatten(2).mean(-1))  # среднее по всей карте
