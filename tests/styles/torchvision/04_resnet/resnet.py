"""torchvision's own blocks and networks behind the task's signatures."""

from torch import nn
from torchvision import models
from torchvision.models.resnet import BasicBlock, Bottleneck


def shortcut(in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


def ResidualBlock(in_channels, out_channels, stride=1):  # noqa: N802
    return BasicBlock(
        in_channels, out_channels, stride, shortcut(in_channels, out_channels, stride)
    )


def BottleneckBlock(in_channels, mid_channels, stride=1):  # noqa: N802
    down = shortcut(in_channels, 4 * mid_channels, stride)
    return Bottleneck(in_channels, mid_channels, stride, down)


def ResNet(depth=18, num_classes=1000):  # noqa: N802
    if depth not in (18, 34, 50, 101, 152):
        raise ValueError(depth)
    return getattr(models, f"resnet{depth}")(num_classes=num_classes)
