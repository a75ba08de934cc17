"""Measure the student's four networks on the homework's data: the table in model.py.

    python tests/bench/networks.py DATA [--epochs 3]

DATA is a prepared folder of 64x64 pictures. Each network is built as a first try would build
it, from the solutions' own blocks, and trained with the reference's recipe.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "solutions"
sys.path.insert(0, str(COURSE / "06_simpsons"))

import train  # noqa: E402  # found beside the other files of the homework
from simpsons import own_task  # noqa: E402


def alexnet(classes: int) -> nn.Module:
    """AlexNet as it is: pictures are enlarged to 227x227."""
    enlarge = nn.Upsample(size=227, mode="bilinear")
    return nn.Sequential(enlarge, own_task("alexnet", COURSE).AlexNet(classes))


def vgg(classes: int) -> nn.Module:
    """Four VGG blocks, global pooling instead of the fully connected layers."""
    block = own_task("vgg", COURSE).VGGBlock
    return nn.Sequential(
        block(3, 32, 1), block(32, 64, 1), block(64, 128, 2), block(128, 256, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, classes),
    )  # fmt: skip


def resnet(classes: int) -> nn.Module:
    """ResNet-18 as it is."""
    network: nn.Module = own_task("resnet", COURSE).ResNet(18, classes)
    return network


def densenet(classes: int) -> nn.Module:
    """A stem with stride 4 and two dense blocks with a transition between them."""
    dense = own_task("densenet", COURSE)
    return nn.Sequential(
        nn.Conv2d(3, 32, 7, stride=4, padding=3, bias=False),
        dense.DenseBlock(32, 6, 16), dense.TransitionLayer(128, 64),
        dense.DenseBlock(64, 12, 16), nn.BatchNorm2d(256), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, classes),
    )  # fmt: skip


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "ResNet-18": resnet,
    "VGG, 4 blocks": vgg,
    "DenseNet, 2 blocks": densenet,
    "ResNet, 3 blocks": train.build_model,  # the reference's own
    "AlexNet at 227x227": alexnet,
}


def main() -> None:
    data = sys.argv[1]
    epochs = sys.argv[sys.argv.index("--epochs") + 1] if "--epochs" in sys.argv else "3"
    rows = []
    for name, build in NETWORKS.items():
        last: dict[str, Any] = {}
        train.build_model = build
        train.Display.epoch = lambda display, row, last=last: last.update(row)
        size = sum(p.numel() for p in build(42).parameters()) / 1e6
        try:
            with tempfile.TemporaryDirectory() as out:
                sys.argv = ["train.py", "--data", data, "--out", out, "--epochs", epochs]
                train.plots.save = lambda *args: []
                train.main()
            facts = f"{last['seconds'] / int(epochs):6.1f}  {last['honest_f1']:.3f}"
        except SystemExit:  # the message is on the screen
            facts = "refused: too large for git"
        rows.append(f"{name:<24} {size:6.2f}  {facts}")
        print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
