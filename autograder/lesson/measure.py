"""What the notebooks measure: activation maps, receptive fields, sizes, time, gradients."""

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

SETTINGS = ("plain", "skip", "plain_bn", "skip_bn")


def character(side: int, who: int = 7, seed: int = 3) -> "Image":
    """A drawn character; numbers 0 to 41 are those of the homework's drawn stand-ins."""
    from simpsons.synthetic import draw_picture, make_cast

    return draw_picture(make_cast()[who], side, np.random.default_rng(seed)).resize((side, side))


def as_tensor(image: "Image") -> Tensor:
    """A picture as a batch of one, between 0 and 1: (1, 3, H, W)."""
    pixels = torch.from_numpy(np.asarray(image.convert("RGB"), np.float32) / 255)
    return pixels.permute(2, 0, 1)[None]


def maps_of(model: nn.Module, x: Tensor) -> list[Tensor]:
    """What each convolution of a network gives, in the order of the computation."""
    found: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        found.append(output.detach())

    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    hooks = [module.register_forward_hook(keep) for module in convolutions]
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(x)
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return found


def show_maps(figure: "Figure", maps: Sequence[Tensor], titles: Sequence[str], each: int) -> None:
    """Some maps of each layer: a row for each layer, `each` of its maps side by side."""
    grid = figure.subplots(len(maps), each, squeeze=False)
    for row, layer, title in zip(grid, maps, titles, strict=True):
        active = torch.relu(layer[0])
        # The liveliest maps: many are nearly empty in a network that is not trained.
        best = active.flatten(1).std(1).argsort(descending=True)[:each]
        for axes, number in zip(row, best.tolist(), strict=False):
            axes.imshow(active[number].numpy(), cmap="viridis")
        for axes in row:
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(title, fontsize=9, rotation=0, ha="right", va="center")


def show_filters(figure: "Figure", weight: Tensor, count: int, columns: int) -> None:
    """First-layer filters as little colour pictures."""
    grid = figure.subplots(math.ceil(count / columns), columns, squeeze=False)
    weight = weight.detach()
    low, high = weight.amin(), weight.amax()
    for index, axes in enumerate(grid.flat):
        axes.axis("off")
        if index < count:
            pixels = (weight[index] - low) / (high - low)
            axes.imshow(pixels.permute(1, 2, 0).numpy(), interpolation="nearest")


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """How many pixels across one value sees after layers of (kernel, stride)."""
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def count(build: Callable[[], nn.Module]) -> int:
    """The parameters of a network, without memory for them."""
    with torch.device("meta"):
        return sum(p.numel() for p in build().parameters())


def seconds(model: nn.Module, x: Tensor, repeats: int = 3) -> float:
    """The shortest of some forward passes."""
    model.eval()
    best = math.inf
    with torch.inference_mode():
        for _ in range(repeats):
            start = time.perf_counter()
            model(x)
            best = min(best, time.perf_counter() - start)
    return best


class DeepNet(nn.Module):
    """depth 3x3 convolutions with six maps; skip: each second one adds what came two before."""

    def __init__(self, depth: int, skip: bool, batch_norm: bool, he: bool = False) -> None:
        super().__init__()
        self.skip = skip
        self.convs = nn.ModuleList(
            nn.Conv2d(3 if index == 0 else 6, 6, 3, padding=1) for index in range(depth)
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(6) if batch_norm else nn.Identity() for _ in range(depth)
        )
        if he:
            for conv in self.convs:
                assert isinstance(conv, nn.Conv2d)
                nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        kept = x
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = norm(conv(x))
            if self.skip and index and index % 2 == 0:
                x = x + kept
            x = torch.relu(x)
            if index % 2 == 0:
                kept = x
        return x
