"""Gradients, odd names style: reduce, saved and restored .grad, ModuleDict, Russian comments."""
# ruff: noqa: N803 (dL_dx3 is the lesson's name)

import operator
from functools import reduce

import torch
from torch import Tensor, nn


def first_weight_gradient(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    # цепное правило: перемножаем всё по дороге
    return reduce(operator.mul, (dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1))


def first_weight_gradient_with_skip(dL_dx3, dx3_dx2, dx2_dx1, dx1_dw1):
    dx3_dx1 = dx3_dx2 * dx2_dx1 + 1  # длинная дорога и короткая
    return first_weight_gradient(dL_dx3, dx3_dx1, dx1_dw1, 1)


def gradient_norms(model: nn.Module, x: Tensor, power: float = 2.0) -> dict[str, float]:
    saved = [(p, p.grad) for p in model.parameters()]
    answer: dict[str, float] = {}
    try:
        for p, _ in saved:
            p.grad = None
        with torch.enable_grad():
            loss = model(x.detach()).sum()
        if loss.requires_grad:  # иначе все веса заморожены
            loss.backward()
        for name, p in model.named_parameters():
            if p.ndim < 2:
                continue  # смещения и BatchNorm не нужны
            answer[name] = float(p.grad.norm(power)) if p.grad is not None else 0.0
    finally:
        for p, grad in saved:
            p.grad = grad  # вернуть, как было
    return answer


class FourConvNet(nn.Module):
    # что получает четвёртый слой: (число карт, как соединить)
    WAYS = {  # noqa: RUF012
        "none": (6, lambda one, three: three),
        "add": (6, lambda one, three: one + three),
        "concat": (12, lambda one, three: torch.cat([one, three], dim=1)),
    }

    def __init__(self, how: str = "none", maps_of_picture: int = 3) -> None:
        super().__init__()
        if how not in self.WAYS:
            raise ValueError(f"не знаю соединения {how!r}, знаю {list(self.WAYS)}")
        self.how = how
        sizes = {"раз": maps_of_picture, "два": 6, "три": 6, "четыре": self.WAYS[how][0]}
        self.чудо = nn.ModuleDict(
            {name: nn.Conv2d(size, 6, (3, 3), padding=(1, 1)) for name, size in sizes.items()}
        )

    def forward(self, x: Tensor) -> Tensor:
        maps = {}
        for name in ("раз", "два", "три"):
            x = maps[name] = self.чудо[name](x).clamp(min=0)
        x = self.WAYS[self.how][1](maps["раз"], maps["три"])
        return self.чудо["четыре"](x).clamp(min=0)
