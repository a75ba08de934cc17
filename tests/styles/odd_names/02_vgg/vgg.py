"""VGG, odd names style: ModuleList, an enum of the paper's columns and Russian comments."""

from enum import Enum

from torch import Tensor, nn


class Column(Enum):
    """Столбцы таблицы 1: сколько свёрток в каждом из пяти блоков."""

    A = (1, 1, 2, 2, 2)
    B = (2, 2, 2, 2, 2)
    D = (2, 2, 3, 3, 3)
    E = (2, 2, 4, 4, 4)

    @property
    def layers(self) -> int:
        return sum(self.value) + 3  # и три полносвязных слоя


class VGGBlock(nn.Module):
    def __init__(
        self, before: int, after: int, how_many: int, bn: bool = True, kernel: int = 3
    ) -> None:
        super().__init__()
        self.паровоз = nn.ModuleList()
        for _ in range(how_many):
            вагон = nn.ModuleList([nn.Conv2d(before, after, kernel, padding="same", bias=not bn)])
            if bn:
                вагон.append(nn.BatchNorm2d(after))
            вагон.append(nn.ReLU())
            self.паровоз.append(вагон)
            before = after  # дальше число карт не меняется
        self.squeeze = nn.MaxPool2d((2, 2), stride=(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        for вагон in self.паровоз:
            for layer in вагон:
                x = layer(x)
        return self.squeeze(x)


class VGG(nn.Module):
    def __init__(
        self,
        layers: int = 16,
        n_out: int = 1000,
        bn: bool = True,
        p_drop: float = 0.5,
        widths: tuple[int, ...] = (64, 128, 256, 512, 512),
        hidden: int = 4096,
    ) -> None:
        super().__init__()
        columns = {column.layers: column for column in Column}
        if layers not in columns:
            raise ValueError(f"нет такой глубины: {layers}")
        self.q = nn.ModuleDict()
        last = 3
        for i, (width, count) in enumerate(zip(widths, columns[layers].value, strict=True)):
            self.q[f"этаж-{i}"] = VGGBlock(last, width, count, bn)
            last = width
        self.zz = nn.ModuleDict(
            {
                "третий": nn.Linear(hidden, n_out),
                "второй": nn.Linear(hidden, hidden),
                "первый": nn.Linear(last * 49, hidden),
            }
        )
        self.d1, self.d2 = nn.Dropout(p_drop), nn.Dropout(p_drop)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.q.values():
            x = block(x)
        x = x.reshape(len(x), -1)
        x = self.d1(self.zz["первый"](x).relu())
        x = self.d2(self.zz["второй"](x).relu())
        return self.zz["третий"](x)
