"""What the notebooks measure: activation maps, receptive fields, sizes, time, gradients."""

import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image


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


def characters(
    classes: int, each: int, side: int, seed: int = 0, first: int = 0
) -> tuple[Tensor, Tensor]:
    """Drawn characters, normalised, and their classes: (N, 3, side, side) and (N,)."""
    from simpsons.synthetic import draw_picture, make_cast

    cast, rng = make_cast(), np.random.default_rng(seed)
    drawn = [
        as_tensor(draw_picture(cast[first + who], side, rng).resize((side, side)))
        for who in range(classes)
        for _ in range(each)
    ]
    images = torch.cat(drawn)
    spread, mean = torch.std_mean(images, (0, 2, 3), keepdim=True)
    return (images - mean) / spread, torch.arange(classes).repeat_interleave(each)


def train_deep(depth: int, skip: bool, images: Tensor, classes: Tensor, steps: int) -> list[float]:
    """Train a DeepNet with BatchNorm and a small classifier; the loss of every step."""
    torch.manual_seed(0)
    net = nn.Sequential(
        DeepNet(depth, skip, batch_norm=True),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(6 * 16, int(classes.max()) + 1),
    )
    return _train(net, images, classes, steps, 0.01)


def fine_tune(pretrained: bool, epochs: int = 10) -> list[float]:
    """Teach a small network six characters from eight pictures each; right answers by epoch.

    pretrained: it has learned 24 other characters before.
    """
    torch.manual_seed(0)
    widths = (3, 16, 32, 64, 64)
    body = nn.Sequential()
    for before, width in pairwise(widths):
        body += nn.Sequential(
            nn.Conv2d(before, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        )
    body += nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if pretrained:
        images, classes = characters(24, 16, 48, first=6)
        _train(nn.Sequential(body, nn.Linear(64, 24)), images, classes, 200, 0.05)
    images, classes = characters(6, 28, 48, seed=1)
    learned = torch.arange(len(classes)) % 28 < 8
    net = nn.Sequential(body, nn.Linear(64, 6))
    shares = []
    for _ in range(epochs):
        _train(net.train(), images[learned], classes[learned], 3, 0.02)
        with torch.inference_mode():
            right = net.eval()(images[~learned]).argmax(1) == classes[~learned]
        shares.append(right.float().mean().item())
    return shares


def _train(net: nn.Module, images: Tensor, classes: Tensor, steps: int, rate: float) -> list[float]:
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(classes), (24,))
        loss = nn.functional.cross_entropy(net(images[rows]), classes[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return losses


def smooth(values: Sequence[float], width: int = 10) -> list[float]:
    """The running mean of the last values."""
    return [
        sum(values[max(0, end - width) : end]) / min(width, end)
        for end in range(1, len(values) + 1)
    ]
