"""Muon: steps of equal size in every direction of a weight matrix.

Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein (2024), "Muon: An optimizer for hidden
layers in neural networks", kellerjordan.github.io/posts/muon. SGD's step is long along the few
directions in which gradients are large and short along the many others. Muon replaces the
momentum matrix U S V^T by (about) U V^T, so that rare directions are learned as fast.
torch.optim.Muon takes matrices only; here a convolution's weight is one matrix with a row for
each output map.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from simpsons.training import has_bfloat16

STEPS = 4  # of the Newton-Schulz iteration
A, B, C = 3.4445, -4.7750, 2.0315  # its coefficients, from the reference above


class Muon(torch.optim.Optimizer):
    """For weights with two or more dimensions; give others to another optimizer.

    Weight decay is decoupled, as in AdamW (Loshchilov, Hutter 2019).
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # no closure here
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                average = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(average, group["momentum"])  # Nesterov
                matrix = update.flatten(1)
                scale = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(orthogonal(matrix).view_as(weight), alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix with orthonormal rows (or columns), float32.

    bfloat16 is precise enough, but emulated it takes 50 times as long as float32.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / (wide.norm() + 1e-7)
    if has_bfloat16(matrix.device.type):
        x = x.bfloat16()
    for _ in range(STEPS):
        square = x @ x.T
        x = A * x + (B * square + C * square @ square) @ x
    found: Tensor = x.float() if wide is matrix else x.float().T
    return found
