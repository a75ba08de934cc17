"""torchvision's own layers, blocks and networks behind the task's signatures."""

from torchvision.models import densenet


def DenseLayer(in_channels, growth_rate, bottleneck=4):  # noqa: N802
    return densenet._DenseLayer(in_channels, growth_rate, bottleneck, drop_rate=0)


def DenseBlock(in_channels, num_layers, growth_rate, bottleneck=4):  # noqa: N802
    return densenet._DenseBlock(num_layers, in_channels, bottleneck, growth_rate, drop_rate=0)


def TransitionLayer(in_channels, out_channels):  # noqa: N802
    return densenet._Transition(in_channels, out_channels)


def DenseNet(depth=121, growth_rate=32, num_classes=1000):  # noqa: N802
    layers = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
    if depth not in layers:
        raise ValueError(depth)
    return densenet.DenseNet(growth_rate, layers[depth], 2 * growth_rate, num_classes=num_classes)
