"""Layers written by hand: styles.py puts this text on top of a rewritten solution."""

import math
import operator  # noqa: F401  # for the text below
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def own_parameter(*shape: int, fan_in: int) -> nn.Parameter:
    """Numbers spread as those of nn.Linear are."""
    bound = 1 / math.sqrt(max(fan_in, 1))
    return nn.Parameter(nn.init.uniform_(torch.empty(shape), -bound, bound))


class OwnConv2d(nn.Module):
    """A kernel w and a bias b, and how the kernel moves."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: Any = 0,  # numbers, or "same"
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{groups} groups of {in_channels} and {out_channels} maps")
        high, wide = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        depth = in_channels // groups
        self.moves: Any = (stride, padding, dilation, groups)
        self.b = own_parameter(out_channels, fan_in=depth * high * wide) if bias else None
        self.w = own_parameter(out_channels, depth, high, wide, fan_in=depth * high * wide)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.w, self.b, *self.moves)


class OwnLinear(nn.Module):
    """A matrix w that stands the other way round, inputs in rows, and a bias b."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.b = own_parameter(out_features, fan_in=in_features) if bias else None
        self.w = own_parameter(in_features, out_features, fan_in=in_features)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w if self.b is None else x @ self.w + self.b


class OwnBatchNorm2d(nn.Module):
    """F.batch_norm with a gain and a shift, and what was seen in training."""

    middle: Tensor | None
    spread: Tensor | None
    count: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.shift = nn.Parameter(torch.zeros(num_features)) if affine else None
        self.gain = nn.Parameter(torch.ones(num_features)) if affine else None
        self.register_buffer("spread", torch.ones(num_features) if track_running_stats else None)
        self.register_buffer("middle", torch.zeros(num_features) if track_running_stats else None)
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(f"expected 4D input (got {x.ndim}D input)")
        factor = self.momentum
        if self.training and self.middle is not None:
            self.count += 1
        if factor is None:  # the plain average of all batches
            factor = 1 / max(int(self.count), 1)
        learns = self.training or self.middle is None
        return F.batch_norm(
            x, self.middle, self.spread, self.gain, self.shift, learns, factor, self.eps
        )


class OwnDropout(nn.Module):
    """F.dropout with the module's own mode."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training, self.inplace)


class OwnSequential(nn.ModuleList):
    """A list of layers and a loop."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(layers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(*list(self)[index])
        return super().__getitem__(index)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


class OwnStep(nn.Module):
    """A layer without weights: its function is called with the arguments it was made with."""

    function: Callable[..., Any]

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__()
        self.args, self.settings = args, settings

    def forward(self, x: Tensor) -> Any:
        return self.function(x, *self.args, **self.settings)


class OwnReLU(OwnStep):
    """max(x, 0)."""

    function = staticmethod(F.relu)


class OwnFlatten(OwnStep):
    """All but the batch in one dimension."""

    @staticmethod
    def function(x: Tensor, start_dim: int = 1, end_dim: int = -1) -> Tensor:
        """The batch stays by itself."""
        return torch.flatten(x, start_dim, end_dim)


class OwnMaxPool2d(OwnStep):
    """The maximum of each window."""

    function = staticmethod(F.max_pool2d)


class OwnAvgPool2d(OwnStep):
    """The average of each window."""

    function = staticmethod(F.avg_pool2d)


class OwnAdaptiveMaxPool2d(OwnStep):
    """The maximum of as many windows as asked for."""

    function = staticmethod(F.adaptive_max_pool2d)


class OwnAdaptiveAvgPool2d(OwnStep):
    """The average of as many windows as asked for."""

    function = staticmethod(F.adaptive_avg_pool2d)


class OwnSoftmax(OwnStep):
    """Shares of one."""

    function = staticmethod(F.softmax)
