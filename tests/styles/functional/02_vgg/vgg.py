"""VGG, functional style: bare parameters, registered buffers and torch.nn.functional."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class VGGBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, num_convs: int, batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.num_convs, self.batch_norm = num_convs, batch_norm
        self.weights, self.shifts = nn.ParameterList(), nn.ParameterList()
        self.gammas = nn.ParameterList()
        for i in range(num_convs):
            c_in = in_channels if i == 0 else out_channels
            weight = torch.randn(out_channels, c_in, 3, 3) * (2 / (9 * out_channels)) ** 0.5
            self.weights.append(nn.Parameter(weight))
            # the bias of the convolution, or the beta of BatchNorm
            self.shifts.append(nn.Parameter(torch.zeros(out_channels)))
            if batch_norm:
                self.gammas.append(nn.Parameter(torch.ones(out_channels)))
                self.register_buffer(f"mean{i}", torch.zeros(out_channels))
                self.register_buffer(f"var{i}", torch.ones(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        for i in range(self.num_convs):
            if self.batch_norm:
                x = F.conv2d(x, self.weights[i], padding=1)
                mean, var = self.get_buffer(f"mean{i}"), self.get_buffer(f"var{i}")
                x = F.batch_norm(x, mean, var, self.gammas[i], self.shifts[i], self.training)
            else:
                x = F.conv2d(x, self.weights[i], self.shifts[i], padding=1)
            x = torch.relu(x)
        return F.max_pool2d(x, kernel_size=2)


class VGG(nn.Module):
    def __init__(
        self,
        depth: int = 16,
        num_classes: int = 1000,
        batch_norm: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        table = {
            11: (1, 1, 2, 2, 2),
            13: (2, 2, 2, 2, 2),
            16: (2, 2, 3, 3, 3),
            19: (2, 2, 4, 4, 4),
        }
        if depth not in table:
            raise ValueError(f"depth must be one of {sorted(table)}, got {depth}")
        widths = (64, 128, 256, 512, 512)
        self.block1 = VGGBlock(3, widths[0], table[depth][0], batch_norm)
        self.block2 = VGGBlock(widths[0], widths[1], table[depth][1], batch_norm)
        self.block3 = VGGBlock(widths[1], widths[2], table[depth][2], batch_norm)
        self.block4 = VGGBlock(widths[2], widths[3], table[depth][3], batch_norm)
        self.block5 = VGGBlock(widths[3], widths[4], table[depth][4], batch_norm)
        self.dropout = dropout
        self.w1 = nn.Parameter(0.01 * torch.randn(4096, 512 * 7 * 7))
        self.b1 = nn.Parameter(torch.zeros(4096))
        self.w2 = nn.Parameter(0.01 * torch.randn(4096, 4096))
        self.b2 = nn.Parameter(torch.zeros(4096))
        self.w3 = nn.Parameter(0.01 * torch.randn(num_classes, 4096))
        self.b3 = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x: Tensor) -> Tensor:
        for block in (self.block1, self.block2, self.block3, self.block4, self.block5):
            x = block(x)
        x = torch.flatten(x, 1)
        x = F.dropout(F.relu(F.linear(x, self.w1, self.b1)), self.dropout, self.training)
        x = F.dropout(F.relu(F.linear(x, self.w2, self.b2)), self.dropout, self.training)
        return F.linear(x, self.w3, self.b3)
