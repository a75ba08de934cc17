"""What a module is before it gets its weights: initial values, and layers that wait for an input.

Both are overwritten before anything is compared, but a module may look at its own initial
weights, and layers that build themselves (nn.LazyLinear, ...) are written in every textbook.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.observe.draw import LARGE, LONG
from autograder.observe.shared import repeated

LEAST = 100_000  # numbers; fewer are drawn in no time
DRAWN = (torch.ops.aten.uniform_.default, torch.ops.aten.normal_.default)
PICTURES = ((2, 3, 224, 224), (2, 3, 227, 227), (2, 3, 64, 64))  # what networks take


class QuickInit(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Draw a block of a large tensor's numbers and repeat it: for what is overwritten anyway."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        tensor: Any = args[0] if args else None
        if func not in DRAWN or tensor.numel() <= LEAST or not tensor.is_contiguous():
            return func(*args, **(kwargs or {}))
        block = tensor.new_empty(LONG if tensor.numel() > LARGE else LEAST)
        func(block, *args[1:], **(kwargs or {}))
        if tensor.numel() > LARGE and tensor.is_cpu and not tensor._is_view():
            numbers = repeated(block, tensor.numel())
            if numbers is not None:
                tensor.data = numbers.view(tensor.shape)
                return tensor
        flat = tensor.view(-1)
        whole = flat.numel() // len(block) * len(block)
        flat[:whole].view(-1, len(block)).copy_(block)
        flat[whole:].copy_(block[: flat.numel() - whole])
        return tensor


def waits(module: nn.Module) -> bool:
    """Whether some of its layers wait for their first input to know their size."""
    return any(map(is_lazy, (*module.parameters(), *module.buffers())))


def settle(module: nn.Module, shapes: Iterable[tuple[int, ...]], dtype: torch.dtype) -> None:
    """Call a module once, so that layers which wait for an input know their size.

    The first of the shapes that it takes will do.
    """
    training, problem = module.training, None
    places = {tensor.device for tensor in (*module.parameters(), *module.buffers())}
    device = places.pop() if len(places) == 1 else torch.device("cpu")
    for shape in shapes:
        try:
            with torch.no_grad():
                module.eval()(torch.zeros(shape, dtype=dtype, device=device))
            return
        except Exception as error:
            problem = problem or error
        finally:
            module.train(training)
    if problem is not None:
        raise problem
