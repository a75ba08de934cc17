"""Vanishing gradients and skip connections, from three neurons to four convolutions.

Paper: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2015),
sections 1 and 3. Lesson blocks: vanishing gradients, skip connection.
"""

from typing import TypeVar

import torch
from torch import Tensor, nn

Number = TypeVar("Number", float, Tensor)


def first_weight_gradient(
    dL_dx3: Number, dx3_dx2: Number, dx2_dx1: Number, dx1_dw1: Number
) -> Number:
    """Derivative of the loss by the first weight of the lesson's three-neuron network.

    The network is x1 = w1 * x, x2 = w2 * x1, x3 = w3 * x2, and the loss is L(x3). The four
    arguments are the derivatives along the way; the chain rule makes dL/dw1 of them. They
    are floats or tensors of equal shape (then the rule holds for each element). With all
    four equal to 0.1 the result is 1e-4: the gradient vanishes.
    """
    # TODO: the chain rule for x -> x1 -> x2 -> x3 -> L
    # BEGIN SOLUTION
    return dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1
    # END SOLUTION


def first_weight_gradient_with_skip(
    dL_dx3: Number, dx3_dx2: Number, dx2_dx1: Number, dx1_dw1: Number
) -> Number:
    """The same derivative when a skip connection adds x1 to the third neuron's output.

    Now x3' = w3 * x2 + x1, and dL_dx3 stands for dL/dx3'. With all four arguments equal to
    0.1 the result is 0.0101: 101 times more than without the skip connection.
    """
    # TODO: the chain rule again; x1 now reaches the loss along two ways
    # BEGIN SOLUTION
    return dL_dx3 * (dx3_dx2 * dx2_dx1 + 1) * dx1_dw1
    # END SOLUTION


def gradient_norms(model: nn.Module, x: Tensor) -> dict[str, float]:
    """How strong a gradient reaches every weight of a network.

    Runs model(x).sum() backward once and returns the L2 norm of the gradient of every
    parameter that has two or more dimensions (the weights of convolutions and fully
    connected layers), with the names and the order of model.named_parameters(). A weight
    that no gradient reaches (unused or frozen) gets 0.0. The model is left as it was found:
    the .grad of every parameter and the training flag do not change (running statistics of
    BatchNorm may move).
    """
    # TODO: one backward pass, then the norm of every weight's gradient
    # BEGIN SOLUTION
    weights = {name: p for name, p in model.named_parameters() if p.ndim >= 2}
    norms = dict.fromkeys(weights, 0.0)
    learning = {name: p for name, p in weights.items() if p.requires_grad}
    total = model(x).sum()
    if learning and total.requires_grad:
        # torch.autograd.grad returns the gradients and leaves every .grad alone.
        gradients = torch.autograd.grad(total, list(learning.values()), allow_unused=True)
        for name, gradient in zip(learning, gradients, strict=True):
            if gradient is not None:
                norms[name] = gradient.norm().item()
    return norms
    # END SOLUTION


class FourConvNet(nn.Module):
    """The lesson's network of four convolutions with a connection from layer 1 to layer 4.

    Every layer is a 3x3 convolution with padding 1, a bias and 6 maps, followed by ReLU;
    the picture has 3 channels. What layer 4 gets depends on connection:

    - "none": the maps of layer 3;
    - "add": the sum of the maps of layer 1 and layer 3, as in ResNet;
    - "concat": 12 maps, the six of layer 1 first and then the six of layer 3, as in DenseNet.

    "Maps" always means the maps after ReLU. Returns the six maps of layer 4 after ReLU.

    Shape:
        input (B, 3, H, W), output (B, 6, H, W)

    Raises:
        ValueError: connection is not "none", "add" or "concat".
    """

    def __init__(self, connection: str = "none") -> None:
        super().__init__()
        # TODO: refuse an unknown connection with ValueError, then create four convolutions.
        # BEGIN SOLUTION
        if connection not in ("none", "add", "concat"):
            raise ValueError(f'connection must be "none", "add" or "concat", not {connection!r}')
        self.connection = connection
        self.conv1 = nn.Conv2d(3, 6, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(6, 6, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(6, 6, kernel_size=3, padding=1)
        maps = 12 if connection == "concat" else 6
        self.conv4 = nn.Conv2d(maps, 6, kernel_size=3, padding=1)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, 3, H, W) -> (B, 6, H, W)
        # BEGIN SOLUTION
        first = torch.relu(self.conv1(x))  # (B, 6, H, W)
        second = torch.relu(self.conv2(first))  # (B, 6, H, W)
        third = torch.relu(self.conv3(second))  # (B, 6, H, W)
        if self.connection == "add":
            third = first + third
        if self.connection == "concat":
            third = torch.cat([first, third], dim=1)  # (B, 12, H, W)
        return torch.relu(self.conv4(third))  # (B, 6, H, W)
        # END SOLUTION
