# Made by `autograder build` from solutions/03_gradients/gradients.py. Now it is yours: write your code here.
"""Vanishing gradients and skip connections, from three neurons to four convolutions.

Paper: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2015),
sections 1 and 3. Lesson blocks: vanishing gradients, skip connection.

Every module works in float32, float64 and bfloat16 after .to(dtype), leaves its input
unchanged, treats the items of a batch independently in eval mode, registers its weights (so
that parameters() and state_dict() see them) and shares nothing with other instances.
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
    raise NotImplementedError("gradients: first_weight_gradient is not written yet")


def first_weight_gradient_with_skip(
    dL_dx3: Number, dx3_dx2: Number, dx2_dx1: Number, dx1_dw1: Number
) -> Number:
    """The same derivative when a skip connection adds x1 to the third neuron's output.

    Now x3' = w3 * x2 + x1, and dL_dx3 stands for dL/dx3'. With all four arguments equal to
    0.1 the result is 0.0101: 101 times more than without the skip connection.
    """
    # TODO: the chain rule again; x1 now reaches the loss along two ways
    raise NotImplementedError("gradients: first_weight_gradient_with_skip is not written yet")


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
    raise NotImplementedError("gradients: gradient_norms is not written yet")


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
        raise NotImplementedError("gradients: FourConvNet.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, 3, H, W) -> (B, 6, H, W)
        raise NotImplementedError("gradients: FourConvNet.forward is not written yet")
