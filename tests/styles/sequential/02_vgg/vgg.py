"""VGG, sequential style: functions that return nn.Sequential."""
# ruff: noqa: N802 (the task names the functions)

from torch import nn

COLUMNS = {11: "11222", 13: "22222", 16: "22333", 19: "22444"}
WIDTHS = (3, 64, 128, 256, 512, 512)


def conv_relu(c_in: int, c_out: int, batch_norm: bool) -> list[nn.Module]:
    conv = nn.Conv2d(c_in, c_out, 3, padding=1)  # with BatchNorm the bias does no harm
    return [conv, nn.BatchNorm2d(c_out), nn.ReLU()] if batch_norm else [conv, nn.ReLU()]


def VGGBlock(
    in_channels: int, out_channels: int, num_convs: int, batch_norm: bool = True
) -> nn.Sequential:
    layers = conv_relu(in_channels, out_channels, batch_norm)
    for _ in range(num_convs - 1):
        layers += conv_relu(out_channels, out_channels, batch_norm)
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def VGG(
    depth: int = 16, num_classes: int = 1000, batch_norm: bool = True, dropout: float = 0.5
) -> nn.Sequential:
    if depth not in COLUMNS:
        raise ValueError(f"depth {depth} is not in {list(COLUMNS)}")
    blocks = [
        VGGBlock(c_in, c_out, int(n), batch_norm)
        for c_in, c_out, n in zip(WIDTHS, WIDTHS[1:], COLUMNS[depth], strict=False)
    ]
    classifier = nn.Sequential(
        nn.Flatten(),
        nn.Linear(7 * 7 * 512, 4096),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(4096, num_classes),
    )
    return nn.Sequential(nn.Sequential(*blocks), classifier)
